#!/usr/bin/python3
"""./run bench cache: the cache's tiers: time of a memory hit beside a map behind a mutex, hit ratios
under published traces and Zipf's law, the memory that a full cache really takes, and what the disk
tier writes and how soon it serves after a restart. Measured by farm_cache_bench (bench/cache/) and
`photofarm simulate`.

usage: cache.py [PART...] [--quick] [--directory DIR] [--disk-bytes N]

Parts: hits, trace, zipf, memory, tiers, both, restart; all of them by default. The figures of parts
that are left out stay as they were. --quick: short runs, to try the benchmark itself, that keep
nothing. --directory: where files of the disk tier are made, and removed afterwards (build/).
--disk-bytes: the size of the tier that is restarted (20 GiB, where so much is free).
"""

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from farmbench import BENCH
from farmbench.report import Report, median

BUILD = BENCH.parent / "build" / "release"
PROGRAM = BUILD / "farm_cache_bench"
PHOTOFARM = BUILD / "photofarm"
TRACES = Path(os.environ.get("PHOTOFARM_TRACES", BENCH.parents[1] / "shared" / "traces"))
MIB = 1 << 20
BASE_MIB = 32
# Of the trace adaptsize-cdn at 1, 5 and 10 % of its objects, each costing the same: what others
# published, and the least that ours must reach.
PUBLISHED = {"s3fifo": (0.269, 0.360, 0.386), "lru": (0.246, 0.313, 0.344)}
WANTED = (0.265, 0.355, 0.381)
WAYS = {"s3fifo": "S3-FIFO", "lru": "LRU", "peer": "map, list and mutex", "hash": "the key's hash"}


def lines(*command):
    done = subprocess.run([*map(str, command)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} {command[1]} failed")
    return [json.loads(line) for line in done.stdout.splitlines()]


def part_hits(out, sizes, options):
    quick = options.quick
    rounds, finds = (2, 200_000) if quick else (11, 2_000_000)
    measured = lines(PROGRAM, "hits", "--rounds", rounds, "--finds", finds)
    out.note(f"Hits: 20,000 objects of 1,000 bytes, all of them kept, asked for by Zipf's law (alpha 1) "
             f"by keys of 52 bytes; {finds:,} finds a thread in each of {rounds} rounds, each way in "
             f"turn; medians of CPU time, with the key's hash. The peer: std::unordered_map and "
             f"std::list behind a std::mutex, with std::shared_ptr.")
    cpu = {}
    for threads in (1, 2):
        for way, name in WAYS.items():
            cpu[way, threads] = median([line["cpu_ns"] for line in measured
                                        if (line["way"], line["threads"]) == (way, threads)])
            out.add(f"hits: {name}, {threads} thread{'s' * (threads - 1)}", cpu[way, threads], "ns")
        out.add(f"hits: S3-FIFO, ratio, {threads} thread{'s' * (threads - 1)}",
                cpu["s3fifo", threads] / cpu["peer", threads], "x the peer", at_most=1)


def part_trace(out, sizes, options):
    (told,) = lines(PHOTOFARM, "simulate", "--trace", TRACES / "adaptsize-cdn.trace.xz",
                    "--unit-cost", "--memory", "1%,5%,10%", "--json")
    out.note(f"Trace: adaptsize-cdn, {told['requests']:,} requests for {told['objects']:,} objects, "
             f"through the memory tier with one shard, every object costing the same; counted from the "
             f"first request on. Published for it: S3-FIFO .269, .360, .386, LRU .246, .313, .344.")
    for policy, name in (("s3fifo", "S3-FIFO"), ("lru", "LRU")):
        got = [run for run in told["results"] if run["policy"] == policy]
        for run, wanted in zip(got, WANTED):
            out.add(f"trace: {name}, {run['capacity_objects']:,} objects ({run['share']:.0%})",
                    run["object_hit_ratio"], "of requests",
                    **({"at_least": wanted} if policy == "s3fifo" else {}))


def part_zipf(out, sizes, options):
    objects, requests = (40_000, 400_000) if options.quick else (400_000, 8_000_000)
    for alpha in (0.9, 1.0):
        about, *runs = lines(PROGRAM, "ratios", "--sizes", sizes, "--objects", objects, "--requests",
                             requests, "--alpha", alpha)
        if alpha == 1.0:
            out.note(f"Zipf: {objects:,} objects with sizes drawn from qqphoto-sizes "
                     f"({about['footprint_bytes'] / objects / 1000:.1f} KB on average), {requests:,} "
                     f"requests, of which the second half counts; objects over 64 KiB "
                     f"({about['over_64k']:.1%} of requests) are not kept in memory and always miss. "
                     f"Shares are of the bytes of all objects.")
        for run in runs:
            target = {"at_least": 0.75} if (alpha, run["share"], run["policy"]) == (
                1.0, 10, "s3fifo") else {}
            out.add(f"zipf: alpha {alpha}, {run['share']} %, {WAYS[run['policy']]}",
                    run["object_hit_ratio"], "of requests", **target)


def part_memory(out, sizes, options):
    requests = 200_000 if options.quick else 3_000_000
    for memory in (128 * MIB, 512 * MIB):
        for policy in ("s3fifo", "lru"):
            (got,) = lines(PROGRAM, "memory", "--sizes", sizes, "--memory", memory, "--requests",
                           requests, "--policy", policy)
            name = f"memory: {memory // MIB} MiB, {WAYS[policy]}"
            out.add(f"{name}, charged", got["charged"] / MIB, "MiB", at_most=memory / MIB)
            out.add(f"{name}, resident at most", got["highest"] / MIB, "MiB")
            out.add(f"{name}, resident at most, less the base",
                    (got["highest"] / MIB - BASE_MIB) / (memory / MIB), "x the configured",
                    at_most=1.1)
            if memory == 512 * MIB:
                out.add(f"{name}, index of it", got["index"] / got["objects"], "bytes an object")
                before, turnover = got["base"], got["evicted_bytes"] / memory
    out.note(f"Memory: real bodies with qqphoto-sizes up to 64 KiB, {requests:,} requests by Zipf's law "
             f"(alpha 1), so that the cache is filled {turnover:.0f} times over; jemalloc as Debian has "
             f"it, told to give back what is free after a second. The base is {BASE_MIB} MiB: the process "
             f"before it ({before / MIB:.0f} MiB), and what an allocator keeps ready at any size.")


def part_tiers(out, sizes, options):
    objects, requests = (40_000, 400_000) if options.quick else (400_000, 8_000_000)
    for alpha in (0.9, 1.0):
        runs = lines(PROGRAM, "tiers", "--sizes", sizes, "--objects", objects, "--requests", requests,
                     "--alpha", alpha, "--shares", "1+4,1+9,2+18")
        for run in runs:
            name = f"tiers: alpha {alpha}, {run['memory']:g} % in memory and {run['disk']:g} % on disk"
            wanted = {"at_least": 0.75} if (alpha, run["disk"]) == (1.0, 9) else {}
            out.add(f"{name}, hits of memory", run["memory_hits"], "of requests")
            out.add(f"{name}, hits of both", run["hits"], "of requests", **wanted)
            out.add(f"{name}, written", run["written"], "of the bytes asked for", at_most=0.15)
    out.note(f"Tiers: as under Zipf, S3-FIFO in memory with objects up to 64 KiB, a disk below it with "
             f"objects up to 512 KiB, which takes what was asked for again before it left memory, and "
             f"larger ones at their second request. Simulated, with the tier's own log, index and "
             f"admission; written is all that is written, second chances "
             f"({runs[1]['reinserted']:.0%} of it) and the segments' ends included.")


def part_both(out, sizes, options):
    work = tempfile.mkdtemp(prefix="disk-cache-", dir=options.directory)
    objects, requests = (20_000, 200_000) if options.quick else (200_000, 3_000_000)
    memory = (16 if options.quick else 64) * MIB
    disk = (128 if options.quick else 640) * MIB
    try:
        (got,) = lines(PROGRAM, "both", "--sizes", sizes, "--objects", objects, "--requests", requests,
                       "--directory", work, "--memory", memory, "--disk-bytes", disk)
    finally:
        shutil.rmtree(work)
    out.note(f"Both: the same with bodies and files: {objects:,} objects, {requests:,} requests (alpha 1), "
             f"{memory // MIB} MiB of memory and {disk // MIB} MiB of disk, "
             f"{(memory + disk) / got['footprint']:.0%} of the bytes of all objects. The base is "
             f"{BASE_MIB} MiB as above and the 16 MiB that may wait to be written; the disk's index and what "
             f"it remembers is {got['index_bytes'] / MIB:.1f} MiB for {got['objects']:,} objects.")
    out.add("both: hits of memory", got["memory_hits"], "of requests")
    out.add("both: hits of both", got["memory_hits"] + got["disk_hits"], "of requests", at_least=0.75)
    out.add("both: written", got["written"], "of the bytes asked for", at_most=0.15)
    out.add("both: resident at most", got["highest"] / MIB, "MiB")
    out.add("both: resident at most, less the base",
            (got["highest"] / MIB - BASE_MIB - 16) / (memory / MIB), "x the configured", at_most=1.1)


def part_restart(out, sizes, options):
    work = tempfile.mkdtemp(prefix="disk-cache-", dir=options.directory)
    size = (1 << 30) if options.quick else options.disk_bytes
    disk = ("--sizes", sizes, "--directory", work, "--disk-bytes", size)
    try:
        for name, how in (("a stop", ()), ("kill -9", ("--kill",))):
            (filled,) = lines(PROGRAM, "fill", *disk, *how)
            (got,) = lines(PROGRAM, "restart", *disk)
            out.add(f"restart: after {name}, until it serves", got["served_s"], "s", at_most=1)
            out.add(f"restart: after {name}, kept", got["objects"] / filled["objects"], "of the objects")
        out.add("restart: the index", got["index_bytes"] / got["objects"],
                "bytes an object, with what is remembered")
    finally:
        shutil.rmtree(work)
    out.note(f"Restart: a tier of {size / (1 << 30):.0f} GiB with {got['objects']:,} objects of qqphoto-sizes up "
             f"to 512 KiB in segments of 64 MiB, opened by a new process after its files were dropped from "
             f"the page cache, until it has read an object.")


PARTS = {"hits": part_hits, "trace": part_trace, "zipf": part_zipf, "memory": part_memory,
         "tiers": part_tiers, "both": part_both, "restart": part_restart}


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--directory", type=Path, default=BENCH.parent / "build")
    parser.add_argument("--disk-bytes", type=int, default=20 << 30)
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    for needed in (PROGRAM, PHOTOFARM, TRACES / "qqphoto-sizes.txt.gz"):
        if not needed.exists():
            raise SystemExit(f"there is no {needed}")

    out = Report("cache", "The cache: hits, hit ratios, the memory it takes, and its disks")
    with tempfile.TemporaryDirectory(prefix="photofarm-bench-") as work:
        sizes = Path(work) / "sizes.txt"
        sizes.write_bytes(gzip.decompress((TRACES / "qqphoto-sizes.txt.gz").read_bytes()))
        for name in options.parts or PARTS:
            print(f"{name}, load {os.getloadavg()[0]:.1f} …", flush=True)
            PARTS[name](out, sizes, options)
    out.note(f"Load of the machine at the end: {os.getloadavg()[1]:.1f} (5 minutes).")
    if options.parts and not options.quick:
        out.take_over_others()
    return 0 if out.finish(keep=not options.quick) else 1


if __name__ == "__main__":
    sys.exit(main())
