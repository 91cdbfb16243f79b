#!/usr/bin/python3
"""tidy.py must see what it is there for: each case plants one violation in a small tree."""

import tempfile
import unittest
from pathlib import Path

import tidy

README = "# room\nWhy.\n\n- Open first: `a.h`.\n"


class TidyTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.write("src/room/README.md", README)
        self.write("src/room/a.h", "// What it is for.\n#pragma once\n")
        self.write("src/room/a.cpp", '#include "room/a.h"\nint f() { return g("system("); }\n')

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def problems(self):
        return tidy.check(self.root)[0]

    def assert_one(self, *parts):
        problems = self.problems()
        self.assertEqual(len(problems), 1, problems)
        for part in parts:
            self.assertIn(part, problems[0])

    def test_a_good_tree_is_good(self):
        self.assertEqual(self.problems(), [])

    def test_room_without_readme(self):
        (self.root / "src/room/README.md").unlink()
        self.assert_one("without a README.md")

    def test_long_file(self):
        self.write("src/room/b.cpp", "// long\n" * (tidy.MAX_SOURCE_LINES + 1))
        self.assert_one("b.cpp:1:", "wants to be two")

    def test_long_line(self):
        self.write("src/room/b.cpp", "// " + "x" * 100 + "\n")
        self.assert_one("b.cpp:1:", "columns")

    def test_header_without_pragma_once(self):
        self.write("src/room/b.h", "// What it is for.\n")
        self.assert_one("#pragma once")

    def test_header_that_does_not_say_what_it_is_for(self):
        self.write("src/room/b.h", "#include <span>\n#pragma once\n")
        self.assert_one("what it is for")

    def test_using_namespace_in_a_header(self):
        self.write("src/room/b.h", "// B.\n#pragma once\nusing namespace std;\n")
        self.assert_one("b.h:3:", "using namespace")

    def test_banned_calls(self):
        for call in ("strcpy(a, b)", "std::system(a)", "::sprintf(a, b)", "x = rand ();", "atoi(s)"):
            with self.subTest(call):
                self.write("src/room/b.cpp", f"// B.\nvoid f() {{ {call}; }}\n")
                self.assert_one("b.cpp:2:", "is banned")

    def test_awaits_that_the_compiler_gets_wrong(self):
        for bad in ("while (co_await more()) {}", "int n = a ? co_await b() : co_await c();"):
            self.write("src/room/a.cpp", "// A.\n" + bad + "\n")
            self.assert_one("a.cpp:2", "co_await")
        self.write("src/room/a.cpp", "// A.\nif (a) co_await b();\nfor (;;) { co_await c(); }\n")
        self.assertEqual(self.problems(), [])

    def test_calls_that_only_look_banned(self):
        self.write("src/room/b.cpp", '// rand()\nint x = my.rand() + file_system("rand()") + snprintf(a);\n')
        self.assertEqual(self.problems(), [])

    def test_whitespace(self):
        self.write("src/room/b.cpp", "// B.\nint a; \n")
        self.assert_one("b.cpp:2:", "space at the end")
        self.write("src/room/b.cpp", "// B.\n\tint a;\n")
        self.assert_one("b.cpp:2:", "tab")
        self.write("src/room/b.cpp", "// B.\nint a;")
        self.assert_one("no newline at the end")

    def test_notes_for_later(self):
        self.write("src/room/b.cpp", "// TO" + "DO: the rest\n")
        self.assert_one("note for later")

    def test_tests_that_do_not_run(self):
        self.write("src/room/b_test.cpp", "// B.\nTEST(B, DISA" + "BLED_Works) {}\n")
        self.assert_one("b_test.cpp:2:", "switched off")
        self.write("src/room/b_test.cpp", "// B.\nvoid f() { GTEST_SKIP" + "(); }\n")
        self.assert_one("b_test.cpp:2:", "without a reason")
        self.write("src/room/b_test.cpp", '// B.\nvoid f() { GTEST_SKIP() << "no photos here"; }\n')
        self.assertEqual(self.problems(), [])

    def test_sleeping_tests(self):
        self.write("src/room/b_test.cpp", "// B.\nvoid f() { std::this_thread::sleep_for(1s); }\n")
        self.assert_one("a sleep in a test")

    def test_links_to_nowhere(self):
        self.write("docs/a.md", "[web](https://example.org/x) [b](b.md#part) [self](#here)\n")
        self.assert_one("a link to nowhere: b.md#part")
        self.write("docs/b.md", "Here.\n")
        self.assertEqual(self.problems(), [])

    def test_named_files_that_are_not_there(self):
        self.write("src/room/b.cpp", "// The format: docs/formats/b.md.\n")
        self.assert_one("names docs/formats/b.md")
        self.write("docs/formats/b.md", "# B\n")
        self.assertEqual(self.problems(), [])


if __name__ == "__main__":
    unittest.main()
