"""Pictures made to hurt: each gets a clear refusal, costs little, and the server goes on."""

import io
import os
import random
import struct
import threading
import zlib

from PIL import Image

from harness import FarmCase, main, pictures
from harness.server import SANITIZED

MAX_EXTRA_KB = 200_000


class Hostile(FarmCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client.upload(pictures.jpeg())  # what the first picture loads is not charged below

    def refused(self, body, *statuses):
        before = self.farm.memory_kb("VmHWM")
        answer = self.client.request("POST", "/v1/photos", body)
        self.assertIn(answer.status, statuses, answer)
        self.assert_problem(answer, answer.status)
        if not SANITIZED:
            self.assertLess(self.farm.memory_kb("VmHWM") - before, MAX_EXTRA_KB)
        self.assert_server_goes_on()
        return answer

    def taken_or_refused(self, body):
        answer = self.client.request("POST", "/v1/photos", body)
        self.assertIn(answer.status, (201, 413, 415, 422), answer)
        if answer.status == 201:
            for size in answer.json()["sizes"].values():
                self.assertEqual(self.anyone.get(size["url"]).status, 200)
        return answer.status

    def test_truncated_jpegs(self):
        whole = pictures.camera_jpeg(1200, 900, seed=1)
        for length in (2, 3, 20, 300, 700, 1024, 4096, len(whole) // 2, len(whole) - 1000):
            with self.subTest(length):
                self.refused(whole[:length], 415, 422)

    def test_truncated_files_of_other_kinds(self):
        for kind in ("PNG", "GIF", "WEBP", "TIFF"):
            whole = pictures.saved(pictures.camera_like(300, 200), kind)
            for part in (0.1, 0.5, 0.9):
                with self.subTest(kind=kind, part=part):
                    self.refused(whole[:int(len(whole) * part)], 415, 422)

    def test_broken_headers(self):
        whole = pictures.camera_jpeg(300, 200, seed=1)
        self.refused(whole[:2] + b"\xff\xc0\x00\x02" + whole[2:], 415, 422)
        self.refused(whole[:2] + os.urandom(500) + whole[502:], 415, 422)
        self.refused(b"\xff\xd8\xff" + b"\0" * 10_000, 415, 422)

    def test_bombs(self):
        self.refused(pictures.png_bomb(), 413)
        self.refused(pictures.jpeg_that_says(65000, 65000), 413)
        self.refused(pictures.jpeg_that_says(20000, 20000), 413)
        self.refused(pictures.png_file(2**31 - 1, 2**31 - 1, 8, 2, zlib.compress(b"")), 413, 415, 422)
        self.refused(pictures.png_file(0, 0, 8, 2, zlib.compress(b"")), 415, 422)
        self.refused(self.gif_that_says(65535, 65535), 413)
        self.refused(self.webp_that_says(16383, 16383), 413)
        self.refused(self.tiff_that_says(200_000, 200_000), 413, 422)

    @staticmethod
    def gif_that_says(width, height):
        data = bytearray(pictures.saved(Image.new("P", (10, 10)), "GIF"))
        data[6:10] = struct.pack("<HH", width, height)
        at = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
        assert data[at:at + 1] == b",", "the image descriptor follows the colour table"
        data[at + 5:at + 9] = struct.pack("<HH", width, height)
        return bytes(data)

    @staticmethod
    def webp_that_says(width, height):
        data = bytearray(pictures.saved(Image.new("RGB", (10, 10)), "WEBP", quality=50))
        at = data.index(b"\x9d\x01\x2a")
        data[at + 3:at + 7] = struct.pack("<HH", width, height)
        return bytes(data)

    @staticmethod
    def tiff_that_says(width, height):
        data = bytearray(pictures.saved(Image.new("RGB", (10, 10)), "TIFF"))
        offset, = struct.unpack("<I", data[4:8])
        count, = struct.unpack("<H", data[offset:offset + 2])
        for at in range(offset + 2, offset + 2 + 12 * count, 12):
            tag, = struct.unpack("<H", data[at:at + 2])
            if tag in (256, 257):
                value = width if tag == 256 else height
                data[at:at + 12] = struct.pack("<HHII", tag, 4, 1, value)
        return bytes(data)

    def test_an_animation_of_very_many_frames(self):
        frame = Image.new("P", (200, 200))
        out = io.BytesIO()
        frame.save(out, "GIF", save_all=True, duration=10,
                   append_images=[Image.new("P", (200, 200), n % 200 + 1) for n in range(3000)])
        self.taken_or_refused(out.getvalue())
        self.assert_server_goes_on()

    def test_a_gif_without_end(self):
        whole = pictures.animation("GIF", 100, 100, frames=3)
        self.taken_or_refused(whole[:-1] + whole[whole.index(b"\x21\xf9"):-1] * 2000)
        self.assert_server_goes_on()

    def test_what_libraries_would_read_but_we_do_not(self):
        for body in (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' width='10'/>",
                     b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", b"%!PS-Adobe-3.0 EPSF-3.0\n",
                     b"P6\n2 2\n255\n" + b"x" * 12, b"P5 1 1 255 x", b"#?RADIANCE\n\n-Y 1 +X 1\n",
                     b"SIMPLE  =                    T" + b" " * 3000, b"\x76\x2f\x31\x01" + b"\0" * 99,
                     b"BM" + b"\0" * 100, b"\0\0\x01\0\x01\0" + b"\0" * 50, b"8BPS" + b"\0" * 50,
                     b"push graphic-context\nviewbox 0 0 1 1\nimage over 0,0 0,0 'https://a/x'\n",
                     b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a" + b"\0" * 50,
                     b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0" * 50, b"II\x2b\0" + b"\0" * 50,
                     b"MATLAB 5.0 MAT-file" + b"\0" * 200, b"\x89HDF\r\n\x1a\n" + b"\0" * 100):
            with self.subTest(body[:12]):
                self.refused(body, 415)

    def test_polyglots_are_served_as_what_they_are(self):
        picture = pictures.jpeg(200, 100)
        for tail in (b"<script>alert(1)</script>", b"PK\x03\x04" + b"\0" * 100, b"<?php system('id');"):
            answer = self.client.request("POST", "/v1/photos", picture + tail,
                                         {"Content-Type": "text/html"})
            if answer.status != 201:
                self.assertIn(answer.status, (415, 422), answer)
                continue
            original = self.anyone.get(answer.json()["sizes"]["o"]["url"])
            self.assertEqual(original.header("Content-Type"), "image/jpeg")
            self.assertEqual(original.header("X-Content-Type-Options"), "nosniff")
            self.assertTrue(original.body == picture + tail)
            small = self.anyone.get(answer.json()["sizes"]["m"]["url"]).body
            self.assertNotIn(tail[:5], small)

    def test_flipped_bits(self):
        dice = random.Random(5)
        wholes = [pictures.camera_jpeg(160, 120, seed=2), pictures.png_16_bit(60, 40),
                  pictures.animation("GIF", 60, 40), pictures.animation("WEBP", 60, 40),
                  pictures.saved(pictures.camera_like(60, 40), "TIFF", compression="tiff_lzw"),
                  pictures.jpeg_with_gps(120, 80)]
        for turn in range(120 if SANITIZED else 300):
            body = bytearray(wholes[turn % len(wholes)])
            for _ in range(dice.randrange(1, 6)):
                at = dice.randrange(len(body) if turn % 2 else min(len(body), 600))
                body[at] ^= 1 << dice.randrange(8)
            self.taken_or_refused(bytes(body))
        self.assert_server_goes_on()

    def test_bad_ones_do_not_hurt_good_ones_beside_them(self):
        good = pictures.camera_jpeg(900, 700, seed=9)
        bad = [pictures.png_bomb(20000, 20000), good[:5000], pictures.jpeg_that_says(50000, 50000),
               b"\x89PNG\r\n\x1a\n" + os.urandom(5000)]
        stop = threading.Event()

        def annoy(body):
            while not stop.is_set():
                self.client.request("POST", "/v1/photos", body)

        threads = [threading.Thread(target=annoy, args=(body,)) for body in bad]
        for thread in threads:
            thread.start()
        try:
            for _ in range(10):
                photo = self.client.upload(good)
                self.assert_photo_serves(self.anyone, photo, good, (900, 700))
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assert_server_goes_on()


if __name__ == "__main__":
    main()
