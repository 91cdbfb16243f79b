"""Requests that no honest client sends. Each is answered or cut off, and the server goes on."""

import random

from harness import FarmCase, main, path_of, pictures

HEAD = "GET /healthz HTTP/1.1\r\nHost: a\r\n"
POST = "POST /v1/photos HTTP/1.1\r\nHost: a\r\n"


class Grammar(FarmCase):
    """RFC 9112: what two programs might read in two ways is refused, and the connection closed."""

    def refused(self, request, *statuses):
        with self.anyone.raw() as connection:
            connection.send_while_open(request)
            connection.send_while_open("GET /healthz HTTP/1.1\r\nHost: smuggled\r\n\r\n")
            answer = connection.read_response()
            self.assertIsNotNone(answer, "closed without an answer")
            self.assertIn(answer.status, statuses, answer)
            self.assertTrue(connection.at_end(), "nothing behind it may be answered")
        self.assert_server_goes_on()

    def test_two_lengths(self):
        for headers in ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                        "Content-Length: 5\r\nContent-Length: 5\r\n",
                        "Content-Length: 5\r\nContent-Length: 6\r\n",
                        "Content-Length: 5, 5\r\n", "Content-Length: 5,6\r\n",
                        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"):
            with self.subTest(headers):
                self.refused(POST + headers + "\r\n0\r\n\r\n", 400)

    def test_lengths_that_are_none(self):
        for value in ("", "-1", "+5", "0x5", "5 5", "5x", "٥", "18446744073709551616", "5.0", "1e3",
                      "99999999999999999999999999"):
            with self.subTest(value):
                self.refused((POST + f"Content-Length: {value}\r\n\r\nhello").encode(), 400, 413)

    def test_transfer_encodings(self):
        for value, statuses in (("gzip", (400, 501)), ("gzip, chunked", (400, 501)),
                                ("chunked, chunked", (400, 501)), ("xchunked", (400, 501)),
                                ("\x0bchunked", (400, 501)), ("chunked\x0b", (400, 501)),
                                ("identity", (400, 501)), ('"chunked"', (400, 501))):
            with self.subTest(value):
                self.refused(POST + f"Transfer-Encoding: {value}\r\n\r\n0\r\n\r\n", *statuses)
        self.refused(POST.replace("1.1", "1.0") + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)

    def test_chunks_that_are_none(self):
        for chunks in ("x\r\n", "-1\r\n", "5\nhello\r\n0\r\n\r\n", "5\r\nhelloX0\r\n\r\n",
                       "0x5\r\nhello\r\n0\r\n\r\n", "fffffffffffffffff\r\n", "5 \r\nhello\n",
                       "\r\nhello", "5\r\nhello\r\n0\r\nbad trailer\r\n\r\n"):
            with self.subTest(chunks):
                head = POST + f"Authorization: Bearer {self.farm.admin_key}\r\n"
                self.refused(head + "Transfer-Encoding: chunked\r\n\r\n" + chunks, 400, 413)

    def test_lines(self):
        for request in (HEAD + "X: a\r\n folded\r\n\r\n", HEAD + "X: a\r\n\tfolded\r\n\r\n",
                        " " + HEAD + "\r\n", "GET /healthz HTTP/1.1\nHost: a\n\n",
                        "GET /healthz HTTP/1.1\r\nHost: a\n\r\n", HEAD + "X: a\rb\r\n\r\n",
                        "GET /healthz HTTP/1.1\rHost: a\r\n\r\n", HEAD + "X: a\0b\r\n\r\n",
                        "GET /heal\0thz HTTP/1.1\r\nHost: a\r\n\r\n", HEAD + "X\0: a\r\n\r\n"):
            with self.subTest(request):
                self.refused(request, 400)

    def test_header_names(self):
        for line in ("X : a", ": a", "no colon", "X Y: a", "X\x7f: a", "Xé: a", "(X): a", "X\t: a"):
            with self.subTest(line):
                self.refused(HEAD + line + "\r\n\r\n", 400)

    def test_request_lines(self):
        for line in ("GET /healthz", "GET  /healthz HTTP/1.1", "GET /healthz HTTP/1.1 ",
                     "GET /healthz HTTP/1.1 x", "GET /heal thz HTTP/1.1", "GET\t/healthz HTTP/1.1",
                     "GET healthz HTTP/1.1", "GET * HTTP/1.1", "get/ /healthz HTTP/1.1",
                     "G(T /healthz HTTP/1.1", "GET /healthz#part HTTP/1.1", "GET http:// HTTP/1.1",
                     "GET /healthz HTTP/1", "GET /healthz HTTP/1.1.1", "GET /healthz http/1.1",
                     "GET /healthz ICAP/1.1", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                     "CONNECT a:80 HTTP/1.1", "PRI * HTTP/2.0"):
            with self.subTest(line):
                self.refused(line + "\r\nHost: a\r\n\r\n", 400, 405, 501, 505)

    def test_a_target_that_is_not_ascii(self):
        for target in ("/h\xc3\xa9", "/\xff", "/1/42_\xb2"):
            with self.anyone.raw() as connection:
                connection.send(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertIn(connection.read_response().status, (400, 404))

    def test_versions(self):
        for version in ("HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTP/3.0", "HTTP/10.1"):
            with self.subTest(version):
                self.refused(f"GET /healthz {version}\r\nHost: a\r\n\r\n", 400, 505)

    def test_hosts(self):
        for request in ("GET /healthz HTTP/1.1\r\n\r\n", HEAD + "Host: b\r\n\r\n",
                        HEAD + "Host: a\r\n\r\n",
                        "GET http://elsewhere.example/healthz HTTP/1.1\r\nHost: a\r\n\r\n",
                        "GET ftp://a/healthz HTTP/1.1\r\nHost: a\r\n\r\n",
                        "GET http://a@b/healthz HTTP/1.1\r\nHost: b\r\n\r\n"):
            with self.subTest(request):
                self.refused(request, 400)

    def test_absolute_form_of_its_own_host(self):
        with self.anyone.raw() as connection:
            connection.send("GET http://a/healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(connection.read_response().status, 200)

    def test_expectations(self):
        self.refused(POST + "Content-Length: 5\r\nExpect: miracles\r\n\r\nhello", 417)

    def test_no_body_where_none_belongs(self):
        """A GET with a body is legal, and what follows the body is the next request."""
        with self.anyone.raw() as connection:
            connection.send(HEAD + "Content-Length: 34\r\n\r\nGET /x HTTP/1.1\r\nHost: smuggle\r\n\r\n"
                            + HEAD + "\r\n")
            first = connection.read_response()
            self.assertIn(first.status, (200, 400, 413))
            second = connection.read_response()
            if second is not None:
                self.assertEqual(second.status, 200, second)
        self.assert_server_goes_on()

    def test_garbage(self):
        dice = random.Random(7)
        for _ in range(60):
            with self.anyone.raw() as connection:
                connection.send_while_open(dice.randbytes(dice.randrange(1, 40_000)))
                connection.send_while_open("\r\n\r\n")
                answer = connection.read_response()
                if answer is not None:
                    self.assertGreaterEqual(answer.status, 400)
        self.assert_server_goes_on()

    def test_mutations_of_a_good_request(self):
        """Whatever one byte of a request becomes, there is an answer or an end, and no 500."""
        dice = random.Random(11)
        good = (POST + "Content-Length: 4\r\nX-Header: value\r\n\r\nbody").encode()
        for _ in range(300):
            request = bytearray(good)
            for _ in range(dice.randrange(1, 4)):
                request[dice.randrange(len(request))] = dice.randrange(256)
            with self.anyone.raw() as connection:
                connection.send_while_open(bytes(request))
                connection.end()
                answer = connection.read_response()
                if answer is not None:
                    self.assertNotEqual(answer.status, 500, bytes(request))
        self.assert_server_goes_on()


class Sizes(FarmCase):
    def answer_to(self, *pieces):
        with self.anyone.raw() as connection:
            for piece in pieces:
                if not connection.send_while_open(piece):
                    break
            answer = connection.read_response()
            self.assertTrue(connection.at_end())
        self.assert_server_goes_on()
        return answer

    def test_a_giant_header(self):
        answer = self.answer_to(HEAD + "X: " + "x" * (1 << 20), "\r\n\r\n")
        self.assertEqual(answer.status, 431)

    def test_endless_headers(self):
        answer = self.answer_to(HEAD, *(f"X-{n}: {'x' * 100}\r\n" for n in range(20_000)))
        self.assertEqual(answer.status, 431)

    def test_many_small_headers(self):
        answer = self.answer_to(HEAD + "".join(f"A{n}: b\r\n" for n in range(500)) + "\r\n")
        self.assertEqual(answer.status, 431)

    def test_a_giant_target(self):
        answer = self.answer_to("GET /" + "x" * (1 << 20), " HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertIn(answer.status, (414, 431))

    def test_a_body_over_the_limit(self):
        head = POST + f"Authorization: Bearer {self.farm.admin_key}\r\n"
        answer = self.answer_to(head + "Content-Length: 104857601000\r\n\r\n", b"x" * 1000)
        self.assert_problem(answer, 413)

    def test_an_endless_chunked_body(self):
        head = POST + f"Authorization: Bearer {self.farm.admin_key}\r\n"
        chunk = b"100000\r\n" + b"\xff\xd8" * (1 << 19) + b"\r\n"
        before = self.farm.memory_kb("VmHWM")
        answer = self.answer_to(head + "Transfer-Encoding: chunked\r\n\r\n", *([chunk] * 300))
        self.assertIn(answer.status, (413, 415))
        self.assertLess(self.farm.memory_kb("VmHWM") - before, 400_000)


class Slow(FarmCase):
    config = '[net]\nhead_timeout = "700ms"\nidle_timeout = "900ms"\ntransfer_grace = "700ms"\n'

    def test_a_head_that_drips(self):
        with self.anyone.raw() as connection:
            connection.send(HEAD)
            answer = connection.read_response()
            self.assertEqual(answer.status, 408)
            self.assertTrue(connection.at_end())

    def test_a_head_that_goes_on_dripping(self):
        """Each byte in time is not enough: the whole head has one deadline."""
        with self.anyone.raw() as connection:
            connection.socket.settimeout(0.1)
            connection.send(HEAD)
            answer = None
            for _ in range(600):
                if not connection.send_while_open("X"):
                    break
                try:
                    answer = connection.socket.recv(4096)
                    break
                except TimeoutError:
                    continue
            self.assertTrue(answer is None or answer == b"" or b" 408 " in answer, answer)
            self.assertIsNotNone(answer, "it dripped for a minute")

    def test_an_idle_connection_ends(self):
        with self.anyone.raw() as connection:
            self.assertTrue(connection.at_end())
        with self.anyone.raw() as connection:
            connection.send(HEAD + "\r\n")
            self.assertEqual(connection.read_response().status, 200)
            self.assertTrue(connection.at_end())

    def test_a_body_that_stops(self):
        with self.anyone.raw() as connection:
            connection.send(POST + f"Authorization: Bearer {self.farm.admin_key}\r\n"
                            "Content-Length: 100000\r\n\r\nonly so much")
            answer = connection.read_response()
            self.assertEqual(answer.status, 408)
            self.assertTrue(connection.at_end())

    def test_a_reader_that_does_not_read(self):
        big = pictures.camera_jpeg(4000, 3000, seed=1, quality=97, noise=60)
        photo = self.client.upload(big)
        path = path_of(photo["sizes"]["o"]["url"])
        with self.anyone.raw() as connection:
            for _ in range(8):
                connection.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
            self.wait_until_no_connections()
        self.assert_server_goes_on()

    def wait_until_no_connections(self):
        import time
        for _ in range(400):
            # One is the connection that asks.
            if self.farm.metrics()["photofarm_http_connections"] <= 1:
                return
            time.sleep(0.1)
        self.fail("the server still holds the connection of a client that does not read")

    def test_uploads_cut_off_leave_nothing(self):
        picture = pictures.camera_jpeg(1000, 800, seed=2)
        before = self.client.get("/v1/photos").json()
        for cut in (0, 1, 100, len(picture) // 2, len(picture) - 1):
            with self.anyone.raw() as connection:
                connection.send((POST + f"Authorization: Bearer {self.farm.admin_key}\r\n"
                                 f"Content-Length: {len(picture)}\r\n\r\n").encode() + picture[:cut])
        self.wait_until_no_connections()
        self.assertEqual(self.client.get("/v1/photos").json(), before)


class Many(FarmCase):
    config = "[net]\nmax_connections = 20\n"

    def test_connections_over_the_limit_are_told_so(self):
        open_ones, refused = [], 0
        try:
            for _ in range(40):
                connection = self.anyone.raw()
                open_ones.append(connection)
                connection.send_while_open(HEAD + "\r\n")
                answer = connection.read_response()
                if answer is None or answer.status == 503:
                    refused += 1
                    if answer is not None:
                        self.assertIsNotNone(answer.header("Retry-After"))
                else:
                    self.assertEqual(answer.status, 200)
        finally:
            for connection in open_ones:
                connection.close()
        self.assertEqual(refused, 20)
        for _ in range(100):
            with self.anyone.raw() as connection:
                if connection.send_while_open(HEAD + "\r\n"):
                    answer = connection.read_response()
                    if answer is not None and answer.status == 200:
                        return
        self.fail("the server does not take connections again")


if __name__ == "__main__":
    main()
