"""Every size of every kind of picture comes out upright, of the right dimensions and colours."""

import io

from PIL import Image

from harness import FarmCase, main, path_of, pictures
from harness.pictures import QUADRANTS, WHITE, quadrants, saved


class Sizes(FarmCase):
    def size(self, photo, code):
        """The JPEG of any size, also one that is only made on demand; decoded."""
        stem = photo["sizes"]["-"]["url"].removesuffix(".jpg")
        answer = self.anyone.get(stem + ("" if code == "-" else f"_{code}") + ".jpg")
        self.assertEqual(answer.status, 200, (code, answer))
        self.assertEqual(answer.header("Content-Type"), "image/jpeg")
        expected = pictures.scaled(photo["width"], photo["height"], code)
        return self.assert_clean_jpeg(answer.body, expected, code)

    def assert_quadrants(self, picture, what="", expected=QUADRANTS, tolerance=24):
        for found, colour in zip(pictures.quadrant_pixels(picture), expected):
            self.assert_near(found, colour, tolerance, what)

    def test_all_eight_orientations_are_upright(self):
        for width, height in ((1200, 800), (400, 700)):
            for orientation in range(1, 9):
                original = pictures.jpeg_with_orientation(orientation, width, height)
                with self.subTest(orientation=orientation, width=width):
                    photo = self.client.upload(original)
                    self.assert_photo_serves(self.anyone, photo, original, (width, height))
                    for code in "stm-q":
                        self.assert_quadrants(self.size(photo, code), (orientation, code))

    def test_on_demand_sizes(self):
        photo = self.client.upload(pictures.jpeg(3000, 2000))
        small = self.client.upload(pictures.jpeg(333, 777))
        for code in pictures.ON_DEMAND:
            with self.subTest(code):
                self.assertNotIn(code, photo["sizes"])
                self.assert_quadrants(self.size(photo, code), code)
                self.assert_quadrants(self.size(small, code), code)

    def test_dimensions_follow_the_longest_side(self):
        for width, height in ((1024, 768), (1025, 768), (768, 1025), (501, 500), (1, 1), (2, 3),
                              (4000, 10), (7, 2500), (1003, 997), (75, 75), (76, 74)):
            with self.subTest(width=width, height=height):
                original = pictures.jpeg(width, height)
                photo = self.client.upload(original)
                self.assert_photo_serves(self.anyone, photo, original, (width, height))

    def test_large_is_only_made_of_what_is_larger(self):
        exactly = self.client.upload(pictures.jpeg(1024, 700))
        over = self.client.upload(pictures.jpeg(1025, 700))
        self.assertNotIn("b", exactly["sizes"])
        self.assertIn("b", over["sizes"])

    def test_squares_are_cut_from_the_centre(self):
        # Only the middle third is green: a square of the whole width would show red as well.
        picture = Image.new("RGB", (900, 300), (220, 30, 30))
        picture.paste((30, 180, 60), (300, 0, 600, 300))
        photo = self.client.upload(saved(picture, "PNG"))
        for code in "sq":
            square = self.size(photo, code)
            side = square.size[0]
            for x in (3, side // 2, side - 4):
                self.assert_near(square.getpixel((x, side // 2)), (30, 180, 60), what=(code, x))

    def test_every_kind_of_file(self):
        everything_opaque = {
            "PNG": saved(quadrants(600, 400), "PNG"),
            "palette PNG": saved(quadrants(600, 400).quantize(16), "PNG"),
            "16-bit PNG": pictures.png_16_bit(),
            "GIF": saved(quadrants(600, 400), "GIF"),
            "animated GIF": pictures.animation("GIF"),
            "WebP": saved(quadrants(600, 400), "WEBP", quality=90),
            "lossless WebP": saved(quadrants(600, 400), "WEBP", lossless=True),
            "animated WebP": pictures.animation("WEBP"),
            "TIFF": saved(quadrants(600, 400), "TIFF"),
            "LZW TIFF": saved(quadrants(600, 400), "TIFF", compression="tiff_lzw"),
            "progressive JPEG": pictures.jpeg(600, 400, progressive=True),
            "4:4:4 JPEG": pictures.jpeg(600, 400, subsampling=0),
        }
        for name, original in everything_opaque.items():
            with self.subTest(name):
                photo = self.client.upload(original)
                self.assert_photo_serves(self.anyone, photo, original, (600, 400))
                for code in "stm-z":
                    self.assert_quadrants(self.size(photo, code), (name, code))

    def test_the_original_keeps_its_type(self):
        for kind, extension, media in (("JPEG", "jpg", "image/jpeg"), ("PNG", "png", "image/png"),
                                       ("GIF", "gif", "image/gif"), ("WEBP", "webp", "image/webp"),
                                       ("TIFF", "tiff", "image/tiff")):
            with self.subTest(kind):
                photo = self.client.upload(saved(quadrants(64, 48), kind))
                self.assertEqual(photo["format"], extension)
                url = photo["sizes"]["o"]["url"]
                self.assertTrue(path_of(url).endswith(f"_o.{extension}"), url)
                self.assertEqual(self.anyone.get(url).header("Content-Type"), media)

    def test_transparent_becomes_white(self):
        photo = self.client.upload(pictures.png_with_alpha())
        expected = [WHITE, WHITE, QUADRANTS[2], QUADRANTS[3]]
        for code in "stm-":
            self.assert_quadrants(self.size(photo, code), code, expected)

    def test_transparent_edges_have_no_dark_fringe(self):
        # Fully transparent black beside opaque white: only white may be seen.
        picture = Image.new("RGBA", (800, 800), (0, 0, 0, 0))
        picture.paste((255, 255, 255, 255), (200, 200, 600, 600))
        photo = self.client.upload(saved(picture, "PNG"))
        darkest = min(low for low, _ in self.size(photo, "m").getextrema())
        self.assertGreaterEqual(darkest, 245)

    def test_cmyk(self):
        picture = Image.new("CMYK", (600, 400), (0, 0, 0, 0))
        picture.paste((0, 255, 255, 0), (0, 0, 300, 200))       # red
        picture.paste((255, 0, 255, 0), (300, 0, 600, 200))     # green
        picture.paste((255, 255, 0, 0), (0, 200, 300, 400))     # blue
        photo = self.client.upload(saved(picture, "JPEG", quality=95))
        corners = pictures.quadrant_pixels(self.size(photo, "m"))
        for found, strongest in zip(corners, (0, 1, 2)):
            self.assertEqual(max(range(3), key=lambda c, f=found: f[c]), strongest, corners)
        self.assert_near(corners[3], (255, 255, 255), 20)

    def test_grey(self):
        picture = Image.linear_gradient("L").resize((600, 400))
        for name, original in (("JPEG", saved(picture, "JPEG")), ("PNG", saved(picture, "PNG")),
                               ("16-bit PNG", saved(picture.convert("I"), "PNG"))):
            with self.subTest(name):
                photo = self.client.upload(original)
                shown = self.size(photo, "m")
                if name != "16-bit PNG":  # its values stay below 256 of 65,536: black
                    self.assert_near(shown.getpixel((120, 80)), picture.resize(
                        (240, 160)).convert("RGB").getpixel((120, 80)), 12)

    def test_no_size_says_where_it_was_taken(self):
        original = pictures.jpeg_with_gps()
        self.assertIn(b"A camera maker", original)
        photo = self.client.upload(original)
        self.assert_photo_serves(self.anyone, photo, original, (1200, 800))
        for code in pictures.STORED + pictures.ON_DEMAND:
            self.size(photo, code)

    def test_wide_gamut_becomes_srgb(self):
        # An ICC profile that swaps nothing must change nothing, and must be gone afterwards.
        from PIL import ImageCms
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        photo = self.client.upload(saved(quadrants(600, 400), "JPEG", quality=95,
                                         icc_profile=profile))
        self.assert_quadrants(self.size(photo, "m"), "sRGB")

    def test_fine_detail_is_averaged_not_picked(self):
        # One-pixel stripes of black and white are grey from afar; picking pixels would alias.
        picture = Image.new("L", (1600, 1600), 0)
        picture.paste(255, (0, 0, 1600, 1600), Image.frombytes("L", (1600, 1600),
                                                                (b"\0\xff" * 800) * 1600))
        photo = self.client.upload(saved(picture, "PNG"))
        low, high = self.size(photo, "m").convert("L").getextrema()
        self.assertGreater(low, 90)
        self.assertLess(high, 200)

    def test_the_picture_is_close_to_one_made_by_another_program(self):
        original = pictures.camera_jpeg(2000, 1500, seed=11, noise=8)
        photo = self.client.upload(original)
        reference = Image.open(io.BytesIO(original)).resize((500, 375), Image.Resampling.LANCZOS)
        ours = self.size(photo, "-")
        differences = [abs(a - b) for pair in zip(ours.getdata(), reference.getdata())
                       for a, b in zip(*pair)]
        self.assertLess(sum(differences) / len(differences), 5.0)


if __name__ == "__main__":
    main()
