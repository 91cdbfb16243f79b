"""The real program under uploads: how many, how long each, and the memory of the server and its
workers together; and under files that want to harm it."""

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

from farmbench import BENCH, WORK
from farmbench.report import median, percentile
from farmbench.servers import children_of, family_cpu_seconds

from harness import Farm, pictures
from harness.server import BINARY

BUDGET_MIB, WORKER_MIB = 1024, 2048
CONFIG = f'[image]\nmemory = "{BUDGET_MIB}MiB"\nworker_memory = "{WORKER_MIB}MiB"\n'
CLIENTS, MANY_CLIENTS = 16, 4
USED = "photofarm_image_memory_used_bytes"


def kilobytes(pid, file, name):
    for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    return 0


def family(pid):
    return [pid, *children_of(pid)]


def resident_mb(pid):
    """Of all processes; what several share counts once."""
    total = 0
    for one in family(pid):
        try:
            total += kilobytes(one, "smaps_rollup", "Pss")
        except (FileNotFoundError, ProcessLookupError):
            pass  # a worker that was replaced just now
    return total / 1000


class Watch:
    """Looks at the memory now and then, until it is told to stop."""

    def __init__(self, farm):
        self.farm, self.peak_mb, self.worker_mb, self.charged_mb = farm, 0, 0, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        pid = self.farm.process.pid
        while not self._stop.wait(0.3):
            self.peak_mb = max(self.peak_mb, resident_mb(pid))
            self.charged_mb = max(self.charged_mb, self.farm.metrics().get(USED, 0) / 1e6)
            for worker in children_of(pid):
                try:
                    self.worker_mb = max(self.worker_mb, kilobytes(worker, "status", "VmHWM") / 1000)
                except (FileNotFoundError, ProcessLookupError):
                    pass

    def end(self):
        self._stop.set()
        self._thread.join()


class Uploads:
    """Clients that upload these pictures in turn, for so long or so many."""

    def __init__(self, farm, bodies, clients, seconds=None, count=None):
        self.farm, self.bodies, self.clients = farm, bodies, clients
        self.until = None if seconds is None else time.monotonic() + seconds
        self.count, self.begun = count, 0
        self.seconds, self.others = [], {}
        self._lock = threading.Lock()

    def _next(self):
        with self._lock:
            over = self.until is not None and time.monotonic() >= self.until
            if over or (self.count is not None and self.begun >= self.count):
                return None
            self.begun += 1
            return self.bodies[self.begun % len(self.bodies)]

    def _client(self):
        client = self.farm.client()
        connection = client.connect()
        while (body := self._next()) is not None:
            started = time.monotonic()
            answer = client.request("POST", "/v1/photos", body, connection=connection)
            took = time.monotonic() - started
            with self._lock:
                if answer.status == 201:
                    self.seconds.append(took)
                else:
                    self.others[answer.status] = self.others.get(answer.status, 0) + 1
            if answer.status == 503:
                time.sleep(0.2)
        connection.close()

    def run(self):
        started = time.monotonic()
        threads = [threading.Thread(target=self._client) for _ in range(self.clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - started


def mixed_bodies(files):
    """Camera files, and smaller pictures of other kinds between them."""
    bodies = [file.read_bytes() for file in files]
    for seed, (width, height) in enumerate(((640, 480), (1600, 1200), (3000, 2000), (900, 1200))):
        bodies.append(pictures.camera_jpeg(width, height, seed=seed))
        bodies.append(pictures.saved(pictures.quadrants(width, height), "PNG"))
        bodies.append(pictures.saved(pictures.camera_like(width, height, seed=seed), "WEBP"))
    return bodies


def under_load(out, files, seconds):
    farm = Farm(parent=WORK, config=CONFIG)
    try:
        farm.start()
        bodies = mixed_bodies(files)
        Uploads(farm, bodies, 2, count=len(bodies)).run()  # warms up
        watch, cpu = Watch(farm), family_cpu_seconds(farm.process.pid)
        uploads = Uploads(farm, bodies, CLIENTS, seconds=seconds)
        wall = uploads.run()
        cpu = family_cpu_seconds(farm.process.pid) - cpu
        watch.end()
    finally:
        farm.close()
    done = len(uploads.seconds)
    out.note(f"Load: {CLIENTS} clients for {wall:.0f} s against the whole program, clients on the "
             f"same cores; {len(bodies)} pictures in turn: the camera files, and JPEG, PNG and WebP "
             f"of 0.3 to 6 megapixels. Memory is charged by estimate, at most {BUDGET_MIB} MiB at "
             f"once; a worker may have {WORKER_MIB} MiB.")
    out.add("load: photos, a core in use", done / cpu, "1/s")
    out.add("load: photos", done / wall, "1/s")
    out.add("load: to the answer, median", median(uploads.seconds) * 1000, "ms")
    out.add("load: to the answer, p99", percentile(uploads.seconds, 0.99) * 1000, "ms")
    out.add("load: answers but 201 and 503", sum(n for status, n in uploads.others.items()
                                                 if status != 503), "", at_most=0)
    out.add("load: refused for now (503)", uploads.others.get(503, 0), "")
    out.add("load: most memory charged at once", watch.charged_mb, "MB",
            at_most=BUDGET_MIB * 1.048576)
    out.add("load: most memory of one worker", watch.worker_mb, "MB", at_most=WORKER_MIB * 1.048576)
    out.add("load: most memory of server and workers", watch.peak_mb, "MB")


def over_time(out, count):
    """Whether memory grows with the number of uploads."""
    farm = Farm(parent=WORK)
    try:
        farm.start()
        bodies = [pictures.camera_jpeg(640, 480, seed=seed) for seed in range(20)]
        Uploads(farm, bodies, MANY_CLIENTS, count=count // 10).run()
        early_mb = resident_mb(farm.process.pid)
        Uploads(farm, bodies, MANY_CLIENTS, count=count - count // 10).run()
        late_mb = resident_mb(farm.process.pid)
    finally:
        farm.close()
    out.add(f"load: memory after {count // 10} uploads", early_mb, "MB")
    out.add(f"load: memory after {count} uploads", late_mb, "MB")
    out.add("load: memory, the second to the first", late_mb / early_mb, "x", at_most=1.1)


def part_load(out, files, options, folder):
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    try:
        under_load(out, files, 5 if options.quick else 60)
        over_time(out, 200 if options.quick else 10_000)
    finally:
        shutil.rmtree(WORK, ignore_errors=True)


CORPUS = re.compile(r"(\w+): tried (\d+), refused (\d+), accepted (\d+), workers lost (\d+), good ones "
                    r"beside (\d+), faults (\d+), slowest ([0-9.]+) s")


def part_hostile(out, files, options, folder):
    """The corpus of hostile files, which is a test of its own, for longer."""
    seconds = 5 if options.quick else 60
    test = BENCH.parent / "tests" / "e2e" / "a085_hostile_corpus.py"
    done = subprocess.run([sys.executable, "-B", test], stdin=subprocess.DEVNULL, capture_output=True,
                          env={**os.environ, "PHOTOFARM_BIN": str(BINARY),
                               "PHOTOFARM_HOSTILE_S": str(seconds)}, text=True)
    found = [list(map(float, match[1:])) for match in CORPUS.findall(done.stdout)]
    if not found:
        raise SystemExit(f"the corpus was not tried:\n{(done.stdout + done.stderr)[-4000:]}")
    tried, refused, accepted, lost, beside, faults, slowest = zip(*found)
    out.note(f"Hostile: tests/e2e/a085_hostile_corpus.py, bits flipped for {seconds} s: truncated at every "
             f"KiB, flipped bits, bombs, polyglots, noise behind a magic number. A fault is an answer "
             f"but 201, 400, 413, 415 or 422, to one of them or to a good picture beside.")
    for name, value in (("tried", sum(tried)), ("refused", sum(refused)),
                        ("accepted", sum(accepted)), ("good pictures beside", sum(beside))):
        out.add(f"hostile: {name}", value, "")
    out.add("hostile: faults, of the service or to others", sum(faults), "", at_most=0)
    out.add("hostile: workers lost", sum(lost), "")
    out.add("hostile: slowest answer", max(slowest), "s")
    out.add("hostile: failures of the test", 0 if done.returncode == 0 else 1, "", at_most=0)
