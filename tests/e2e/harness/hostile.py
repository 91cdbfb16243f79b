"""Pictures that mean harm, by families: each yields (name, bytes) and is the same every time."""

import io
import random
import struct
import zlib
from pathlib import Path

from PIL import Image

from harness import pictures

# Small files of every format, HEIC and AVIF among them, which PIL can't write.
SAMPLES = Path(__file__).resolve().parents[2] / "fuzz/corpus/measure"


def whole_files():
    """{name: bytes}: good files of every format and of their odd kinds."""
    picture = pictures.camera_like(420, 310, seed=3)
    files = {
        "jpeg": pictures.saved(picture, "JPEG", quality=88),
        "jpeg_progressive": pictures.saved(picture, "JPEG", quality=80, progressive=True),
        "jpeg_grey": pictures.saved(picture.convert("L"), "JPEG"),
        "jpeg_cmyk": pictures.saved(picture.convert("CMYK"), "JPEG"),
        "jpeg_exif": pictures.jpeg_with_gps(300, 200),
        "png": pictures.saved(picture.resize((150, 110)), "PNG"),
        "png_palette": pictures.saved(picture.quantize(64), "PNG"),
        "png_alpha": pictures.png_with_alpha(120, 90),
        "png_16": pictures.png_16_bit(60, 40),
        "gif": pictures.saved(picture.quantize(32), "GIF"),
        "gif_moving": pictures.animation("GIF", 120, 80),
        "webp": pictures.saved(picture, "WEBP", quality=80),
        "webp_lossless": pictures.saved(picture.resize((150, 110)), "WEBP", lossless=True),
        "webp_moving": pictures.animation("WEBP", 120, 80),
        "tiff": pictures.saved(picture.resize((150, 110)), "TIFF"),
        "tiff_lzw": pictures.saved(picture.resize((150, 110)), "TIFF", compression="tiff_lzw"),
        "tiff_jpeg": pictures.saved(picture, "TIFF", compression="jpeg"),
    }
    for path in sorted(SAMPLES.iterdir()):
        files["sample_" + path.name] = path.read_bytes()
    return files


def truncated(files):
    """Cut at every KiB, and the small ones at every so many bytes."""
    for name, data in files.items():
        step = 1024 if len(data) > 8192 else max(1, len(data) // 12)
        for length in range(step, len(data), step):
            yield f"truncated {name} at {length}", data[:length]


def flipped(files, seed):
    """Endless: one to eight bits flipped, in half of them near the front."""
    dice = random.Random(seed)
    names = sorted(files)
    while True:
        name = dice.choice(names)
        data = bytearray(files[name])
        reach = len(data) if dice.random() < 0.5 else min(len(data), 400)
        for _ in range(dice.randrange(1, 9)):
            data[dice.randrange(reach)] ^= 1 << dice.randrange(8)
        yield f"flipped {name}", bytes(data)


def random_behind_magic():
    dice = random.Random(11)
    for magic in (b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\xff\xff\0\0WEBPVP8 ",
                  b"RIFF\xff\xff\0\0WEBPVP8L", b"RIFF\xff\xff\0\0WEBPVP8X", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08",
                  b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", b"\0\0\0\x18ftypavif\0\0\0\0mif1avif"):
        for length in (0, 1, 20, 700, 9000):
            yield f"random behind {magic[:12]!r}", magic + dice.randbytes(length)
            yield f"zeros behind {magic[:12]!r}", magic + bytes(length)


def bombs(files):
    yield from (("png of 1.6 gigapixels", pictures.png_bomb()),
                ("png of 98 megapixels", pictures.png_bomb(9900, 9900)),
                ("png that says 2^31", pictures.png_file(2**31 - 1, 2**31 - 1, 8, 2, zlib.compress(b""))),
                ("png with too little data", pictures.png_file(9000, 9000, 16, 6, zlib.compress(b"\0" * 9))),
                ("png with a text of 200 MB", _png_with_chunk(b"zTXt", b"a\0\0" + _zlib_bomb(200))),
                ("png with a profile of 200 MB", _png_with_chunk(b"iCCP", b"a\0\0" + _zlib_bomb(200))),
                ("jpeg that says 65000x65000", pictures.jpeg_that_says(65000, 65000)),
                ("jpeg that says 9000x9000", pictures.jpeg_that_says(9000, 9000)),
                ("jpeg of 500 scans", _jpeg_of_many_scans(500)),
                ("gif that says 65535x65535", _gif_that_says(files["gif"], 65535, 65535)),
                ("gif of endless frames", _endless_gif(files["gif_moving"], 20_000)),
                ("webp that says 16383x16383", _webp_that_says(16383, 16383)),
                ("webp that says 9000x9000", _webp_that_says(9000, 9000)))
    for name in ("heic", "avif"):
        for side in (9000, 60_000, 2**31 - 1, 2**32 - 1):
            data = files["sample_" + name]
            at = data.index(b"ispe")
            yield (f"{name} that says {side}x{side}",
                   data[:at + 8] + struct.pack(">II", side, side) + data[at + 16:])
    yield from crazy_tiffs(files["tiff"])


def crazy_tiffs(data):
    """Each tag of the first directory set to what should not be."""
    offset, = struct.unpack("<I", data[4:8])
    count, = struct.unpack("<H", data[offset:offset + 2])
    for entry in range(offset + 2, offset + 2 + 12 * count, 12):
        tag, kind = struct.unpack("<HH", data[entry:entry + 4])
        for value in (0, 1, 0xffff, 0x7fffffff, 0xffffffff):
            yield (f"tiff with tag {tag} = {value}",
                   data[:entry] + struct.pack("<HHII", tag, 4, 1, value) + data[entry + 12:])
        yield (f"tiff with tag {tag} of 2^32 values",
               data[:entry] + struct.pack("<HHII", tag, kind, 0xffffffff, 8) + data[entry + 12:])
    end = offset + 2 + 12 * count
    yield "tiff whose directories are a ring", data[:end] + struct.pack("<I", offset) + data[end + 4:]


def polyglots(files):
    tails = {"zip": b"PK\x03\x04" + bytes(100), "html": b"<html><script>alert(1)</script>",
             "php": b"<?php system('id'); ?>", "pdf": b"%PDF-1.4\n", "jpeg": files["jpeg"]}
    for name in ("jpeg", "png", "gif", "webp", "tiff", "sample_heic", "sample_avif"):
        for kind, tail in tails.items():
            yield f"{name} and {kind}", files[name] + tail
            yield f"{kind} and {name}", tail[:50] + files[name]


def nothing():
    for length in (1, 2, 11, 63, 64, 65, 1000, 1 << 20):
        yield f"{length} zeros", bytes(length)
        yield f"{length} times 0xff", b"\xff" * length


def _zlib_bomb(megabytes):
    compressor = zlib.compressobj(9)
    block = bytes(1 << 20)
    return b"".join(compressor.compress(block) for _ in range(megabytes)) + compressor.flush()


def _png_with_chunk(kind, data):
    whole = pictures.saved(Image.new("RGB", (20, 20), (9, 99, 200)), "PNG")
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return whole[:33] + chunk + whole[33:]


def _jpeg_of_many_scans(scans):
    """The last scan of a progressive picture again and again, each a pass over all of it."""
    whole = pictures.saved(pictures.camera_like(3000, 2000, seed=1), "JPEG", quality=50, progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:-2] + whole[last:-2] * scans + b"\xff\xd9"


def _gif_that_says(data, width, height):
    data = bytearray(data)
    data[6:10] = struct.pack("<HH", width, height)
    return bytes(data)


def _endless_gif(data, times):
    return data[:-1] + data[data.index(b"\x21\xf9"):-1] * times


def _webp_that_says(width, height):
    out = io.BytesIO()
    Image.new("RGB", (10, 10)).save(out, "WEBP", quality=50)
    data = bytearray(out.getvalue())
    at = data.index(b"\x9d\x01\x2a")
    data[at + 3:at + 7] = struct.pack("<HH", width, height)
    return bytes(data)
