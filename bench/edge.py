#!/usr/bin/python3
"""./run bench edge: the edge's cache beside nginx, Varnish, Squid, Traffic Server and a bare epoll loop,
all with the same objects in memory; ten thousand connections, ten thousand slow readers, and a thousand
clients that ask for one cold object at once. The load but wrk's is farm_edge_bench's (bench/edge/).

usage: edge.py [PART...] [--rounds N] [--seconds N] [--subject NAME] [--quick]

Parts: peers, connections, slow, stampede; all of them by default. The figures of parts that are left out
stay as they were. --subject: another server in photofarm's place (nginx proxy_cache, Varnish, Squid,
Traffic Server), to see how it does; keeps nothing. --quick: short runs, to try the benchmark itself, that
keep nothing.
"""

import argparse
import http.client
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from farmbench import BENCH
from farmbench.load import wrk
from farmbench.peers import CACHES, EpollLoop, NginxStatic, Origin, Photofarm
from farmbench.photo_sizes import photo_sizes
from farmbench.report import Report, median
from farmbench.servers import memory_bytes, pinned
from farmbench.slow_origin import SlowOrigin

PROGRAM = BENCH.parent / "build" / "release" / "farm_edge_bench"
SERVER_CORE, LOAD_CORE = 0, 1
OBJECTS = 2000
REQUESTS = 20_000  # in the list that wrk goes through over and over
ALPHA = 0.9  # Zipf's, of the objects' popularity
WRK_CONNECTIONS = 32
CONNECTIONS, HERD = 10_000, 1_000
LARGE = 256 << 10
# As over Ethernet: with loopback's own, the server's socket buffers grow until they hold a whole large
# object, those of all slow readers more than the kernel allows to all sockets together.
SEGMENT = 1448
COLD = {"/cold/60k.jpg": 60_000, "/cold/400k.jpg": 400_000}
MAX_FILL_PASSES = 10
# CPU time a request, at most so many times the peer's.
TARGETS = {"nginx static": 0.9, "nginx proxy_cache": 0.75, "nginx proxy_cache, copying": 0.75,
           "Varnish": 0.5, "Varnish, no log": None, "Squid": 0.22, "Traffic Server": 0.6,
           "epoll loop": 1.2}


class Table:
    """Objects in a folder, and the order in which they are asked for."""

    def __init__(self, name, label, sizes, work):
        self.label, self.sizes = label, sizes
        folder = work / "files" / name
        folder.mkdir(parents=True)
        self.paths = [f"/{name}/{n}.jpg" for n in range(len(sizes))]
        for path, size in zip(self.paths, sizes):
            (work / "files" / path[1:]).write_bytes(random.Random(path).randbytes(size))
        weights = [(n + 1) ** -ALPHA for n in range(len(sizes))]
        asked = random.Random(1).choices(range(len(sizes)), weights, k=REQUESTS)
        self.mean = sum(sizes[n] for n in asked) / REQUESTS
        self.file = work / f"{name}.txt"
        self.file.write_text("".join(self.paths[n] + "\n" for n in asked))


class Bench:
    """The objects, their origin, and what the parts share."""

    def __init__(self, work, options):
        self.work, self.options, self.quick = work, options, options.quick
        self.files = work / "files"
        self.photos = Table("photos", "photo sizes", photo_sizes(OBJECTS), work)
        self.fixed = Table("fixed", "10 KB", [10_000] * OBJECTS, work)
        (self.files / "large.jpg").write_bytes(random.Random(2).randbytes(LARGE))
        self.origin = Origin(work, LOAD_CORE, self.files)
        self.subject = next(one for one in (Photofarm, *CACHES) if one.name == options.subject)

    def start_subject(self, origin_port=None):
        return self.subject(self.work, SERVER_CORE, origin_port or self.origin.port).start()

    def fill(self, server, paths):
        """Until a pass over all paths leaves the origin alone; every byte is compared in each."""
        for _ in range(MAX_FILL_PASSES):
            before = self.origin.requests()
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            for path in paths:
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200 or body != (self.files / path[1:]).read_bytes():
                    raise SystemExit(f"{server.name} answers {path} with {answer.status} and "
                                     f"{len(body)} bytes, not those of the file")
            connection.close()
            if self.origin.requests() == before:
                return
            time.sleep(0.5)
        raise SystemExit(f"{server.name} still asks the origin in pass {MAX_FILL_PASSES}")

    def wrk(self, server, table, seconds):
        """A run in which all are hits."""
        before = self.origin.requests()
        load = wrk(server.url, server.pids(), table.file, seconds, WRK_CONNECTIONS, LOAD_CORE)
        asked = self.origin.requests() - before
        if load.errors or asked:
            raise SystemExit(f"{server.name}: {load.errors} requests failed, {asked} went to the "
                             f"origin")
        return load

    def peak(self, server):
        """Requests a second that it can do, as wrk has it."""
        return median([self.wrk(server, self.photos, 1 if self.quick else 3).rate
                       for _ in range(3)])


class Load:
    """A command of farm_edge_bench, on the load's core."""

    def __init__(self, command, server, paths, connections, *arguments):
        self.process = subprocess.Popen(
            [*pinned(LOAD_CORE), str(PROGRAM), command, "--port", str(server.port), "--paths",
             str(paths), "--connections", str(connections), *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def line(self):
        text = self.process.stdout.readline()
        if not text:
            raise SystemExit(f"farm_edge_bench ended with {self.process.wait()}")
        return json.loads(text)

    def go_on(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def measure_peers(bench, servers, table, rounds, seconds):
    """{name: [Load of each round]}, rounds in turn."""
    loads = {server.name: [] for server in servers}
    for server in servers:
        bench.fill(server, table.paths)
        bench.wrk(server, table, 1)
    for turn in range(rounds):
        for server in servers:
            load = bench.wrk(server, table, seconds)
            loads[server.name].append(load)
            print(f"{table.label}, round {turn + 1}, {server.name:26}: {load.rate:8,.0f}/s "
                  f"{load.cpu_us:6.2f} µs CPU a request", flush=True)
    return loads


def part_peers(bench, out):
    rounds = 1 if bench.quick else bench.options.rounds
    seconds = 1 if bench.quick else bench.options.seconds
    subjects = [bench.subject] if bench.subject is Photofarm else []
    servers = [one(bench.work, SERVER_CORE, bench.origin.port) for one in (*subjects, *CACHES)]
    servers += [NginxStatic(bench.work, SERVER_CORE, root=bench.files),
                EpollLoop(bench.work, SERVER_CORE, PROGRAM, bench.files)]
    loads = {}
    try:
        for server in servers:
            server.start()
        for table in (bench.photos, bench.fixed):
            loads[table] = measure_peers(bench, servers, table, rounds, seconds)
    finally:
        for server in servers:
            server.stop()
    out.note(f"Peers: all on one core with everything in memory, configured as in bench/edge/ and "
             f"bench/farmbench/peers.py; {OBJECTS:,} objects a table, asked for by Zipf's law (alpha "
             f"{ALPHA}), all of them hits: the origin is not asked once. wrk on the other core with "
             f"{WRK_CONNECTIONS} connections, {rounds} rounds of {seconds} s each in turn; medians. "
             f"CPU time is user + system of all the server's processes, divided by its requests; "
             f"ratios are photofarm's to the peer's in the same round. Photo sizes are QQPhoto's up to "
             f"256 KiB. nginx proxy_cache sends by sendfile, as its guide has it; copying: with sendfile "
             f"off, which no guide says. Varnish logs into shared memory, as it does by default, and nobody "
             f"reads it; no log: with all of its tags masked.")
    for table, of in loads.items():
        report_table(out, table, of)


def report_table(out, table, loads):
    out.add(f"peers: {table.label}, mean", table.mean / 1000, "KB")
    for name, runs in loads.items():
        out.add(f"peers: {table.label}, {name}, requests", median([r.rate for r in runs]), "1/s")
        out.add(f"peers: {table.label}, {name}, CPU time a request",
                median([r.cpu_us for r in runs]), "µs")
        out.add(f"peers: {table.label}, {name}, p99", median([r.p99_us for r in runs]) / 1000, "ms")
    for name, target in TARGETS.items():
        if Photofarm.name in loads:
            pairs = zip(loads[Photofarm.name], loads[name])
            out.add(f"peers: {table.label}, CPU time a request, ratio to {name}",
                    median([ours.cpu_us / theirs.cpu_us for ours, theirs in pairs]), "",
                    at_most=target)


def part_connections(bench, out):
    """Ten thousand at once: idle, then asking in turn at half the rate that few can reach."""
    seconds = 2 if bench.quick else 10
    server = bench.start_subject()
    try:
        bench.fill(server, bench.photos.paths)
        peak = bench.peak(server)
        base = memory_bytes(server.pids())
        with Load("connections", server, bench.photos.file, CONNECTIONS, "--rate", peak / 2,
                  "--seconds", seconds) as load:
            connected = load.line()["connected"]
            fresh = memory_bytes(server.pids())
            load.go_on()
            served = load.line()["served"]
            time.sleep(2)
            idle = memory_bytes(server.pids())
            load.go_on()
            got = load.line()
    finally:
        server.stop()
    out.note(f"Connections: {CONNECTIONS:,} keep-alive connections from 8 addresses; each asks once, "
             f"then they ask in turn for {seconds} s at half the rate that wrk reached with "
             f"{WRK_CONNECTIONS} just before. The schedule doesn't wait for answers: latency counts "
             f"from when a request was due. Memory is the server's resident memory, beyond what it "
             f"had before them.")
    out.add("connections: open at once", connected, "", at_least=CONNECTIONS)
    out.add("connections: served, each once", served, "", at_least=CONNECTIONS)
    out.add("connections: memory of one never used", (fresh - base) / CONNECTIONS / 1024, "KiB")
    out.add("connections: memory of an idle one", (idle - base) / CONNECTIONS / 1024, "KiB",
            at_most=12)
    out.add("connections: peak rate", peak, "1/s")
    out.add("connections: rate", got["requests"] / got["seconds"], "1/s", at_least=0.45 * peak)
    out.add("connections: errors", got["errors"], "", at_most=0)
    out.add("connections: p50", got["p50_us"] / 1000, "ms")
    out.add("connections: p99", got["p99_us"] / 1000, "ms", at_most=100)
    out.add("connections: longest", got["max_us"] / 1000, "ms")
    out.add("connections: still open at the end", got["open"], "", at_least=CONNECTIONS)


def kernel_memory():
    """Bytes that the kernel holds for all TCP sockets: proc(5), /proc/net/sockstat."""
    words = re.search(r"^TCP: .* mem (\d+)", Path("/proc/net/sockstat").read_text(), re.MULTILINE)
    return int(words[1]) * os.sysconf("SC_PAGE_SIZE")


class Slow:
    """A fast client of a server before, beside and after ten thousand that hardly read."""

    def __init__(self, bench, server, large):
        self.bench, self.server, self.large = bench, server, large
        bench.fill(server, ["/large.jpg", *bench.photos.paths])
        self.rate = median([self.turns()["requests"] for _ in range(3)]) / 2
        self.alone, self.settled, self.fresh, self.readers = [], [], [], []

    def fast(self, command, *arguments):
        return Load(command, self.server, self.bench.photos.file, WRK_CONNECTIONS, "--seconds", 1,
                    "--segment", SEGMENT, *arguments)

    def turns(self):
        with self.fast("turns") as load:
            return load.line()

    def schedule(self):
        with self.fast("connections", "--rate", self.rate) as load:
            load.line()
            load.go_on()
            load.line()
            load.go_on()
            return load.line()

    def run_fast(self, into, times):
        into += [(self.turns(), self.schedule()) for _ in range(times)]

    def run_beside(self, into, times, over_s, settle_s):
        before = kernel_memory()
        with Load("slow", self.server, self.large, CONNECTIONS, "--over", over_s, "--segment",
                  SEGMENT) as load:
            began = load.line()
            time.sleep(settle_s)
            held = (kernel_memory() - before) / CONNECTIONS
            self.run_fast(into, times)
            load.go_on()
            self.readers.append({**began, **load.line(), "held": held})
        time.sleep(2)

    def run(self):
        times, over_s, settle_s = (1, 1, 0) if self.bench.quick else (8, 20, 55)
        self.run_fast(self.alone, times)
        self.run_beside(self.settled, times, over_s, settle_s)
        self.run_fast(self.alone, times)
        self.run_beside(self.fresh, times, 1, 0)
        self.run_fast(self.alone, times)

    @staticmethod
    def by_turns_ms(runs):
        return median([turns["p99_us"] for turns, _ in runs]) / 1000

    @staticmethod
    def by_schedule_ms(runs):
        return median([us for _, told in runs for us in told["window_p99s_us"]]) / 1000

    def report(self, out, name, target):
        for how, p99_ms, at_most in (("p99", self.by_turns_ms, target),
                                     ("p99 by schedule", self.by_schedule_ms, None)):
            for when, runs in (("alone", self.alone), ("beside them", self.settled),
                               ("beside fresh ones", self.fresh)):
                out.add(f"slow: {name}, {how} {when}", p99_ms(runs), "ms")
            out.add(f"slow: {name}, {how}, ratio", p99_ms(self.settled) / p99_ms(self.alone),
                    "x alone", at_most=at_most)
            out.add(f"slow: {name}, {how}, ratio beside fresh ones",
                    p99_ms(self.fresh) / p99_ms(self.alone), "x alone", at_most=at_most)
        out.add(f"slow: {name}, held by the kernel for each", self.readers[0]["held"] / 1024, "KiB")


def part_slow(bench, out):
    large = bench.work / "large.txt"
    large.write_text("/large.jpg\n")
    subject = bench.start_subject()
    loop = EpollLoop(bench.work, SERVER_CORE, PROGRAM, bench.files).start()
    try:
        ours, bare = Slow(bench, subject, large), Slow(bench, loop, large)
        for one in (ours, bare):
            one.run()
    finally:
        subject.stop()
        loop.stop()
    out.note(f"Slow: {CONNECTIONS:,} readers, each of an object of {LARGE >> 10} KiB at 4 bytes a "
             f"second. They come over 20 s and have been there for 55 s when the fast client begins; "
             f"fresh ones come within one second and are there for none. It has {WRK_CONNECTIONS} "
             f"connections and is measured before, beside and after them, 8 times a second each: p99 "
             f"is of what its requests took, each connection asking again when it had its answer, "
             f"median of the seconds; by schedule, at half the rate that it reached so, it does not "
             f"wait for answers, and p99 is the median of half seconds'. All of it in segments as "
             f"over Ethernet: with loopback's, of 64 KiB, the p99 of one second is up to three times "
             f"another's. wrk's p99 is not used here: it adds requests that it would have made "
             f"while one took long, so that 0.2 s on one connection are a hundredth of all. By "
             f"schedule each pause of the machine counts for what was due in it; alone, too, half "
             f"seconds with and without one differ by ten to a hundred times, which is why that ratio "
             f"has no target.")
    out.add("slow: readers", min(s["reading"] for s in ours.readers), "", at_least=CONNECTIONS)
    out.add("slow: readers, still at it at the end", min(s["open"] for s in ours.readers), "",
            at_least=CONNECTIONS)
    runs = ours.alone + ours.settled + ours.fresh
    out.add("slow: errors of the fast client",
            sum(turns["errors"] + told["errors"] for turns, told in runs), "", at_most=0)
    ours.report(out, subject.name, 2)
    bare.report(out, loop.name, None)


def part_stampede(bench, out):
    """A thousand ask for an object that nobody has yet, of an origin that takes a second."""
    bodies = {path: random.Random(path).randbytes(size) for path, size in COLD.items()}
    origin = SlowOrigin(bodies)
    server = bench.start_subject(origin.port)
    got = {}
    try:
        for path, body in bodies.items():
            asked, expected = bench.work / "cold.txt", bench.work / "cold.jpg"
            asked.write_text(path + "\n")
            expected.write_bytes(body)
            with Load("stampede", server, asked, HERD, "--expected", expected) as load:
                got[path] = load.line()
    finally:
        server.stop()
        origin.stop()
    out.note(f"Stampede: {HERD:,} connections ask for one cold object at once, of an origin that thinks for "
             f"{origin.think_s:g} s and then sends it in {origin.pieces} pieces over "
             f"{origin.body_s:g} s; every byte is compared.")
    for path, told in got.items():
        name = f"stampede: {COLD[path] // 1000} KB"
        out.add(f"{name}, fetches from the origin", origin.fetches[path], "", at_most=1)
        out.add(f"{name}, whole and right", told["whole"], "", at_least=HERD)
        out.add(f"{name}, the last one has it after", told["last_s"], "s")


PARTS = {"peers": part_peers, "connections": part_connections, "slow": part_slow,
         "stampede": part_stampede}


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--subject", default=Photofarm.name,
                        choices=[Photofarm.name, *(one.name for one in CACHES)])
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    if not PROGRAM.exists():
        raise SystemExit(f"there is no {PROGRAM}: ./run bench edge builds it")

    # Ended from outside, it still ends its servers: some of them have left their parent's care.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench edge was ended"))
    out = Report("edge", "The edge's cache, beside nginx, Varnish, Squid and Traffic Server")
    memory = Path("/dev/shm")  # what is on disk elsewhere is in memory here
    work = Path(tempfile.mkdtemp(prefix="photofarm-bench-", dir=memory if memory.is_dir() else None))
    work.chmod(0o755)  # some of them give up being root
    bench = Bench(work, options)
    try:
        bench.origin.start()
        for name in options.parts or PARTS:
            print(f"{name}, load {os.getloadavg()[0]:.1f} …", flush=True)
            PARTS[name](bench, out)
    finally:
        bench.origin.stop()
        shutil.rmtree(work, ignore_errors=True)
    keep = not options.quick and options.subject == Photofarm.name
    out.note(f"Load of the machine at the end: {os.getloadavg()[1]:.1f} (5 minutes).")
    if options.parts and keep:
        out.note(f"Run last by {'themselves' if options.parts[1:] else 'itself'}: "
                 f"{', '.join(options.parts)}.")
        out.take_over_others()
    return 0 if out.finish(keep=keep) else 1


if __name__ == "__main__":
    sys.exit(main())
