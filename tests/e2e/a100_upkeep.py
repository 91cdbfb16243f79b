"""Deleted photos leave the disk, everything is read back, and a restart need not read it all."""

import json
import re

from harness import FreshFarmCase, main, run_cli
from harness.workload import Bytes


class Upkeep(FreshFarmCase):
    config = '[store]\nvolume_size = "4MiB"\npreallocate = "1MiB"\n'

    def setUp(self):
        super().setUp()
        self.client, self.anyone = self.farm.client(), self.farm.client(key="")
        self.make_bytes = Bytes()

    def volume_bytes(self):
        return sum(file.stat().st_size for file in (self.farm.data / "volumes").glob("*.vol"))

    def fill(self, count):
        uploads = [(original := self.make_bytes.next(), self.client.upload(original))
                   for _ in range(count)]
        for original, photo in uploads[::2]:
            self.assertEqual(self.client.request("DELETE", f"/v1/photos/{photo['id']}").status, 204)
        return uploads[::2], uploads[1::2]

    def check(self, gone, kept):
        for _, photo in gone:
            self.assertIn(self.anyone.get(photo["sizes"]["m"]["url"]).status, (404, 410))
        for original, photo in kept:
            self.assert_photo_serves(self.anyone, photo, original, self.make_bytes.size)

    def test_compact_gives_back_what_was_deleted(self):
        gone, kept = self.fill(40)
        before = self.volume_bytes()
        garbage = self.farm.metrics()["photofarm_store_garbage_bytes"]
        self.assertGreater(garbage, 0)
        done = run_cli("compact", farm=self.farm)
        self.assertEqual(done.returncode, 0, done)
        self.assertRegex(done.stdout.decode(), r"^\d+ volumes rewritten, .* given back\n$")
        self.assertEqual(self.farm.metrics()["photofarm_store_garbage_bytes"], 0)
        self.assertLessEqual(self.volume_bytes(), before - 0.95 * garbage)
        for original, _ in gone:
            for file in (self.farm.data / "volumes").iterdir():
                self.assertNotIn(original[2:40], file.read_bytes())
        self.check(gone, kept)
        again = run_cli("compact", "--json", farm=self.farm)
        self.assertEqual(json.loads(again.stdout)["volumes"], 0)
        self.farm.kill()
        self.farm.start()
        self.client, self.anyone = self.farm.client(), self.farm.client(key="")
        self.check(gone, kept)
        self.assertEqual(run_cli("verify", farm=self.farm).returncode, 0)

    def test_a_restart_uses_the_checkpoint_and_can_do_without(self):
        gone, kept = self.fill(10)
        for remove in (False, True):
            self.farm.stop()
            checkpoint = self.farm.data / "index.checkpoint"
            self.assertTrue(checkpoint.exists())
            if remove:
                checkpoint.unlink()
            self.farm.start()
            self.client, self.anyone = self.farm.client(), self.farm.client(key="")
            self.check(gone, kept)
            self.assert_no_problems(self.anyone)

    def test_only_admins_may(self):
        key = json.loads(run_cli("keys", "add", "website", "--json", farm=self.farm).stdout)["key"]
        website = self.farm.client(key=key)
        for path in ("/v1/compaction", "/v1/verification"):
            self.assertEqual(website.request("POST", path).status, 403)
            self.assertEqual(website.request("GET", path).status, 403)
            self.assertEqual(self.client.request("GET", path).status, 404)

    def test_damage_is_found_and_told(self):
        _, kept = self.fill(4)
        original, photo = kept[0]
        self.farm.stop()
        for file in (self.farm.data / "volumes").glob("*.vol"):
            data = bytearray(file.read_bytes())
            at = data.find(original)
            if at >= 0:
                data[at + len(original) // 2] ^= 1
                file.write_bytes(data)
        self.farm.start()
        self.client = self.farm.client()
        done = run_cli("verify", farm=self.farm)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn(photo["id"], done.stdout.decode())
        health = self.client.get("/healthz").json()
        self.assertEqual(health["status"], "degraded")
        self.assertTrue(any(re.search(photo["id"], problem) for problem in health["problems"]))
        self.assertGreaterEqual(self.farm.metrics()["photofarm_store_checksum_errors_total"], 1)


class SlowCompaction(FreshFarmCase):
    config = '[store]\nvolume_size = "64MiB"\ncompact_rate = "64KiB"\n'

    def test_a_stop_does_not_wait_for_it(self):
        client, make_bytes = self.farm.client(), Bytes()
        originals = [make_bytes.next() for _ in range(40)]
        photos = [client.upload(original) for original in originals]
        self.assertEqual(client.request("DELETE", f"/v1/photos/{photos[0]['id']}").status, 204)
        self.assertEqual(client.request("POST", "/v1/compaction").status, 202)
        self.assertTrue(client.get("/v1/compaction").json()["running"])
        self.farm.stop()  # at its rate the compaction would take minutes
        self.farm.start()
        self.assertEqual(list((self.farm.data / "volumes").glob("*.new")), [])
        for photo, original in zip(photos[1:], originals[1:]):
            self.assert_photo_serves(self.farm.client(key=""), photo, original, make_bytes.size)


if __name__ == "__main__":
    main()
