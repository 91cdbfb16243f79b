"""`photofarm simulate`: access logs and traces, packed or not, into hit ratios and a drawing."""

import gzip
import json
import lzma
import os
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from harness import main, run_cli
from harness.case import Assertions
from harness.server import BINARY, PATIENCE_S

LOG_LINE = '192.0.2.1 - - [22/Nov/2026:11:00:00 +0000] "GET /{}.jpg HTTP/1.1" 200 {} "-" "curl"\n'
TRACE = Path(os.environ.get("PHOTOFARM_TRACES", "/nowhere")) / "adaptsize-cdn.trace.xz"


class Simulate(Assertions):
    def setUp(self):
        self.work = tempfile.TemporaryDirectory()
        self.addCleanup(self.work.cleanup)
        # Twenty objects, four times each in turn.
        self.log = "".join(LOG_LINE.format(n % 20, 10_000 + n % 20) for n in range(80))

    def file(self, name, content):
        path = Path(self.work.name) / name
        path.write_bytes(content)
        return path

    def simulate(self, *arguments, code=0):
        done = run_cli("simulate", *arguments)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stderr.decode()}")
        return done

    def ratios(self, *arguments):
        told = json.loads(self.simulate(*arguments, "--json").stdout)
        return [run["object_hit_ratio"] for run in told["results"]], told

    def test_a_log_packed_or_not(self):
        plain = self.log.encode()
        files = [self.file("log", plain), self.file("log.gz", gzip.compress(plain)),
                 self.file("log.xz", lzma.compress(plain))]
        for file in files:
            ratios, told = self.ratios("--trace", file, "--memory", "1MiB,64KiB")
            self.assertEqual((told["requests"], told["objects"]), (80, 20))
            # The smaller size first; LRU never has what comes in turns and does not fit.
            self.assertEqual(ratios[1:], [0, 0.75, 0.75], file.name)

    def test_stdin(self):
        done = subprocess.run([BINARY, "simulate", "--trace", "-", "--unit-cost", "--memory", "100%",
                               "--policy", "lru", "--json"], input=self.log.encode(),
                              stdout=subprocess.PIPE, timeout=PATIENCE_S)
        (run,) = json.loads(done.stdout)["results"]
        self.assertEqual((run["capacity_objects"], run["object_hit_ratio"]), (20, 0.75))

    def test_a_table_and_a_drawing(self):
        plot = Path(self.work.name) / "hits.svg"
        out = self.simulate("--trace", self.file("log", self.log.encode()), "--memory", "50%,200%",
                            "--plot", plot).stdout.decode()
        self.assertIn("80 requests for 20 objects", out)
        self.assertRegex(out, r"s3fifo +\S+ KB +200 % +75\.00 %")
        texts = [text.text for text in ElementTree.parse(plot).iter()
                 if text.tag.endswith("}text")]
        for expected in ("S3-FIFO", "LRU", "object hit ratio", "50 %", "200 %"):
            self.assertIn(expected, texts)

    def test_a_disk_below(self):
        # A thousand objects of 20 KB, twice each in turn: memory has the second, the disk the next round.
        log = "".join(LOG_LINE.format(n // 2 % 1000, 20_000) for n in range(8000))
        plot = Path(self.work.name) / "hits.svg"
        arguments = ("--trace", self.file("log", log.encode()), "--policy", "s3fifo", "--memory",
                     "2MiB", "--disk", "8MiB,64MiB", "--plot", plot)
        _, told = self.ratios(*arguments)
        small, large = told["results"]
        self.assertEqual((small["object_hit_ratio"], large["object_hit_ratio"]), (0.5, 0.5))
        self.assertEqual(large["disk"]["capacity_bytes"], 64 << 20)
        self.assertGreater(large["total_object_hit_ratio"], 0.85)
        self.assertLess(small["total_object_hit_ratio"], large["total_object_hit_ratio"])
        # Each object is written once: an eighth of what is asked for, and a little around it.
        self.assertGreater(large["disk"]["write_ratio"], 0.12)
        self.assertLess(large["disk"]["write_ratio"], 0.14)
        texts = [text.text for text in ElementTree.parse(plot).iter()
                 if text.tag.endswith("}text")]
        for expected in ("S3-FIFO, 2.1 MB memory", "Requests answered from memory or disk"):
            self.assertIn(expected, texts)
        out = self.simulate(*arguments).stdout.decode()
        self.assertRegex(out, r"s3fifo +2.1 MB +\S+ % +67 MB +\S+ % +50.00 % +\d\d")

    def test_what_is_wrong_is_told(self):
        log = self.file("log", self.log.encode())
        for code, arguments, words in (
                (2, ("--trace", self.file("sizes", b"m 12903\n")), "is no line of a trace"),
                (2, ("--trace", self.file("empty", b"")), "no request in it"),
                (2, ("--trace", log, "--memory", "5"), "is no size"),
                (2, ("--trace", log, "--policy", "random"), "is no policy"),
                (2, ("--trace", log, "--disk", "1MiB"), "is too small"),
                (2, ("--trace", log, "--disk", "5%", "--unit-cost"), "does not go with"),
                (1, ("--trace", "/nowhere/log"), "No such file"),
                (1, ("--trace", self.file("cut.gz", gzip.compress(self.log.encode())[:-12])),
                 "cut short")):
            self.assertIn(words, self.simulate(*arguments, code=code).stderr.decode())

    def test_a_published_trace(self):
        if not TRACE.exists():
            self.skipTest("PHOTOFARM_TRACES names no folder with adaptsize-cdn.trace.xz")
        ratios, _ = self.ratios("--trace", TRACE, "--unit-cost", "--memory", "1%,5%,10%",
                                "--policy", "s3fifo")
        for got, wanted in zip(ratios, (0.265, 0.355, 0.381)):
            self.assertGreaterEqual(got, wanted)


if __name__ == "__main__":
    main()
