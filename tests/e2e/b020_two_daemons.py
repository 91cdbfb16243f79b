"""Two servers can't have one data directory."""

from harness import Farm, FreshFarmCase, main, pictures, run_cli


class TwoDaemons(FreshFarmCase):
    def test_the_second_refuses_and_the_first_goes_on(self):
        original = pictures.jpeg()
        photo = self.farm.client().upload(original)
        second = run_cli("serve", "--data", self.farm.data, "--listen", "127.0.0.1:0")
        self.assertNotEqual(second.returncode, 0)
        self.assertNotIn(b"listening on", second.stdout)
        self.assertIn(str(self.farm.data), second.stderr.decode())
        self.assertIn(str(self.farm.process.pid), second.stderr.decode(), "say who has it")
        self.assert_photo_serves(self.farm.client(key=""), photo, original, (1200, 800))
        self.farm.client().upload(pictures.jpeg(seed=1))

    def test_a_server_that_was_killed_leaves_no_lock_behind(self):
        original = pictures.jpeg()
        photo = self.farm.client().upload(original)
        self.farm.kill()
        self.farm.start()
        self.assert_photo_serves(self.farm.client(key=""), photo, original, (1200, 800))

    def test_a_data_directory_that_can_not_be_made(self):
        done = run_cli("serve", "--data", "/proc/photofarm-data", "--listen", "127.0.0.1:0")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"/proc/photofarm-data", done.stderr)

    def test_a_data_directory_that_is_a_file(self):
        other = Farm()
        self.addCleanup(other.close)
        other.data.write_text("not a directory")
        done = run_cli("serve", "--data", other.data, "--listen", "127.0.0.1:0")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(str(other.data), done.stderr.decode())


if __name__ == "__main__":
    main()
