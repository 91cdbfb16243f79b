"""The main job: a camera's JPEG goes in, six URLs come back, each shows the right picture."""

import urllib.parse

from harness import FreshFarmCase, main, path_of, pictures

PHOTO_FIELDS = {"id", "server", "version", "owner", "title", "visibility", "secret",
                "original_secret", "format", "width", "height", "bytes", "created_at", "changed_at",
                "dominant_color", "thumb_hash", "sizes"}


class UploadAndView(FreshFarmCase):
    def setUp(self):
        super().setUp()
        self.client, self.anyone = self.farm.client(), self.farm.client(key="")

    def test_a_camera_jpeg_gets_six_urls_that_all_serve(self):
        original = pictures.camera_jpeg(3000, 2000, seed=1)
        photo = self.client.upload(original, owner="ada", title="The bridge, 1840",
                                   visibility="private")
        self.assertEqual(set(photo), PHOTO_FIELDS)
        self.assertEqual((photo["version"], photo["owner"], photo["title"], photo["visibility"]),
                         (1, "ada", "The bridge, 1840", "private"))
        self.assertEqual((photo["format"], photo["bytes"]), ("jpg", len(original)))
        self.assertRegex(photo["id"], r"^[1-9][0-9]{0,18}$")
        self.assertRegex(photo["secret"], r"^[0-9a-f]{20}$")
        self.assertRegex(photo["original_secret"], r"^[0-9a-f]{20}$")
        self.assertNotEqual(photo["secret"], photo["original_secret"])
        self.assertRegex(photo["created_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        # Who knows a URL may see the photo: no key needed, whatever the visibility.
        self.assert_photo_serves(self.anyone, photo, original, (3000, 2000))

    def test_urls_have_the_one_form(self):
        photo = self.client.upload(pictures.jpeg())
        stem = f"/{photo['server']}/{photo['id']}_"
        for code, size in photo["sizes"].items():
            secret = photo["original_secret" if code == "o" else "secret"]
            suffix = "" if code == "-" else f"_{code}"
            self.assertTrue(size["url"].startswith(self.farm.url + "/"), size["url"])
            self.assertEqual(path_of(size["url"]), f"{stem}{secret}{suffix}.jpg")

    def test_a_created_photo_has_a_location(self):
        answer = self.client.request("POST", "/v1/photos", pictures.jpeg())
        self.assertEqual(answer.status, 201)
        self.assertEqual(answer.header("Content-Type").split(";")[0], "application/json")
        location = answer.header("Location")
        self.assertTrue(urllib.parse.urlsplit(location).path.endswith(answer.json()["id"]), location)
        self.assertEqual(self.client.get(location).json(), answer.json())

    def test_a_form_upload(self):
        original = pictures.jpeg(700, 500)
        boundary = "x-photofarm-boundary"
        body = (f'--{boundary}\r\nContent-Disposition: form-data; name="note"\r\n\r\n--x-photo\r\n'
                f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="photo"; '
                f'filename="../../etc/a.php"\r\nContent-Type: text/html\r\n\r\n').encode()
        body += original + f"\r\n--{boundary}--\r\n".encode()
        answer = self.client.request(
            "POST", "/v1/photos?owner=grace", body,
            {"Content-Type": f'multipart/form-data; boundary="{boundary}"'})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer.json()["owner"], "grace")
        self.assert_photo_serves(self.anyone, answer.json(), original, (700, 500))

    def test_a_form_without_a_photo_is_refused(self):
        for body in (b"--x\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nhello\r\n--x--\r\n",
                     b"--x--\r\n", b"", b"no form at all"):
            answer = self.client.request("POST", "/v1/photos", body,
                                         {"Content-Type": "multipart/form-data; boundary=x"})
            self.assertIn(answer.status, (400, 415, 422), (body, answer))

    def test_a_small_picture_is_never_enlarged(self):
        original = pictures.jpeg(90, 60)
        photo = self.client.upload(original)
        self.assert_photo_serves(self.anyone, photo, original, (90, 60))
        large = photo["sizes"]["-"]["url"].replace(".jpg", "_b.jpg")
        self.assertEqual(self.anyone.get(large).status, 404)

    def test_what_is_deleted_is_gone(self):
        photo = self.client.upload(pictures.jpeg())
        other = self.client.upload(pictures.jpeg(seed=2))
        answer = self.client.request("DELETE", f"/v1/photos/{photo['id']}")
        self.assertEqual((answer.status, answer.body), (204, b""))
        for size in photo["sizes"].values():
            self.assertIn(self.anyone.get(size["url"]).status, (404, 410))
        self.assertIn(self.client.get(f"/v1/photos/{photo['id']}").status, (404, 410))
        self.assertIn(self.client.request("DELETE", f"/v1/photos/{photo['id']}").status, (404, 410))
        listed = self.client.get("/v1/photos").json()
        self.assertEqual([p["id"] for p in listed["photos"]], [other["id"]])

    def test_everything_is_still_there_after_a_restart(self):
        original = pictures.camera_jpeg(1500, 1200, seed=3)
        kept = self.client.upload(original, owner="ada")
        gone = self.client.upload(pictures.jpeg())
        self.client.request("DELETE", f"/v1/photos/{gone['id']}")
        before = {code: self.anyone.get(size["url"]) for code, size in kept["sizes"].items()}
        self.farm.restart()
        self.client, self.anyone = self.farm.client(), self.farm.client(key="")
        for code, size in kept["sizes"].items():
            self.assertEqual(self.anyone.get(size["url"]).same_but_date(),
                             before[code].same_but_date(), code)
        photo = self.client.photo(kept["id"])
        self.assertEqual({k: v for k, v in photo.items() if k != "sizes"},
                         {k: v for k, v in kept.items() if k != "sizes"})
        self.assertIsNone(self.client.photo(gone["id"]))
        self.assertIn(self.anyone.get(gone["sizes"]["t"]["url"]).status, (404, 410))
        new = self.client.upload(pictures.jpeg(seed=5))
        self.assertGreater(int(new["id"]), int(gone["id"]))


if __name__ == "__main__":
    main()
