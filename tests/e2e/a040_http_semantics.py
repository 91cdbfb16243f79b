"""Permission URLs as HTTP resources (RFC 9110), and connections as RFC 9112 has them."""

import email.utils
import re

from harness import FarmCase, main, path_of, pictures


def date_after(http_date, seconds):
    moment = email.utils.parsedate_to_datetime(http_date).timestamp()
    return email.utils.formatdate(moment + seconds, usegmt=True)


class Resources(FarmCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = pictures.camera_jpeg(1800, 1200, seed=6)
        cls.photo = cls.client.upload(cls.original)
        cls.path = path_of(cls.photo["sizes"]["o"]["url"])
        cls.whole = cls.anyone.get(cls.path)
        cls.etag = cls.whole.header("ETag")
        cls.modified = cls.whole.header("Last-Modified")

    def get(self, **headers):
        return self.anyone.get(self.path, {k.replace("_", "-"): v for k, v in headers.items()})

    # What every answer says.

    def test_headers_of_a_photo(self):
        for code, size in self.photo["sizes"].items():
            answer = self.anyone.get(size["url"])
            with self.subTest(code):
                self.assertEqual(answer.status, 200)
                self.assertEqual(answer.header("Content-Type"), "image/jpeg")
                self.assertEqual(answer.header("Content-Length"), str(size["bytes"]))
                self.assertEqual(answer.header("Cache-Control"),
                                 "public, max-age=31536000, immutable")
                self.assertEqual(answer.header("Cache-Tag"), f"p{self.photo['id']}")
                self.assertEqual(answer.header("X-Content-Type-Options"), "nosniff")
                self.assertEqual(answer.header("Accept-Ranges"), "bytes")
                self.assertRegex(answer.header("ETag"), r'^"[!#-~]+"$')
                self.assertIsNotNone(email.utils.parsedate_to_datetime(answer.header("Date")))
                self.assertIsNotNone(
                    email.utils.parsedate_to_datetime(answer.header("Last-Modified")))
                self.assertIsNone(answer.header("Set-Cookie"))

    def test_etags_tell_contents_apart(self):
        etags = [self.anyone.get(s["url"]).header("ETag") for s in self.photo["sizes"].values()]
        self.assertEqual(len(set(etags)), len(etags))
        again = self.client.upload(self.original)
        self.assertEqual(self.anyone.get(again["sizes"]["o"]["url"]).header("ETag"), self.etag,
                         "the ETag is made from the content")

    def test_head_is_get_without_the_body(self):
        for size in self.photo["sizes"].values():
            get, head = self.anyone.get(size["url"]), self.anyone.head(size["url"])
            self.assertEqual((head.status, head.body), (200, b""))
            self.assertEqual(head.same_but_date()[3], get.same_but_date()[3])
        missing = self.anyone.head("/1/42_00000000000000000000.jpg")
        self.assertEqual((missing.status, missing.body), (404, b""))

    def test_other_methods_are_not_allowed(self):
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            answer = self.anyone.request(method, self.path)
            with self.subTest(method):
                self.assertIn(answer.status, (404, 405), answer)
                if answer.status == 405:
                    self.assertEqual(answer.header("Allow"), "GET, HEAD")
        self.assertEqual(self.anyone.get(self.path).status, 200)

    # Ranges (RFC 9110 section 14).

    def test_single_ranges(self):
        size = len(self.original)
        for asked, first, last in (
                ("bytes=0-0", 0, 0), ("bytes=0-99", 0, 99), ("bytes=100-", 100, size - 1),
                ("bytes=-1", size - 1, size - 1), ("bytes=-500", size - 500, size - 1),
                (f"bytes={size - 1}-", size - 1, size - 1), (f"bytes=5-{size + 1000}", 5, size - 1),
                (f"bytes=-{size + 1}", 0, size - 1), ("bytes=65530-65545", 65530, 65545),
                ("bytes=0-99999999999999999999", 0, size - 1), ("bytes= 7-9", 7, 9)):
            with self.subTest(asked):
                answer = self.get(Range=asked)
                self.assertEqual(answer.status, 206, answer)
                self.assertEqual(answer.header("Content-Range"), f"bytes {first}-{last}/{size}")
                self.assertEqual(answer.header("Content-Length"), str(last - first + 1))
                self.assertEqual(answer.header("ETag"), self.etag)
                self.assertTrue(answer.body == self.original[first:last + 1])

    def test_ranges_over_the_end(self):
        size = len(self.original)
        for asked in (f"bytes={size}-", f"bytes={size}-{size + 9}", "bytes=-0",
                      f"bytes={size}-,{size + 5}-", "bytes=99999999999999999999-"):
            with self.subTest(asked):
                answer = self.get(Range=asked)
                self.assertEqual(answer.status, 416, answer)
                self.assertEqual(answer.header("Content-Range"), f"bytes */{size}")

    def test_what_is_no_byte_range_is_ignored(self):
        for asked in ("bytes=", "bytes=a-b", "bytes=5-2", "bytes=-", "lines=1-2", "bytes 0-5",
                      "bytes=0-5,x", "0-5", "bytes=--5", "bytes=1-2-3"):
            with self.subTest(asked):
                answer = self.get(Range=asked)
                self.assertEqual(answer.status, 200, answer)
                self.assertTrue(answer.body == self.original)

    def test_several_ranges(self):
        size = len(self.original)
        answer = self.get(Range="bytes=0-9, 1000-1999 ,-5")
        self.assertEqual(answer.status, 206)
        kind = re.fullmatch(r'multipart/byteranges; ?boundary="?([\w\'()+,./:=?-]{1,70})"?',
                            answer.header("Content-Type"))
        self.assertIsNotNone(kind, answer.header("Content-Type"))
        self.assertEqual(len(answer.body), int(answer.header("Content-Length")))
        parts = answer.body.split(b"--" + kind[1].encode())
        self.assertEqual(parts[-1].strip(), b"--")
        found = []
        for part in parts[1:-1]:
            head, _, body = part.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().strip().split("\r\n"))
            headers = {name.lower(): value for name, value in headers.items()}
            self.assertEqual(headers["content-type"], "image/jpeg")
            self.assertTrue(body.endswith(b"\r\n"))
            found.append((headers["content-range"], body[:-2]))
        wanted = [(0, 9), (1000, 1999), (size - 5, size - 1)]
        self.assertEqual([r for r, _ in found], [f"bytes {a}-{b}/{size}" for a, b in wanted])
        for (_, body), (a, b) in zip(found, wanted):
            self.assertTrue(body == self.original[a:b + 1])

    def test_several_ranges_of_which_one_can_be_had(self):
        size = len(self.original)
        answer = self.get(Range=f"bytes={size + 5}-,3-7")
        self.assertEqual(answer.status, 206)
        self.assertEqual(answer.body if answer.header("Content-Range") else
                         answer.body.split(b"\r\n\r\n")[1][:5], self.original[3:8])

    def test_a_thousand_ranges_do_not_multiply_the_answer(self):
        for asked in ("bytes=" + ",".join(["0-"] * 1000), "bytes=" + ",".join(["0-0"] * 2000)):
            answer = self.get(Range=asked)
            self.assertIn(answer.status, (200, 206, 416), answer.status)
            self.assertLess(len(answer.body), 2 * len(self.original) + 300_000)

    def test_if_range(self):
        for value, status in ((self.etag, 206), ('"other"', 200), ("W/" + self.etag, 200),
                              (self.modified, 206), (date_after(self.modified, -10), 200),
                              (date_after(self.modified, 10), 200)):
            with self.subTest(value):
                answer = self.get(Range="bytes=0-9", If_Range=value)
                self.assertEqual(answer.status, status)
                self.assertTrue(answer.body == self.original[:10 if status == 206 else None])

    def test_head_with_a_range(self):
        answer = self.anyone.head(self.path, {"Range": "bytes=0-9"})
        self.assertIn(answer.status, (200, 206))
        self.assertEqual(answer.body, b"")

    # Conditional requests (RFC 9110 section 13).

    def test_if_none_match(self):
        for value, status in ((self.etag, 304), ("*", 304), ("W/" + self.etag, 304),
                              (f'"a", {self.etag}, "b"', 304), (f'"a,b",{self.etag}', 304),
                              ('"other"', 200), (self.etag.strip('"'), 200), ('""', 200)):
            with self.subTest(value):
                answer = self.get(If_None_Match=value)
                self.assertEqual(answer.status, status)
                if status == 304:
                    self.assertEqual(answer.body, b"")
                    for name in ("ETag", "Cache-Control", "Cache-Tag", "Date"):
                        self.assertIsNotNone(answer.header(name), name)
                    self.assertEqual(self.anyone.head(self.path, {"If-None-Match": value}).status,
                                     304)

    def test_if_modified_since(self):
        for value, status in ((self.modified, 304), (date_after(self.modified, 3600), 304),
                              (date_after(self.modified, -1), 200), ("yesterday", 200)):
            with self.subTest(value):
                self.assertEqual(self.get(If_Modified_Since=value).status, status)

    def test_if_none_match_goes_before_if_modified_since(self):
        self.assertEqual(self.get(If_None_Match='"other"', If_Modified_Since=self.modified).status,
                         200)
        answer = self.get(If_None_Match=self.etag,
                          If_Modified_Since=date_after(self.modified, -10))
        self.assertEqual(answer.status, 304)

    def test_a_condition_goes_before_a_range(self):
        self.assertEqual(self.get(If_None_Match=self.etag, Range="bytes=0-9").status, 304)

    def test_conditions_and_ranges_of_on_demand_sizes(self):
        path = path_of(self.photo["sizes"]["t"]["url"]).replace("_t.jpg", "_z.jpg")
        whole = self.anyone.get(path)
        self.assertEqual(whole.status, 200)
        self.assertEqual(self.anyone.get(path, {"If-None-Match": whole.header("ETag")}).status, 304)
        part = self.anyone.get(path, {"Range": "bytes=10-19"})
        self.assertEqual((part.status, part.body), (206, whole.body[10:20]))


class Connections(FarmCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.photo = cls.client.upload(pictures.jpeg(1100, 700))
        cls.path = path_of(cls.photo["sizes"]["t"]["url"])
        cls.body = cls.anyone.get(cls.path).body

    def request_text(self, method="GET", extra="", version="1.1", path=None):
        return (f"{method} {path or self.path} HTTP/{version}\r\nHost: {self.farm.host}\r\n"
                f"{extra}\r\n")

    def test_one_connection_serves_many_requests(self):
        with self.anyone.raw() as connection:
            for turn in range(200):
                method = "HEAD" if turn % 3 == 0 else "GET"
                connection.send(self.request_text(method))
                answer = connection.read_response(method)
                self.assertEqual(answer.status, 200)
                self.assertEqual(answer.body, b"" if method == "HEAD" else self.body)

    def test_errors_do_not_end_a_connection(self):
        with self.anyone.raw() as connection:
            for path in ("/nowhere", "/1/42_00000000000000000000.jpg", "/v1/photos", self.path):
                connection.send(self.request_text(path=path))
                self.assertIsNotNone(connection.read_response(), path)

    def test_pipelined_requests_are_answered_in_order(self):
        codes = ["t", "s", "m", "-", "b", "o"] * 5
        paths = [path_of(self.photo["sizes"][code]["url"]) for code in codes]
        with self.anyone.raw() as connection:
            connection.send("".join(self.request_text(path=path) for path in paths))
            for code in codes:
                answer = connection.read_response()
                self.assertEqual(len(answer.body), self.photo["sizes"][code]["bytes"], code)

    def test_requests_that_come_in_single_bytes(self):
        with self.anyone.raw() as connection:
            for byte in self.request_text():
                connection.send(byte)
            self.assertEqual(connection.read_response().body, self.body)

    def test_close_when_asked_to(self):
        with self.anyone.raw() as connection:
            connection.send(self.request_text(extra="Connection: close\r\n"))
            answer = connection.read_response()
            self.assertEqual(answer.body, self.body)
            self.assertEqual(answer.header("Connection"), "close")
            self.assertTrue(connection.at_end())

    def test_http_1_0(self):
        with self.anyone.raw() as connection:
            connection.send(self.request_text(version="1.0"))
            self.assertEqual(connection.read_response().body, self.body)
            self.assertTrue(connection.at_end())
        with self.anyone.raw() as connection:
            for _ in range(3):
                connection.send(self.request_text(version="1.0", extra="Connection: keep-alive\r\n"))
                answer = connection.read_response()
                self.assertEqual(answer.body, self.body)
                self.assertEqual(answer.header("Connection"), "keep-alive")

    def test_a_client_that_says_it_is_done_still_gets_its_answer(self):
        with self.anyone.raw() as connection:
            connection.send(self.request_text())
            connection.end()
            self.assertEqual(connection.read_response().body, self.body)
            self.assertTrue(connection.at_end())

    def upload_head(self, extra):
        return (f"POST /v1/photos HTTP/1.1\r\nHost: {self.farm.host}\r\n"
                f"Authorization: Bearer {self.farm.admin_key}\r\n{extra}\r\n")

    def test_expect_100_continue(self):
        picture = pictures.jpeg(200, 100)
        with self.anyone.raw() as connection:
            connection.send(self.upload_head(
                f"Content-Length: {len(picture)}\r\nExpect: 100-continue\r\n"))
            self.assertEqual(connection.read_response().status, 100)
            connection.send(picture)
            self.assertEqual(connection.read_response().status, 201)

    def test_expect_100_continue_is_not_for_what_is_refused(self):
        with self.anyone.raw() as connection:
            connection.send("POST /v1/photos HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n"
                            "Expect: 100-continue\r\n\r\n")
            self.assertEqual(connection.read_response().status, 401)
        with self.anyone.raw() as connection:
            connection.send(self.upload_head(
                "Content-Length: 999999999999\r\nExpect: 100-continue\r\n"))
            self.assertEqual(connection.read_response().status, 413)

    def test_chunked_upload(self):
        picture = pictures.camera_jpeg(1200, 900, seed=8)
        with self.anyone.raw() as connection:
            connection.send(self.upload_head("Transfer-Encoding: chunked\r\n"))
            for start in range(0, len(picture), 7001):
                part = picture[start:start + 7001]
                connection.send(f"{len(part):x};name=value\r\n".encode() + part + b"\r\n")
            # A trailer, and the next request behind it.
            connection.send(b"0\r\nX-Trailer: seen\r\n\r\n" + self.request_text().encode())
            answer = connection.read_response()
            self.assertEqual(answer.status, 201, answer)
            self.assert_photo_serves(self.anyone, answer.json(), picture, (1200, 900))
            self.assertEqual(connection.read_response().body, self.body)

    def test_two_uploads_on_one_connection(self):
        with self.anyone.raw() as connection:
            for seed in (1, 2):
                picture = pictures.jpeg(300, 200, seed=seed)
                connection.send(self.upload_head(f"Content-Length: {len(picture)}\r\n").encode()
                                + picture)
                answer = connection.read_response()
                self.assertEqual(answer.status, 201)
                self.assertTrue(
                    self.anyone.get(answer.json()["sizes"]["o"]["url"]).body == picture)

    def test_many_connections_at_once(self):
        connections = [self.anyone.raw() for _ in range(300)]
        try:
            for _ in range(2):
                for connection in connections:
                    connection.send(self.request_text())
                for connection in connections:
                    self.assertEqual(connection.read_response().body, self.body)
        finally:
            for connection in connections:
                connection.close()


if __name__ == "__main__":
    main()
