#!/usr/bin/python3
"""Many clients for one cold object, and upstreams that are slow, broken, huge or gone: one fetch an
object, nobody waits for nothing, nothing cut off passes for whole."""

import resource
import socket
import time
import unittest

from harness import wire
from harness.caching import EDGE_CONFIG, cache_status
from harness.client import TIMEOUT_S
from harness.scripted_origin import CLOSE, RESET, Answer, Gate, ScriptedOrigin
from harness.server import PATIENCE_S, SANITIZED, Farm

FRESH = "Cache-Control: max-age=60"
BODY = bytes(range(256)) * 160  # 40 KiB


def head(length, *lines):
    return Answer(200, [*lines], framing="none").head()[:-2] + b"Content-Length: %d\r\n\r\n" % length


class EdgeCase(unittest.TestCase):
    edge_config, config = EDGE_CONFIG, ""

    def setUp(self):
        self.origin = ScriptedOrigin()
        self.addCleanup(self.origin.close)
        self.farm = Farm(self.edge_config.format(origin=self.origin.address) + self.config)
        self.addCleanup(self.farm.close)
        self.farm.start()

    def client(self):
        one = wire.Wire((self.farm.host, self.farm.port), TIMEOUT_S)
        self.addCleanup(one.close)
        return one

    def ask(self, target, *headers, method="GET", body=b""):
        """Sends a request; the answer is read() from what comes back."""
        one = self.client()
        one.send(wire.request_bytes(method, target, [("Host", "h"), *headers], body))
        return one

    def get(self, target, *headers):
        return self.ask(target, *headers).read()

    def wait_for(self, what, condition):
        give_up = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > give_up:
                self.fail(f"it never came to that: {what}")
            time.sleep(0.01)

    def wait_for_coalesced(self, count):
        self.wait_for(f"{count} requests share a fetch",
                      lambda: self.farm.metrics()["photofarm_cache_coalesced_total"] >= count)

    def wait_until_stored(self):
        self.wait_for("no fetch is under way", lambda: self.farm.metrics()["photofarm_cache_fills"] == 0)

    def fetches(self, target):
        return len(self.origin.requests(target))


class Stampede(EdgeCase):
    def test_a_thousand_clients_for_one_cold_object(self):
        count = 200 if SANITIZED else 1000
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 2 * count + 200
        if soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
        gate = Gate()
        self.origin.script("/c/cold", Answer(steps=[gate, head(len(BODY), FRESH), BODY]), Answer(500))
        clients = [self.ask("/c/cold") for _ in range(count)]
        gate.wait_until_reached()
        self.wait_for_coalesced(count - 1)
        gate.open()
        for one in clients:
            answer = one.read()
            self.assertEqual(answer.status, 200)
            self.assertTrue(answer.body == BODY and answer.whole)
        self.assertEqual(self.fetches("/c/cold"), 1)
        self.wait_until_stored()
        self.assertTrue(cache_status(self.get("/c/cold")).get("hit"))

    def test_clients_who_come_in_the_middle_of_the_body(self):
        """Each of them begins at its start."""
        middle = Gate()
        self.origin.script("/c/cold", Answer(steps=[head(len(BODY), FRESH), BODY[:5000], middle, BODY[5000:]]), Answer(500))
        first = self.ask("/c/cold")
        middle.wait_until_reached()
        others = [self.ask("/c/cold") for _ in range(100)]
        self.wait_for_coalesced(100)
        middle.open()
        for one in [first, *others]:
            self.assertTrue(one.read().body == BODY)
        self.assertEqual(self.fetches("/c/cold"), 1)

    def test_stale_for_all_while_one_fetch_is_made(self):
        gate = Gate()
        self.origin.script("/c/stale", Answer(200, ["Cache-Control: max-age=60, stale-while-revalidate=600", "Age: 100"], b"old"),
                           Answer(steps=[gate, head(3, FRESH), b"new"]), Answer(500))
        self.assertEqual(self.get("/c/stale").body, b"old")
        self.wait_until_stored()
        for _ in range(50):
            self.assertEqual(self.get("/c/stale").body, b"old")
        gate.open()
        self.wait_until_stored()
        self.assertEqual(self.get("/c/stale").body, b"new")
        self.assertEqual(self.fetches("/c/stale"), 2)

    def test_one_validation_for_all(self):
        gate = Gate()
        self.origin.script("/c/e", Answer(200, ["Cache-Control: max-age=60", "Age: 100", 'ETag: "e"'], b"body"),
                           Answer(steps=[gate, Answer(304, [FRESH]).head()]), Answer(500))
        self.assertEqual(self.get("/c/e").body, b"body")
        self.wait_until_stored()
        clients = [self.ask("/c/e") for _ in range(50)]
        gate.wait_until_reached()
        self.wait_for_coalesced(49)
        gate.open()
        for one in clients:
            answer = one.read()
            self.assertEqual((answer.status, answer.body), (200, b"body"))
        self.assertEqual(self.fetches("/c/e"), 2)

    def test_variants_are_fetched_apart(self):
        gates = {"1": Gate(), "2": Gate()}

        def make(request):
            value = request.header("X-A")
            return Answer(steps=[gates[value], head(1, FRESH, "Vary: X-A"), value.encode()])
        self.origin.script("/c/v", Answer(make=make))
        ones = [self.ask("/c/v", ("X-A", "1")) for _ in range(10)]
        gates["1"].wait_until_reached()
        twos = [self.ask("/c/v", ("X-A", "2")) for _ in range(10)]
        self.wait_for_coalesced(19)
        gates["1"].open()
        gates["2"].open()
        self.assertEqual({one.read().body for one in ones}, {b"1"})
        self.assertEqual({one.read().body for one in twos}, {b"2"})


class Followers(EdgeCase):
    def test_bytes_are_passed_on_as_they_arrive(self):
        middle = Gate()
        self.origin.script("/c/slow", Answer(steps=[head(len(BODY), FRESH), BODY[:1000], middle, BODY[1000:]]))
        clients = [self.ask("/c/slow") for _ in range(3)]
        for one in clients:
            self.assertIn(b"200", wire.read_head(one.stream).raw)
            self.assertEqual(one.stream.read(1000), BODY[:1000])
        self.assertFalse(middle._open.is_set())
        middle.open()
        for one in clients:
            self.assertEqual(one.stream.read(len(BODY) - 1000), BODY[1000:])

    def test_who_leaves_does_not_end_it(self):
        middle = Gate()
        self.origin.script("/c/left", Answer(steps=[head(len(BODY), FRESH), BODY[:1000], middle, BODY[1000:]]), Answer(500))
        first, second = self.ask("/c/left"), None
        middle.wait_until_reached()
        second = self.ask("/c/left")
        self.wait_for_coalesced(1)
        first.close()
        middle.open()
        self.assertTrue(second.read().body == BODY)
        self.assertEqual(self.fetches("/c/left"), 1)

    def test_if_all_leave_it_is_stored_all_the_same(self):
        middle = Gate()
        self.origin.script("/c/left", Answer(steps=[head(len(BODY), FRESH), BODY[:1000], middle, BODY[1000:]]), Answer(500))
        first = self.ask("/c/left")
        middle.wait_until_reached()
        first.close()
        middle.open()
        self.wait_until_stored()
        self.assertTrue(self.get("/c/left").body == BODY)
        self.assertEqual(self.fetches("/c/left"), 1)

    def test_a_slow_reader_holds_nobody_up(self):
        self.origin.script("/c/read", Answer(200, [FRESH], b"x" * (4 << 20)))
        lazy = socket.socket()
        self.addCleanup(lazy.close)
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect((self.farm.host, self.farm.port))
        lazy.sendall(wire.request_bytes("GET", "/c/read", [("Host", "h")]))
        self.origin.wait_for_requests(1, "/c/read")
        for _ in range(3):
            self.assertEqual(len(self.get("/c/read").body), 4 << 20)

    def test_a_failure_is_told_to_all_at_once(self):
        gate = Gate()
        self.origin.script("/c/fails", Answer(steps=[gate, RESET]))
        clients = [self.ask("/c/fails") for _ in range(100)]
        gate.wait_until_reached()
        self.wait_for_coalesced(99)
        gate.open()
        self.assertEqual({one.read().status for one in clients}, {502})
        self.assertLessEqual(self.fetches("/c/fails"), 2)

    def test_a_cut_is_seen_by_all(self):
        middle = Gate()
        self.origin.script("/c/cut", Answer(steps=[head(len(BODY), FRESH), BODY[:1000], middle, CLOSE]), Answer(200, [FRESH], BODY))
        clients = [self.ask("/c/cut")]
        middle.wait_until_reached()
        clients += [self.ask("/c/cut") for _ in range(50)]
        self.wait_for_coalesced(50)
        middle.open()
        for one in clients:
            answer = one.read()
            self.assertTrue(answer.status == 502 or not answer.whole, answer)
        self.assertTrue(self.get("/c/cut").body == BODY)

    def test_an_error_is_shared_like_anything(self):
        gate = Gate()
        self.origin.script("/c/404", Answer(steps=[gate, Answer(404, [FRESH], b"nothing").head() + b"nothing"]), Answer(500))
        clients = [self.ask("/c/404") for _ in range(20)]
        gate.wait_until_reached()
        self.wait_for_coalesced(19)
        gate.open()
        self.assertEqual({one.read().status for one in clients}, {404})
        self.assertEqual(self.fetches("/c/404"), 1)


class Uncacheable(EdgeCase):
    def test_nobody_queues_for_what_is_not_kept(self):
        """Once it is known, each goes on its own way: the second is served while the first waits."""
        gate = Gate()
        self.origin.script("/c/own", Answer(200, ["Cache-Control: private"], b"0"),
                           Answer(steps=[gate, head(1, "Cache-Control: private"), b"1"]), Answer(200, ["Cache-Control: private"], b"2"))
        self.assertEqual(self.get("/c/own").body, b"0")
        self.wait_until_stored()
        first = self.ask("/c/own")
        gate.wait_until_reached()
        self.assertEqual(self.get("/c/own").body, b"2")
        gate.open()
        self.assertEqual(first.read().body, b"1")

    def test_those_who_waited_get_answers_of_their_own(self):
        gate = Gate()
        numbers = iter(range(10**6))

        def make(_):
            number = b"%d" % next(numbers)
            steps = [head(len(number), "Cache-Control: no-store"), number]
            return Answer(steps=[gate, *steps] if number == b"0" else steps)
        self.origin.script("/c/each", Answer(make=make))
        clients = [self.ask("/c/each") for _ in range(30)]
        gate.wait_until_reached()
        self.wait_for_coalesced(29)
        gate.open()
        bodies = [one.read().body for one in clients]
        self.assertEqual(len(set(bodies)), 30, bodies)

    def test_cookies_are_for_one_of_them(self):
        gate = Gate()
        numbers = iter(range(10**6))

        def make(_):
            number = next(numbers)
            steps = [head(1, FRESH, f"Set-Cookie: id={number}"), b"x"]
            return Answer(steps=[gate, *steps] if number == 0 else steps)
        self.origin.script("/c/cookie", Answer(make=make))
        clients = [self.ask("/c/cookie") for _ in range(20)]
        gate.wait_until_reached()
        self.wait_for_coalesced(19)
        gate.open()
        cookies = [one.read().header("Set-Cookie") for one in clients]
        self.assertEqual(len(set(cookies)), 20, cookies)


class Trouble(EdgeCase):
    config = """
[upstream]
head_timeout = "1s"
"""

    def test_nobody_there(self):
        self.origin.close()
        answer = self.get("/c/gone")
        self.assertEqual(answer.status, 502)
        self.assertNotIn("hit", cache_status(answer))

    def test_an_upstream_that_never_answers(self):
        self.origin.script("/c/never", Answer(steps=[Gate(), CLOSE]))
        clients = [self.ask("/c/never") for _ in range(20)]
        self.assertEqual({one.read().status for one in clients}, {504})

    def test_a_slow_path_does_not_hold_up_another(self):
        gate = Gate()
        self.origin.script("/c/slow", Answer(steps=[head(4, FRESH), gate, b"slow"]))
        self.origin.script("/c/fast", Answer(200, ["Cache-Control: no-store"], b"fast"))
        slow = self.ask("/c/slow")
        gate.wait_until_reached()
        for _ in range(20):
            self.assertEqual(self.get("/c/fast").body, b"fast")
        gate.open()
        self.assertEqual(slow.read().body, b"slow")

    def test_it_comes_back(self):
        self.origin.script("/c/back", Answer(steps=[RESET]), Answer(steps=[RESET]), Answer(200, [FRESH], b"here"))
        statuses = [self.get("/c/back").status for _ in range(4)]
        self.assertEqual(statuses[-1], 200, statuses)
        self.assertIn(502, statuses)

    def test_stale_instead_of_nobody(self):
        self.origin.script("/c/sie", Answer(200, ["Cache-Control: max-age=60, stale-if-error=600", "Age: 100"], b"old"))
        self.get("/c/sie")
        self.wait_until_stored()
        self.origin.close()
        answer = self.get("/c/sie")
        self.assertEqual((answer.status, answer.body), (200, b"old"))
        self.assertGreaterEqual(int(answer.header("Age")), 100)

    def test_what_changes_while_it_is_fetched_is_not_kept(self):
        """A POST goes through in the middle of a fetch (RFC 9111 section 4.4)."""
        gate = Gate()

        def make(request):
            if request.method == "POST":
                return Answer(204)
            old = len(self.origin.requests("/c/changes")) == 1
            return Answer(steps=[head(3, FRESH), *([gate, b"old"] if old else [b"new"])])
        self.origin.script("/c/changes", Answer(make=make))
        first = self.ask("/c/changes")
        gate.wait_until_reached()
        self.assertEqual(self.ask("/c/changes", method="POST", body=b"x").read().status, 204)
        self.assertEqual(self.get("/c/changes").body, b"new")
        gate.open()
        self.assertEqual(first.read().body, b"old")
        self.wait_until_stored()
        self.assertEqual(self.get("/c/changes").body, b"new")

    def test_pipelined_requests_are_answered_in_order(self):
        paths = [f"/c/p{n % 7}" for n in range(60)]
        for n in range(7):
            lines = [FRESH] if n % 2 else ["Cache-Control: no-store"]
            self.origin.script(f"/c/p{n}", Answer(200, lines, b"%d" % n * (1 + 3000 * n)))
        one = self.client()
        one.send(b"".join(wire.request_bytes("GET", path, [("Host", "h")]) for path in paths))
        for n in range(60):
            answer = one.read()
            self.assertEqual(answer.body, b"%d" % (n % 7) * (1 + 3000 * (n % 7)))

    def test_a_huge_body_goes_through_in_little_memory(self):
        size = 256 << 20
        piece = bytes(1 << 20)
        self.origin.script("/c/huge", Answer(steps=[head(size, FRESH), *[piece] * (size >> 20)]))
        self.origin.script("/c/small", Answer(200, [FRESH], b"small"))
        self.get("/c/small")
        before = self.farm.memory_kb("VmHWM")
        one = self.ask("/c/huge")
        self.assertIn(b"200", wire.read_head(one.stream).raw)
        got = 0
        while got < size:
            data = one.stream.read(1 << 20)
            self.assertTrue(data, "it ends early")
            got += len(data)
        if not SANITIZED:
            self.assertLess(self.farm.memory_kb("VmHWM") - before, 32 << 10)

    def test_endless_chunks_end_with_the_client(self):
        class Endless:
            def __iter__(self):
                yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                while True:
                    yield b"1000\r\n" + bytes(4096) + b"\r\n"
        self.origin.script("/c/endless", Answer(steps=Endless()))
        one = self.ask("/c/endless")
        wire.read_head(one.stream)
        one.stream.read(1 << 20)
        one.close()
        self.wait_for("nothing is fetched any more", lambda: self.farm.metrics()["photofarm_cache_fills"] == 0)

    def test_an_early_answer_to_a_long_body(self):
        self.origin.script("/c/post", Answer(413, ["Connection: close"], b"too much", end=CLOSE))
        answer = self.ask("/c/post", method="POST", body=b"y" * (1 << 20)).read()
        self.assertEqual((answer.status, answer.body), (413, b"too much"))

    def test_a_hit_needs_no_upstream(self):
        self.origin.script("/c/kept", Answer(200, [FRESH], BODY))
        self.get("/c/kept")
        self.wait_until_stored()
        self.origin.close()
        self.assertTrue(self.get("/c/kept").body == BODY)

    def test_connections_are_used_again(self):
        self.origin.script("/c/again", Answer(200, ["Cache-Control: no-store"], b"x"))
        for _ in range(40):
            self.assertEqual(self.get("/c/again").status, 200)
        self.assertLessEqual(len({r.connection for r in self.origin.requests("/c/again")}), 8)


class Bounds(EdgeCase):
    edge_config = EDGE_CONFIG.replace("[cache]", "[cache]\nmax_fills = 4")

    def test_more_fetches_than_may_be_are_refused(self):
        gates = [Gate() for _ in range(4)]
        clients = []
        for number, gate in enumerate(gates):
            self.origin.script(f"/c/{number}", Answer(steps=[gate, head(1, FRESH), b"x"]))
            clients.append(self.ask(f"/c/{number}"))
            gate.wait_until_reached()
        answer = self.get("/c/more")
        self.assertEqual(answer.status, 503)
        self.assertIsNotNone(answer.header("Retry-After"))
        for gate in gates:
            gate.open()
        self.assertEqual({one.read().status for one in clients}, {200})
        self.wait_until_stored()
        self.assertEqual(self.get("/c/0").status, 200)


if __name__ == "__main__":
    unittest.main(verbosity=1)
