"""Pictures of real cameras and real trouble, where a folder of them is present.

PHOTOFARM_PHOTOS names it (else ../shared/photos): camera/, orientation/, formats/, hostile/.
"""

import io
import os
import unittest
from pathlib import Path

from PIL import Image, ImageChops, ImageOps, ImageStat

from harness import FarmCase, main, pictures
from harness.server import ROOT, SANITIZED

PHOTOS = Path(os.environ.get("PHOTOFARM_PHOTOS", ROOT.parent / "shared/photos"))
Image.MAX_IMAGE_PIXELS = None


def files(folder):
    return sorted(path for path in (PHOTOS / folder).glob("*") if path.is_file())


@unittest.skipUnless(PHOTOS.is_dir(), f"there is no folder {PHOTOS}")
class RealPhotos(FarmCase):
    def decoded(self, path):
        """As PIL sees it, upright; None for a format that PIL does not read."""
        try:
            with Image.open(path) as picture:
                return ImageOps.exif_transpose(picture)
        except OSError:
            return None

    def assert_looks_like(self, body, reference, what):
        """Roughly the same picture: the right way up, in the right colours."""
        shown = Image.open(io.BytesIO(body)).convert("RGB").resize((32, 32))
        difference = ImageChops.difference(shown, reference.convert("RGB").resize((32, 32)))
        self.assertLess(max(ImageStat.Stat(difference).mean), 24, what)

    def test_camera_pictures(self):
        for path in files("camera"):
            with self.subTest(path.name):
                original, reference = path.read_bytes(), self.decoded(path)
                photo = self.client.upload(original)
                self.assert_photo_serves(self.anyone, photo, original, reference.size)
                for code in pictures.STORED:
                    if code in photo["sizes"] and code != "s":
                        self.assert_looks_like(self.anyone.get(photo["sizes"][code]["url"]).body,
                                               reference, (path.name, code))

    def test_orientations(self):
        for path in files("orientation"):
            with self.subTest(path.name):
                upright = path.with_name(path.name.split("_")[0] + "_1.jpg")
                original, reference = path.read_bytes(), self.decoded(upright)
                photo = self.client.upload(original)
                self.assert_photo_serves(self.anyone, photo, original, reference.size)
                self.assert_looks_like(self.anyone.get(photo["sizes"]["m"]["url"]).body, reference,
                                       path.name)

    def test_every_format_is_stored_or_clearly_refused(self):
        for path in files("formats"):
            with self.subTest(path.name):
                original, reference = path.read_bytes(), self.decoded(path)
                answer = self.client.request("POST", "/v1/photos", original)
                if answer.status != 201:
                    self.assertIn(answer.status, (413, 415, 422), answer)
                    self.assert_problem(answer, answer.status)
                    print(f"{path.name}: {answer.status} {answer.json()['detail']}")
                    continue
                photo = answer.json()
                size = (photo["width"], photo["height"])
                if reference is not None:
                    self.assertEqual(size, reference.size)
                self.assert_photo_serves(self.anyone, photo, original, size)

    def test_hostile_files_are_refused(self):
        for path in files("hostile"):
            with self.subTest(path.name):
                before = self.farm.memory_kb("VmHWM")
                answer = self.client.request("POST", "/v1/photos", path.read_bytes())
                self.assertIn(answer.status, (413, 415, 422), answer)
                self.assert_problem(answer, answer.status)
                if not SANITIZED:
                    self.assertLess(self.farm.memory_kb("VmHWM") - before, 200_000)
                self.assert_server_goes_on()


if __name__ == "__main__":
    main()
