#!/usr/bin/python3
"""./run bench store: what the embedded store does, beside what else could be done with the same
bytes on the same disk: durable puts, reads from the page cache, millions of photos, and the
workload on a disk that fails. The parts are measured by farm_store_bench (bench/store/).

usage: store.py [PART...] [--work DIR] [--photos N] [--seeds N] [--quick]

Parts: puts, reads, photos, faults; all of them by default. --quick: short runs, to try the
benchmark itself; their figures say little, and are not kept.
"""

import argparse
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from farmbench import BENCH
from farmbench.report import Report, median
from farmbench.servers import pinned

BUILD = BENCH.parent / "build" / "release"
PROGRAM = BUILD / "farm_store_bench"
TESTS = BUILD / "src" / "farm_store_test"
TRACE = Path(os.environ.get("PHOTOFARM_TRACES", BENCH.parents[1] / "shared" / "traces"))
READ_CORE = 0
WORKLOAD = re.compile(r"workload: seeds=(\d+) operations=(\d+) crashes=(\d+) lost=(\d+)")


class Bench:
    """The program, and what its parts share."""

    def __init__(self, options):
        self.work, self.quick = options.work, options.quick
        self.work.mkdir(parents=True)
        self.sizes = self._unpack_trace()

    def _unpack_trace(self):
        packed = TRACE / "qqphoto-sizes.txt.gz"
        if not packed.exists():
            return []
        plain = self.work / "sizes.txt"
        plain.write_bytes(gzip.decompress(packed.read_bytes()))
        return ["--sizes", str(plain)]

    def command(self, part, *arguments, sizes=False):
        return [str(PROGRAM), part, "--work", str(self.work), *map(str, arguments),
                *(self.sizes if sizes else [])]

    def lines(self, part, *arguments, sizes=False, prefix=()):
        """What the program prints: JSON, an object a line."""
        done = subprocess.run([*prefix, *self.command(part, *arguments, sizes=sizes)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(f"farm_store_bench {part} failed")
        return [json.loads(line) for line in done.stdout.splitlines()]


def part_puts(bench, out, options):
    """64 writers, three ways in turn."""
    rounds, seconds = (1, 1) if bench.quick else (7, 3)
    lines = bench.lines("puts", "--rounds", rounds, "--seconds", seconds, sizes=True)
    rates = {}
    for line in lines:
        rates.setdefault(line["way"], []).append(line["puts"] / line["seconds"])
    ours = [line for line in lines if line["way"] == "store"]
    mean = sum(line["bytes"] for line in lines) / sum(line["puts"] for line in lines)
    out.note(f"Puts: records of one picture each, sizes from "
             f"{'the trace qqphoto-sizes' if bench.sizes else 'the stated distribution'}, "
             f"{mean / 1024:.1f} KiB on average; 64 writers, but for the serial append, which has "
             f"one; {rounds} rounds of {seconds} s each way in turn; medians.")
    out.add("puts: store", median(rates["store"]), "1/s")
    out.add("puts: store, bytes", median([r["bytes"] / r["seconds"] / 1e6 for r in ours]), "MB/s")
    out.add("puts: store, records a sync", median([r["puts"] / r["syncs"] for r in ours]), "")
    out.add("puts: a file each (write, fsync, rename, fsync of the directory)",
            median(rates["files"]), "1/s")
    out.add("puts: serial append and fdatasync", median(rates["serial"]), "1/s")
    for way, name, target in (("files", "a file each", 3), ("serial", "serial append", 4)):
        out.add(f"puts: store, ratio to {name}",
                median([a / b for a, b in zip(rates["store"], rates[way])]), f"x {name}",
                at_least=target)


def system_calls(bench, passes, requests):
    """All that the program makes in so many passes over the requests, as strace counts them."""
    summary = bench.work / "strace.txt"
    bench.lines("read-passes", "--passes", passes, "--requests", requests, sizes=True,
                prefix=["strace", "-f", "-c", "-o", str(summary)])
    total = re.search(r"^100\.00 .*\btotal$", summary.read_text(), re.MULTILINE)
    return int(total[0].split()[3])


def part_reads(bench, out, options):
    rounds = 4 if bench.quick else 60
    plan, *lines = bench.lines("reads", "--rounds", rounds, sizes=True, prefix=pinned(READ_CORE))
    requests, passes = 4000, 4
    calls = ((system_calls(bench, passes + 1, requests) - system_calls(bench, 1, requests))
             / (passes * requests))
    time_of = {way: [line["cpu_us"] for line in lines if line["way"] == way]
               for way in ("store", "pread")}
    out.note(f"Reads: {plan['reads']} requests for random photos, sizes as often as the service was "
             f"asked for them, none over 64 KiB; {rounds} passes each way in turn on one core; CPU "
             f"time (user + system); medians. Each way reads the same bytes at the same places of "
             f"the same files; the store finds them by id, and checks every byte it returns.")
    out.add("reads: a size, mean", plan["asked_bytes"] / 1024, "KiB")
    out.add("reads: read for it, mean", plan["read_bytes"] / 1024, "KiB")
    out.add("reads: store", median(time_of["store"]), "µs")
    out.add("reads: bare pread", median(time_of["pread"]), "µs")
    out.add("reads: store, ratio of rates",
            median([b / a for a, b in zip(time_of["store"], time_of["pread"])]), "x pread",
            at_least=0.9)
    out.add("reads: system calls, all that strace counts", calls, "a read")
    shutil.rmtree(bench.work / "reads")
