"""Test cases over a running farm, and what they ask of pictures and answers."""

import io
import unittest

from PIL import Image

from harness import pictures
from harness.server import Farm


class Assertions(unittest.TestCase):
    longMessage = True

    def assert_problem(self, answer, status, *words):
        """An RFC 9457 answer that says `words` to a person."""
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.header("Content-Type"), "application/problem+json", answer)
        problem = answer.json()
        self.assertEqual(problem["status"], status)
        for member in ("type", "title", "detail"):
            self.assertIsInstance(problem[member], str)
        self.assertTrue(problem["detail"], "a problem says what to do")
        for word in words:
            self.assertIn(word, problem["detail"])
        return problem

    def assert_clean_jpeg(self, body, size, what=""):
        """A whole JPEG of that size, without metadata. Returns it decoded, as RGB."""
        picture = Image.open(io.BytesIO(body))
        self.assertEqual(picture.format, "JPEG", what)
        self.assertEqual(picture.size, size, what)
        picture.load()
        self.assertEqual(pictures.jpeg_metadata(body), [], what)
        return picture.convert("RGB")

    def assert_no_problems(self, client):
        """What /healthz tells of the farm; how far its workers are locked down is the machine's."""
        problems = client.get("/healthz").json()["problems"]
        self.assertEqual([p for p in problems if "locked down" not in p], [])

    def assert_near(self, pixel, colour, tolerance=24, what=""):
        distance = max(abs(a - b) for a, b in zip(pixel, colour))
        self.assertLessEqual(distance, tolerance, f"{what}: {pixel} is not near {colour}")

    def assert_photo_serves(self, client, photo, original, upright_size):
        """Every size of it is there, of the right dimensions, and the original as it was."""
        width, height = upright_size
        codes = {"s", "t", "m", "-", "o"} | ({"b"} if max(width, height) > 1024 else set())
        self.assertEqual(set(photo["sizes"]), codes)
        self.assertEqual((photo["width"], photo["height"]), upright_size)
        for code, size in photo["sizes"].items():
            answer = client.get(size["url"])
            self.assertEqual(answer.status, 200, (code, answer))
            self.assertEqual(len(answer.body), size["bytes"], code)
            dimensions = (size["width"], size["height"])
            if code == "o":
                self.assertEqual(dimensions, upright_size)
                self.assertTrue(answer.body == original, "the original is not what was uploaded")
            else:
                self.assertEqual(dimensions, pictures.scaled(width, height, code), code)
                self.assert_clean_jpeg(answer.body, dimensions, code)


class FarmCase(Assertions):
    """One server for all tests of the class."""

    config = ""

    @classmethod
    def setUpClass(cls):
        cls.farm = Farm(cls.config)
        cls.addClassCleanup(cls.farm.close)
        cls.farm.start()
        cls.client = cls.farm.client()
        cls.anyone = cls.farm.client(key="")

    def assert_server_goes_on(self):
        self.assertTrue(self.farm.alive(), self.farm.log())
        self.assertEqual(self.anyone.get("/healthz").status, 200)


class FreshFarmCase(Assertions):
    """A server of its own for every test."""

    config = ""

    def setUp(self):
        self.farm = self.new_farm().start()

    def new_farm(self, config=None):
        farm = Farm(self.config if config is None else config)
        self.addCleanup(farm.close)
        return farm


def main():
    unittest.main(verbosity=2)
