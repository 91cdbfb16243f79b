"""The JSON API: photos, lists, changes, keys and scopes, and errors that say what to do."""

import base64
import json

from harness import FarmCase, FreshFarmCase, main, pictures, run_cli


class Photos(FarmCase):
    def test_patch(self):
        photo = self.client.upload(pictures.jpeg(80, 60), owner="ada", title="old")
        path = f"/v1/photos/{photo['id']}"
        for change in ({"title": "new ✓ \"quoted\""}, {"visibility": "private"}, {"owner": "grace"},
                       {"title": "", "visibility": "public"}):
            answer = self.client.request("PATCH", path, change)
            self.assertEqual(answer.status, 200, (change, answer))
            photo.update(change)
            got = answer.json()
            for field in ("id", "version", "secret", "owner", "title", "visibility", "sizes"):
                self.assertEqual(got[field], photo[field], field)
            self.assertEqual(self.client.photo(photo["id"]), got)

    def test_bad_patches(self):
        photo = self.client.upload(pictures.jpeg(80, 60))
        path = f"/v1/photos/{photo['id']}"
        for body in (b"", b"{", b"[]", b"null", b'"x"', {}, {"title": 7}, {"visibility": "secret"},
                     {"visibility": None}, {"owner": ["x"]}, {"titel": "typo"}, {"id": "1"},
                     {"title": "x" * 1001}, {"owner": "x" * 256},
                     b'{"title": "\xff"}', b"[" * 10000, b'{"title":"a","title":' * 100):
            with self.subTest(str(body)[:40]):
                answer = self.client.request("PATCH", path, body)
                self.assertIn(answer.status, (400, 422), answer)
                self.assert_problem(answer, answer.status)
        self.assertEqual(self.client.photo(photo["id"]), photo)

    def test_bad_queries_of_an_upload(self):
        picture = pictures.jpeg(80, 60)
        for query in ("visibility=secret", "owner=" + "x" * 256, "title=" + "x" * 1001,
                      "title=%ff", "title=%zz", "colour=red", "owner=a&owner=b"):
            with self.subTest(query[:20]):
                answer = self.client.request("POST", f"/v1/photos?{query}", picture)
                self.assertIn(answer.status, (400, 422), answer)
                self.assert_problem(answer, answer.status)

    def test_texts_come_back_as_they_were_given(self):
        for text in ("ünïcödé 照片 🌉", "<script>alert(1)</script>", "a+b&c=d%41", " spaces ",
                     "quote\" back\\slash", "'; DROP TABLE photos; --"):
            photo = self.client.upload(pictures.jpeg(40, 30), title=text, owner=text)
            self.assertEqual((photo["title"], photo["owner"]), (text, text))
            listed = self.client.request(
                "GET", "/v1/photos?owner=" + "".join(f"%{b:02x}" for b in text.encode())).json()
            self.assertEqual([p["id"] for p in listed["photos"]], [photo["id"]])

    def test_bad_edits(self):
        photo = self.client.upload(pictures.jpeg(80, 60))
        for body in ({"rotate": 45}, {"rotate": "90"}, {"rotate": 0}, {}, {"crop": [0, 0, 80]},
                     {"crop": [0, 0, 81, 60]}, {"crop": [-1, 0, 10, 10]}, {"crop": [0, 0, 0, 10]},
                     {"crop": [4294967295, 0, 10, 10]}, {"crop": [1, 1, 4294967295, 4294967295]},
                     {"crop": [0.5, 0, 10, 10]}, {"crop": {"x": 1}},
                     {"rotate": 90, "crop": [0, 0, 10, 10]}, {"flip": True}, b"nonsense"):
            with self.subTest(str(body)):
                answer = self.client.request("POST", f"/v1/photos/{photo['id']}/edits", body)
                self.assertIn(answer.status, (400, 422), answer)
                self.assert_problem(answer, answer.status)
        self.assertEqual(self.client.photo(photo["id"]), photo)

    def test_facts_of_the_shot_and_at_a_glance(self):
        photo = self.client.upload(pictures.saved(
            pictures.quadrants(600, 400), "JPEG", exif=pictures.exif_of_shot()))
        self.assertEqual(photo["taken_at"], "2024-05-01T12:30:00+02:00")
        self.assertEqual(photo["camera"], "NIKON COOLPIX P6000")
        self.assertRegex(photo["dominant_color"], r"^#[0-9a-f]{6}$")
        self.assertIn(len(base64.b64decode(photo["thumb_hash"], validate=True)), range(5, 26))
        self.assertEqual(self.client.photo(photo["id"]), photo)
        listed = self.client.get("/v1/photos?limit=1").json()["photos"][0]
        self.assertEqual(listed, photo)
        # An edit looks otherwise and is of the same shot.
        turned = self.client.request(
            "POST", f"/v1/photos/{photo['id']}/edits", {"rotate": 90}).json()
        self.assertEqual((turned["taken_at"], turned["camera"]),
                         (photo["taken_at"], photo["camera"]))
        self.assertNotEqual(turned["thumb_hash"], photo["thumb_hash"])
        # New secrets change nothing of it, new bytes all.
        again = self.client.request("POST", f"/v1/photos/{photo['id']}/secret").json()
        self.assertEqual(again["thumb_hash"], turned["thumb_hash"])
        self.assertEqual(again["camera"], photo["camera"])
        plain = self.client.request(
            "PUT", f"/v1/photos/{photo['id']}/content",
            pictures.saved(pictures.quadrants(600, 400), "PNG")).json()
        self.assertNotIn("camera", plain)
        self.assertNotIn("taken_at", plain)
        self.assertIn("thumb_hash", plain)

    def test_an_edit_in_another_format_keeps_the_shot(self):
        photo = self.client.upload(pictures.saved(
            pictures.quadrants(120, 80), "TIFF", exif=pictures.exif_of_shot()))
        self.assertEqual(photo["camera"], "NIKON COOLPIX P6000")
        turned = self.client.request(
            "POST", f"/v1/photos/{photo['id']}/edits", {"rotate": 90}).json()
        self.assertEqual(turned["format"], "jpg")
        self.assertEqual(turned["camera"], photo["camera"])

    def test_hostile_exif_is_only_text(self):
        photo = self.client.upload(pictures.saved(
            pictures.quadrants(120, 80), "JPEG", exif=pictures.exif_of_shot(
                make="<script>", model="a\x1b[31m\n" + "x" * 500, taken="2024:99:01 12:30:00")))
        self.assertNotIn("taken_at", photo)
        self.assertTrue(photo["camera"].startswith("<script> a[31mxxx"), photo["camera"])
        self.assertLessEqual(len(photo["camera"].encode()), 64)

    def test_rotating_four_times_is_the_same_picture(self):
        photo = self.client.upload(pictures.jpeg(600, 400))
        for turn in range(1, 5):
            answer = self.client.request("POST", f"/v1/photos/{photo['id']}/edits", {"rotate": 90})
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(answer.json()["version"], 1 + turn)
        shown = self.assert_clean_jpeg(
            self.anyone.get(answer.json()["sizes"]["m"]["url"]).body, (240, 160))
        for found, colour in zip(pictures.quadrant_pixels(shown), pictures.QUADRANTS):
            self.assert_near(found, colour)

    def test_ids_that_are_none(self):
        for bad in ("0", "-1", "01", "x", "9223372036854775808", "1e3", "%31", "1%00", "%EF%BC%91"):
            path = f"/v1/photos/{bad}"
            for method, tail, body in (("GET", "", None), ("DELETE", "", None), ("PATCH", "", {}),
                                       ("POST", "/secret", None), ("POST", "/edits", {"rotate": 90})):
                answer = self.client.request(method, path + tail, body)
                self.assertIn(answer.status, (400, 404), (method, bad, answer))

    def test_too_large_a_body(self):
        photo = self.client.upload(pictures.jpeg(80, 60))
        answer = self.client.request("PATCH", f"/v1/photos/{photo['id']}",
                                     b'{"title":"' + b"x" * (4 << 20) + b'"}')
        self.assert_problem(answer, 413)

    def test_paths_and_methods(self):
        self.assert_problem(self.client.get("/nowhere"), 404)
        self.assert_problem(self.client.get("/v1"), 404)
        self.assert_problem(self.client.get("/v1/photos/1/unknown"), 404)
        for method, path, allowed in (("DELETE", "/v1/photos", {"GET", "HEAD", "POST"}),
                                      ("PUT", "/v1/photos/1", {"GET", "HEAD", "PATCH", "DELETE"}),
                                      ("GET", "/v1/photos/1/secret", {"POST"}),
                                      ("POST", "/healthz", {"GET", "HEAD"}),
                                      ("BREW", "/healthz", {"GET", "HEAD"})):
            with self.subTest(method + path):
                answer = self.client.request(method, path)
                self.assert_problem(answer, 405)
                self.assertEqual(set(answer.header("Allow").split(", ")), allowed)

    def test_health_and_metrics(self):
        self.client.upload(pictures.jpeg(80, 60))
        self.anyone.get("/nowhere")
        health = self.anyone.get("/healthz")
        self.assertEqual(health.status, 200)
        answer = self.anyone.get("/metrics")
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.header("Content-Type").startswith("text/plain"), answer)
        metrics = self.farm.metrics()
        self.assertTrue(any(name.startswith("photofarm_http_requests_total{") and 'status="404"' in name
                            for name in metrics), sorted(metrics))
        self.assertTrue(any(name.startswith("photofarm_upload_stage_seconds_sum{")
                            for name in metrics), sorted(metrics))
        self.assertGreater(metrics["process_resident_memory_bytes"], 1e6)


class Idempotency(FarmCase):
    def upload(self, picture, key, query=""):
        return self.client.request("POST", "/v1/photos" + query, picture, {"Idempotency-Key": key})

    def test_the_same_upload_twice_is_one_photo(self):
        picture = pictures.jpeg(300, 200, seed=1)
        first, second = self.upload(picture, "one"), self.upload(picture, "one")
        self.assertEqual(first.status, 201)
        self.assertIn(second.status, (200, 201))
        self.assertEqual(second.json(), first.json())
        other = self.upload(picture, "two")
        self.assertNotEqual(other.json()["id"], first.json()["id"])

    def test_one_key_for_two_uploads_is_a_mistake(self):
        self.assertEqual(self.upload(pictures.jpeg(300, 200, seed=2), "three").status, 201)
        for answer in (self.upload(pictures.jpeg(300, 200, seed=3), "three"),
                       self.upload(pictures.jpeg(300, 200, seed=2), "three", "?title=x")):
            self.assertIn(answer.status, (409, 422), answer)
            self.assert_problem(answer, answer.status)

    def test_it_survives_a_restart(self):
        picture = pictures.jpeg(300, 200, seed=4)
        first = self.upload(picture, "four").json()
        self.farm.restart()
        type(self).client = self.farm.client()
        type(self).anyone = self.farm.client(key="")
        again = self.upload(picture, "four").json()
        self.assertEqual((again["id"], again["secret"]), (first["id"], first["secret"]))

    def test_keys_that_are_none(self):
        for key in ("", "x" * 300, "a\tb", "ümlaut"):
            answer = self.client.request("POST", "/v1/photos", pictures.jpeg(30, 20),
                                         {"Idempotency-Key": key.encode("latin-1", "replace")})
            self.assertEqual(answer.status, 400, (key, answer))


class Lists(FreshFarmCase):
    def test_pages_newest_first(self):
        client = self.farm.client()
        owners = ["ada", "grace", ""]
        photos = [client.upload(pictures.jpeg(40, 30, seed=n), owner=owners[n % 3])
                  for n in range(20)]
        newest_first = [p["id"] for p in reversed(photos)]
        for limit in (1, 7, 20, 21, 1000):
            self.assertEqual(self.walk(client, f"limit={limit}"), newest_first)
        adas = [p["id"] for p in reversed(photos) if p["owner"] == "ada"]
        self.assertEqual(self.walk(client, "owner=ada&limit=2"), adas)
        self.assertEqual(self.walk(client, "owner=nobody"), [])
        self.assertEqual(len(self.walk(client, "owner=&limit=3")), 6)

        page = client.get("/v1/photos?limit=5").json()
        client.request("DELETE", f"/v1/photos/{newest_first[7]}")
        client.upload(pictures.jpeg(40, 30, seed=99))
        rest = self.walk(client, "limit=5", start=page["next"])
        self.assertEqual(rest, [i for i in newest_first[5:] if i != newest_first[7]],
                         "pages neither repeat nor lose photos while others come and go")

    def walk(self, client, query, start=None):
        """The ids of all pages."""
        ids, cursor = [], start
        for _ in range(100):
            answer = client.get(f"/v1/photos?{query}" + (f"&cursor={cursor}" if cursor else ""))
            self.assertEqual(answer.status, 200, answer)
            page = answer.json()
            ids += [p["id"] for p in page["photos"]]
            if page["next"] is None:
                return ids
            cursor = page["next"]
        raise AssertionError("the list has no end")

    def test_bad_queries(self):
        client = self.farm.client()
        for query in ("limit=0", "limit=1001", "limit=-1", "limit=x", "limit=", "cursor=x", "cursor=",
                      "cursor=-1", "limit=1&limit=2", "sort=asc", "owner=%ff"):
            with self.subTest(query):
                self.assert_problem(client.get(f"/v1/photos?{query}"), 400)


class Keys(FreshFarmCase):
    def key(self, name, scope):
        done = run_cli("keys", "add", name, "--scope", scope, farm=self.farm)
        self.assertEqual(done.returncode, 0, done)
        found = [w for w in done.stdout.decode().split() if w.startswith("pf_")]
        self.assertEqual(len(found), 1, done)
        self.assertRegex(found[0], r"^pf_[0-9a-f]{40}$")
        return found[0]

    def test_nobody_without_a_key(self):
        photo = self.farm.client().upload(pictures.jpeg(80, 60))
        calls = [("POST", "/v1/photos", pictures.jpeg(80, 60)), ("GET", "/v1/photos", None),
                 ("GET", f"/v1/photos/{photo['id']}", None), ("PATCH", f"/v1/photos/{photo['id']}", {}),
                 ("DELETE", f"/v1/photos/{photo['id']}", None),
                 ("POST", f"/v1/photos/{photo['id']}/secret", None),
                 ("PUT", f"/v1/photos/{photo['id']}/content", b"x")]
        good = self.farm.admin_key
        for authorization in (None, "", "Bearer", "Bearer ", f"Bearer {good}0", f"Bearer {good[:-1]}",
                              "Bearer pf_" + "0" * 40, f"Basic {good}", good, "Bearer " + "x" * 5000,
                              f"Bearer {good.upper()}"):
            headers = {} if authorization is None else {"Authorization": authorization}
            for method, path, body in calls:
                answer = self.farm.client(key="").request(method, path, body, headers)
                self.assert_problem(answer, 401)
                self.assertTrue(answer.header("WWW-Authenticate").startswith("Bearer"), answer)
        self.assertEqual(self.farm.client().photo(photo["id"]), photo)

    def test_a_key_does_what_its_scopes_say(self):
        photo = self.farm.client().upload(pictures.jpeg(80, 60))
        picture = pictures.jpeg(81, 60)
        may = {"upload": {"POST"}, "read": {"GET"}, "upload,read": {"POST", "GET"},
               "admin": {"POST", "GET", "DELETE"}}
        for number, (scope, methods) in enumerate(may.items()):
            client = self.farm.client(self.key(f"key{number}", scope))
            for method, path, body in (("POST", "/v1/photos", picture), ("GET", "/v1/photos", None),
                                       ("DELETE", "/v1/photos/1", None)):
                with self.subTest(scope=scope, method=method):
                    answer = client.request(method, path, body)
                    if method in methods:
                        self.assertIn(answer.status, (200, 201, 404), answer)
                    elif method == "DELETE" and "upload" in scope:
                        self.assertIn(answer.status, (403, 404), answer)
                    else:
                        self.assert_problem(answer, 403)
        self.assertEqual(self.farm.client().photo(photo["id"]), photo)

    def test_a_revoked_key_is_dead_at_once(self):
        key = self.key("shortlived", "read")
        client = self.farm.client(key)
        self.assertEqual(client.get("/v1/photos").status, 200)
        done = run_cli("keys", "revoke", "shortlived", farm=self.farm)
        self.assertEqual(done.returncode, 0, done)
        self.assert_problem(client.get("/v1/photos"), 401)

    def test_keys_survive_a_restart_and_are_kept_hashed(self):
        key = self.key("lasting", "read")
        admin = self.farm.admin_key
        self.farm.restart()
        self.assertEqual(self.farm.admin_key, admin)
        self.assertEqual(self.farm.client(key).get("/v1/photos").status, 200)
        for file in self.farm.data.rglob("*"):
            if file.is_file() and file.name != "admin.key":
                content = file.read_bytes()
                self.assertNotIn(key.encode(), content, file)
                self.assertNotIn(admin.encode(), content, file)
        self.assertEqual((self.farm.data / "admin.key").stat().st_mode & 0o777, 0o600)


class Requests(FarmCase):
    def test_a_declared_type_means_nothing(self):
        picture = pictures.jpeg(80, 60)
        for declared in ("image/png", "text/html", "application/octet-stream", "nonsense", ""):
            answer = self.client.request("POST", "/v1/photos", picture, {"Content-Type": declared})
            self.assertEqual(answer.status, 201, (declared, answer))
            self.assertEqual(answer.json()["format"], "jpg")

    def test_what_is_no_picture_is_refused(self):
        for body in (b"", b"hello", b"%PDF-1.7\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>",
                     b"PK\x03\x04", b"\x7fELF", b"GIF", b"\xff\xd8", json.dumps({"a": 1}).encode()):
            with self.subTest(body[:10]):
                answer = self.client.request("POST", "/v1/photos", body)
                self.assertIn(answer.status, (400, 415, 422), answer)
                self.assert_problem(answer, answer.status)
        answer = self.client.request("POST", "/v1/photos", b"<svg xmlns='x'/>")
        self.assert_problem(answer, 415)


if __name__ == "__main__":
    main()
