"""`photofarm inspect`: what an operator sees of the files, with and without a server."""

import json
import os
import pty
import re
import subprocess

from harness import FreshFarmCase, main, pictures, run_cli
from harness.server import BINARY, PATIENCE_S


class Inspect(FreshFarmCase):
    config = '[store]\nvolume_size = "256KiB"\n'

    def setUp(self):
        super().setUp()
        client = self.farm.client()
        self.photos = [client.upload(pictures.camera_jpeg(400, 300, n), owner="ada",
                                     title=f"a \x9b title {n}") for n in range(6)]
        client.request("DELETE", f"/v1/photos/{self.photos[0]['id']}")
        client.request("POST", f"/v1/photos/{self.photos[1]['id']}/secret")
        self.volumes = sorted((self.farm.data / "volumes").glob("*.vol"))

    def inspect(self, *arguments, code=0):
        done = run_cli("inspect", *arguments)
        done.out, done.err = done.stdout.decode(), done.stderr.decode()
        self.assertEqual(done.returncode, code, f"{arguments}: {done.out}\n{done.err}")
        self.assertNotIn("\x1b", done.out + done.err, "no colours where there is no terminal")
        return done

    def test_a_volume_beside_its_server(self):
        before = [volume.read_bytes() for volume in self.volumes]
        out = self.inspect("volume", self.volumes[-1]).out
        self.assertIn(f"by process {self.farm.process.pid}", out)
        self.assertIn("copy 1 good, copy 2 good", out)
        self.assertIn("no damage seen", out)
        self.assertEqual([volume.read_bytes() for volume in self.volumes], before)
        self.farm.client().upload(pictures.jpeg(100, 80))

    def test_all_volumes_together_hold_what_was_written(self):
        self.farm.stop()
        found = [json.loads(self.inspect("volume", volume, "--json", "--check").out)
                 for volume in self.volumes]
        self.assertGreater(len(found), 1)
        self.assertEqual(sum(one["records"] for one in found), 7)
        self.assertEqual(sum(one["tombstones"] for one in found), 1)
        self.assertEqual({one["open_by"] for one in found}, {None})
        self.assertEqual(sum(one["bad_payloads"] for one in found), 0)
        self.assertEqual([one["number"] for one in found], list(range(1, len(found) + 1)))
        self.assertEqual(len({one["store"] for one in found}), 1)
        self.assertTrue(all(one["closed"] and one["footer_agrees"] for one in found[:-1]))

    def test_frames(self):
        lines = self.inspect("volume", self.volumes[0], "--frames", "--check").out.splitlines()
        self.assertRegex(lines[0], r"^ +offset +type +photo +version +sequence +bytes +written$")
        first = lines[1].split()
        self.assertEqual(first[:5], ["8192", "record", self.photos[0]["id"], "1", "1"])
        self.assertEqual(first[-1], "ok")
        *frames, summary = map(json.loads, self.inspect(
            "volume", self.volumes[0], "--frames", "--json").out.splitlines())
        self.assertEqual(frames[0]["photo"], self.photos[0]["id"])
        self.assertEqual(sum(frame["type"] == "record" for frame in frames), summary["records"])

    def test_damage(self):
        self.farm.stop()
        content = bytearray(self.volumes[0].read_bytes())
        content[50] ^= 1          # a superblock's copy
        content[8192 + 9] ^= 1    # the first frame's header
        second = [json.loads(line) for line in self.inspect(
            "volume", self.volumes[0], "--frames", "--json").out.splitlines()][1]
        content[second["offset"] + 1000] ^= 1
        self.volumes[0].write_bytes(content)
        out = self.inspect("volume", self.volumes[0], "--check", code=1).out
        self.assertIn("copy 1 DAMAGED, copy 2 good", out)
        self.assertRegex(out, rf"at 8192, {second['offset'] - 8192} bytes")
        self.assertIn("1 DO NOT MATCH", out)
        lines = self.inspect("volume", self.volumes[0], "--frames", "--check", code=1).out
        self.assertRegex(lines, rf"{second['photo']} .* BAD")

    def test_a_record(self):
        folder = self.farm.folder / "exported"
        self.assertEqual(run_cli("export", folder, farm=self.farm).returncode, 0)
        photo = self.farm.client().photo(self.photos[1]["id"])
        file = next(folder.rglob(f"{photo['id']}.record"))
        out = self.inspect("record", file).out
        self.assertIn(f"photo        {photo['id']}, version 2, server 1", out)
        self.assertNotIn("\x9b", out, "nothing that a terminal would obey")
        for size in photo["sizes"].values():
            self.assertIn(re.sub(r"^http://[^/]+", "", size["url"]), out)
        shown = json.loads(self.inspect("record", file, "--json").out)
        self.assertEqual(shown["title"], photo["title"])
        self.assertTrue(all(size["holds"] for size in shown["sizes"]))
        content = bytearray(file.read_bytes())
        content[-5] ^= 1
        file.write_bytes(content)
        self.assertRegex(self.inspect("record", file, code=1).out, r"(?m)^  o .* BAD ")
        file.write_bytes(content[:-100])
        self.assertIn("BUT THE FILE", self.inspect("record", file, code=1).out)

    def test_files_that_are_none(self):
        for kind in ("volume", "record"):
            for file in ("/etc/passwd", "/dev/null", "/nowhere", "/tmp"):
                done = self.inspect(kind, file, code=1)
                self.assertEqual(done.out, "")
                self.assertIn(file, done.err)

    def test_a_terminal_gets_colours(self):
        def seen(**environment):
            ours, theirs = pty.openpty()
            done = subprocess.Popen([str(BINARY), "inspect", "volume", str(self.volumes[0])],
                                    stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL,
                                    env={"TERM": "xterm", **environment})
            os.close(theirs)
            text = b""
            try:
                while piece := os.read(ours, 65536):
                    text += piece
            except OSError:
                pass  # Linux says so at the end
            os.close(ours)
            self.assertEqual(done.wait(PATIENCE_S), 0)
            return text
        self.assertIn(b"\x1b[1mvolume\x1b[0m", seen())
        self.assertNotIn(b"\x1b[1m", seen(NO_COLOR="1"))
        self.assertNotIn(b"\x1b[1m", seen(TERM="dumb"))


if __name__ == "__main__":
    main()
