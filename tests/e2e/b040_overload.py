"""More work than fits: what is over a bound is refused clearly, and never slows what is under it."""

import threading
import time

from harness import FreshFarmCase, main, pictures


class Overload(FreshFarmCase):
    config = '[image]\nthreads = 1\nqueue = 2\n'
    clients = 12

    def setUp(self):
        super().setUp()
        self.client, self.anyone = self.farm.client(), self.farm.client(key="")

    def upload_until_taken(self, picture, stored, refusals, problems):
        for _ in range(300):
            answer = self.client.request("POST", "/v1/photos", picture)
            if answer.status == 201:
                stored.append((answer.json(), picture))
                return
            if answer.status != 503 or not (answer.header("Retry-After") or "").isdigit():
                problems.append(answer)
                return
            refusals.append(answer)
            time.sleep(0.1)
        problems.append("never taken")

    def run_all(self, originals):
        stored, refusals, problems = [], [], []
        threads = [threading.Thread(target=self.upload_until_taken,
                                    args=(picture, stored, refusals, problems))
                   for picture in originals]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(problems, [])
        self.assertEqual(len(stored), len(originals))
        return stored, refusals

    def test_a_full_queue_is_said_and_clears(self):
        originals = [pictures.camera_jpeg(2400, 1800, seed=n) for n in range(self.clients)]
        stored, refusals = self.run_all(originals)
        self.assertTrue(refusals, "twelve at once do not fit one thread and a queue of two")
        self.assert_problem(refusals[0], 503)
        for photo, picture in stored:
            self.assert_photo_serves(self.anyone, photo, picture, (2400, 1800))

    def test_views_go_on_meanwhile(self):
        original = pictures.camera_jpeg(800, 600, seed=1)
        photo = self.client.upload(original)
        stop, bad = threading.Event(), []

        def view():
            while not stop.is_set():
                answer = self.anyone.get(photo["sizes"]["t"]["url"])
                if answer.status != 200:
                    bad.append(answer)

        viewers = [threading.Thread(target=view) for _ in range(2)]
        for viewer in viewers:
            viewer.start()
        try:
            self.run_all([pictures.camera_jpeg(2000, 1500, seed=n) for n in range(8)])
        finally:
            stop.set()
            for viewer in viewers:
                viewer.join()
        self.assertEqual(bad, [])


class LittleImageMemory(FreshFarmCase):
    """Pictures that do not fit wait their turn, and small ones go past them."""
    config = '[image]\nthreads = 4\nmemory = "64MiB"\n'

    def setUp(self):
        super().setUp()
        self.client, self.anyone = self.farm.client(), self.farm.client(key="")

    def test_large_and_small_ones_all_come_through(self):
        # About 50 MiB each while they are decoded.
        large = [pictures.saved(pictures.camera_like(2400, 1800, seed=n), "JPEG", progressive=True)
                 for n in range(4)]
        small = [pictures.jpeg(120, 80, seed=n) for n in range(24)]
        answers, threads = [], []

        def upload(originals):
            for original in originals:
                answers.append(self.client.request("POST", "/v1/photos", original))

        for part in ([one] for one in large):
            threads.append(threading.Thread(target=upload, args=(part,)))
        for start in range(3):
            threads.append(threading.Thread(target=upload, args=(small[start::3],)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([a.status for a in answers], [201] * (len(large) + len(small)))
        metrics = self.farm.metrics()
        self.assertGreater(metrics["photofarm_image_memory_waits_total"], 0)
        self.assertEqual(metrics["photofarm_image_memory_refused_total"], 0)
        self.assertEqual(metrics["photofarm_image_memory_waiting"], 0)
        self.assertEqual(metrics["photofarm_image_memory_used_bytes"], 0)

    def test_one_that_can_never_fit_is_said_at_once(self):
        giant = pictures.saved(pictures.quadrants(4000, 3000), "JPEG", progressive=True)
        answer = self.client.request("POST", "/v1/photos", giant)
        self.assert_problem(answer, 413)
        self.assertIn("64 MiB in all", answer.json()["detail"])
        self.client.upload(pictures.jpeg())

    def test_sizes_on_demand_and_edits_are_charged_too(self):
        photo = self.client.upload(pictures.saved(pictures.quadrants(2400, 1600), "PNG"))
        answer = self.client.request(
            "POST", f"/v1/photos/{photo['id']}/edits", {"rotate": 90})
        self.assert_problem(answer, 413)
        path = f"/{photo['server']}/{photo['id']}_{photo['secret']}_n.jpg"
        self.assertEqual(self.anyone.get(path).status, 200)
        self.assertEqual(self.farm.metrics()["photofarm_image_memory_used_bytes"], 0)


class LittleMemory(Overload):
    config = '[upload]\nmemory = "4MiB"\n'

    def test_a_full_queue_is_said_and_clears(self):
        originals = [pictures.camera_jpeg(2400, 1800, seed=n, quality=92) for n in range(self.clients)]
        self.assertGreater(sum(map(len, originals)), 8 << 20)
        stored, _ = self.run_all(originals)
        for photo, picture in stored:
            self.assert_photo_serves(self.anyone, photo, picture, (2400, 1800))

    def test_a_body_that_can_never_fit(self):
        big = pictures.camera_jpeg(4000, 3000, seed=1, quality=97, noise=60)
        self.assertGreater(len(big), 5 << 20)
        answer = self.client.request("POST", "/v1/photos", big)
        self.assertIn(answer.status, (413, 503), answer)
        self.client.upload(pictures.jpeg())


if __name__ == "__main__":
    main()
