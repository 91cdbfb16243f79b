#!/usr/bin/python3
"""./run bench upload: clients upload camera JPEGs of about 2 MB as fast as they are taken, and the
server's own figures say where the time goes. Clients and server share the machine.

usage: upload.py [--clients N] [--seconds N]
"""

import argparse
import re
import shutil
import sys
import threading
import time

from farmbench import WORK
from farmbench.report import Report, median, percentile
from farmbench.servers import family_cpu_seconds

from harness import Farm
from harness.server import BINARY
from harness.workload import Bytes

WIDTH, HEIGHT, NOISE = 3264, 2448, 24  # 8 megapixels, about 2 MB
STAGE = re.compile(r'photofarm_upload_stage_seconds_(sum|count)\{stage="(\w+)"\}')


def stages(metrics):
    """{stage: seconds spent in it so far, over all uploads}"""
    found = ((STAGE.fullmatch(name), value) for name, value in metrics.items())
    return {match[2]: value for match, value in found if match and match[1] == "sum"}


class Clients:
    """Threads that upload until told to stop, and what each upload took."""

    def __init__(self, farm, make_bytes, count):
        self.farm, self.make_bytes, self.count = farm, make_bytes, count
        self.seconds, self.bytes, self.refused, self.failed = [], 0, 0, []
        self._stop = threading.Event()
        self._lock = threading.Lock()

    def run(self, seconds):
        """Returns the time from the first upload to the end of the last one begun in time."""
        started = time.monotonic()
        threads = [threading.Thread(target=self._client) for _ in range(self.count)]
        for thread in threads:
            thread.start()
        self._stop.wait(seconds)
        self._stop.set()
        for thread in threads:
            thread.join()
        return time.monotonic() - started

    def _client(self):
        client = self.farm.client()
        connection = client.connect()
        while not self._stop.is_set():
            with self._lock:
                picture = self.make_bytes.next()
            begun = time.monotonic()
            answer = client.request("POST", "/v1/photos", picture, connection=connection)
            took = time.monotonic() - begun
            with self._lock:
                if answer.status == 201:
                    self.seconds.append(took)
                    self.bytes += len(picture)
                elif answer.status == 503:
                    self.refused += 1
                else:
                    self.failed.append(answer)
                    self._stop.set()
        connection.close()


def measure(farm, clients, seconds):
    """Runs the clients; figures of the time between."""
    before, cpu_before = farm.metrics(), family_cpu_seconds(farm.process.pid)
    wall = clients.run(seconds)
    cpu = family_cpu_seconds(farm.process.pid) - cpu_before
    after = farm.metrics()
    if clients.failed:
        raise SystemExit(f"an upload failed: {clients.failed[0]!r}")
    spent = {stage: total - stages(before).get(stage, 0.0)
             for stage, total in stages(after).items()}
    syncs = sum(value - before.get(name, 0.0) for name, value in after.items()
                if name.startswith(("photofarm_store_syncs_total", "photofarm_catalog_commits_total")))
    return wall, cpu, spent, syncs


def report(clients, wall, cpu, spent, syncs):
    count = len(clients.seconds)
    out = Report("upload", "Uploads of camera JPEGs, five sizes made of each, durable before the answer")
    out.note(f"{clients.count} clients on the same machine, {wall:.0f} s, pictures of "
             f"{WIDTH}x{HEIGHT} and {clients.bytes / count / 1e6:.2f} MB on average.")
    out.note("Stages are wall time a photo inside the server, waiting for a thread included.")
    out.add("photos", count / wall, "1/s")
    out.add("bytes", clients.bytes / wall / 1e6, "MB/s")
    out.add("time to the answer, median", median(clients.seconds) * 1000, "ms")
    out.add("time to the answer, p99", percentile(clients.seconds, 0.99) * 1000, "ms")
    out.add("CPU time a photo", cpu / count * 1000, "ms")
    out.add("CPU in use", cpu / wall, "cores")
    for stage, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        out.add(f"stage {stage}", seconds / count * 1000, "ms a photo")
    out.add("disk syncs", syncs / count, "a photo")
    out.add("refused for now (503)", clients.refused, "uploads")
    return out.finish()


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=25)
    options = parser.parse_args()
    if not BINARY.exists():
        raise SystemExit(f"there is no {BINARY}: ./run build release photofarm")

    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    farm = Farm(parent=WORK)
    try:
        farm.start()
        make_bytes = Bytes(WIDTH, HEIGHT, NOISE)
        Clients(farm, make_bytes, 2).run(1)  # warms up
        clients = Clients(farm, make_bytes, options.clients)
        wall, cpu, spent, syncs = measure(farm, clients, options.seconds)
    finally:
        farm.close()
        shutil.rmtree(WORK, ignore_errors=True)
    return 0 if report(clients, wall, cpu, spent, syncs) else 1


if __name__ == "__main__":
    sys.exit(main())
