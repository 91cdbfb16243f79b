"""A corpus of hostile files against the real program: each gets an answer in bounded time, no answer
is the server's fault, and the uploads beside it never notice.

PHOTOFARM_HOSTILE_S: for how long bits are flipped once everything else was tried (20).
"""

import collections
import itertools
import os
import threading
import time

from harness import FarmCase, hostile, main, pictures
from harness.server import SANITIZED

UPLOADERS = 4
FLIPPING_S = float(os.environ.get("PHOTOFARM_HOSTILE_S", 20))
REFUSALS = (400, 413, 415, 422)
# What the limits below leave of the worst of them, and a queue of others before it.
MOST_SECONDS = 240 if SANITIZED else 30


class Corpus(FarmCase):
    config = """
[image]
worker_cpu = "5s"
worker_wall = "8s"
"""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.files = hostile.whole_files()
        cls.good = pictures.camera_jpeg(640, 480, seed=7)

    def setUp(self):
        self.lock = threading.Lock()
        self.counts = collections.Counter()
        self.faults = []
        self.slowest = (0, "")

    def try_one(self, name, body):
        begun = time.monotonic()
        try:
            answer = self.client.request("POST", "/v1/photos", body)
            status = answer.status
        except OSError as error:
            status = f"no answer: {error}"
        seconds = time.monotonic() - begun
        with self.lock:
            self.counts[status] += 1
            self.slowest = max(self.slowest, (seconds, name))
            if status != 201 and status not in REFUSALS:
                self.faults.append((name, status))

    def good_ones_beside(self, stop):
        while not stop.is_set():
            try:
                status = self.client.request("POST", "/v1/photos", self.good).status
            except OSError as error:
                status = f"no answer: {error}"
            with self.lock:
                self.counts["good beside"] += 1
                if status != 201:
                    self.faults.append(("a good picture", status))
            stop.wait(0.01)

    def run_all(self, label, cases, seconds=None):
        """All of the cases, or as many as fit into so many seconds."""
        cases, over = iter(cases), None if seconds is None else time.monotonic() + seconds
        stop = threading.Event()

        def work():
            while over is None or time.monotonic() < over:
                with self.lock:
                    case = next(cases, None)
                if case is None:
                    return
                self.try_one(*case)

        beside = threading.Thread(target=self.good_ones_beside, args=(stop,))
        workers = [threading.Thread(target=work) for _ in range(UPLOADERS)]
        lost_before = self.workers_lost()
        beside.start()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        stop.set()
        beside.join()
        self.report(label, lost_before)

    def workers_lost(self):
        return sum(value for name, value in self.farm.metrics().items()
                   if name.startswith("photofarm_image_worker_deaths_total"))

    def report(self, label, lost_before):
        accepted = self.counts[201]
        refused = sum(self.counts[status] for status in REFUSALS)
        print(f"{label}: tried {accepted + refused + len(self.faults)}, refused {refused}, accepted "
              f"{accepted}, workers lost {self.workers_lost() - lost_before:.0f}, good ones beside "
              f"{self.counts['good beside']}, faults {len(self.faults)}, slowest "
              f"{self.slowest[0]:.1f} s ({self.slowest[1]})", flush=True)
        self.assertEqual(self.faults, [])
        self.assertLess(self.slowest[0], MOST_SECONDS, self.slowest[1])
        self.assertGreater(self.counts["good beside"], 0)
        self.assert_server_goes_on()
        self.assert_photo_serves(self.anyone, self.client.upload(self.good), self.good, (640, 480))

    def test_good_files_are_good(self):
        """Else nothing that is made of them would be worth much."""
        refused = [name for name, data in self.files.items()
                   if self.client.request("POST", "/v1/photos", data).status != 201]
        self.assertEqual([name for name in refused if not name.startswith("sample_")], [])

    def test_truncated(self):
        cases = list(hostile.truncated(self.files))
        self.run_all("truncated", cases[::8] if SANITIZED else cases)

    def test_bombs(self):
        self.run_all("bombs", hostile.bombs(self.files))

    def test_random_behind_magic(self):
        self.run_all("random", itertools.chain(hostile.random_behind_magic(), hostile.nothing()))

    def test_polyglots(self):
        self.run_all("polyglots", hostile.polyglots(self.files))

    def test_flipped(self):
        self.run_all("flipped", hostile.flipped(self.files, seed=20), seconds=FLIPPING_S)

    def test_what_the_client_calls_it_does_not_matter(self):
        for name, content_type in (("png", "image/jpeg"), ("jpeg", "image/png"), ("gif", "text/html"),
                                   ("webp", "application/octet-stream")):
            answer = self.client.request("POST", "/v1/photos", self.files[name],
                                         {"Content-Type": content_type})
            self.assertEqual(answer.status, 201, (name, answer))
            self.assertEqual(answer.json()["format"], {"jpeg": "jpg"}.get(name, name))


if __name__ == "__main__":
    main()
