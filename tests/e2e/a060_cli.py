"""The command line, as people and as programs use it.

Exit codes: 0 done, 1 something failed, 2 wrong options or configuration, 3 no server answered.
"""

import json
import re
import stat

from harness import Farm, FarmCase, main, pictures, run_cli
from harness.case import Assertions


class Commands(FarmCase):
    def setUp(self):
        self.folder = self.farm.folder / self.id().split(".")[-1]
        self.folder.mkdir()

    def cli(self, *arguments, code=0, **options):
        done = run_cli(*arguments, farm=self.farm, cwd=self.folder, **options)
        done.out, done.err = done.stdout.decode(), done.stderr.decode()
        self.assertEqual(done.returncode, code, f"{arguments}: {done.out}\n{done.err}")
        return done

    def picture(self, name, content=None):
        path = self.folder / name
        path.write_bytes(content or pictures.jpeg(1100, 700, seed=len(name)))
        return path

    def test_put_prints_the_urls(self):
        path = self.picture("bridge.jpg")
        out = self.cli("put", path).out
        urls = re.findall(r"http://\S+", out)
        self.assertEqual(len(urls), 6, out)
        for url in urls:
            self.assertEqual(self.anyone.get(url).status, 200)
        self.assertTrue(any(self.anyone.get(u).body == path.read_bytes() for u in urls))

    def test_put_json_is_one_object_a_line(self):
        paths = [self.picture(f"{n}.jpg" * n) for n in range(1, 6)]
        lines = self.cli("put", "--json", *paths).out.splitlines()
        photos = [json.loads(line) for line in lines]
        self.assertEqual(len(photos), 5)
        for photo, path in zip(photos, paths):
            self.assertTrue(self.anyone.get(photo["sizes"]["o"]["url"]).body == path.read_bytes(),
                            "the lines are in the order of the files")

    def test_put_tells_which_file_was_refused_and_stores_the_others(self):
        good, bad = self.picture("good.jpg"), self.picture("bad.jpg", b"not a picture at all")
        done = self.cli("put", "--json", bad, good, self.folder / "missing.jpg", code=1)
        self.assertEqual(len(done.out.splitlines()), 1)
        self.assertIn("bad.jpg", done.err)
        self.assertIn("missing.jpg", done.err)
        self.assertNotIn("\x1b[", done.out + done.err, "no colours where there is no terminal")

    def test_info_list_and_rm(self):
        photo = json.loads(self.cli("put", "--json", self.picture("a.jpg")).out)
        self.assertEqual(json.loads(self.cli("info", "--json", photo["id"]).out), photo)
        self.assertIn(photo["id"], self.cli("info", photo["id"]).out)
        self.assertIn(photo["dominant_color"], self.cli("info", photo["id"]).out)
        self.assertIn(photo["id"], self.cli("list").out)
        listed = [json.loads(line) for line in self.cli("list", "--json").out.splitlines()]
        self.assertIn(photo["id"], [p["id"] for p in listed])
        self.cli("rm", photo["id"])
        self.assertNotIn(photo["id"], self.cli("list").out)
        for command in ("info", "rm"):
            self.assertIn(photo["id"], self.cli(command, photo["id"], code=1).err)

    def test_list_goes_on_over_pages(self):
        ids = {self.client.upload(pictures.jpeg(20, 10, seed=n))["id"] for n in range(120)}
        listed = {json.loads(line)["id"] for line in self.cli("list", "--json").out.splitlines()}
        self.assertTrue(ids <= listed, ids - listed)

    def test_verify(self):
        self.cli("put", self.picture("a.jpg"))
        self.assertRegex(self.cli("verify").out, r"\d")

    def test_keys(self):
        out = self.cli("keys", "add", "site", "--scope", "upload,read").out
        key = re.search(r"pf_[0-9a-f]{40}", out)[0]
        self.assertEqual(self.farm.client(key).get("/v1/photos").status, 200)
        listed = self.cli("keys", "list").out
        self.assertIn("site", listed)
        self.assertNotIn(key, listed)
        self.cli("keys", "add", "site", "--scope", "read", code=1)
        self.assertIn("everything",
                      self.cli("keys", "add", "odd", "--scope", "everything", code=1).err)
        self.cli("keys", "revoke", "site")
        self.assertEqual(self.farm.client(key).get("/v1/photos").status, 401)
        self.cli("keys", "revoke", "site", code=1)

    def test_the_admin_key_is_found_by_the_data_directory(self):
        environment = {"PHOTOFARM_KEY": "", "PHOTOFARM_SERVER": ""}
        done = run_cli("list", "--json", "--data", self.farm.data, "--server", self.farm.url,
                       env=environment, cwd=self.folder)
        self.assertEqual(done.returncode, 0, done)

    def test_wrong_keys_and_servers_are_explained(self):
        done = self.cli("list", "--key", "pf_" + "0" * 40, code=1)
        self.assertIn("key", done.err)
        done = self.cli("list", "--server", "http://127.0.0.1:1", code=3)
        self.assertIn("127.0.0.1:1", done.err)
        self.cli("list", "--server", "nonsense://x", code=2)


class WithoutServer(Assertions):
    def cli(self, *arguments, code=0, cwd="/tmp"):
        done = run_cli(*arguments, cwd=cwd)
        self.assertEqual(done.returncode, code, done)
        return done.stdout.decode(), done.stderr.decode()

    def test_version(self):
        out, _ = self.cli("version")
        self.assertRegex(out, r"^photofarm \d+\.\d+\.\d+")
        self.assertEqual(self.cli("--version")[0].split()[:2], out.split()[:2])

    def test_help(self):
        out, _ = self.cli("--help")
        for command in ("serve", "put", "info", "rm", "list", "verify", "keys", "check-config",
                        "version", "export", "import", "reindex", "inspect"):
            self.assertRegex(out, rf"\b{command}\b")
            help_text, _ = self.cli(command, "--help")
            self.assertIn(command, help_text)
            if command not in ("version", "verify"):
                self.assertIn("photofarm " + command, help_text, "help shows an example")

    def test_mistakes_on_the_command_line(self):
        for arguments in ((), ("fly",), ("put",), ("info",), ("rm",), ("serve", "--port", "1"),
                          ("keys",), ("keys", "add"), ("check-config",), ("list", "extra"),
                          ("export",), ("import",), ("inspect",), ("inspect", "volume"),
                          ("reindex", "extra")):
            with self.subTest(arguments):
                out, err = self.cli(*arguments, code=2)
                self.assertEqual(out, "")
                self.assertTrue(err.strip())


class Configuration(Assertions):
    def setUp(self):
        self.farm = Farm()
        self.addCleanup(self.farm.close)

    def check(self, text, code):
        self.farm.config_file.write_text(text)
        done = run_cli("check-config", "-c", self.farm.config_file)
        self.assertEqual(done.returncode, code, (text, done))
        return done.stdout.decode(), done.stderr.decode()

    def test_good_ones(self):
        for text in ("", "# nothing\n", 'listen = "0.0.0.0:8080"\nserver_id = 7\n',
                     '[image]\njpeg_quality = 90\nmax_file = "10MiB"\n',
                     '[net]\nhead_timeout = "5s"\nmax_connections = 100\n'):
            self.check(text, 0)

    def test_mistakes_are_named_with_file_line_and_key(self):
        for text, line, key in (
                ('listn = "x:1"\n', 1, "listn"), ("\n[image]\nquality = 3\n", 3, "image.quality"),
                ('[image]\njpeg_quality = "high"\n', 2, "image.jpeg_quality"),
                ("[image]\njpeg_quality = 101\n", 2, "image.jpeg_quality"),
                ('[image]\nmax_file = "10 bananas"\n', 2, "image.max_file"),
                ("[image]\nmax_file = 10\n", 2, "image.max_file"),
                ('[net]\nhead_timeout = "5"\n', 2, "net.head_timeout"),
                ('[net]\nhead_timeout = "-5s"\n', 2, "net.head_timeout"),
                ("server_id = 1024\n", 1, "server_id"), ("server_id = 1.5\n", 1, "server_id"),
                ("[nett]\nx = 1\n", 1, "nett")):
            with self.subTest(text):
                _, err = self.check(text, 2)
                self.assertIn(f"{self.farm.config_file}:{line}", err)
                self.assertIn(key, err)

    def test_all_mistakes_are_told_at_once(self):
        _, err = self.check('a = 1\nb = 2\n[net]\nc = 3\nhead_timeout = 7\n', 2)
        for key in ("a", "b", "net.c", "net.head_timeout"):
            self.assertRegex(err, rf"(?m)^\S+:\d+(:\d+)?: .*\b{re.escape(key)}\b")

    def test_a_near_miss_is_named(self):
        self.assertIn("jpeg_quality", self.check("[image]\njpeg_qualty = 80\n", 2)[1])

    def test_no_toml_and_no_file(self):
        self.assertIn(f"{self.farm.config_file}:2", self.check('a = 1\nb = = 2\n', 2)[1])
        done = run_cli("check-config", "-c", "/nowhere/photofarm.toml")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"/nowhere/photofarm.toml", done.stderr)

    def test_serve_refuses_a_bad_configuration(self):
        self.farm.config_file.write_text("listn = 1\n")
        done = run_cli("serve", "-c", self.farm.config_file, "--data", self.farm.data)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b":1: listn", done.stderr)
        self.assertFalse(self.farm.data.exists(), "nothing is made before the configuration is read")

    def test_serve_refuses_an_address_that_is_taken_or_none(self):
        self.farm.start()
        for address, said in ((f"127.0.0.1:{self.farm.port}", b"--listen"), ("nonsense", b"nonsense"),
                              ("127.0.0.1:99999", b"99999")):
            other = Farm()
            self.addCleanup(other.close)
            done = run_cli("serve", "--data", other.data, "--listen", address)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(said, done.stderr)

    def test_the_data_directory_is_private(self):
        self.farm.start()
        self.assertEqual(stat.S_IMODE(self.farm.data.stat().st_mode) & 0o077, 0)


if __name__ == "__main__":
    main()
