#!/usr/bin/python3
"""One fetch for many: who may share it, and what happens to it while it is under way (RFC 9111
sections 4 and 4.4)."""

import threading
import time
import unittest

from harness import wire
from harness.caching import A, cache_status, table
from harness.client import TIMEOUT_S
from harness.scripted_origin import CLOSE, Answer, Gate
from harness.server import PATIENCE_S

CC = "Cache-Control: "
FRESH = CC + "max-age=60"
ETAG = 'ETag: "e"'


class Client:
    """One request on a thread of its own."""

    def __init__(self, farm, target, headers=(), method="GET"):
        self._address = (farm.host, farm.port)
        self._bytes = wire.request_bytes(method, target, [("Host", "h"), *headers])
        self._method, self._answer = method, None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        with wire.Wire(self._address, TIMEOUT_S) as connection:
            connection.send(self._bytes)
            self._answer = connection.read(self._method)

    def answer(self):
        self._thread.join(PATIENCE_S)
        if self._answer is None:
            raise AssertionError("no answer came")
        return self._answer


def whole(answer):
    """Its bytes, for a script that has a Gate in it."""
    return answer.head() + (b"" if answer.status == 304 else answer.body)


class OneFetch(table("Base", [])):
    def ask(self, target, *headers, method="GET"):
        return Client(self.farm, target, headers, method).answer()

    def start(self, target, *headers):
        return Client(self.farm, target, headers)

    def gated(self, answer):
        """An answer that waits at its beginning."""
        gate = Gate()
        self.addCleanup(gate.open)
        return Answer(steps=[gate, whole(answer)]), gate

    def wait_for_coalesced(self, count):
        self.wait_until(lambda: self.coalesced() >= count, f"{count} requests share a fetch")

    def coalesced(self):
        return self.farm.metrics()["photofarm_cache_coalesced_total"]

    def wait_until(self, holds, what):
        give_up = time.monotonic() + PATIENCE_S
        while not holds():
            self.assertLess(time.monotonic(), give_up, f"it never came: {what}")
            time.sleep(0.01)

    def test_010_what_may_be_kept_is_for_all(self):
        slow, gate = self.gated(A(FRESH, body=b"for all"))
        self.origin.script("/c/all", slow)
        first = self.start("/c/all")
        gate.wait_until_reached()
        before = self.coalesced()
        others = [self.start("/c/all") for _ in range(8)]
        self.wait_for_coalesced(before + 8)
        gate.open()
        for client in [first, *others]:
            self.assertEqual(client.answer().body, b"for all")
        self.assertEqual(len(self.origin.requests("/c/all")), 1)

    def test_020_what_is_for_one_is_given_to_that_one(self):
        slow, gate = self.gated(A(FRESH, "Set-Cookie: who=first", body=b"first"))
        self.origin.script("/c/one", slow, A(CC + "private", body=b"other"))
        first = self.start("/c/one")
        gate.wait_until_reached()
        before = self.coalesced()
        others = [self.start("/c/one") for _ in range(4)]
        self.wait_for_coalesced(before + 4)
        gate.open()
        self.assertEqual(first.answer().body, b"first")
        for client in others:
            self.assertEqual(client.answer().body, b"other")

    def test_030_early_hints_are_for_one_as_well(self):
        hints = b"HTTP/1.1 103 Early Hints\r\nLink: </mine.css>\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n"
        slow, gate = self.gated(A(FRESH, body=b"all"))
        hold_first = Gate()
        self.addCleanup(hold_first.open)
        self.origin.script("/c/hints", Answer(steps=[hold_first, hints, gate, *slow.steps[1:]]))
        first = self.start("/c/hints")
        hold_first.wait_until_reached()
        before = self.coalesced()
        other = self.start("/c/hints")
        self.wait_for_coalesced(before + 1)
        hold_first.open()
        gate.wait_until_reached()
        gate.open()
        [interim] = first.answer().interim
        self.assertEqual(interim.header("Link"), "</mine.css>")
        self.assertIsNone(interim.header("X-Hop"))
        self.assertEqual(other.answer().interim, [])
        self.assertEqual(other.answer().body, b"all")

    def test_040_what_a_change_overtakes_is_not_kept(self):
        for name, first, late, headers in [
            ("whole", None, A(FRESH, body=b"old"), ()),
            ("validated", A(FRESH, "Age: 61", ETAG, body=b"old"), A(FRESH, status=304), ()),
            ("part", None, A(FRESH, ETAG, "Content-Range: bytes 0-2/9", status=206, body=b"old"),
             (("Range", "bytes=0-2"),)),
        ]:
            with self.subTest(name):
                target = f"/c/changed-{name}"
                slow, gate = self.gated(late)
                answers = ([first] if first else []) + [slow, A(status=204), A(FRESH, body=b"new")]
                self.origin.script(target, *answers)
                if first:
                    self.ask(target)
                client = self.start(target, *headers)
                gate.wait_until_reached()
                self.assertEqual(self.ask(target, method="DELETE").status, 204)
                gate.open()
                self.assertEqual(client.answer().body, b"old")
                self.assertEqual(self.ask(target, *headers).body, b"new")

    def test_050_who_asks_after_a_purge_gets_nothing_from_before_it(self):
        for name, purge in [("path", {"paths": ["/c/purged-path"]}), ("tag", {"tags": ["t50"]})]:
            with self.subTest(name):
                target = f"/c/purged-{name}"
                slow, gate = self.gated(A(FRESH, "Cache-Tag: t50", body=b"old"))
                self.origin.script(target, slow, A(FRESH, body=b"new"))
                first = self.start(target)
                gate.wait_until_reached()
                answer = self.farm.client().request("POST", "/v1/purges", purge)
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual(self.ask(target).body, b"new")
                gate.open()
                self.assertEqual(first.answer().body, b"old")
                self.assertEqual(self.ask(target).body, b"new")

    def test_060_a_second_304_is_no_answer(self):
        other = A(FRESH, 'ETag: "other"', status=304)
        self.origin.script("/c/304", A(FRESH, "Age: 61", ETAG, body=b"old"), other, other, A(FRESH, body=b"new"))
        self.assertEqual(self.ask("/c/304").body, b"old")
        self.assertEqual(self.ask("/c/304").status, 502)
        self.assertEqual(self.ask("/c/304").body, b"new")

    def test_070_one_client_cannot_push_out_what_is_good_for_all(self):
        for name, header in [("no-store", ("Cache-Control", "no-store")), ("user", ("Authorization", "Basic eA=="))]:
            with self.subTest(name):
                target = f"/c/stays-{name}"
                self.origin.script(target, A(FRESH, "Age: 61", ETAG, body=b"it"), A(FRESH, status=304),
                                   A(FRESH, status=304))
                self.assertEqual(self.ask(target).body, b"it")
                self.assertEqual(self.ask(target, header).body, b"it")
                answer = self.ask(target)
                self.assertEqual(answer.body, b"it")
                self.assertEqual(self.origin.requests(target)[-1].header("If-None-Match"), '"e"')
                self.assertEqual(cache_status(self.ask(target)).get("hit"), True)

    def test_080_who_shares_a_304_that_is_for_one_asks_for_himself(self):
        slow, gate = self.gated(A(CC + "private", status=304))
        self.origin.script("/c/own304", A(FRESH, "Age: 61", ETAG, body=b"old"), slow, A(FRESH, body=b"new"))
        self.assertEqual(self.ask("/c/own304").body, b"old")
        first = self.start("/c/own304")
        gate.wait_until_reached()
        before = self.coalesced()
        other = self.start("/c/own304")
        self.wait_for_coalesced(before + 1)
        gate.open()
        self.assertEqual(first.answer().body, b"old")
        self.assertEqual(other.answer().body, b"new")

    def test_090_an_origin_that_leaves_in_the_middle_leaves_nobody_waiting(self):
        gate = Gate()
        self.addCleanup(gate.open)
        head = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 100\r\n\r\n"
        self.origin.script("/c/cut", Answer(steps=[head + b"x" * 50, gate, CLOSE]), A(FRESH, body=b"new"))
        first = self.start("/c/cut")
        gate.wait_until_reached()
        before = self.coalesced()
        others = [self.start("/c/cut") for _ in range(4)]
        self.wait_for_coalesced(before + 4)
        gate.open()
        for client in [first, *others]:
            answer = client.answer()
            self.assertFalse(answer.whole)
            self.assertEqual(answer.body, b"x" * 50)
        self.assertEqual(self.ask("/c/cut").body, b"new")


if __name__ == "__main__":
    unittest.main()
