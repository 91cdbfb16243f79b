"""Who knows the URL may see the photo, and nobody else learns anything."""

from harness import FarmCase, main, path_of, pictures


def other_secret(secret):
    return ("1" if secret[0] == "0" else "0") + secret[1:]


class PermissionUrls(FarmCase):
    def setUp(self):
        self.original = pictures.jpeg(1300, 900)
        self.photo = self.client.upload(self.original)
        self.paths = {code: path_of(size["url"]) for code, size in self.photo["sizes"].items()}

    def all_dead(self, photo):
        for code, size in photo["sizes"].items():
            self.assertIn(self.anyone.get(size["url"]).status, (404, 410), code)

    def test_wrong_secret_and_unknown_id_look_the_same(self):
        photo = self.photo
        unknown = str(int(photo["id"]) + (1 << 40))
        secret, server = photo["secret"], photo["server"]
        wrong = other_secret(secret)
        nothing = self.anyone.get(f"/{server}/{unknown}_{secret}.jpg")
        self.assertEqual(nothing.status, 404)
        self.assertEqual(nothing.header("Content-Type"), "application/problem+json")
        for path in (
                f"/{server}/{photo['id']}_{wrong}.jpg",
                f"/{server}/{photo['id']}_{secret[:-1]}{other_secret(secret[-1])}.jpg",
                f"/{server}/{photo['id']}_{wrong}_b.jpg",
                f"/{server}/{photo['id']}_{wrong}_k.jpg",
                f"/{server}/{photo['id']}_{wrong}_o.jpg",
                f"/{server}/{unknown}_{secret}_s.jpg",
                f"/{server}/{unknown}_{secret}_k.jpg",
                f"/{server}/{unknown}_{secret}_o.jpg",
                f"/{server + 1}/{photo['id']}_{secret}.jpg",
                # The two secrets open only what is theirs.
                f"/{server}/{photo['id']}_{secret}_o.jpg",
                f"/{server}/{photo['id']}_{photo['original_secret']}.jpg",
                # The right secret, but not the type the original has.
                f"/{server}/{photo['id']}_{photo['original_secret']}_o.png",
        ):
            with self.subTest(path):
                self.assertEqual(self.anyone.get(path).same_but_date(), nothing.same_but_date())
                self.assertEqual(self.anyone.head(path).status, 404)
        conditional = {"If-None-Match": "*", "Range": "bytes=0-9"}
        self.assertEqual(
            self.anyone.get(f"/{server}/{photo['id']}_{wrong}.jpg", conditional).same_but_date(),
            nothing.same_but_date())

    def test_only_the_one_form_is_a_url(self):
        good = self.paths["t"]
        server, rest = good[1:].split("/")
        number, secret, _ = rest.split("_")
        for path in (
                f"/0{server}/{rest}", f"/+{server}/{rest}", f"/{server}/0{rest}", f"//{server}/{rest}",
                f"/{server}/./{rest}", f"/{server}//{rest}", f"/{server}/%2e/{rest}",
                f"/x/../{server}/{rest}", f"{good}/", f"{good}.jpg", f"{good}%00", f"{good};x",
                good.replace("_t.jpg", "_T.jpg"), good.replace("_t.jpg", "_t.png"),
                good.replace("_t.jpg", "_t.JPG"), good.replace("_t.jpg", "_t.jpeg"),
                good.replace("_t.jpg", "_x.jpg"), good.replace("_t.jpg", "_-.jpg"),
                good.replace("_t.jpg", "_.jpg"), good.replace("_t.jpg", "_t"),
                f"/{server}/{number}_{secret.upper()}g_t.jpg", f"/{server}/{number}_{secret}0_t.jpg",
                f"/{server}/{number}_{secret[:-1]}_t.jpg", f"/{server}/{number}%5f{secret}_t.jpg",
                f"/{server}/-{number}_{secret}_t.jpg", f"/99999/{rest}",
                f"/{server}/18446744073709551617_{secret}_t.jpg"):
            with self.subTest(path):
                self.assertEqual(self.anyone.get(path).status, 404)
        if secret.upper() != secret:
            self.assertEqual(self.anyone.get(good.replace(secret, secret.upper())).status, 404)
        self.assertEqual(self.anyone.get(good).status, 200)

    def test_new_bytes_kill_the_old_urls(self):
        replacement = pictures.camera_jpeg(900, 1200, seed=4)
        answer = self.client.request("PUT", f"/v1/photos/{self.photo['id']}/content", replacement)
        self.assertEqual(answer.status, 200, answer)
        photo = answer.json()
        self.assertEqual((photo["id"], photo["version"]), (self.photo["id"], 2))
        self.assertNotEqual(photo["secret"], self.photo["secret"])
        self.assertNotEqual(photo["original_secret"], self.photo["original_secret"])
        self.all_dead(self.photo)
        self.assert_photo_serves(self.anyone, photo, replacement, (900, 1200))

    def test_a_refused_replacement_changes_nothing(self):
        answer = self.client.request("PUT", f"/v1/photos/{self.photo['id']}/content", b"no picture")
        self.assert_problem(answer, 415)
        self.assertEqual(self.client.photo(self.photo["id"]), self.photo)
        self.assert_photo_serves(self.anyone, self.photo, self.original, (1300, 900))

    def test_new_secrets_kill_the_old_urls(self):
        answer = self.client.request("POST", f"/v1/photos/{self.photo['id']}/secret")
        self.assertEqual(answer.status, 200, answer)
        photo = answer.json()
        self.assertEqual(photo["version"], 2)
        self.assertNotEqual(photo["secret"], self.photo["secret"])
        self.assertNotEqual(photo["original_secret"], self.photo["original_secret"])
        self.all_dead(self.photo)
        self.assert_photo_serves(self.anyone, photo, self.original, (1300, 900))

    def test_an_edit_kills_the_old_urls(self):
        answer = self.client.request("POST", f"/v1/photos/{self.photo['id']}/edits", {"rotate": 90})
        self.assertEqual(answer.status, 200, answer)
        photo = answer.json()
        self.assertEqual((photo["version"], photo["width"], photo["height"]), (2, 900, 1300))
        self.all_dead(self.photo)
        body = self.anyone.get(photo["sizes"]["m"]["url"]).body
        shown = self.assert_clean_jpeg(body, pictures.scaled(900, 1300, "m"))
        red, green, blue, white = pictures.QUADRANTS
        for found, colour in zip(pictures.quadrant_pixels(shown), (blue, red, white, green)):
            self.assert_near(found, colour)

    def test_a_crop(self):
        answer = self.client.request("POST", f"/v1/photos/{self.photo['id']}/edits",
                                     {"crop": [650, 0, 600, 400]})
        self.assertEqual(answer.status, 200, answer)
        photo = answer.json()
        self.assertEqual((photo["width"], photo["height"]), (600, 400))
        shown = self.assert_clean_jpeg(self.anyone.get(photo["sizes"]["m"]["url"]).body, (240, 160))
        for found in pictures.quadrant_pixels(shown):
            self.assert_near(found, pictures.GREEN)

    def test_many_versions_only_the_last_serves(self):
        versions = [self.photo]
        for turn in range(5):
            path = f"/v1/photos/{self.photo['id']}/secret"
            versions.append(self.client.request("POST", path).json())
        self.assertEqual([p["version"] for p in versions], [1, 2, 3, 4, 5, 6])
        for photo in versions[:-1]:
            self.all_dead(photo)
        self.assert_photo_serves(self.anyone, versions[-1], self.original, (1300, 900))

    def test_visibility_is_not_in_the_url(self):
        answer = self.client.request("PATCH", f"/v1/photos/{self.photo['id']}",
                                     {"visibility": "private"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json()["version"], 1)
        self.assert_photo_serves(self.anyone, self.photo, self.original, (1300, 900))

    def test_deleted_means_gone(self):
        self.assertEqual(self.client.request("DELETE", f"/v1/photos/{self.photo['id']}").status, 204)
        self.all_dead(self.photo)
        for code in pictures.ON_DEMAND:
            path = self.paths["t"].replace("_t.jpg", f"_{code}.jpg")
            self.assertIn(self.anyone.get(path).status, (404, 410))
        for method, path, body in (
                ("GET", "", None), ("PATCH", "", {"title": "x"}), ("DELETE", "", None),
                ("POST", "/secret", None), ("POST", "/edits", {"rotate": 90}),
                ("PUT", "/content", self.original)):
            answer = self.client.request(method, f"/v1/photos/{self.photo['id']}{path}", body)
            self.assertIn(answer.status, (404, 410), (method, path, answer))

    def test_secrets_do_not_repeat(self):
        secrets = set()
        for n in range(8):
            photo = self.client.upload(pictures.jpeg(40, 30, seed=n))
            secrets |= {photo["secret"], photo["original_secret"]}
        self.assertEqual(len(secrets), 16)

    def test_secrets_are_not_logged(self):
        self.anyone.get(self.paths["t"])
        self.anyone.get(self.paths["t"].replace("_t", "_x"))
        self.assertNotIn(self.photo["secret"], self.farm.log())
        self.assertNotIn(self.farm.admin_key, self.farm.log())


if __name__ == "__main__":
    main()
