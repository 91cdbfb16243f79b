"""Whole records out of one farm and into another: the same URLs serve the same bytes."""

import json
import re
import shutil
import subprocess
import time

from harness import FreshFarmCase, main, path_of, pictures, run_cli
from harness.server import BINARY


class ExportImport(FreshFarmCase):
    def setUp(self):
        super().setUp()
        self.folder = self.farm.folder / "exported"

    def cli(self, *arguments, farm=None, code=0):
        done = run_cli(*arguments, farm=farm or self.farm, cwd=self.farm.folder)
        done.out, done.err = done.stdout.decode(), done.stderr.decode()
        self.assertEqual(done.returncode, code, f"{arguments}: {done.out}\n{done.err}")
        return done

    def export(self, *arguments, farm=None, code=0):
        return json.loads(self.cli("export", self.folder, "--json", *arguments, farm=farm,
                                   code=code).out)

    def imported(self, farm, *arguments, code=0):
        return json.loads(self.cli("import", self.folder, "--json", *arguments, farm=farm,
                                   code=code).out)

    def files(self):
        return {path.stem: path for path in self.folder.rglob("*.record")}

    def live(self, client):
        """A farm's usual mix: replaced, edited, patched, of new secrets, private, deleted."""
        originals = {}
        for number in range(12):
            original = pictures.jpeg(700, 500, seed=number, exif=pictures.exif_of_shot())
            photo = client.upload(original, owner=f"owner{number % 3}", title=f"título {number}")
            originals[photo["id"]] = original
        replaced, edited, rotated, patched, removed, *_ = originals
        originals[replaced] = pictures.saved(pictures.quadrants(1300, 900), "PNG")
        client.request("PUT", f"/v1/photos/{replaced}/content", originals[replaced])
        client.request("POST", f"/v1/photos/{edited}/edits", {"rotate": 90})
        client.request("POST", f"/v1/photos/{rotated}/secret")
        answer = client.request("PATCH", f"/v1/photos/{patched}", {
            "title": "patched " + "x" * 500, "owner": "somebody else", "visibility": "private"})
        self.assertEqual(answer.status, 200)
        client.request("DELETE", f"/v1/photos/{removed}")
        return removed

    def bytes_of(self, farm, photos):
        anyone = farm.client(key="")
        found = {}
        for photo in photos:
            for code, size in photo["sizes"].items():
                answer = anyone.get(path_of(size["url"]))
                self.assertEqual(answer.status, 200, (photo["id"], code))
                found[path_of(size["url"])] = (answer.body, answer.header("ETag"),
                                               answer.header("Last-Modified"))
        return found

    @staticmethod
    def without_host(photos):
        text = re.sub(r"http://127\.0\.0\.1:\d+", "", json.dumps(photos))
        return {photo["id"]: photo for photo in json.loads(text)}

    def test_full_circle(self):
        removed = self.live(self.farm.client())
        photos = self.farm.client().list_all()
        expected = self.bytes_of(self.farm, photos)
        summary = self.export()
        self.assertEqual((summary["exported"], summary["failed"]), (11, 0))
        files = self.files()
        self.assertEqual(set(files), {photo["id"] for photo in photos})
        self.assertNotIn(removed, files)
        for photo in photos:
            day = photo["created_at"][:10].replace("-", "/")
            self.assertEqual(files[photo["id"]].parent, self.folder / day)

        other = self.new_farm().start()
        self.assertEqual(self.imported(other)["imported"], 11)
        self.assertEqual(self.without_host(other.client().list_all()), self.without_host(photos))
        self.assertEqual(self.bytes_of(other, photos), expected)
        # Over a restart, and a kill, too.
        other.restart()
        other.kill()
        other.start()
        self.assertEqual(self.bytes_of(other, photos), expected)
        self.assertEqual(self.cli("verify", farm=other).returncode, 0)
        # New photos there do not get in the way of old ones, nor old ones in theirs.
        new = other.client().upload(pictures.jpeg(100, 80, seed=77))
        self.assertNotIn(new["id"], files)
        # A lost catalog over there: the labels came with the records.
        other.client().request("DELETE", f"/v1/photos/{new['id']}")
        other.stop()
        (other.data / "catalog.sqlite").unlink()
        self.cli("reindex", "--data", other.data)
        other.start()
        self.assertEqual(self.without_host(other.client().list_all()), self.without_host(photos))

    def test_again_does_what_is_left(self):
        client = self.farm.client()
        first = [client.upload(pictures.jpeg(200, 100, seed=n)) for n in range(6)]
        self.assertEqual(self.export()["exported"], 6)
        self.assertEqual(self.export(), {"exported": 0, "bytes": 0, "there_already": 6,
                                         "deleted_meanwhile": 0, "failed": 0})
        files = self.files()
        files[first[0]["id"]].unlink()
        files[first[1]["id"]].write_bytes(b"cut")
        damaged = bytearray(files[first[2]["id"]].read_bytes())
        del damaged[-1]
        files[first[2]["id"]].write_bytes(damaged)
        files[first[3]["id"]].with_suffix(".record.new").write_bytes(b"of a run that was cut short")
        client.request("PATCH", f"/v1/photos/{first[4]['id']}", {"title": "new"})
        client.request("POST", f"/v1/photos/{first[5]['id']}/secret")
        client.upload(pictures.jpeg(200, 100, seed=9))
        summary = self.export()
        self.assertEqual((summary["exported"], summary["there_already"]), (6, 1))
        other = self.new_farm().start()
        self.assertEqual(self.imported(other)["imported"], 7)
        again = self.imported(other)
        self.assertEqual((again["imported"], again["there_already"], again["failed"]), (0, 7, 0))

    def test_owner_and_since(self):
        client = self.farm.client()
        client.upload(pictures.jpeg(100, 80, seed=1), owner="ada")
        client.upload(pictures.jpeg(100, 80, seed=2), owner="grace")
        client.upload(pictures.jpeg(100, 80, seed=3))
        self.assertEqual(self.export("--owner", "ada")["exported"], 1)
        self.assertEqual(self.export("--owner", "")["exported"], 1)
        self.assertEqual(self.export("--since", "2100-01-01")["exported"], 0)
        self.assertEqual(self.export("--since", "2024-01-01")["exported"], 1)
        self.assertIn("--since", self.cli("export", self.folder, "--since", "tuesday", code=2).err)

    def test_damage_is_told_and_the_rest_goes_on(self):
        client = self.farm.client()
        originals = [pictures.camera_jpeg(1400, 1000, n) for n in range(4)]
        photos = [client.upload(original) for original in originals]
        self.farm.stop()
        bad = photos[1]
        volume = self.farm.data / "volumes" / "000001.vol"
        content = bytearray(volume.read_bytes())
        content[content.find(originals[1][-1000:])] ^= 1
        volume.write_bytes(content)
        self.farm.start()
        done = self.cli("export", self.folder, code=1)
        self.assertIn(bad["id"], done.err)
        self.assertIn("damaged", done.err)
        self.assertIn("3 photos exported", done.out)
        self.assertIn("1 failed", done.out)
        self.assertEqual(set(self.files()), {p["id"] for p in photos} - {bad["id"]})

    def test_what_import_refuses(self):
        client = self.farm.client()
        photos = [client.upload(pictures.jpeg(300, 200, seed=n)) for n in range(4)]
        self.export()
        files = self.files()
        kept, replaced, removed, _ = (photo["id"] for photo in photos)
        client.request("PUT", f"/v1/photos/{replaced}/content", pictures.jpeg(310, 200, seed=50))
        client.request("DELETE", f"/v1/photos/{removed}")
        content = bytearray(files[kept].read_bytes())
        content[-10] ^= 1
        damaged = files[kept].with_name("damaged.record")
        damaged.write_bytes(content)
        nonsense = self.folder / "nonsense.record"
        nonsense.write_bytes(b"this is no record" * 10)
        done = self.cli("import", self.folder, code=1)
        self.assertIn("0 photos imported", done.out)
        self.assertIn("there already", done.out)
        for name, word in ((replaced, "already as version 2"), (removed, "deleted here"),
                           ("nonsense", "record")):
            line = next(line for line in done.err.splitlines() if name in line)
            self.assertIn(word, line)
        # To a farm that has none of it, the damaged one is refused for what it is.
        other = self.new_farm().start()
        files[kept].unlink()
        done = self.cli("import", self.folder, farm=other, code=1)
        line = next(line for line in done.err.splitlines() if "damaged.record" in line)
        self.assertIn("does not match its checksums", line)
        self.assertIsNone(other.client().photo(kept))
        self.assertIn("3 photos imported", done.out)

    def test_another_server_id_is_refused(self):
        self.farm.client().upload(pictures.jpeg(300, 200))
        self.export()
        other = self.new_farm("server_id = 7\n").start()
        err = self.cli("import", self.folder, farm=other, code=1).err
        self.assertIn("of server 1, and this is server 7", err)

    def test_the_api(self):
        client = self.farm.client()
        photo = client.upload(pictures.camera_jpeg(1500, 1000, 3))
        path = f"/v1/records/{photo['id']}"
        record = client.get(path)
        self.assertEqual(record.status, 200)
        self.assertEqual(record.header("Content-Type"), "application/octet-stream")
        head = client.head(path)
        self.assertEqual(head.body, b"")
        for name in ("ETag", "Content-Length"):
            self.assertEqual(head.header(name), record.header(name))
        self.assert_problem(client.get("/v1/records/12"), 404)
        self.assert_problem(client.get("/v1/records/x"), 404)
        self.assert_problem(client.get(path + "?x=1"), 400)
        key = json.loads(self.cli("keys", "add", "site", "--scope", "read,upload", "--json").out)
        site = self.farm.client(key["key"])
        self.assert_problem(site.get(path), 403)
        self.assert_problem(site.request("POST", "/v1/records", record.body), 403)
        self.assert_problem(self.farm.client(key="").get(path), 401)
        again = client.request("POST", "/v1/records", record.body)
        self.assertEqual((again.status, again.json()), (200, photo))
        for body in (b"", b"x", record.body[:-1], record.body + b"x", record.body[1:],
                     pictures.jpeg(100, 80)):
            self.assert_problem(client.request("POST", "/v1/records", body), 422)
        other = self.new_farm().start()
        fresh = other.client().request("POST", "/v1/records", record.body)
        self.assertEqual(fresh.status, 201)
        self.assertEqual(fresh.header("Location"), f"/v1/photos/{photo['id']}")
        self.assertEqual(self.without_host([fresh.json()]), self.without_host([photo]))

    def test_a_record_that_was_lost_comes_back(self):
        client = self.farm.client()
        photos = [client.upload(pictures.jpeg(300, 200, seed=n)) for n in range(3)]
        expected = self.bytes_of(self.farm, photos)
        self.export()
        self.farm.stop()
        shutil.rmtree(self.farm.data / "volumes")
        self.farm.start()
        self.assertEqual(self.farm.client(key="").get(photos[0]["sizes"]["m"]["url"]).status, 404)
        self.assertEqual(self.imported(self.farm)["imported"], 3)
        self.assertEqual(self.bytes_of(self.farm, photos), expected)

    def test_a_kill_while_importing(self):
        client = self.farm.client()
        photos = [client.upload(pictures.jpeg(400, 300, seed=n)) for n in range(40)]
        expected = self.bytes_of(self.farm, photos)
        self.export()
        other = self.new_farm().start()
        for _ in range(3):
            running = subprocess.Popen(
                [str(BINARY), "import", str(self.folder)], stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PHOTOFARM_SERVER": other.url, "PHOTOFARM_KEY": other.admin_key})
            give_up = time.monotonic() + 60
            have = len(other.client().list_all())
            while len(other.client().list_all()) == have and time.monotonic() < give_up:
                if running.poll() is not None:
                    break
            other.kill()
            self.assertIsNotNone(running.wait(timeout=60))
            other.start()
        self.assertEqual(self.imported(other)["failed"], 0)
        self.assertEqual(self.bytes_of(other, photos), expected)

    def test_no_server_and_no_folder(self):
        self.cli("import", self.farm.folder / "nowhere", code=1)
        self.folder.mkdir()
        done = self.cli("export", self.folder, "--server", "http://127.0.0.1:1", code=3)
        self.assertIn("127.0.0.1:1", done.err)


if __name__ == "__main__":
    main()
