"""Disks that are full or only read: what cannot be stored is refused clearly, the rest goes on."""

import shutil
import tempfile
from pathlib import Path

from harness import main, run_cli
from harness.case import Assertions
from harness.server import Farm
from harness.small_disk import SmallDisk
from harness.workload import Bytes


class FailingDisks(Assertions):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="photofarm-disks-"))
        self.disk = SmallDisk(self.folder / "small", "12m")
        self.make_bytes = Bytes()
        self.farm = None

    def tearDown(self):
        if self.farm:
            self.farm.close()
        self.disk.close()
        shutil.rmtree(self.folder)

    def start(self, *paths):
        names = ", ".join(f'"{path}"' for path in paths)
        self.farm = Farm(f'[store]\npaths = [{names}]\nvolume_size = "4MiB"\n'
                         'preallocate = "1MiB"\n', prefix=self.disk.prefix)
        self.restart()

    def restart(self):
        self.farm.start()
        self.client, self.anyone = self.farm.client(), self.farm.client(key="")

    def upload(self):
        """(answer, original) of one more upload."""
        original = self.make_bytes.next()
        return self.client.request("POST", "/v1/photos", original), original

    def fill(self):
        """Uploads until the disk is full; returns what was stored, and the refusal."""
        stored = []
        for _ in range(500):
            answer, original = self.upload()
            if answer.status != 201:
                return stored, answer
            stored.append((answer.json(), original))
        self.fail("the disk never got full")

    def check(self, stored):
        for photo, original in stored:
            self.assert_photo_serves(self.anyone, photo, original, self.make_bytes.size)

    def test_a_full_disk_refuses_serves_and_can_be_tidied(self):
        self.start(self.disk.path)
        stored, refusal = self.fill()
        self.assertGreater(len(stored), 10)
        self.assert_problem(refusal, 507)
        self.assertEqual(refusal.header("Retry-After"), "60")
        self.check(stored)
        health = self.anyone.get("/healthz").json()
        self.assertEqual(health["status"], "degraded")
        self.assertTrue(any("takes no photos" in problem for problem in health["problems"]), health)
        for photo, _ in stored[:len(stored) * 2 // 3]:
            deleted = self.client.request("DELETE", f"/v1/photos/{photo['id']}")
            self.assertEqual(deleted.status, 204)
        kept = stored[len(stored) * 2 // 3:]
        self.assertEqual(run_cli("compact", farm=self.farm).returncode, 0)
        answer, original = self.upload()
        self.assertEqual(answer.status, 201, answer)
        self.check([*kept, (answer.json(), original)])
        self.assert_no_problems(self.anyone)

    def test_another_disk_takes_over(self):
        large = self.folder / "large"
        self.start(self.disk.path, large)
        stored = []
        for _ in range(100):
            answer, original = self.upload()
            self.assertEqual(answer.status, 201, answer)
            stored.append((answer.json(), original))
        self.check(stored)
        self.assertTrue(list((large / "volumes").glob("*.vol")))
        self.assertEqual(run_cli("verify", farm=self.farm).returncode, 0)

    def test_a_disk_that_only_reads_serves_and_others_take_the_rest(self):
        self.start(self.disk.path)
        stored = [(answer.json(), original)
                  for answer, original in (self.upload() for _ in range(5))]
        large = self.folder / "large"
        config = self.farm.config_file.read_text()
        self.farm.config_file.write_text(config.replace('small"]', f'small", "{large}"]'))
        self.farm.stop()
        self.disk.remount("ro")
        self.restart()
        self.check(stored)
        answer, original = self.upload()
        self.assertEqual(answer.status, 201, answer)
        self.check([*stored, (answer.json(), original)])
        self.assertTrue(list((large / "volumes").glob("*.vol")))
        self.assertEqual(len(self.disk.files("volumes/*.vol")), 1)
        self.assertEqual(self.anyone.get("/healthz").json()["status"], "degraded")


if __name__ == "__main__":
    main()
