#!/usr/bin/python3
"""Runs clang-tidy over the sources of a build directory, several at once, and remembers what was clean.

A file that was clean is not looked at again until its text, a header of the project that it
includes (directly or not), its compile command, .clang-tidy or clang-tidy itself changes. The memory
is BUILD/clang-tidy-clean/, one empty file a result; it may be deleted at any time.

usage: clang_tidy.py --build DIR [--jobs N] [--quick] [FILE.cpp...]     exit code 1 if anything is found

--quick: without the static analyzer, which takes nearly half of the time.
"""

import argparse
import concurrent.futures
import functools
import hashlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
ASIO = re.compile(rb"^\s*#\s*include\s*<boost/(asio|beast)\b", re.MULTILINE)
# g++'s options that clang does not know are no findings.
EXTRA = ["--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-error"]
PRECOMPILED = re.compile(r" -fpch-preprocess| -Winvalid-pch| -include \S*cmake_pch\.hxx")
TIMEOUT_S = 600


@functools.lru_cache(maxsize=None)
def headers_of(path):
    """The project's headers that `path` includes, directly or not."""
    found, waiting = set(), [path]
    while waiting:
        for name in INCLUDE.findall(waiting.pop().read_bytes()):
            header = ROOT / "src" / name.decode()
            if header not in found and header.is_file():
                found.add(header)
                waiting.append(header)
    return sorted(found)


def options_for(path, quick):
    """The static analyzer is left out where coroutines are, which this clang's does not understand:
    it reports faults inside Asio."""
    if quick or any(ASIO.search(p.read_bytes()) for p in [path, *headers_of(path)]):
        return EXTRA + ["--checks=-clang-analyzer-*"]
    return EXTRA


def key_of(entry, tool_version, quick):
    digest = hashlib.sha256()
    digest.update(tool_version + (ROOT / ".clang-tidy").read_bytes())
    digest.update(repr(options_for(Path(entry["file"]), quick)).encode())
    digest.update(entry["command"].encode())
    for path in [Path(entry["file"]), *headers_of(Path(entry["file"]))]:
        digest.update(str(path).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def wanted(entries, names):
    """The entries of the files named; without names those of all sources but unit tests, where
    gtest's macros take most of the time and give most of the findings."""
    if not names:
        return [e for e in entries if Path(e["file"]).is_relative_to(ROOT / "src")
                and not e["file"].endswith("_test.cpp")]
    paths = {str(Path(name).resolve()) for name in names}
    chosen = [e for e in entries if e["file"] in paths]
    for path in sorted(paths - {e["file"] for e in chosen}):
        print(f"clang-tidy: {path} is not compiled in this build directory")
    return chosen


def read_commands(build, own_dir):
    """The build's commands without g++'s precompiled headers, which are no good to clang; kept in a
    directory of our own for clang-tidy to read."""
    entries = json.loads((build / "compile_commands.json").read_text())
    for entry in entries:
        entry["command"] = PRECOMPILED.sub("", entry["command"])
    own_dir.mkdir(exist_ok=True)
    (own_dir / "compile_commands.json").write_text(json.dumps(entries))
    return entries


def run(entry, build, clean_dir, tool_version, quick):
    """(file, seconds, findings or None when it was known to be clean)"""
    name = str(Path(entry["file"]).relative_to(ROOT))
    mark = clean_dir / key_of(entry, tool_version, quick)
    if mark.exists():
        return name, 0.0, None
    started = time.monotonic()
    try:
        options = options_for(Path(entry["file"]), quick)
        done = subprocess.run(["clang-tidy", "--quiet", "-p", str(build), *options, entry["file"]],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=TIMEOUT_S)
        findings = done.stdout.strip()
        if done.returncode != 0 and not findings:
            findings = done.stderr.strip() or f"clang-tidy ended with {done.returncode}"
    except subprocess.TimeoutExpired:
        findings = f"{name}: clang-tidy took over {TIMEOUT_S} s"
    if not findings:
        mark.touch()
    return name, time.monotonic() - started, findings


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()

    commands_dir = options.build / "clang-tidy-commands"
    entries = read_commands(options.build, commands_dir)
    chosen = wanted(entries, options.files)
    tool_version = subprocess.run(["clang-tidy", "--version"], check=True, capture_output=True).stdout
    clean_dir = options.build / "clang-tidy-clean"
    clean_dir.mkdir(exist_ok=True)

    found = known = 0
    slowest = (0.0, "")
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = [pool.submit(run, e, commands_dir, clean_dir, tool_version, options.quick) for e in chosen]
        for job in concurrent.futures.as_completed(jobs):
            name, seconds, findings = job.result()
            slowest = max(slowest, (seconds, name))
            known += findings is None
            if findings:
                found += 1
                print(findings, flush=True)
    print(f"clang-tidy: {len(chosen)} files, {known} known to be clean, {found} with findings; "
          f"slowest {slowest[1]} {slowest[0]:.0f} s")
    return 1 if found or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
