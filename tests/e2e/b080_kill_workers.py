"""Workers that are killed at random while pictures are uploaded: it costs at most the picture that a
worker is at, twice in a row, and nothing is left behind."""

import collections
import os
import random
import signal
import threading
import time
from pathlib import Path

from harness import FarmCase, main, pictures
from harness.server import SANITIZED

SECONDS = 12
UPLOADERS = 4
WORKERS = 2 + 1 + 1  # one for each thread that uses them, and a spare one


class KilledWorkers(FarmCase):
    config = "[image]\nthreads = 2\n[on_demand]\nthreads = 1\n"

    def workers(self):
        """The pids of the server's workers, and of its dead children that nobody has buried."""
        alive, dead = [], []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if int(parent) == self.farm.process.pid:
                (dead if state == "Z" else alive).append(int(entry.name))
        return alive, dead

    def held(self):
        folder = Path(f"/proc/{self.farm.process.pid}")
        return len(list((folder / "fd").iterdir())), len(list((folder / "task").iterdir()))

    def wait_for_all_workers(self):
        give_up = time.monotonic() + 30
        while True:
            alive, dead = self.workers()
            idle = self.farm.metrics()['photofarm_image_workers{state="idle"}']
            if (len(alive), len(dead), idle) == (WORKERS, 0, WORKERS):
                return
            self.assertLess(time.monotonic(), give_up, f"workers {alive}, dead {dead}, idle {idle}")
            time.sleep(0.05)

    def upload_for(self, seconds, statuses):
        wholes = [pictures.camera_jpeg(900, 700, seed=4), pictures.png_with_alpha(500, 400),
                  pictures.animation("GIF", 200, 150)]
        over = time.monotonic() + seconds
        turn = 0
        while time.monotonic() < over:
            turn += 1
            answer = self.client.request("POST", "/v1/photos", wholes[turn % len(wholes)])
            statuses[answer.status] += 1
            if answer.status == 422:
                self.assert_problem(answer, 422, "killed, twice")

    def test_killed_at_random(self):
        self.client.upload(pictures.jpeg())
        self.wait_for_all_workers()
        statuses = [collections.Counter() for _ in range(UPLOADERS)]
        uploaders = [threading.Thread(target=self.upload_for, args=(SECONDS, mine)) for mine in statuses]
        self.upload_for(2, collections.Counter())
        self.wait_for_all_workers()
        held, memory_kb = self.held(), self.farm.memory_kb("VmRSS")

        dice = random.Random(8)
        kills = 0
        for uploader in uploaders:
            uploader.start()
        while any(uploader.is_alive() for uploader in uploaders):
            alive, _ = self.workers()
            if alive:
                os.kill(dice.choice(alive), signal.SIGKILL)
                kills += 1
            time.sleep(dice.uniform(0.1, 0.4) * (5 if SANITIZED else 1))
        total = sum(statuses, collections.Counter())
        print(f"{kills} workers killed, answers {dict(total)}", flush=True)
        self.assertLessEqual(set(total), {201, 422}, total)
        self.assertGreater(total[201], 20)
        self.assertLess(total[422], total[201] / 10)

        self.wait_for_all_workers()
        self.assertEqual(self.workers()[1], [])
        fds, threads = self.held()
        self.assertLessEqual(fds, held[0] + 2)
        self.assertLessEqual(threads, held[1])
        if not SANITIZED:
            self.assertLess(self.farm.memory_kb("VmRSS"), memory_kb + 60_000)
        self.assert_server_goes_on()

    def test_workers_end_with_the_server(self):
        self.client.upload(pictures.jpeg())
        alive, _ = self.workers()
        self.assertNotEqual(alive, [])
        self.farm.kill()
        give_up = time.monotonic() + 10
        while any(Path(f"/proc/{pid}/stat").exists() and
                  Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
                  for pid in alive):
            self.assertLess(time.monotonic(), give_up, "workers outlive their server")
            time.sleep(0.05)
        self.farm.start()


if __name__ == "__main__":
    main()
