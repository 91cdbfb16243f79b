#!/usr/bin/python3
"""layers.py must see what it is there for: each case plants one violation in a small tree."""

import tempfile
import unittest
from pathlib import Path

import layers

CMAKE = """
# farm_room(comment USES nothing)
farm_room(base LIBS Boost::headers)
farm_room(photo USES base)
farm_room(url USES base photo LIBS OpenSSL::Crypto)
farm_room(io USES base LIBS farm_asio)
farm_room(store USES base photo io)
"""


class LayersTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.write("CMakeLists.txt", CMAKE)
        self.write("base/bytes.h", "#pragma once\n#include <span>\n")
        self.write("photo/record.h", '#pragma once\n#include "base/bytes.h"\n')
        self.write("store/store.h", '#include "photo/record.h"\n')
        self.write("store/store.cpp", '#include "store/store.h"\n')
        self.write("app/main.cpp", '#include "store/store.h"\n#include <CLI/CLI.hpp>\n')

    def write(self, name, text):
        path = self.root / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def problems(self):
        return layers.check(self.root)[0]

    def assert_one(self, *parts):
        problems = self.problems()
        self.assertEqual(len(problems), 1, problems)
        for part in parts:
            self.assertIn(part, problems[0])

    def test_a_good_tree_is_good(self):
        self.assertEqual(self.problems(), [])

    def test_include_upwards(self):
        self.write("photo/bad.cpp", '#include "photo/record.h"\n#include "store/store.h"\n')
        self.assert_one("photo/bad.cpp:2", "photo may not include store")

    def test_include_downwards_without_an_arrow(self):
        self.write("io/bad.cpp", '#include "photo/record.h"\n')
        self.assert_one("io may not include photo")

    def test_arrow_upwards(self):
        self.write("CMakeLists.txt", CMAKE.replace("photo USES base", "photo USES base store"))
        self.assert_one("photo uses store, which is not below it")

    def test_arrow_within_a_layer_that_nobody_decided_on(self):
        self.write("CMakeLists.txt", CMAKE.replace("photo USES base", "photo USES base url"))
        self.assert_one("photo uses url")

    def test_arrow_to_a_room_of_no_layer(self):
        self.write("CMakeLists.txt", CMAKE + "farm_room(utils USES base)\n")
        self.assert_one("room utils is in no layer")

    def test_room_that_is_not_built(self):
        self.write("utils/strings.h", "#pragma once\n")
        self.assert_one("room utils is not in src/CMakeLists.txt")

    def test_include_that_is_not_there(self):
        self.write("store/bad.cpp", '#include "photo/gone.h"\n')
        self.assert_one("photo/gone.h")

    def test_include_relative_to_its_own_folder(self):
        self.write("store/bad.cpp", '#include "store.h"\n')
        self.assert_one('"store.h" is no file under src/')

    def test_library_in_a_foreign_room(self):
        self.write("store/bad.cpp", "#include <sqlite3.h>\n")
        self.assert_one("store may not use SQLite")

    def test_library_shown_by_a_header_that_others_see(self):
        self.write("CMakeLists.txt", CMAKE + "farm_room(catalog USES base)\n")
        self.write("catalog/rows.h", "#include <sqlite3.h>\n")
        self.write("catalog/catalog.cpp", '#include "catalog/rows.h"\n')
        self.assertEqual(self.problems(), [])
        self.write("catalog/catalog.h", '#include "catalog/rows.h"\n')
        self.write("app/main.cpp", '#include "catalog/catalog.h"\n')
        self.assert_one("catalog/rows.h:1", "may not show SQLite")

    def test_io_in_a_room_without_io(self):
        self.write("photo/bad.cpp", "#include <fstream>\n")
        self.assert_one("photo does no I/O")

    def test_no_sources_is_a_failure(self):
        with tempfile.TemporaryDirectory() as empty:
            (Path(empty) / "src").mkdir()
            (Path(empty) / "src/CMakeLists.txt").write_text("")
            self.assertEqual(layers.check(Path(empty))[1], 0)


if __name__ == "__main__":
    unittest.main()
