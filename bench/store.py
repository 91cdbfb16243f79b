#!/usr/bin/python3
"""./run bench store: what the embedded store does, beside what else could be done with the same
bytes on the same disk: durable puts, reads from the page cache, millions of photos, and the
workload on a disk that fails. The parts are measured by farm_store_bench (bench/store/).

usage: store.py [PART...] [--work DIR] [--photos N] [--seeds N] [--quick]

Parts: puts, reads, photos, compact, faults; all of them by default. The figures of parts that are left out
stay as they were. --quick: short runs, to try the benchmark itself, that keep nothing. --work: where to put up to 8 GB meanwhile (/var/tmp).
"""

import argparse
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from farmbench import BENCH
from farmbench.report import Report, median
from farmbench.servers import pinned

BUILD = BENCH.parent / "build" / "release"
PROGRAM = BUILD / "farm_store_bench"
TESTS = BUILD / "src" / "farm_store_test"
TRACE = Path(os.environ.get("PHOTOFARM_TRACES", BENCH.parents[1] / "shared" / "traces"))
READ_CORE = 0
WORKLOAD = re.compile(r"^workload: (.+)$", re.MULTILINE)


class Bench:
    """The program, and what its parts share."""

    def __init__(self, work, quick):
        self.work, self.quick = work, quick
        self.sizes = self._unpack_trace()

    def _unpack_trace(self):
        packed = TRACE / "qqphoto-sizes.txt.gz"
        if not packed.exists():
            return []
        plain = self.work / "sizes.txt"
        plain.write_bytes(gzip.decompress(packed.read_bytes()))
        return ["--sizes", str(plain)]

    def lines(self, part, *arguments, sizes=False, prefix=()):
        """What the program prints: JSON, an object a line."""
        command = [*prefix, str(PROGRAM), "--work", str(self.work), part, *map(str, arguments),
                   *(self.sizes if sizes else [])]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              text=True)
        if done.returncode != 0:
            raise SystemExit(f"farm_store_bench {part} failed")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def line(self, part, *arguments):
        return self.lines(part, *arguments)[0]


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


def part_photos(bench, out, options):
    """Memory a photo, and what it takes to open a store of so many."""
    photos = options.photos
    index = bench.line("index", "--photos", photos)
    filled = bench.line("fill", "--photos", photos)
    with_checkpoint = bench.line("open", "--cold")
    cold = bench.line("open", "--cold", "--no-checkpoint")
    warm = bench.line("open", "--no-checkpoint")
    out.note(f"Photos: {photos:,} records of 448 bytes, {cold['file_bytes'] / 1e9:.2f} GB of volumes; "
             f"put by 4 writers without syncs, {photos / filled['seconds']:,.0f} a second. Opening "
             f"without a checkpoint reads every byte of records that small; cold: nothing of them "
             f"in the page cache. The disk's rate is that of reading the same files from one end "
             f"to the other just before.")
    out.add("photos: index, as it counts itself", index["index_bytes"] / photos, "bytes a photo",
            at_most=40)
    out.add("photos: index, resident memory", index["resident_bytes"] / photos, "bytes a photo",
            at_most=40)
    out.add("photos: store just opened, resident memory", cold["resident_bytes"] / photos,
            "bytes a photo")
    out.add("photos: opening without a checkpoint, cold", cold["seconds"], "s")
    out.add("photos: read from disk for it", cold["disk_bytes"] / 1e9, "GB")
    out.add("photos: rate", cold["file_bytes"] / cold["seconds"] / 1e6, "MB/s")
    out.add("photos: the disk's rate", cold["file_bytes"] / cold["plain_read_seconds"] / 1e6, "MB/s")
    out.add("photos: opening without a checkpoint, warm", warm["seconds"], "s")
    if with_checkpoint["checkpoint"]:
        out.add("photos: opening with a checkpoint, cold", with_checkpoint["seconds"], "s",
                at_most=2)
    shutil.rmtree(bench.work / "many")


def part_compact(bench, out, options):
    """Half of the photos deleted, their space taken back while the others are read."""
    photos, seconds = (6_000, 3) if bench.quick else (60_000, 20)
    lines = bench.lines("compact", "--photos", photos, "--seconds", seconds, sizes=True)
    undisturbed = [line for line in lines if line["what"] == "undisturbed"]
    background, at_once = (next(line for line in lines if line["what"] == what)
                           for what in ("background", "on demand"))
    out.note(f"Compaction: {photos:,} photos in volumes of 256 MiB, half of them deleted at random, "
             f"twice: first the store's upkeep rewrites the volumes at its default rate, then they "
             f"are rewritten on demand, at the same rate. One reader reads 500 whole records "
             f"a second; its times count from when a read was due. Undisturbed: {seconds} s each "
             f"before, between and after, once the disks are quiet; the median of the three.")
    without_us = median([line["p99_us"] for line in undisturbed])
    out.add("compaction: reads without, median",
            median([line["p50_us"] for line in undisturbed]) / 1000, "ms")
    for when, line in zip(("before", "between", "after"), undisturbed):
        out.add(f"compaction: reads without, p99, {when}", line["p99_us"] / 1000, "ms")
    for got, words, at_least, at_most in ((background, "in the background", 95, 3),
                                          (at_once, "on demand", 95, None)):
        out.add(f"compaction {words}: bytes deleted", got["deleted_bytes"] / 1e6, "MB")
        out.add(f"compaction {words}: reclaimed of them",
                got["reclaimed_bytes"] / got["deleted_bytes"] * 100, "%", at_least=at_least)
        out.add(f"compaction {words}: time", got["seconds"], "s")
        out.add(f"compaction {words}: reads, median", got["p50_us"] / 1000, "ms")
        out.add(f"compaction {words}: reads, p99", got["p99_us"] / 1000, "ms")
        out.add(f"compaction {words}: p99 of reads, ratio", got["p99_us"] / without_us,
                "x without", at_most=at_most)
    shutil.rmtree(bench.work / "compact")


def part_faults(bench, out, options):
    """The seeded workload on a disk that fails and loses its power: store's own test, longer."""
    seeds = 50 if bench.quick else options.seeds
    totals = {}
    # Four threads wait for each other much: a seed of theirs takes ten times as long.
    for test, count in (("LosesNothingItAcknowledged", seeds), ("*ToManyAtOnce", seeds // 20)):
        done = subprocess.run([TESTS, f"--gtest_filter=VolumeStoreWorkload.{test}"],
                              env={**os.environ, "PHOTOFARM_SEEDS": str(max(1, count))},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        told = WORKLOAD.findall(done.stdout)
        if done.returncode != 0 or not told:
            raise SystemExit(f"the workload failed:\n{done.stdout[-4000:]}")
        for name, value in re.findall(r"(\w+)=(\d+)", " ".join(told)):
            totals[name] = totals.get(name, 0) + int(value)
    out.note("Faults: src/store/volume_store_workload_test.cpp, by one thread and by four at once; "
             "lost is what a read shows otherwise than the model that it is compared with.")
    for name, value in totals.items():
        out.add(f"faults: {name}", value, "", **({"at_most": 0} if name == "lost" else {}))


PARTS = {"puts": part_puts, "reads": part_reads, "photos": part_photos,
         "compact": part_compact, "faults": part_faults}


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--work", type=Path, default=Path("/var/tmp"))
    parser.add_argument("--photos", type=int)
    parser.add_argument("--seeds", type=int, default=5000)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    if options.photos is None:
        options.photos = 100_000 if options.quick else 10_000_000
    for needed in (PROGRAM, TESTS):
        if not needed.exists():
            raise SystemExit(f"there is no {needed}: ./run bench store builds it")

    out = Report("store", "The embedded store, beside what else could be done with the same bytes")
    with tempfile.TemporaryDirectory(prefix="photofarm-bench-", dir=options.work) as work:
        bench = Bench(Path(work), options.quick)
        for name in options.parts or PARTS:
            print(f"{name}, load {os.getloadavg()[0]:.1f} …", flush=True)
            PARTS[name](bench, out, options)
    out.note(f"Load of the machine at the end: {os.getloadavg()[1]:.1f} (5 minutes).")
    if options.parts and not options.quick:
        out.note(f"Run last by {'themselves' if options.parts[1:] else 'itself'}: "
                 f"{', '.join(options.parts)}.")
        out.take_over_others()
    return 0 if out.finish(keep=not options.quick) else 1


if __name__ == "__main__":
    sys.exit(main())
