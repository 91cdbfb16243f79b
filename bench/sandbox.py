#!/usr/bin/python3
"""./run bench sandbox: what a picture's way to a sandboxed worker and back adds to making its sizes
in the server itself. Measured by farm_sandbox_bench (bench/sandbox/main.cpp), each way in turn.

usage: sandbox.py [--processes N] [--rounds N] [--photos DIR] [--quick]

--photos: pictures to take besides those made here (PHOTOFARM_PHOTOS). --quick: a short run, whose
figures are not kept.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from farmbench import BENCH
from farmbench.report import Report, median

sys.path.insert(0, str(BENCH.parent / "tests" / "e2e"))
from harness import pictures  # noqa: E402

PROGRAM = BENCH.parent / "build" / "release" / "farm_sandbox_bench"
MOST_ADDED_MS = 2
KINDS = (".jpg", ".jpeg", ".heic", ".png", ".webp", ".avif", ".gif", ".tif", ".tiff")


def made(folder):
    """A small JPEG, one as a camera makes it, and one of the largest usual ones."""
    for name, width, height in (("small", 640, 480), ("8 Mpx", 3264, 2448), ("24 Mpx", 6000, 4000)):
        path = folder / f"{name}.jpg"
        path.write_bytes(pictures.camera_jpeg(width, height, seed=1, quality=90))
        yield path


def run_once(rounds, files):
    """How the workers began, and a line a picture."""
    done = subprocess.run([PROGRAM, str(rounds), *map(str, files)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True, check=True)
    start, *lines = map(json.loads, done.stdout.splitlines())
    return start, lines


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--processes", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--photos", default=os.environ.get("PHOTOFARM_PHOTOS", ""))
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if not PROGRAM.exists():
        raise SystemExit(f"there is no {PROGRAM}: ./run bench sandbox builds it")

    out = Report("sandbox", "Making a photo's sizes in a sandboxed worker, beside in the server itself")
    with tempfile.TemporaryDirectory(prefix="photofarm-bench-") as folder:
        files = list(made(Path(folder)))
        if options.photos:
            files += sorted(p for p in Path(options.photos).rglob("*") if p.suffix.lower() in KINDS)
        processes, rounds = (2, 5) if options.quick else (options.processes, options.rounds)
        runs = [run_once(rounds, files) for _ in range(processes)]
    starts = [start for start, _ in runs]
    start = starts[0]
    out.note(f"Five sizes of each picture, {rounds} times each way in turn, in each of {processes} "
             f"processes with workers of their own: where its memory lies makes a process several "
             f"milliseconds faster or slower, with or without a sandbox. Wall time; of a process the "
             f"median of the differences of neighbours, of those the median. The pictures without a "
             f"folder are made by the benchmark.")
    out.note("Walls missing here: " + ("; ".join(start["weaknesses"]) or "none") + ".")
    out.add("a worker's start, until it is locked down",
            median([start["start_ms"] for start in starts]), "ms")
    added_to_all = []
    for lines in zip(*(lines for _, lines in runs)):
        added = median([median([a - b for a, b in zip(line["worker_ms"], line["here_ms"])])
                        for line in lines])
        added_to_all.append(added)
        name = f"{Path(lines[0]['file']).name} ({lines[0]['bytes'] / 1e6:.1f} MB)"
        out.add(f"{name}: in the server", median([ms for line in lines for ms in line["here_ms"]]),
                "ms")
        out.add(f"{name}: in a worker, added", added, "ms", at_most=MOST_ADDED_MS)
    out.add("added, median of the pictures", median(added_to_all), "ms", at_most=MOST_ADDED_MS)
    out.note(f"Load of the machine at the end: {os.getloadavg()[0]:.1f} (1 minute).")
    return 0 if out.finish(not options.quick) else 1


if __name__ == "__main__":
    sys.exit(main())
