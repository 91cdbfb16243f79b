"""kill -9 in the middle of many uploads, deletes and compactions: what was acknowledged is all
there, what was deleted is gone, and nothing is half.

PHOTOFARM_KILL_ROUNDS says how often (3).
"""

import os
import random

from harness import FreshFarmCase, main, run_cli
from harness.server import SANITIZED
from harness.workload import Bytes, Workload

ROUNDS = int(os.environ.get("PHOTOFARM_KILL_ROUNDS", "1" if SANITIZED else "3"))
UPLOADS = 200
SEED = int(os.environ.get("PHOTOFARM_SEED", "1"))


class Kill9(FreshFarmCase):
    # Small volumes, so that several are rewritten in each round, and a checkpoint at every turn.
    config = '[store]\nvolume_size = "8MiB"\npreallocate = "1MiB"\ncheckpoint_every = "1s"\n'

    def test_every_promise_is_kept(self):
        make_bytes = Bytes()
        dice = random.Random(SEED)
        everything, lost, compactions = [], 0, 0
        for turn in range(ROUNDS):
            work = Workload(self.farm, make_bytes)
            threads = work.run(UPLOADS, number_from=turn * UPLOADS)
            compactor = work.compact_meanwhile()
            work.wait_for_promises(dice.randrange(UPLOADS // 10, UPLOADS * 8 // 10))
            self.farm.kill()
            compactor.stop()
            compactions += compactor.runs
            for thread in threads:
                thread.join()
            self.assertEqual(work.failures, [])
            self.farm.start()
            lost += self.check(work.done, make_bytes.size)
            # What was not promised is sent again under its old key: one photo, not two.
            self.send_again(work.done)
            self.check_listed(work.done, make_bytes.size)
            rest = UPLOADS - len(work.done)
            after = Workload(self.farm, make_bytes)
            for thread in after.run(rest, number_from=turn * UPLOADS + len(work.done)):
                thread.join()
            self.assertEqual(after.failures, [])
            everything += work.done + after.done
        self.farm.kill()
        self.farm.start()
        self.check(everything, make_bytes.size)
        done = run_cli("verify", farm=self.farm)
        self.assertEqual(done.returncode, 0, done)
        promised = sum(1 for upload in everything if upload.photo)
        print(f"{ROUNDS} rounds, {len(everything)} uploads, {promised} acknowledged, "
              f"{lost} in flight at a kill, {compactions} compactions, 0 promises broken "
              f"(seed {SEED})")

    def check(self, uploads, size):
        """Every promise; returns how many uploads were never promised."""
        anyone, client = self.farm.client(key=""), self.farm.client()
        for upload in uploads:
            if upload.photo is None:
                continue
            urls = [s["url"] for s in upload.photo["sizes"].values()]
            # A delete that was sent but not acknowledged may have happened or not.
            gone = upload.delete_sent and anyone.get(urls[0]).status != 200
            if upload.deleted or gone:
                for url in urls:
                    self.assertIn(anyone.get(url).status, (404, 410))
                self.assertIsNone(client.photo(upload.photo["id"]))
            else:
                photo = client.photo(upload.photo["id"])
                self.assertIsNotNone(photo, "an acknowledged photo is gone")
                self.assertEqual(photo["secret"], upload.photo["secret"])
                self.assert_photo_serves(anyone, photo, upload.original, size)
        return sum(1 for upload in uploads if upload.photo is None)

    def send_again(self, uploads):
        client = self.farm.client()
        for upload in uploads:
            if upload.photo is None:
                upload.photo = client.upload(upload.original, {"Idempotency-Key": upload.key},
                                             title=upload.key)

    def check_listed(self, uploads, size):
        """The list shows each upload once, and whatever it shows serves wholly."""
        client, anyone = self.farm.client(), self.farm.client(key="")
        listed = client.list_all()
        titles = [photo["title"] for photo in listed]
        self.assertEqual(len(titles), len(set(titles)), "an upload became two photos")
        originals = {upload.key: upload.original for upload in uploads}
        for photo in listed:
            if photo["title"] in originals:
                self.assert_photo_serves(anyone, photo, originals[photo["title"]], size)


if __name__ == "__main__":
    main()
