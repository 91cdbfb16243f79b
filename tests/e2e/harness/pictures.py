"""Pictures of every kind, made on the spot, and what is known of them without photofarm.

The usual picture has four quadrants: red, green, blue and white from the top left on, as one reads.
So four pixels tell whether it is upright, mirrored, and of the right colours.
"""

import io
import random
import struct
import zlib

from PIL import Image, ImageDraw

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 180, 60), (40, 60, 210), (245, 245, 245)
QUADRANTS = [RED, GREEN, BLUE, WHITE]

SIDES = {"s": 75, "q": 150, "t": 100, "m": 240, "n": 320, "-": 500, "z": 640, "c": 800, "b": 1024,
         "h": 1600, "k": 2048}
SQUARES = "sq"
STORED = "stm-b"
ON_DEMAND = "qnzchk"


def scaled(width, height, code):
    """The dimensions of a size: the longest side at most so long, nothing enlarged."""
    side = SIDES[code]
    if code in SQUARES:
        side = min(side, width, height)
        return side, side
    longest = max(width, height)
    if longest <= side:
        return width, height
    return tuple(max(1, int(n * side / longest + 0.5)) for n in (width, height))


# What is in a picture.

def quadrants(width, height, mode="RGB"):
    picture = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(picture)
    half_w, half_h = width // 2, height // 2
    draw.rectangle((0, 0, half_w - 1, half_h - 1), RED)
    draw.rectangle((half_w, 0, width, half_h - 1), GREEN)
    draw.rectangle((0, half_h, half_w - 1, height), BLUE)
    draw.rectangle((half_w, half_h, width, height), WHITE)
    return picture if mode == "RGB" else picture.convert(mode)


def quadrant_pixels(picture):
    """The colours in the middle of the four quadrants, as one reads."""
    w, h = picture.size
    return [picture.getpixel((x, y)) for y in (h // 4, 3 * h // 4) for x in (w // 4, 3 * w // 4)]


def camera_like(width, height, seed=0, noise=24):
    """Shapes of all sizes under grain of two sizes: it compresses about as a photograph does, and so
    do the small pictures made from it."""
    dice = random.Random(seed)
    picture = Image.merge("RGB", [
        Image.linear_gradient("L").rotate(90 * turn).resize((width, height)) for turn in range(3)])
    draw = ImageDraw.Draw(picture)
    for _ in range(400):
        x, y = dice.randrange(width), dice.randrange(height)
        r = 2 + width // 200 + int(width / 6 * dice.random() ** 3)
        draw.ellipse((x - r, y - r, x + r, y + r), tuple(dice.randrange(256) for _ in range(3)))
    texture = Image.effect_noise((width // 12 + 1, height // 12 + 1), 64).resize((width, height))
    grain = Image.blend(texture, Image.effect_noise((width, height), 2 * noise), 0.5)
    return Image.blend(picture, Image.merge("RGB", [grain] * 3), 0.35)


# Files.

def saved(picture, kind, **options):
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def jpeg(width=1200, height=800, seed=None, quality=90, **options):
    """A JPEG of quadrants; every seed makes another file."""
    picture = quadrants(width, height)
    if seed is not None:
        dice = random.Random(seed)
        for _ in range(8):
            picture.putpixel((dice.randrange(width), dice.randrange(height)),
                             tuple(dice.randrange(256) for _ in range(3)))
        options["comment"] = f"picture {seed}".encode()
    return saved(picture, "JPEG", quality=quality, **options)


def camera_jpeg(width, height, seed=0, quality=85, noise=24):
    return saved(camera_like(width, height, seed, noise), "JPEG", quality=quality)


# How a camera stores an upright picture under each EXIF orientation.
STORED_AS = {
    1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
}


def jpeg_with_orientation(orientation, width=1200, height=800):
    """Upright it is width x height; it lies in the file as the orientation says."""
    picture = quadrants(width, height)
    if STORED_AS[orientation] is not None:
        picture = picture.transpose(STORED_AS[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(picture, "JPEG", quality=92, exif=exif.tobytes())


def exif_of_shot(make="NIKON", model="COOLPIX P6000", taken="2024:05:01 12:30:00",
                 offset="+02:00"):
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = make, model
    exif[0x8769] = {0x9003: taken, 0x9011: offset}
    return exif.tobytes()


def jpeg_with_gps(width=1200, height=800):
    exif = Image.Exif()
    exif[0x010F] = "A camera maker"
    exif[0x8825] = {1: "N", 2: (43.0, 28.0, 2.81), 3: "E", 4: (11.0, 53.0, 6.46)}
    return saved(quadrants(width, height), "JPEG", exif=exif.tobytes(), comment=b"a secret place")


def png_16_bit(width=600, height=400):
    """RGB with 16 bits a channel, which PIL can't write: quadrants again."""
    def row(left, right):
        def pixel(colour):
            return b"".join(struct.pack(">H", c * 257) for c in colour)
        half = width // 2
        return b"\0" + pixel(left) * half + pixel(right) * (width - half)
    half = height // 2
    rows = row(RED, GREEN) * half + row(BLUE, WHITE) * (height - half)
    return png_file(width, height, 16, 2, zlib.compress(rows))


def png_file(width, height, depth, colour_type, compressed_rows):
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", compressed_rows)
            + chunk(b"IEND", b""))


def png_with_alpha(width=600, height=400):
    """Quadrants of which the upper half is wholly transparent."""
    picture = quadrants(width, height, "RGBA")
    alpha = Image.new("L", (width, height), 255)
    alpha.paste(0, (0, 0, width, height // 2))
    picture.putalpha(alpha)
    return saved(picture, "PNG")


def animation(kind, width=600, height=400, frames=4):
    """The first frame is quadrants, the others are black."""
    others = [Image.new("RGB", (width, height), (n, n, n)) for n in range(1, frames)]
    return saved(quadrants(width, height), kind, save_all=True, append_images=others, duration=100,
                 loop=0)


# Pictures that mean harm.

def png_bomb(width=40000, height=40000):
    """A few hundred KB that say 1.6 gigapixels, and keep their word."""
    compressor = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    rows = b"".join(compressor.compress(row * 100) for _ in range(height // 100))
    return png_file(width, height, 1, 0, rows + compressor.flush())


def jpeg_that_says(width, height):
    """A small JPEG whose header claims other dimensions."""
    data = bytearray(jpeg(64, 64))
    at = next(i for i, marker, _ in _jpeg_segments(data) if marker in (0xC0, 0xC2))
    data[at + 5:at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def _jpeg_segments(data):
    """(offset of the marker, marker, payload) up to the start of the scan."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2:at + 4])[0]
        yield at, marker, bytes(data[at + 4:at + 2 + length])
        if marker == 0xDA:
            return
        at += 2 + length


def jpeg_metadata(data):
    """The markers that carry more than a picture: APP1 (EXIF, XMP), APP2 (ICC), comments..."""
    return [f"{marker:#x}" for _, marker, payload in _jpeg_segments(data)
            if marker == 0xFE or (0xE0 <= marker <= 0xEF and not payload.startswith((b"JFIF\0", b"Adobe")))]
