#!/usr/bin/python3
"""House rules that a compiler and clang-format do not check.

usage: tidy.py [ROOT]   prints each violation as FILE:LINE: what is wrong; exit code 1 if any.
"""

import re
import subprocess
import sys
from pathlib import Path

MAX_SOURCE_LINES = 450
MAX_LINE = 100

# Call: what to use instead.
BANNED_CALLS = {
    "strcpy": "std::string",
    "strcat": "std::string",
    "sprintf": "std::snprintf or std::string",
    "vsprintf": "std::vsnprintf",
    "gets": "std::getline",
    "strtok": "std::string_view",
    "atoi": "std::from_chars",
    "atol": "std::from_chars",
    "atof": "std::from_chars",
    "system": "nothing: no shell",
    "popen": "nothing: no shell",
    "rand": "random_bytes of base/digest.h",
    "srand": "random_bytes of base/digest.h",
    "localtime": "localtime_r",
    "gmtime": "gmtime_r",
    "alloca": "a bounded buffer",
    "mktemp": "mkdtemp",
    "tmpnam": "mkdtemp",
}
BANNED = re.compile(
    r"(?<![\w.>:])(?:std::|::)?(" + "|".join(BANNED_CALLS) + r")\s*\("
)
# g++ 12 miscompiles these (src/io/task.h): a co_await in a loop's condition or behind a '?'.
AWAIT_MISCOMPILED = re.compile(r"\b(?:while|for)\s*\([^;]*\bco_await\b[^{]*\)|\?[^;]*\bco_await\b")
COMMENT_OR_STRING = re.compile(r'//.*|/\*.*?\*/|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])+\'')
LATER = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")  # in halves: this file is checked as well
SKIPPED = re.compile(
    r"\bDISA" r"BLED_|GTEST_SKIP\(\)\s*;|@unittest\.sk" r"ip\b|@unittest\.expected" r"Failure")
SLEEPS = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep)\b")
MARKDOWN_LINK = re.compile(r"\]\(([^)\s]+)\)")
# A file of the project, named in prose or a comment.
NAMED_FILE = re.compile(
    r"(?<![\w/.-])((?:docs|src|tests|bench|tools|cmake|\.ci)/[\w./-]+\.(?:md|h|cpp|py|sh|txt|cmake|toml|in))\b"
)

TEXT_SUFFIXES = {
    ".c", ".cmake", ".cpp", ".h", ".in", ".json", ".lua", ".md", ".py", ".sh", ".toml", ".txt", ".yml",
}
TEXT_NAMES = {"run", ".clang-format", ".clang-tidy", ".editorconfig", ".gitignore"}


def text_files(root):
    """What git knows or would add; without git (a source archive) everything but build folders."""
    try:
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True,
        ).stdout.decode().split("\0")
        paths = [root / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [p for p in root.rglob("*")
                 if not {".git", "build", "node_modules", "__pycache__"} & set(p.relative_to(root).parts)]
    return sorted(
        p for p in paths
        if (p.suffix in TEXT_SUFFIXES or p.name in TEXT_NAMES) and p.is_file()
        and "corpus" not in p.parts and "results" not in p.parts
    )


def without_comments_and_strings(line):
    return COMMENT_OR_STRING.sub(" ", line)


def check_text(path, lines):
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            yield number, "a tab"
        if line != line.rstrip():
            yield number, "space at the end of the line"
        if LATER.search(line):
            yield number, "a note for later: do it now, or open an issue"
        if SKIPPED.search(line):
            yield number, "a test that is switched off, or skipped without a reason"


def check_cpp(path, lines):
    code = [without_comments_and_strings(line) for line in lines]
    header = path.suffix == ".h"
    if header and not any(line.strip() == "#pragma once" for line in lines):
        yield 1, "a header without #pragma once"
    if not lines or not lines[0].startswith(("//", "#include", "extern")):
        yield 1, "the first line is neither a comment nor an include"
    if header and not (lines and lines[0].startswith("//")):
        yield 1, "a header starts with what it is for"
    for number, (line, raw) in enumerate(zip(code, lines), 1):
        if len(raw) > MAX_LINE:
            yield number, f"over {MAX_LINE} columns"
        if header and re.search(r"\busing\s+namespace\b", line):
            yield number, "using namespace in a header"
        if AWAIT_MISCOMPILED.search(line):
            yield number, "a co_await that g++ 12 miscompiles: give its result a name first"
        found = BANNED.search(line)
        if found:
            yield number, f"{found[1]}() is banned: use {BANNED_CALLS[found[1]]}"


def check_source_size(path, lines):
    if len(lines) > MAX_SOURCE_LINES:
        yield 1, f"{len(lines)} lines; over {MAX_SOURCE_LINES} a file wants to be two"


def check_markdown(root, path, lines):
    in_code = False
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("```"):
            in_code = not in_code
        if in_code:
            continue
        for link in MARKDOWN_LINK.findall(line):
            target = link.split("#")[0]
            if re.match(r"[a-z]+:", link) or not target:
                continue
            base = root if target.startswith("/") else path.parent
            if not (base / target.lstrip("/")).exists():
                yield number, f"a link to nowhere: {link}"


def check_named_files(root, path, lines):
    for number, line in enumerate(lines, 1):
        for name in NAMED_FILE.findall(line):
            if not (root / name).exists():
                yield number, f"names {name}, which is not there"


def check_rooms(root):
    """Every room explains itself."""
    for room in sorted(p for p in (root / "src").iterdir() if p.is_dir()):
        if not any(room.glob("*.cpp")) and not any(room.glob("*.h")):
            continue
        readme = room / "README.md"
        if not readme.exists():
            yield f"{room}: a room without a README.md"
        elif not 4 <= len(readme.read_text(encoding="utf-8").splitlines()) <= 40:
            yield f"{readme}:1: a room explains itself in 4 to 40 lines"


def check_file(root, path):
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    found = list(check_text(path, lines))
    if text and not text.endswith("\n"):
        found.append((len(lines), "no newline at the end"))
    relative = path.relative_to(root)
    if path.suffix in (".h", ".cpp", ".c"):
        found += check_cpp(path, lines)
    if relative.parts[0] == "src" and path.suffix in (".h", ".cpp", ".c"):
        found += check_source_size(path, lines)
    if path.suffix == ".md":
        found += check_markdown(root, path, lines)
    if relative.parts[:2] != ("tests", "tidy"):
        found += check_named_files(root, path, lines)
    if path.name.endswith("_test.cpp"):
        for number, line in enumerate(lines, 1):
            if SLEEPS.search(line) and "//" not in line:
                found.append((number, "a sleep in a test: wait for the thing itself, or say why not"))
    return [f"{path}:{number}: {what}" for number, what in found]


def check(root):
    files = text_files(root)
    problems = list(check_rooms(root))
    for path in files:
        problems += check_file(root, path)
    return problems, len(files)


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]).resolve()
    problems, files = check(root)
    for problem in problems:
        print(problem)
    print(f"tidy: {files} files, {len(problems)} problems")
    return 1 if problems or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
