#!/usr/bin/python3
"""The cache's disks: what is found there, over restarts and kill -9, and what disks that are missing, read-only,
taken, full or damaged cost. Bodies tell their path and version in every line: nothing else may ever come out.

PHOTOFARM_KILL_ROUNDS says how often it is killed (2), PHOTOFARM_SEED what the dice say.
"""

import itertools
import os
import random
import shutil
import tempfile
import threading
import time
import unittest
from pathlib import Path

from harness import wire
from harness.caching import cache_status
from harness.client import TIMEOUT_S
from harness.scripted_origin import Answer, ScriptedOrigin
from harness.server import PATIENCE_S, SANITIZED, Farm
from harness.small_disk import SmallDisk

ROUNDS = int(os.environ.get("PHOTOFARM_KILL_ROUNDS", "1" if SANITIZED else "2"))
SEED = int(os.environ.get("PHOTOFARM_SEED", "1"))
FRESH, STALE = ["Cache-Control: max-age=1000"], ["Cache-Control: max-age=60", "Age: 100"]
SMALL, LARGE = 3000, 50_001  # below and above memory_object_max
DATE = "Sun, 01 Nov 2026 10:00:00 GMT"


def body_of(path, version, size, variant=""):
    """In lines, so that pieces of two bodies never look like one."""
    lines = (f"{path} v{version} {variant} line {n}\n".encode() for n in itertools.count())
    body = b""
    while len(body) < size:
        body += b"".join(itertools.islice(lines, 500))
    return body[:size]


class Versions:
    """What the origin says of a path: a version, until it is raised; 304 to who has it."""

    def __init__(self, path, size, headers=FRESH, vary=None):
        self.path, self.size, self.headers, self.vary = path, size, list(headers), vary
        self.version, self.floor = 1, 1  # floor: older ones have been purged

    def answer(self, request):
        version = self.version
        variant = request.header(self.vary) if self.vary else ""
        etag = f'"{version}{variant}"'
        lines = [*self.headers, f"ETag: {etag}", f"Last-Modified: {DATE}", f"Cache-Tag: {self.path.split('/')[2]}"]
        lines += [f"Vary: {self.vary}"] if self.vary else []
        if request.header("If-None-Match") == etag:
            return Answer(304, lines)
        return Answer(200, lines, self.body(version, variant))

    def body(self, version=None, variant=""):
        return body_of(self.path, self.version if version is None else version, self.size, variant)

    def version_in(self, answer):
        """Of a whole answer; anything that the origin has never said is a failure."""
        if answer.status != 200 or not answer.whole:
            raise AssertionError(f"not a whole answer: {answer}")
        version = int(answer.body.split(b" ", 2)[1][1:])
        if not 1 <= version <= self.version or answer.body != self.body(version):
            raise AssertionError(f"{self.path}: bytes that nobody has sent: {answer.body[:100]!r}, {len(answer.body)}")
        if answer.header("ETag") != f'"{version}"':
            raise AssertionError(f"the head of another version: {answer}")
        return version


class DiskCase(unittest.TestCase):
    longMessage = True
    memory = "64MiB"

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="photofarm-cache-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.disk = self.folder / "disk"
        self.origin = ScriptedOrigin()
        self.addCleanup(self.origin.close)
        self.paths = {}

    def new_farm(self, *disks, prefix=()):
        places = ", ".join(f'{{ path = "{disk}", size = "48MiB" }}' for disk in disks or [self.disk])
        farm = Farm(f'[cache]\nmemory = "{self.memory}"\nmemory_object_max = "16KiB"\n'
                    'disk_object_max = "256KiB"\ndisk_segment = "1MiB"\ndisk_write_budget = "0"\n'
                    f'disk = [{places}]\n'
                    f'[[pool]]\nname = "old"\nservers = ["{self.origin.address}"]\n'
                    '[[route]]\nmatch = "^/c/"\npool = "old"\n', prefix=prefix)
        self.addCleanup(farm.close)
        return farm

    def start(self, *disks, prefix=()):
        self.farm = self.new_farm(*disks, prefix=prefix).start()

    def script(self, path, size=LARGE, **more):
        one = Versions(path, size, **more)
        self.origin.script(path, Answer(make=one.answer))
        self.paths[path] = one
        return one

    def script_many(self, count, size=LARGE, **more):
        return [self.script(f"/c/many/{size}/{n}", size, **more) for n in range(count)]

    def get(self, path, *headers, method="GET", farm=None):
        """The answer, when the edge is done with what was asked for it."""
        farm = farm or self.farm
        with wire.Wire((farm.host, farm.port), TIMEOUT_S) as one:
            one.send(wire.request_bytes(method, path, [("Host", "h"), *headers]))
            answer = one.read(method)
        self.assertIsNotNone(answer, f"no answer to {method} {path}")
        if not (cache_status(answer) or {}).get("hit"):
            self.wait_for("nothing is fetched", lambda: farm.metrics()["photofarm_cache_fills"] == 0)
        return answer

    def wait_for(self, what, condition):
        give_up = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > give_up:
                self.fail(f"it never came to that: {what}")
            time.sleep(0.005)

    def asked(self, path=None):
        return len(self.origin.requests(path))

    def metric(self, name, tier=None, farm=None):
        return (farm or self.farm).metrics()[f"photofarm_cache_{name}" + (f'{{tier="{tier}"}}' if tier else "")]

    def fill(self, *all_of_them, times=2):
        for _ in range(times):
            for one in all_of_them:
                self.assertEqual(one.version_in(self.get(one.path)), one.version)

    def assert_hits(self, *all_of_them):
        """They are answered without the origin."""
        before = self.asked()
        for one in all_of_them:
            answer = self.get(one.path)
            one.version_in(answer)
            self.assertTrue(cache_status(answer).get("hit"), answer)
        self.assertEqual(self.asked(), before)

    def healthz(self, farm=None):
        answer = (farm or self.farm).client(key="").get("/healthz")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["problems"]


class Found(DiskCase):
    def test_large_ones_the_third_time(self):
        self.start()
        large = self.script("/c/large")
        for times in (1, 2):
            large.version_in(self.get(large.path))
            self.assertEqual(self.asked(), times)
        hits = self.metric("hits_total", "disk")
        self.assert_hits(large, large, large)
        self.assertEqual(self.metric("hits_total", "disk"), hits + 3, "it is too large for memory")
        self.wait_for("it is written", lambda: self.metric("objects", "disk") == 1)

    def test_larger_than_disk_object_max(self):
        self.start()
        huge = self.script("/c/huge", 300 << 10)
        self.fill(huge, times=4)
        self.assertEqual(self.asked(), 4)
        self.assertEqual(self.metric("objects", "disk"), 0)

    def test_every_kind_of_question(self):
        """Asked of the disk, and again of what has just been started and has read nothing yet."""
        self.start()
        large = self.script("/c/large")
        self.fill(large)
        whole, etag = large.body(), '"1"'
        for turn in ("stored", "restarted"):
            before = self.asked()
            self.assert_parts(large.path, whole, etag)
            for condition in (("If-None-Match", etag), ("If-None-Match", f'"x", W/{etag}'), ("If-Modified-Since", DATE)):
                answer = self.get(large.path, condition)
                self.assertEqual((answer.status, answer.body, answer.header("ETag")), (304, b"", etag), turn)
            self.assertEqual(self.get(large.path, ("If-None-Match", '"x"')).body, whole)
            head = self.get(large.path, method="HEAD")
            self.assertEqual((head.status, head.header("Content-Length")), (200, str(len(whole))))
            self.assertTrue(cache_status(head).get("hit"), head)
            self.assertEqual(self.get(large.path, ("Cache-Control", "only-if-cached")).body, whole)
            self.assertEqual(self.asked(), before, f"{turn}: all that was on the disk")
            self.farm.restart()

    def assert_parts(self, path, whole, etag):
        for wanted, part in (("0-0", whole[:1]), ("20000-40000", whole[20000:40001]), ("-70", whole[-70:]),
                             ("50000-", whole[50000:]), ("7-99999999", whole[7:])):
            for condition in ((), (("If-Range", etag),)):
                answer = self.get(path, ("Range", f"bytes={wanted}"), *condition)
                self.assertEqual((answer.status, answer.body), (206, part), wanted)
                self.assertTrue(answer.header("Content-Range").endswith(f"/{len(whole)}"), answer)
        other = self.get(path, ("Range", "bytes=0-1"), ("If-Range", '"x"'))
        self.assertEqual((other.status, other.body), (200, whole))
        self.assertEqual(self.get(path, ("Range", f"bytes={len(whole)}-")).status, 416)

    def test_stale_ones_are_asked_about(self):
        self.start()
        large = self.script("/c/stale", headers=STALE)
        self.fill(large, times=3)
        for turn in ("stored", "restarted"):
            answer = self.get(large.path)
            large.version_in(answer)
            self.assertEqual(cache_status(answer).get("fwd-status"), "304", turn)
            self.farm.restart()
        large.version += 1
        self.fill(large, times=3)
        self.farm.restart()
        self.fill(large, times=1)


class Variants(DiskCase):
    def assert_variants(self, size):
        one = self.script(f"/c/vary/{size}", size, vary="X-A")
        ask = lambda variant: self.get(one.path, ("X-A", variant))
        for _ in range(4):
            for variant in ("red", "blue"):
                self.assertEqual(ask(variant).body, one.body(1, variant))
        for restart in (False, True):
            if restart:
                self.farm.restart()
            before = self.asked()
            for variant in ("blue", "red"):
                self.assertEqual(ask(variant).body, one.body(1, variant))
            self.assertEqual(self.asked(), before, f"restarted: {restart}")
        self.assertEqual(ask("green").body, one.body(1, "green"))
        return one, ask

    def test_large_ones(self):
        self.start()
        self.assert_variants(LARGE)

    def test_all_are_purged_over_a_restart(self):
        self.start()
        one, ask = self.assert_variants(LARGE)
        purged = self.farm.client().request("PURGE", one.path)
        self.assertEqual(purged.status, 200, purged)
        one.version = 2
        self.farm.kill()
        self.farm.start()
        for variant in ("red", "blue", "green"):
            self.assertEqual(ask(variant).body, one.body(2, variant))


class VariantsWithoutMemory(Variants):
    memory = "0"

    def test_small_ones(self):
        self.start()
        self.assert_variants(SMALL)


class Evicted(DiskCase):
    memory = "256KiB"

    def test_what_leaves_memory_is_found_and_promoted(self):
        self.start()
        many = self.script_many(200, SMALL)
        for one in many:
            self.fill(one, times=3)
        self.assertEqual(self.asked(), len(many))
        self.assertGreater(self.metric("evictions_total", "memory"), 50)
        self.assert_hits(*many)
        hits = self.metric("hits_total", "disk")
        self.assertGreater(hits, 50)
        last = many[-1]
        self.assert_hits(last)
        hits = self.metric("hits_total", "disk")
        self.assert_hits(last, last)
        self.assertEqual(self.metric("hits_total", "disk"), hits, "it was promoted to memory")

    def test_what_was_asked_for_once_is_not_written(self):
        self.start()
        many = self.script_many(200, SMALL)
        self.fill(*many, times=1)
        self.assertGreater(self.metric("evictions_total", "memory"), 50)
        self.assertEqual(self.metric("admissions_total", "disk"), 0)
        before = self.asked()
        self.fill(*many[:50], times=1)
        self.assertEqual(self.metric("admissions_total", "disk"), self.asked() - before, "the second time it is")


class Restarts(DiskCase):
    def test_a_clean_stop_loses_nothing(self):
        self.start()
        many = self.script_many(60)
        self.fill(*many)
        self.farm.stop()
        self.origin.close()
        for _ in range(2):
            self.farm.start()
            self.assert_hits(*many)
            self.farm.stop()

    def test_two_disks_share(self):
        other = self.folder / "other"
        self.start(self.disk, other)
        many = self.script_many(60)
        self.fill(*many)
        self.farm.restart()
        self.assert_hits(*many)
        for disk in (self.disk, other):
            self.assertTrue(list(disk.glob("*.segment")), disk)


class Load:
    """Clients who ask for everything, change it and purge it, until the edge is gone."""

    def __init__(self, case, seed):
        self.case, self.seed = case, seed
        self.paths = list(case.paths.values())
        self.locks = {one.path: threading.Lock() for one in self.paths}
        self.failures, self.answers, self.over = [], 0, False
        self.threads = [threading.Thread(target=self.run, args=(n,)) for n in range(4)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        dice = random.Random(self.seed * 100 + number)
        while not self.over:
            try:
                self.step(dice)
            except (OSError, wire.Broken):
                return  # it has been killed
            except Exception as error:  # of a thread, for the test to tell
                self.failures.append(error)
                return

    def step(self, dice):
        one = self.paths[min(dice.randrange(len(self.paths)), dice.randrange(len(self.paths)))]
        if dice.random() < 0.1:
            with self.locks[one.path]:
                self.change(one, purge=one.headers == FRESH)
            return
        least = one.version if one.headers == STALE else one.floor
        answer = self.ask("GET", one.path)
        if answer is None or not answer.whole:
            return
        version = one.version_in(answer)
        if version < least:
            raise AssertionError(f"{one.path}: version {version} after {least}: {answer}")
        self.answers += 1

    def change(self, one, purge):
        one.version += 1
        if purge and self.ask("PURGE", one.path) is not None:
            one.floor = one.version  # it said that the others are gone

    def ask(self, method, path):
        farm = self.case.farm
        headers = [("Host", "h")]
        if method == "PURGE":
            headers.append(("Authorization", f"Bearer {self.key}"))
        with wire.Wire((farm.host, farm.port), TIMEOUT_S) as one:
            one.send(wire.request_bytes(method, path, headers))
            answer = one.read(method)
        if answer is not None and answer.status != 200:
            raise AssertionError(f"{method} {path}: {answer}")
        return answer

    @property
    def key(self):
        return self.case.farm.admin_key

    def join(self):
        self.over = True
        for thread in self.threads:
            thread.join()
        if self.failures:
            raise self.failures[0]


class Kill9(DiskCase):
    memory = "256KiB"

    def test_nothing_but_what_the_origin_gave(self):
        """Whole, of one version, not from before a purge that was answered, and not older than the origin's word where
        that has to be asked."""
        for n in range(20):
            self.script(f"/c/fresh/{n}", LARGE + n)
            self.script(f"/c/small/{n}", SMALL + n)
            self.script(f"/c/stale/{n}", LARGE + n, headers=STALE)
        dice = random.Random(SEED)
        self.start()
        for turn in range(ROUNDS):
            load = Load(self, SEED + turn)
            aim = dice.randrange(100, 300 if SANITIZED else 1000)
            self.wait_for(f"{aim} answers", lambda: load.answers >= aim or load.failures)
            self.farm.kill()
            load.join()
            self.farm.start()
            before = self.asked()
            for one in self.paths.values():
                version = one.version_in(self.get(one.path))
                self.assertGreaterEqual(version, one.version if one.headers == STALE else one.floor, one.path)
            print(f"round {turn} (seed {SEED}): {load.answers} answers, then "
                  f"{len(self.paths) - (self.asked() - before)} of {len(self.paths)} without the origin")
        fresh = [one for one in self.paths.values() if one.headers == FRESH and one.size >= LARGE]
        for _ in range(3):
            for one in fresh:
                one.version_in(self.get(one.path))
        self.farm.restart()
        self.assert_hits(*fresh)


class Trouble(DiskCase):
    def served(self, count=6):
        """Whatever the disk does, everybody gets the right bytes."""
        many = self.script_many(count)
        self.fill(*many, times=3)
        return many

    def test_a_directory_that_is_not_there_is_made(self):
        self.disk = self.folder / "not" / "yet"
        self.start()
        self.assertEqual(self.metric("disks"), 1)
        self.assert_hits(*self.served())

    def test_one_that_cannot_be(self):
        """The others take its share, or nobody does."""
        broken = self.folder / "file"
        broken.write_text("no directory")
        for disks, working in (([broken / "disk"], 0), ([self.disk, broken], 1)):
            self.start(*disks)
            self.assertEqual(self.metric("disks"), working)
            self.assertTrue(any(str(broken) in problem for problem in self.healthz()), self.healthz())
            many = self.served()
            if working:
                self.assert_hits(*many)
            self.farm.stop()

    def test_read_only(self):
        small = SmallDisk(self.folder / "small", "40m")
        self.addCleanup(small.close)
        self.start(small.path / "disk", prefix=small.prefix)
        self.assert_hits(*self.served())
        self.farm.stop()
        small.remount("ro")
        self.farm.start()
        self.assertEqual(self.metric("disks"), 0)
        self.assertTrue(any(str(small.path) in problem for problem in self.healthz()), self.healthz())
        self.paths["/c/many/50001/0"].version = 2
        self.served()
        self.farm.stop()
        small.remount("rw")
        self.farm.start()
        self.assertEqual(self.metric("disks"), 1)
        self.served()
        self.farm.stop()

    def test_full_before_its_size(self):
        small = SmallDisk(self.folder / "small", "4m")
        self.addCleanup(small.close)
        self.start(small.path / "disk", prefix=small.prefix)
        many = self.served(90)
        self.assertLess(self.metric("bytes", "disk"), 4 << 20)
        self.farm.restart()
        self.fill(*many, times=1)
        self.farm.stop()

    def test_taken_by_another_process(self):
        first = self.new_farm().start()
        self.start(self.disk, self.folder / "own")
        self.assertEqual(self.metric("disks"), 1)
        self.assertTrue(any(str(self.disk) in problem for problem in self.healthz()), self.healthz())
        self.assert_hits(*self.served())
        self.assertEqual(self.metric("disks", farm=first), 1)
        first.stop()
        self.farm.restart()
        self.assertEqual(self.metric("disks"), 2)
        self.served()

    def test_damaged_while_it_was_stopped(self):
        self.start()
        many = self.script_many(45)
        self.fill(*many)
        self.farm.stop()
        kept = self.folder / "kept"
        shutil.copytree(self.disk, kept)
        dice = random.Random(SEED)
        hits = {}
        for kind in ("bits", "ends", "cut", "zeros", "swapped", "checkpoint", "head", "gone", "garbage"):
            shutil.rmtree(self.disk)
            shutil.copytree(kept, self.disk)
            damage(kind, self.disk, dice)
            self.farm.start()
            before = self.asked()
            with self.subTest(kind):
                self.fill(*many, times=1)
                hits[kind] = len(many) - (self.asked() - before)
                if kind == "bits":
                    self.assertGreater(self.metric("disk_corrupt_total"), 0)
                self.fill(*many, times=1)
                self.assert_hits(*many)
            self.farm.stop()
        print(f"of {len(many)} found on damaged disks: {hits}")
        self.assertEqual(hits["checkpoint"], len(many), "the segments tell everything, too")
        self.assertGreater(hits["bits"], 0, "what is not damaged is used")

    def test_gone_while_it_runs(self):
        """It drops out, /healthz says so from then on, and everybody is served all the same."""
        self.start()
        self.assert_hits(*self.served())
        self.assertEqual(self.healthz(), [])
        shutil.rmtree(self.disk)
        many = self.script_many(70)
        self.fill(*many)
        self.wait_for("it has dropped out", lambda: self.metric("disks") == 0)
        self.assertTrue(any(str(self.disk) in problem for problem in self.healthz()), self.healthz())
        self.fill(*many)

    def test_damaged_while_it_runs(self):
        self.start()
        many = self.script_many(70)
        self.fill(*many)
        self.assert_hits(*many)
        dice = random.Random(SEED)
        self.wait_for("all is written", lambda: self.metric("disk_queue_bytes") == 0)
        damage("bits", self.disk, dice)
        before = self.asked()
        self.fill(*many, times=1)
        self.assertGreater(self.asked(), before)
        self.assertEqual(self.metric("disk_corrupt_total"), self.asked() - before)
        self.fill(*many, times=2)
        self.assert_hits(*many)


def damage(kind, disk, dice):
    segments = sorted(disk.glob("*.segment"))
    assert len(segments) > 2, segments
    if kind == "bits":
        for segment in segments:
            with open(segment, "r+b") as file:
                for _ in range(8):
                    file.seek(dice.randrange(4096, segment.stat().st_size // 4096 * 4096 - 4096))
                    byte = file.read(1)[0]
                    file.seek(-1, os.SEEK_CUR)
                    file.write(bytes([byte ^ 1 << dice.randrange(8)]))
    elif kind in ("ends", "cut", "zeros"):
        for segment in segments[:: 1 if kind == "ends" else 2]:
            size = segment.stat().st_size
            with open(segment, "r+b") as file:
                if kind == "cut":
                    file.truncate(dice.randrange(size))
                else:
                    file.seek(size - 64 if kind == "ends" else dice.randrange(size // 2))
                    file.write(bytes(64 if kind == "ends" else size // 2))
    elif kind == "swapped":
        first, second = dice.sample(segments, 2)
        first.rename(disk / "x")
        second.rename(first)
        (disk / "x").rename(second)
    elif kind == "gone":
        dice.choice(segments[1:-1]).unlink()
    elif kind == "garbage":
        for file in disk.iterdir():
            if file.name != "cache.lock":
                file.write_bytes(dice.randbytes(20_000))
    else:
        for file in disk.glob(f"*{kind}*"):
            data = bytearray(file.read_bytes())
            data[dice.randrange(len(data))] ^= 0x40
            file.write_bytes(data)


if __name__ == "__main__":
    unittest.main(verbosity=1)
