#!/usr/bin/python3
"""Checks that the rooms under src/ keep to the arrows.

Three things must agree: the layers of the design (LAYERS below), the arrows each room is built with
(`farm_room(NAME USES ...)` in src/CMakeLists.txt), and what its files include. An arrow goes to a
lower layer; an include follows an arrow; and a library that a room hides is not seen in any header
that another room includes.

usage: layers.py [ROOT]   prints each violation as FILE:LINE: what is wrong; exit code 1 if any.
"""

import re
import sys
from pathlib import Path

# The table of docs/architecture.md: lowest layer first.
LAYERS = [
    {"base"},
    {"config", "obs", "photo", "url"},
    {"io", "image", "sandbox"},
    {"net", "volume", "route", "render"},
    {"store", "catalog", "cache"},
    {"mirror"},
    {"roles"},
    {"app"},
]

# Arrows inside a layer that were decided on: permission URLs carry the secrets and size codes of a photo.
SAME_LAYER = {("url", "photo")}

# Rooms of pure functions: no system call may stand behind them.
NO_IO_ROOMS = {"photo", "url"}
NO_IO_HEADERS = re.compile(
    r"<(fstream|iostream|filesystem|thread|mutex|unistd\.h|fcntl\.h|sys/.*|netinet/.*|cstdio|stdio\.h)>"
)

# library: (what its includes look like, rooms that may use it, rooms that may show it to others)
LIBRARIES = {
    "Boost.Asio": (r"boost/asio\b", {"io", "net", "route", "cache", "mirror", "roles", "app"}, {"io", "net"}),
    "Boost.Beast": (r"boost/beast\b", {"io", "net", "cache", "roles"}, {"net"}),
    "CLI11": (r"CLI/", {"app"}, set()),
    "libheif": (r"libheif/", {"image"}, set()),
    "libseccomp": (r"seccomp\.h", {"sandbox"}, set()),
    "libjpeg": (r"(jpeglib|jerror)\.h", {"image"}, set()),
    "liblzma": (r"lzma\.h", {"app"}, set()),
    "libvips": (r"vips/", {"image"}, set()),
    "libwebp": (r"webp/", {"image"}, set()),
    "nlohmann-json": (r"nlohmann/", {"roles", "app"}, set()),
    "OpenSSL": (r"openssl/", {"base", "url", "net"}, set()),
    "prometheus-cpp": (r"prometheus/", {"obs"}, set()),
    "RE2": (r"re2/", {"route"}, set()),
    "spdlog": (r"(spdlog|fmt)/", {"obs"}, set()),
    "SQLite": (r"sqlite3\.h", {"catalog"}, set()),
    "TurboJPEG": (r"turbojpeg\.h", {"image"}, set()),
    "toml++": (r"toml\+\+/|toml\.hpp", {"config"}, set()),
    "zlib": (r"zlib\.h", {"app"}, set()),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
ROOM_CALL = re.compile(r"\bfarm_room\(\s*(\w+)([^)]*)\)")
KEYWORDS = {"USES", "LIBS", "TEST_LIBS"}


def layer_of(room):
    for number, rooms in enumerate(LAYERS):
        if room in rooms:
            return number
    return None


def built_arrows(cmake_text):
    """{room: rooms it USES}, as src/CMakeLists.txt says."""
    arrows = {}
    for name, rest in ROOM_CALL.findall(re.sub(r"#.*", "", cmake_text)):
        keyword, used = "", set()
        for word in rest.split():
            if word in KEYWORDS:
                keyword = word
            elif keyword == "USES":
                used.add(word)
        arrows[name] = used
    return arrows


def check_arrows(arrows, cmake_file):
    """Every arrow goes down, by the design's layers."""
    for room, used in sorted(arrows.items()):
        if layer_of(room) is None:
            yield f"{cmake_file}:1: room {room} is in no layer of tests/tidy/layers.py"
            continue
        for other in sorted(used):
            if layer_of(other) is None:
                yield f"{cmake_file}:1: {room} uses {other}, which is in no layer"
            elif layer_of(other) >= layer_of(room) and (room, other) not in SAME_LAYER:
                yield f"{cmake_file}:1: {room} uses {other}, which is not below it"


class SourceFile:
    def __init__(self, src, path):
        self.path = path
        self.name = path.relative_to(src).as_posix()  # "volume/segment.h"
        self.room = self.name.split("/")[0]
        self.quoted, self.angled = [], []  # (line number, what is included)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = INCLUDE.match(line)
            if found:
                (self.quoted if found[1] == '"' else self.angled).append((number, found[2]))

    @property
    def is_header(self):
        return self.name.endswith(".h")


def read_sources(src):
    paths = sorted(p for p in src.glob("*/**/*") if p.suffix in (".h", ".cpp", ".c"))
    return [SourceFile(src, path) for path in paths]


def shown_headers(sources):
    """The headers that other rooms see: included from another room, or by such a header."""
    by_name = {source.name: source for source in sources}
    shown = {
        name
        for source in sources
        for _, name in source.quoted
        if name in by_name and by_name[name].room != source.room
    }
    waiting = list(shown)
    while waiting:
        for _, name in by_name[waiting.pop()].quoted:
            if name in by_name and name not in shown:
                shown.add(name)
                waiting.append(name)
    return shown


def check_rooms(source, arrows, names):
    """Includes of other rooms follow the arrows."""
    if source.room != "app" and source.room not in arrows:
        yield f"{source.path}:1: room {source.room} is not in src/CMakeLists.txt"
        return
    for line, included in source.quoted:
        if included not in names:
            yield f'{source.path}:{line}: "{included}" is no file under src/'
            continue
        room = included.split("/")[0]
        allowed = source.room in ("app", room) or room in arrows[source.room]
        if not allowed:
            yield f"{source.path}:{line}: {source.room} may not include {room}"


def check_libraries(source, shown):
    """Libraries stay in the rooms that own them, and out of headers that others see."""
    for line, included in source.angled + source.quoted:
        for library, (pattern, users, showers) in LIBRARIES.items():
            if not re.match(pattern, included):
                continue
            if source.room not in users:
                yield f"{source.path}:{line}: {source.room} may not use {library}"
            elif source.name in shown and source.room not in showers:
                yield f"{source.path}:{line}: other rooms see this header, so it may not show {library}"


def check_no_io(source):
    if source.room not in NO_IO_ROOMS or source.name.endswith("_test.cpp"):
        return
    for line, included in source.angled:
        if NO_IO_HEADERS.fullmatch(f"<{included}>"):
            yield f"{source.path}:{line}: {source.room} does no I/O, so it has no use for <{included}>"


def check(root):
    src = root / "src"
    cmake_file = src / "CMakeLists.txt"
    arrows = built_arrows(cmake_file.read_text(encoding="utf-8"))
    sources = read_sources(src)
    names = {source.name for source in sources}
    shown = shown_headers(sources)
    problems = list(check_arrows(arrows, cmake_file))
    for source in sources:
        problems += check_rooms(source, arrows, names)
        problems += check_libraries(source, shown)
        problems += check_no_io(source)
    return problems, len(sources)


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2])
    problems, files = check(root)
    for problem in problems:
        print(problem)
    if files == 0:
        print(f"{root}: there are no sources")
    print(f"layers: {files} files, {len(problems)} problems")
    return 1 if problems or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
