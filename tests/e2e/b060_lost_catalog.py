"""A lost or old catalog never costs a photo: the server refuses to start, and reindex makes the rows
from the photos themselves."""

import json
import shutil
import sqlite3

from harness import FreshFarmCase, main, pictures, run_cli
from harness.case import Assertions


class LostCatalog(FreshFarmCase):
    def setUp(self):
        super().setUp()
        self.originals = {}

    def upload(self, count, **query):
        client = self.farm.client()
        for _ in range(count):
            original = pictures.jpeg(300, 200, seed=len(self.originals))
            photo = client.upload(original, **query)
            self.originals[photo["id"]] = (photo, original)

    def catalog(self):
        return self.farm.data / "catalog.sqlite"

    def reindex(self, *arguments, code=0):
        done = run_cli("reindex", "--data", self.farm.data, *arguments)
        self.assertEqual(done.returncode, code, done)
        return done.stdout.decode(), done.stderr.decode()

    def refused(self, *words):
        done = run_cli("serve", "--data", self.farm.data, "--listen", "127.0.0.1:0")
        self.assertEqual(done.returncode, 1, done)
        error = done.stderr.decode()
        for word in (*words, "Nothing was changed", "photofarm reindex"):
            self.assertIn(word, error)

    def all_serve(self):
        anyone, client = self.farm.client(key=""), self.farm.client()
        for photo, original in self.originals.values():
            self.assertEqual(client.photo(photo["id"])["sizes"].keys(), photo["sizes"].keys())
            for code, size in photo["sizes"].items():
                answer = anyone.get(size["url"])
                self.assertEqual(answer.status, 200, code)
            self.assertTrue(anyone.get(photo["sizes"]["o"]["url"]).body == original)

    def test_a_lost_catalog(self):
        self.upload(5, owner="ada", title="first title")
        self.farm.stop()
        lost = self.farm.folder / "lost.sqlite"
        self.catalog().rename(lost)
        self.refused("missing")
        self.assertFalse(self.catalog().exists(), "a refused start makes nothing")
        self.refused("missing")
        # Put back, all is as before.
        lost.rename(self.catalog())
        self.farm.start()
        self.all_serve()

    def test_reindex_after_a_loss(self):
        self.upload(6, owner="ada", title="a title", visibility="private")
        client = self.farm.client()
        gone, changed, *_ = self.originals
        client.request("DELETE", f"/v1/photos/{gone}")
        del self.originals[gone]
        new = pictures.jpeg(640, 480, seed=99)
        photo = client.request("PUT", f"/v1/photos/{changed}/content", new).json()
        self.originals[changed] = (photo, new)
        key = json.loads(run_cli("keys", "add", "site", "--json", farm=self.farm).stdout)["key"]
        before = {p["id"]: p for p in client.list_all()}
        self.farm.stop()
        self.catalog().unlink()
        out, _ = self.reindex()
        self.assertIn("5 rows added", out)
        self.assertIn("API keys", out)
        out, _ = self.reindex("--json")
        again = json.loads(out)
        self.assertEqual((again["records"], again["rows_added"]), (5, 0))

        self.farm.start()
        self.all_serve()
        after = {p["id"]: p for p in self.farm.client().list_all()}
        for one in (*before.values(), *after.values()):
            del one["sizes"]  # their URLs name the port
        self.assertEqual(after, before)
        self.assertEqual(self.farm.client(key).get("/v1/photos").status, 401)
        self.upload(1)
        self.farm.restart()
        self.all_serve()

    def test_an_old_copy_is_refused(self):
        self.upload(2)
        self.farm.stop()
        copy = self.farm.folder / "copy.sqlite"
        shutil.copy(self.catalog(), copy)
        self.farm.start()
        self.upload(3)
        self.farm.stop()
        shutil.copy(copy, self.catalog())
        self.refused("catalog")
        self.assertIn("3 rows added", self.reindex()[0])
        self.farm.start()
        self.all_serve()

    def test_a_copy_of_the_running_session_is_refused(self):
        """Nightly backups are made while the server runs, for months."""
        self.upload(2)
        copy = self.farm.folder / "copy.sqlite"
        self.backup(copy)
        self.upload(2)
        self.farm.stop()
        shutil.copy(copy, self.catalog())
        self.refused("old copy")
        self.assertIn("2 rows added", self.reindex()[0])
        self.farm.start()
        self.all_serve()

    def backup(self, copy):
        source = sqlite3.connect(f"file:{self.catalog()}?mode=ro", uri=True)
        target = sqlite3.connect(copy)
        with target:
            source.backup(target)
        target.close()
        source.close()

    def test_a_backup_while_the_server_runs(self):
        """As docs/operating.md has it: the catalog first, then the volumes, without the tie."""
        self.upload(3)
        backup = self.new_farm()
        (backup.data / "volumes").mkdir(parents=True)
        backup.data.chmod(0o700)
        self.backup(backup.data / "catalog.sqlite")
        self.upload(2)
        for volume in (self.farm.data / "volumes").glob("*.vol"):
            shutil.copy(volume, backup.data / "volumes")
        self.farm.stop()
        self.farm = backup
        self.refused("2 of 5 photos")
        self.assertIn("2 rows added", self.reindex()[0])
        self.farm.start()
        self.all_serve()

    def test_a_farm_from_before_there_were_ties_starts(self):
        self.upload(3)
        self.farm.stop()
        database = sqlite3.connect(self.catalog())
        with database:
            database.execute("DELETE FROM fact WHERE name = 'session'")
        database.close()
        (self.farm.data / "catalog.session").unlink()
        self.farm.start()
        self.all_serve()
        self.farm.restart()
        self.all_serve()

    def test_the_file_is_lost_and_the_catalog_is_not(self):
        self.upload(3)
        self.farm.stop()
        (self.farm.data / "catalog.session").unlink()
        self.farm.start()
        self.all_serve()

    def test_kill_and_start_again_and_again(self):
        for _ in range(4):
            self.upload(2)
            self.farm.kill()
            self.farm.start()
            self.all_serve()

    def test_reindex_beside_a_running_server(self):
        self.upload(1)
        _, err = self.reindex(code=1)
        self.assertIn(str(self.farm.process.pid), err)
        self.all_serve()

    def test_progress_goes_to_stderr_and_stays_plain(self):
        self.upload(1)
        self.farm.stop()
        self.catalog().unlink()
        out, err = self.reindex()
        self.assertNotIn("\x1b", out + err)


class WithoutStore(Assertions):
    def test_reindex_makes_no_new_farm(self):
        done = run_cli("reindex", "--data", "/tmp/there-is-no-photofarm-here")
        self.assertEqual(done.returncode, 1, done)
        self.assertIn(b"there is no store in /tmp/there-is-no-photofarm-here", done.stderr)


if __name__ == "__main__":
    main()
