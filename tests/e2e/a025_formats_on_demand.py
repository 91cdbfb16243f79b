"""Every size as WebP and AVIF too, and whatever the client says it takes; made once, and kept."""

import io
import re
import threading

from PIL import Image

from harness import FarmCase, FreshFarmCase, main, path_of, pictures
from harness.pictures import QUADRANTS

BROWSER = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


def stem_of(photo):
    return path_of(photo["sizes"]["-"]["url"]).removesuffix(".jpg")


def path_as(photo, code, extension):
    return stem_of(photo) + ("" if code == "-" else f"_{code}") + "." + extension


def brand(body):
    """What a file of ISO/IEC 14496-12 says it is: avif."""
    return body[8:12] if body[4:8] == b"ftyp" else b""


class Formats(FarmCase):
    def setUp(self):
        self.photo = self.client.upload(pictures.jpeg(1300, 900))

    def get_as(self, code, extension, accept=None):
        headers = {} if accept is None else {"Accept": accept}
        answer = self.anyone.get(path_as(self.photo, code, extension), headers)
        self.assertEqual(answer.status, 200, (code, extension, answer))
        return answer

    def assert_shows_the_photo(self, picture, code):
        self.assertEqual(picture.size, pictures.scaled(1300, 900, code))
        for found, colour in zip(pictures.quadrant_pixels(picture.convert("RGB")), QUADRANTS):
            self.assert_near(found, colour, 24, code)

    def test_every_size_as_webp(self):
        for code in pictures.SIDES:
            with self.subTest(code):
                answer = self.get_as(code, "webp")
                self.assertEqual(answer.header("Content-Type"), "image/webp")
                self.assertIn("immutable", answer.header("Cache-Control"))
                self.assertIsNone(answer.header("Vary"))
                picture = Image.open(io.BytesIO(answer.body))
                self.assertEqual(picture.format, "WEBP")
                self.assert_shows_the_photo(picture, code)

    def test_every_size_as_avif(self):
        for code in "stm-bq":
            with self.subTest(code):
                answer = self.get_as(code, "avif")
                self.assertEqual(answer.header("Content-Type"), "image/avif")
                self.assertEqual(brand(answer.body), b"avif")
                # Pillow here does not read AVIF, but the farm does.
                again = self.client.upload(answer.body)
                self.assertEqual((again["width"], again["height"]),
                                 pictures.scaled(1300, 900, code))
                shown = Image.open(io.BytesIO(self.anyone.get(path_as(again, "-", "jpg")).body))
                for found, colour in zip(pictures.quadrant_pixels(shown), QUADRANTS):
                    self.assert_near(found, colour, 24, code)

    def test_auto_is_what_the_client_names(self):
        for accept, kind in ((BROWSER, "image/avif"), ("image/webp,*/*", "image/webp"),
                             ("image/avif;q=0, image/webp", "image/webp"), ("*/*", "image/jpeg"),
                             ("image/*", "image/jpeg"), ("text/html", "image/jpeg"),
                             (None, "image/jpeg")):
            for code in "t-n":
                with self.subTest(accept=accept, code=code):
                    answer = self.get_as(code, "auto", accept)
                    self.assertEqual(answer.header("Content-Type"), kind)
                    self.assertEqual(answer.header("Vary"), "Accept")
                    named = self.get_as(code, {"image/jpeg": "jpg"}.get(kind, kind[6:]))
                    self.assertEqual(answer.body, named.body)
                    self.assertEqual(answer.header("ETag"), named.header("ETag"))

    def test_formats_have_their_own_tags(self):
        tags = {self.get_as("m", extension).header("ETag") for extension in ("jpg", "webp", "avif")}
        self.assertEqual(len(tags), 3)
        tag = self.get_as("m", "webp").header("ETag")
        path = path_as(self.photo, "m", "webp")
        self.assertEqual(self.anyone.get(path, {"If-None-Match": tag}).status, 304)
        whole = self.anyone.get(path).body
        part = self.anyone.get(path, {"Range": "bytes=10-19"})
        self.assertEqual((part.status, part.body), (206, whole[10:20]))
        head = self.anyone.head(path)
        self.assertEqual((head.status, int(head.header("Content-Length"))), (200, len(whole)))

    def test_what_is_not_there_stays_away(self):
        small = self.client.upload(pictures.jpeg(300, 200))
        self.assertNotIn("b", small["sizes"])
        secret = self.photo["secret"]
        wrong = stem_of(self.photo).replace(secret, secret[::-1])
        original = path_of(self.photo["sizes"]["o"]["url"]).removesuffix(".jpg")
        for path in (path_as(small, "b", "webp"), path_as(small, "b", "auto"), wrong + ".webp",
                     wrong + ".auto", original + ".webp", original + ".auto",
                     stem_of(self.photo) + ".gif", stem_of(self.photo) + ".webp.jpg"):
            with self.subTest(path):
                self.assertEqual(self.anyone.get(path).status, 404)

    def test_a_change_ends_them(self):
        path = path_as(self.photo, "m", "webp")
        self.assertEqual(self.anyone.get(path).status, 200)
        self.assertEqual(
            self.client.request("POST", f"/v1/photos/{self.photo['id']}/secret").status, 200)
        self.assertEqual(self.anyone.get(path).status, 404)


def metric(farm, name):
    text = farm.client().get("/metrics").body.decode()
    return float(re.search(rf"^{name} (\S+)$", text, re.MULTILINE)[1])


class Together(FreshFarmCase):
    config = ('[image]\nthreads = 1\nqueue = 64\n'
              '[on_demand]\nthreads = 1\nqueue = 4\ncache = "8MiB"\n')

    def test_one_rendering_for_all_who_ask(self):
        photo = self.farm.client().upload(pictures.camera_jpeg(2400, 1800, seed=1))
        answers, begin = [], threading.Barrier(40)

        def ask():
            client = self.farm.client(key="")
            begin.wait()
            answers.append(client.get(path_as(photo, "h", "avif")))

        threads = [threading.Thread(target=ask) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({answer.status for answer in answers}, {200})
        self.assertEqual(len({answer.body for answer in answers}), 1)
        self.assertEqual(metric(self.farm, "photofarm_on_demand_renders_total"), 1)
        self.assertGreater(metric(self.farm, "photofarm_on_demand_cache_bytes"), 0)
        again = self.farm.client(key="").get(path_as(photo, "h", "avif"))
        self.assertEqual(again.body, answers[0].body)
        self.assertEqual(metric(self.farm, "photofarm_on_demand_renders_total"), 1)

    def test_uploads_go_on_while_views_have_too_much(self):
        client = self.farm.client()
        photos = [client.upload(pictures.camera_jpeg(1600, 1200, seed=n)) for n in range(6)]
        stop, statuses, problems = threading.Event(), [], []

        def view(number):
            viewer = self.farm.client(key="")
            codes = "qnzchkstm-b"
            for turn in range(200):
                if stop.is_set():
                    return
                answer = viewer.get(path_as(photos[(number + turn) % 6],
                                            codes[(number * 5 + turn) % 11], "avif"))
                statuses.append(answer.status)
                if answer.status not in (200, 503):
                    problems.append(answer)
                if answer.status == 503 and not (answer.header("Retry-After") or "").isdigit():
                    problems.append(answer)

        threads = [threading.Thread(target=view, args=(n,)) for n in range(12)]
        for thread in threads:
            thread.start()
        uploads = [client.request("POST", "/v1/photos", pictures.camera_jpeg(1200, 900, seed=n))
                   for n in range(10, 18)]
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(problems, [])
        self.assertIn(503, statuses, "twelve at once do not fit one thread and a queue of four")
        self.assertEqual([answer.status for answer in uploads], [201] * 8)


if __name__ == "__main__":
    main()
