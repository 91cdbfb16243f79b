"""How close a size comes to what it should be: the structural similarity of its brightness to that of
a reference, which is the whole picture decoded at full size, turned upright, converted to sRGB, and
reduced in linear light by Lanczos 3 in floating point (Pillow).

SSIM as in Wang, Bovik, Sheikh and Simoncelli, 2004: Gaussian window of 11 x 11, sigma 1.5, K1 0.01,
K2 0.03, mean over all windows that lie inside.
"""

import io

import numpy
from PIL import Image, ImageCms, ImageOps

SIGMA, RADIUS = 1.5, 5
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
SRGB = ImageCms.createProfile("sRGB")


def to_linear(samples):
    part = samples / 255.0
    return numpy.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def from_linear(light):
    light = numpy.clip(light, 0, 1)
    return 255 * numpy.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def brightness(rgb):
    return rgb @ numpy.array([0.299, 0.587, 0.114])


class Reference:
    """A picture, and its sizes as they should be."""

    def __init__(self, file):
        picture = Image.open(file)
        picture.load()
        profile = picture.info.get("icc_profile")
        picture = ImageOps.exif_transpose(picture)
        if profile and picture.mode == "RGB":
            picture = ImageCms.profileToProfile(
                picture, io.BytesIO(profile), SRGB, renderingIntent=1, outputMode="RGB",
                flags=ImageCms.FLAGS["BLACKPOINTCOMPENSATION"])
        picture = picture.convert("RGB")
        self.width, self.height = picture.size
        linear = to_linear(numpy.asarray(picture, dtype=numpy.float32)).astype(numpy.float32)
        self.channels = [Image.fromarray(linear[:, :, i], mode="F") for i in range(3)]

    def brightness(self, code, width, height):
        """Of a size of these dimensions: its brightness, 0 to 255."""
        box = (0, 0, self.width, self.height)
        if code == "s":
            side = min(self.width, self.height)
            left, top = (self.width - side) / 2, (self.height - side) / 2
            box = (left, top, left + side, top + side)
        reduced = [channel.resize((width, height), Image.LANCZOS, box=box)
                   for channel in self.channels]
        return brightness(from_linear(numpy.dstack([numpy.asarray(c) for c in reduced])))


def blurred(plane):
    window = numpy.exp(-numpy.arange(-RADIUS, RADIUS + 1) ** 2 / (2 * SIGMA ** 2))
    window /= window.sum()
    for _ in range(2):  # along one side, then along the other
        views = numpy.lib.stride_tricks.sliding_window_view(plane, 2 * RADIUS + 1, axis=0)
        plane = (views @ window).T
    return plane


def ssim(a, b):
    mean_a, mean_b = blurred(a), blurred(b)
    var_a = blurred(a * a) - mean_a ** 2
    var_b = blurred(b * b) - mean_b ** 2
    both = blurred(a * b) - mean_a * mean_b
    return float(numpy.mean((2 * mean_a * mean_b + C1) * (2 * both + C2)
                            / ((mean_a ** 2 + mean_b ** 2 + C1) * (var_a + var_b + C2))))


def similarity(reference, code, file):
    size = Image.open(file).convert("RGB")
    found = brightness(numpy.asarray(size, dtype=numpy.float64))
    return ssim(reference.brightness(code, *size.size), found)
