#!/usr/bin/python3
"""./run bench serve: permission URLs served from the store beside nginx serving the same bytes as
files. One core each server, wrk on another, rounds in turn, medians; the page cache is warm.

usage: serve.py [--photos N] [--rounds N] [--seconds N] [--connections N]
"""

import argparse
import random
import shutil
import sys

from farmbench import WORK
from farmbench.load import wrk
from farmbench.report import Report, median
from farmbench.servers import Nginx, pinned

from harness import Farm, path_of, pictures
from harness.server import BINARY

SERVER_CORE, LOAD_CORE = 0, 1
# How often each size is asked for, of 100 requests: small ones lead, as on pages full of them.
MIX = {"s": 30, "t": 15, "m": 25, "-": 25, "b": 5}
MIX_REQUESTS = 2000  # in the list that wrk goes through over and over
TARGET_CPU_RATIO = 1.2


def upload(farm, count):
    """Photos of about two megapixels; returns them as the API shows them."""
    client, photos = farm.client(), []
    for seed in range(count):
        wide, high = random.Random(seed).choice([(1600, 1200), (1500, 1000), (1200, 1600)])
        photos.append(client.upload(pictures.camera_jpeg(wide, high, seed, noise=16)))
    return photos


def extract(farm, photos, root):
    """Every stored size as a file under its URL's path. Returns {(photo, code): path}."""
    anyone, paths = farm.client(key=""), {}
    for photo in photos:
        for code in MIX:
            path = path_of(photo["sizes"][code]["url"])
            file = root / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(anyone.get(path).body)
            paths[photo["id"], code] = path
    return paths


def check_identical(farm, nginx, paths):
    """Both serve the same bytes under every path."""
    from harness import Client
    ours, theirs = farm.client(key=""), Client("127.0.0.1", nginx.port)
    for path in paths.values():
        a, b = ours.get(path), theirs.get(path)
        if (a.status, b.status) != (200, 200) or a.body != b.body or not a.body:
            raise SystemExit(f"photofarm and nginx differ at {path}: {a.status}, {b.status}")


def write_tables(photos, paths):
    """The lists wrk goes through: {name: (file, mean bytes)}."""
    dice = random.Random(1)
    size_of = {(p["id"], code): p["sizes"][code]["bytes"] for p in photos for code in MIX}
    ids = [p["id"] for p in photos]
    chosen = {
        "mixed sizes": [(dice.choice(ids), dice.choices(list(MIX), list(MIX.values()))[0])
                        for _ in range(MIX_REQUESTS)],
        "only m (240)": [(i, "m") for i in ids],
    }
    tables = {}
    for name, asked in chosen.items():
        file = WORK / f"urls-{len(tables)}.txt"
        file.write_text("".join(paths[one] + "\n" for one in asked))
        tables[name] = (file, sum(size_of[one] for one in asked) / len(asked))
    return tables


def measure(servers, tables, options):
    """{(table, server): [Load of each round]}, rounds in turn."""
    loads = {(table, name): [] for table in tables for name in servers}
    for table, (file, _) in tables.items():
        for url, pids in servers.values():
            wrk(url, pids, file, 1, options.connections, LOAD_CORE)  # warms up
        for turn in range(options.rounds):
            for name, (url, pids) in servers.items():
                load = wrk(url, pids, file, options.seconds, options.connections, LOAD_CORE)
                if load.errors:
                    raise SystemExit(f"{name}: {load.errors} requests failed")
                loads[table, name].append(load)
                print(f"{table}, round {turn + 1}, {name:9}: {load.rate:8,.0f}/s "
                      f"{load.cpu_us:6.2f} µs CPU a request", flush=True)
    return loads


def report(loads, tables, options):
    out = Report("serve", "Permission URLs from the store, beside nginx serving files")
    out.note(f"{options.photos} photos; wrk with {options.connections} connections, "
             f"{options.rounds} rounds of {options.seconds} s each in turn; medians. CPU time is "
             f"user + system of the server's processes, divided by its requests.")
    out.note("mixed sizes: " + ", ".join(f"{code} {share} %" for code, share in MIX.items()) + ".")
    for table, (_, mean) in tables.items():
        ours, theirs = loads[table, "photofarm"], loads[table, "nginx"]
        out.add(f"{table}: mean size", mean / 1024, "KiB")
        for name, runs in (("photofarm", ours), ("nginx", theirs)):
            out.add(f"{table}: {name} requests", median([r.rate for r in runs]), "1/s")
            out.add(f"{table}: {name} CPU time a request", median([r.cpu_us for r in runs]), "µs")
            out.add(f"{table}: {name} p99", median([r.p99_us for r in runs]) / 1000, "ms")
        out.add(f"{table}: requests, ratio", median([a.rate / b.rate for a, b in zip(ours, theirs)]),
                "x nginx")
        out.add(f"{table}: CPU time a request, ratio",
                median([a.cpu_us / b.cpu_us for a, b in zip(ours, theirs)]), "x nginx",
                at_most=TARGET_CPU_RATIO)
    return out.finish()


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--photos", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    if not BINARY.exists():
        raise SystemExit(f"there is no {BINARY}: ./run build release photofarm")

    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    farm = Farm("[net]\nthreads = 1\n", prefix=pinned(SERVER_CORE), parent=WORK)
    nginx = Nginx(WORK / "nginx", WORK / "html", SERVER_CORE)
    try:
        farm.start()
        photos = upload(farm, options.photos)
        paths = extract(farm, photos, WORK / "html")
        nginx.start()
        check_identical(farm, nginx, paths)
        tables = write_tables(photos, paths)
        servers = {"photofarm": (farm.url, [farm.process.pid]), "nginx": (nginx.url, nginx.pids())}
        loads = measure(servers, tables, options)
    finally:
        nginx.stop()
        farm.close()
        shutil.rmtree(WORK, ignore_errors=True)
    return 0 if report(loads, tables, options) else 1


if __name__ == "__main__":
    sys.exit(main())
