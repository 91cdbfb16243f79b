#!/usr/bin/python3
"""./run bench image: five sizes of camera JPEGs, and what they cost, beside sharp, libvips'
vipsthumbnail and GraphicsMagick, each on one core; how close the sizes come to what they should be;
the memory that a picture of 100 megapixels takes; and the whole program under uploads.

usage: image.py [--rounds N] [--quick] [--only cost,quality,memory,load,hostile]

A run with all parts is kept, and one of load and hostile, beside what was kept of the others. sharp is installed from npm into build/bench/image, as
bench/image/package-lock.json says. PHOTOFARM_PHOTOS: a folder whose camera/*.jpg are taken
(../shared/photos); without it, or with --quick, one picture is made for the purpose.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from farmbench import BENCH
from farmbench.report import Report, median
from farmbench.servers import pinned

sys.path.insert(0, str(BENCH / "image"))
from farm_load import part_hostile, part_load

PROGRAM = BENCH.parent / "build" / "release" / "farm_image_bench"
SHARP_HOME = BENCH.parent / "build" / "bench" / "image"
PHOTOS = Path(os.environ.get("PHOTOFARM_PHOTOS", BENCH.parents[1] / "shared" / "photos"))
CORE = 1
QUALITY = 82
SIZES = {"b": 1024, "-": 500, "m": 240, "t": 100, "s": 75}
MIN_PIXELS = 3_000_000  # of a camera picture; smaller ones are no test of decoding


def made_picture(folder, width, height):
    """A JPEG of detail and noise, as the other benchmarks upload."""
    from PIL import Image, ImageFilter
    noise = Image.effect_noise((width // 4, height // 4), 90).resize((width, height))
    channels = [noise.filter(ImageFilter.GaussianBlur(blur)) for blur in (1, 3, 5)]
    file = folder / f"made-{width}x{height}.jpg"
    Image.merge("RGB", channels).save(file, quality=90)
    return file


def pictures(folder, quick):
    from PIL import Image
    Image.MAX_IMAGE_PIXELS = None
    found = [] if quick else sorted((PHOTOS / "camera").glob("*.jp*g"))
    large = [file for file in found if (lambda size: size[0] * size[1])(Image.open(file).size)
             >= MIN_PIXELS]
    return large or [made_picture(folder, 3264, 2448)]


def children_cpu_ms():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000


def command(*words, env=None):
    done = subprocess.run([*pinned(CORE), *map(str, words)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, env={**os.environ, **(env or {})})
    if done.returncode != 0:
        raise SystemExit(f"{words[0]} {words[1]} failed: {done.stderr.strip()[-500:]}")
    return done.stdout


def sharp(*words):
    return command("node", BENCH / "image" / "sharp.mjs", *words,
                   env={"SHARP_HOME": str(SHARP_HOME), "QUALITY": str(QUALITY)})


class Costs:
    """CPU ms a picture of each way; a number each time it is asked."""

    def __init__(self, folder, rounds):
        self.folder, self.rounds = folder, rounds

    def ours(self, file):
        return json.loads(command(PROGRAM, "measure", self.rounds, file))["cpu_ms"]

    def sharp_usual(self, file):
        return float(sharp("measure", "usual", max(1, self.rounds // 2), file))

    def sharp_best(self, file):
        return float(sharp("measure", "best", self.rounds, file))

    def vipsthumbnail(self, file):
        before = children_cpu_ms()
        for code, side in SIZES.items():
            square = ["--smartcrop", "centre"] if code == "s" else []
            command("vipsthumbnail", "--vips-concurrency", 1, "--size", f"{side}x{side}>", *square,
                    "--eprofile", "srgb", "-o",
                    f"{self.folder}/vips-{SIZES[code]}.jpg[Q={QUALITY},optimize_coding,strip]", file)
        return children_cpu_ms() - before

    def graphicsmagick(self, file):
        """One decode with its own hint, and a cascade."""
        words = ["gm", "convert", "-limit", "threads", 1, "-size", "2048x2048", file, "-auto-orient",
                 "-quality", QUALITY]
        for code, side in SIZES.items():
            last = code == "s"
            crop = ["-gravity", "Center", "-crop", f"{side}x{side}+0+0"] if last else []
            target = f"{self.folder}/gm-{side}.jpg"
            words += ["-resize", f"{side}x{side}{'^' if last else '>'}", *crop]
            words += [target] if last else ["-write", target]
        before = children_cpu_ms()
        command(*words)
        return children_cpu_ms() - before


WAYS = {"photofarm": "ours", "sharp, five resizes of the file": "sharp_usual",
        "sharp, one decode and a raw cascade": "sharp_best",
        "vipsthumbnail, five processes": "vipsthumbnail", "GraphicsMagick, one process": "graphicsmagick"}


def part_cost(out, files, options, folder):
    rounds = 1 if options.quick else options.rounds
    costs = Costs(folder, 5 if options.quick else 20)
    taken = {way: {file: [] for file in files} for way in WAYS}
    for _ in range(rounds):
        for file in files:
            for way, method in WAYS.items():
                taken[way][file].append(getattr(costs, method)(file))
    cost = {way: {file: median(of_file[file]) for file in files} for way, of_file in taken.items()}
    out.note(f"Cost: user and system time a picture, {rounds} rounds of all ways in turn, each "
             f"way's process on one core and with one thread; medians, and of them the mean over "
             f"{len(files)} pictures. sharp {sharp('version').strip()}; sharp and photofarm "
             f"warmed up in one process, the two command-line tools with their starts.")
    mean = {way: sum(of_file.values()) / len(files) for way, of_file in cost.items()}
    for way in WAYS:
        out.add(f"five sizes: {way}", mean[way], "ms")
    ours, usual, best = (list(WAYS)[i] for i in range(3))
    out.add("to sharp's best case", mean[ours] / mean[best], "x", at_most=0.8)
    out.add("to sharp's usual use", mean[ours] / mean[usual], "x", at_most=0.35)
    for file in files:
        out.add(f"{file.name}: photofarm", cost[ours][file], "ms")
        out.add(f"{file.name}: to sharp's best case", cost[ours][file] / cost[best][file], "x")
        out.add(f"{file.name}: to sharp's usual use", cost[ours][file] / cost[usual][file], "x")


def part_quality(out, files, options, folder):
    from quality import Reference, similarity
    out.note("Quality: SSIM of the brightness (Gaussian window 11 x 11, sigma 1.5) to the whole "
             "picture reduced in linear light by Lanczos 3; quality "
             f"{QUALITY}, colour halved, optimised tables in all; means over the pictures.")
    ways = {"photofarm": lambda to, file: command(PROGRAM, "write", to, file),
            "sharp": lambda to, file: sharp("write", "usual", to, file),
            "sharp's cascade": lambda to, file: sharp("write", "best", to, file)}
    found = {way: {code: [] for code in SIZES} for way in ways}
    bytes_of = {way: {code: 0 for code in SIZES} for way in ways}
    for file in files:
        reference = Reference(file)
        for way, write in ways.items():
            to = folder / way.replace(" ", "-")
            to.mkdir(exist_ok=True)
            write(to, file)
            for code in SIZES:
                found[way][code].append(similarity(reference, code, to / f"{code}.jpg"))
                bytes_of[way][code] += (to / f"{code}.jpg").stat().st_size
    for code in SIZES:
        mean = {way: sum(found[way][code]) / len(files) for way in ways}
        worst = min(a - b for a, b in zip(found["photofarm"][code], found["sharp"][code]))
        out.add(f"size {code}: SSIM, photofarm", mean["photofarm"], "")
        out.add(f"size {code}: SSIM, sharp's usual use", mean["sharp"], "")
        out.add(f"size {code}: SSIM, sharp's cascade", mean["sharp's cascade"], "")
        out.add(f"size {code}: SSIM to sharp's, the worst picture", worst, "", at_least=-0.003)
        ratio = bytes_of["photofarm"][code] / bytes_of["sharp"][code]
        out.add(f"size {code}: bytes to sharp's", ratio, "x", at_most=1.1)
        if ratio < 0.9:
            out.note(f"Size {code} has {ratio:.2f} of the bytes of sharp's.")


def part_memory(out, files, options, folder):
    side = 3000 if options.quick else 10_000
    large = made_picture(folder, side, side)
    progressive = folder / "progressive.jpg"
    progressive.write_bytes(subprocess.run(
        ["jpegtran", "-progressive", "-copy", "none", str(large)], check=True,
        capture_output=True).stdout)
    out.note("Memory: the peak of a process that renders one picture, its file and libraries in it.")
    small = json.loads(command(PROGRAM, "memory", files[0]))
    out.add(f"peak for {small['width']}x{small['height']}", small["peak_bytes"] / 1e6, "MB")
    for name, file in (("baseline", large), ("progressive", progressive)):
        told = json.loads(command(PROGRAM, "memory", file))
        out.add(f"peak for {told['width']}x{told['height']}, {name}", told["peak_bytes"] / 1e6, "MB")
        out.add(f"of that the file, {name}", told["file_bytes"] / 1e6, "MB")


PARTS = {"cost": part_cost, "quality": part_quality, "memory": part_memory, "load": part_load,
         "hostile": part_hostile}


def install_sharp():
    SHARP_HOME.mkdir(parents=True, exist_ok=True)
    lock = BENCH / "image" / "package-lock.json"
    kept = SHARP_HOME / "package-lock.json"
    if (SHARP_HOME / "node_modules" / "sharp").exists() and kept.read_bytes() == lock.read_bytes():
        return
    for name in ("package.json", "package-lock.json"):
        shutil.copy(BENCH / "image" / name, SHARP_HOME / name)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=SHARP_HOME, check=True,
                   stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default=",".join(PARTS))
    options = parser.parse_args()
    parts = options.only.split(",")
    if not PROGRAM.exists():
        raise SystemExit(f"there is no {PROGRAM}: ./run build release farm_image_bench")
    install_sharp()
    out = Report("image", "Five sizes of a camera JPEG: time, quality and memory")
    with tempfile.TemporaryDirectory(prefix="photofarm-image-") as name:
        folder = Path(name)
        files = pictures(folder, options.quick)
        for part in parts:
            PARTS[part](out, files, options, folder)
    of_program = set(parts) <= {"load", "hostile"}
    if of_program and not options.quick:
        out.take_over_others()
    return 0 if out.finish(keep=not options.quick and (of_program or parts == list(PARTS))) else 1


if __name__ == "__main__":
    sys.exit(main())
