#!/usr/bin/python3
"""What goes from one side to the other, what is told of the cache, and upstreams that do it wrong: RFC
9110 sections 7.6 and 15.2, RFC 9112 sections 6 and 7, RFC 7239, RFC 9211, RFC 8297."""

import re
import unittest

from harness import wire
from harness.caching import ABSENT, A, Row, ask, hit, miss, number, table, validated
from harness.client import TIMEOUT_S
from harness.scripted_origin import CLOSE, RESET, Answer, chunk

CC = "Cache-Control: "
FRESH, ETAG = CC + "max-age=60", 'ETag: "e"'
OURS = r"1\.1 photofarm[\w.-]*"


def all_of(name, *wanted):
    return lambda test, answer: test.assertEqual(answer.all(name), list(wanted), answer)


def not_seen(*lines):
    """A request's fields that are for the edge alone."""
    names = [line.split(": ")[0] for line in lines]
    return Row("a request's " + " and ".join(names), "9110 7.6.1", [A(FRESH)],
               [miss(0, *lines, sees={name: ABSENT for name in names if name != "Connection"})])


def not_passed(*lines):
    names = [line.split(": ")[0] for line in lines if not line.startswith("Connection")]
    return Row("a response's " + " and ".join(names), "9110 7.6.1", [A(FRESH, *lines)],
               [miss(0, has={name: ABSENT for name in names}), hit(0, has={name: ABSENT for name in names})])


REQUEST_FIELDS = [
    not_seen("Connection: X-Hop, x-other", "X-Hop: 1", "X-Other: 2"),
    not_seen("TE: trailers", "Connection: TE"),
    not_seen("Keep-Alive: timeout=5"),
    not_seen("Proxy-Connection: keep-alive"),
    not_seen("Proxy-Authorization: Basic x"),
    not_seen("Upgrade: h2c", "HTTP2-Settings: AA", "Connection: Upgrade, HTTP2-Settings"),
    not_seen("Trailer: X-T"),
    Row("other fields go on", "9110 5.1: unknown fields are forwarded", [A(FRESH)],
        [miss(0, "X-Unknown: a  b", "User-Agent: u/1", "Accept: */*", "Referer: http://a/", "Cookie: a=b; c=d",
              sees={"X-Unknown": "a  b", "User-Agent": "u/1", "Accept": "*/*", "Referer": "http://a/", "Cookie": "a=b; c=d"})]),
    Row("fields of one name stay in order", "9110 5.3", [A(FRESH)], [miss(0, "X-L: a", "X-M: m", "X-L: b", sees={"X-L": "a, b"})]),
    Row("Via", "9110 7.6.3", [A(FRESH)], [miss(0, sees={"Via": re.compile(OURS)})]),
    Row("Via behind others", "9110 7.6.3", [A(FRESH)],
        [miss(0, "Via: 1.0 fred, 1.1 p.example (x)", sees={"Via": re.compile(r"1\.0 fred, 1\.1 p\.example \(x\), " + OURS)})]),
    Row("Via of an HTTP/1.0 client", "9110 7.6.3", [A(FRESH)],
        [miss(0, version="1.0", sees={"Via": re.compile(OURS.replace(r"1\.1", r"1\.0", 1))})]),
    Row("X-Forwarded-For", "7239 7.4", [A(FRESH)], [miss(0, sees={"X-Forwarded-For": "127.0.0.1"})]),
    Row("X-Forwarded-For behind others", "7239 7.4", [A(FRESH)],
        [miss(0, "X-Forwarded-For: 192.0.2.1", sees={"X-Forwarded-For": "192.0.2.1, 127.0.0.1"})]),
    Row("X-Forwarded-Proto", "7239 5.4", [A(FRESH)], [miss(0, "X-Forwarded-Proto: gopher", sees={"X-Forwarded-Proto": "http"})]),
    Row("Forwarded", "7239 4", [A(FRESH)], [miss(0, sees={"Forwarded": re.compile(r"for=127\.0\.0\.1;.*proto=http")})]),
    Row("the host that a POST asks", "7239 5.3", [A()],
        [ask(0, method="POST", body=b"x", sees={"X-Forwarded-Host": "@HOST@", "Forwarded": re.compile(r'for=127\.0\.0\.1;host="127\.0\.0\.1:\d+";proto=http')})]),
    Row("what all will get depends on no client's host", "9111 4.1", [A(FRESH)],
        [miss(0, "Host: evil.test", "X-Forwarded-Host: evil.test", "X-Forwarded-Server: evil.test",
              sees={"X-Forwarded-Host": ABSENT, "Host": lambda value: "evil" not in value,
                    "Forwarded": lambda value: "evil" not in value}), hit(0)]),
    Row("Forwarded behind others", "7239 4", [A(FRESH)],
        [miss(0, "Forwarded: for=192.0.2.1", sees={"Forwarded": re.compile(r"for=192\.0\.2\.1, ?for=127\.0\.0\.1;.*")})]),
    Row("the request line", "9112 3", [A(CC + "no-store")], [miss(0, sees={":method": "GET", ":target": "@PATH@"})]),
    Row("exactly one Host", "9112 3.2", [A(FRESH)], [miss(0, sees={"Host": re.compile(r"[\w.]+:\d+")})]),
    Row("a body in chunks", "9112 7.1", [A()],
        [ask(0, "Transfer-Encoding: chunked", method="POST", body=b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nX-T: 1\r\n\r\n", fetches=1,
             sees={":body": b"abcdefg", "X-T": ABSENT})]),
    Row("a body that waits for 100", "9110 10.1.1", [A()],
        [ask(0, "Expect: 100-continue", method="POST", body=b"abc", fetches=1, sees={":body": b"abc"},
             check=lambda test, answer: test.assertIn([one.status for one in answer.interim], ([], [100])))]),
    Row("a GET with a body is nobody else's", "9110 9.3.1", [A(FRESH), A(FRESH)],
        [ask(0, body=b"x=1", fetches=1, sees={":body": b"x=1"}), miss(1), hit(1)]),
    Row("another method of a cached path", "9110 9.1", [A(FRESH), A(FRESH)],
        [miss(0), ask(1, method="REPORT", fetches=1, sees={":method": "REPORT"}, cs={"hit": ABSENT, "fwd": "method"})]),
    Row("OPTIONS goes on", "9110 9.3.7", [A("Allow: GET, HEAD")],
        [ask(0, method="OPTIONS", fetches=1, sees={":method": "OPTIONS"}, has={"Allow": "GET, HEAD"})]),
]

RESPONSE_FIELDS = [
    not_passed("Connection: X-Hop", "X-Hop: 1"),
    not_passed("Keep-Alive: timeout=5"),
    not_passed("Proxy-Authenticate: Basic"),
    not_passed("Proxy-Connection: keep-alive"),
    not_passed("Upgrade: h2c", "Connection: Upgrade"),
    Row("other fields come through", "9110 5.1", [A(FRESH, "X-Unknown: a  b", "Server: s/1", "Link: </x>; rel=next", "ETag: W/\"q\"")],
        [miss(0, has={"X-Unknown": "a  b", "Server": "s/1", "Link": "</x>; rel=next", "ETag": 'W/"q"'}),
         hit(0, has={"X-Unknown": "a  b", "Link": "</x>; rel=next", "ETag": 'W/"q"'})]),
    Row("fields of one name stay apart and in order", "9110 5.3", [A(FRESH, "Link: <a>", "X-M: m", "Link: <b>")],
        [miss(0, check=all_of("Link", "<a>", "<b>")), hit(0, check=all_of("Link", "<a>", "<b>"))]),
    Row("bytes over 127 in a value", "9110 5.5", [A(FRESH, "X-Name: M\xfcller")], [miss(0, has={"X-Name": "M\xfcller"}), hit(0, has={"X-Name": "M\xfcller"})]),
    Row("an empty value", "9110 5.5", [A(FRESH, "X-Empty: ")], [miss(0, has={"X-Empty": ""}), hit(0, has={"X-Empty": ""})]),
    Row("Via of a response", "9110 7.6.3", [A(FRESH)], [miss(0, has={"Via": re.compile(OURS)}), hit(0, has={"Via": re.compile(OURS)})]),
    Row("Via of a response behind others", "9110 7.6.3", [A(FRESH, "Via: 1.0 fred")], [miss(0, has={"Via": re.compile(r"1\.0 fred, " + OURS)})]),
    Row("one Date and one Content-Length", "9110 6.6.1", [A(FRESH)],
        [miss(0, check=lambda test, answer: test.assertEqual([len(answer.all("Date")), len(answer.all("Content-Length"))], [1, 1]))]),
    Row("a reason is no matter", "9112 4", [A(steps=[b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"])], [ask(None, status=200, expect=b"ok")]),
    Row("an answer of HTTP/1.0", "9110 2.5", [A(FRESH, version="1.0", end=CLOSE)], [miss(0), hit(0)]),
    Row("chunks are not for an HTTP/1.0 client", "9112 6.1", [A(CC + "no-store", framing="chunked")],
        [miss(0, version="1.0", has={"Transfer-Encoding": ABSENT})]),
    Row("unknown statuses come through", "9110 15", [A(status=299), A(status=499)], [miss(0), miss(1)]),
    Row("a large head", "9110 5.4", [A(FRESH, *(f"X-{n}: {'v' * 100}" for n in range(40)))],
        [miss(0, has={"X-39": "v" * 100}), hit(0, has={"X-39": "v" * 100})]),
    Row("chunks and trailers", "9112 7.1", [A(steps=[b"HTTP/1.1 200 OK\r\n" + FRESH.encode() + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
                                                    + chunk(b"one") + chunk(b"two") + b"0\r\nX-T: 1\r\n\r\n"])],
        [miss(None, status=200, expect=b"onetwo", has={"X-T": ABSENT}), hit(None, status=200, expect=b"onetwo")]),
]


def told(name, section, answers, *steps):
    return Row(name, section, answers, list(steps))


STATUS = [
    told("stored", "9211 2.5", [A(FRESH)], miss(0, cs={"hit": ABSENT, "fwd": "uri-miss", "stored": True})),
    told("not stored", "9211 2.5", [A(CC + "no-store")], miss(0, cs={"fwd": re.compile("uri-miss|miss|bypass"), "stored": ABSENT})),
    told("hit with its ttl", "9211 2.4", [A(FRESH)], miss(0), hit(0, cs={"ttl": number(30, 60)})),
    told("another variant", "9211 2.2", [A(FRESH, "Vary: X-A"), A(FRESH, "Vary: X-A")], miss(0, "X-A: 1"),
         miss(1, "X-A: 2", cs={"fwd": "vary-miss", "stored": True})),
    told("stale and good still", "9211 2.3", [A(FRESH, "Age: 61", ETAG), A(FRESH, status=304)], miss(0),
         validated(0, cs={"fwd": "stale", "fwd-status": "304"})),
    told("stale and new", "9211 2.2", [A(FRESH, "Age: 61", ETAG), A(FRESH)], miss(0), miss(1, cs={"fwd": "stale", "stored": True})),
    told("by the request", "9211 2.2", [A(FRESH), A(FRESH)], miss(0), miss(1, CC + "no-cache", cs={"fwd": "request"})),
    told("by the method", "9211 2.2", [A()], ask(0, method="POST", body=b"x", fetches=1, cs={"hit": ABSENT, "fwd": "method"})),
    told("below another cache", "9211 2", [A(FRESH, "Cache-Status: up; hit; ttl=9")],
         miss(0, has={"Cache-Status": re.compile(r"up; hit; ttl=9, photofarm; .*")}),
         hit(0, has={"Cache-Status": re.compile(r"up; hit; ttl=9, photofarm; hit.*")})),
    told("of a 304", "9211 2", [A(FRESH, ETAG)], miss(0), hit(None, 'If-None-Match: "e"', status=304)),
    told("of an error", "9211 2", [A(status=500)], miss(0, cs={"hit": ABSENT, "fwd": re.compile(".*miss"), "stored": ABSENT})),
    told("of a bad upstream", "9211 2", [A(steps=[CLOSE])], ask(None, status=502, cs={"hit": ABSENT})),
    told("of a HEAD", "9211 2", [A(FRESH)], miss(0), hit(0, method="HEAD")),
]

HINTS = Answer(103, ["Link: </style.css>; rel=preload"], framing="none", date=False).head()
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
INTERIM = [
    Row("103 is passed on", "8297 2", [A(FRESH, before=[HINTS])],
        [miss(0, check=lambda test, answer: test.assertEqual(
            [(one.status, one.header("Link")) for one in answer.interim], [(103, "</style.css>; rel=preload")])),
         hit(0, check=lambda test, answer: test.assertEqual(answer.interim, []))]),
    Row("several interim ones", "9110 15.2", [A(FRESH, before=[b"HTTP/1.1 102 Processing\r\n\r\n", HINTS, HINTS])],
        [miss(0, check=lambda test, answer: test.assertEqual([one.status for one in answer.interim], [102, 103, 103]))]),
    Row("none for HTTP/1.0", "9110 15.2", [A(FRESH, before=[HINTS])],
        [miss(0, version="1.0", check=lambda test, answer: test.assertEqual(answer.interim, []))]),
    Row("100 that nobody waits for", "9110 15.2.1", [A(FRESH, before=[CONTINUE])],
        [miss(0, check=lambda test, answer: test.assertIn([one.status for one in answer.interim], ([], [100]))), hit(0)]),
    Row("an interim one is not the answer", "9110 15.2", [A(FRESH, before=[HINTS])], [miss(0), hit(0)]),
    Row("101 that nobody asked for", "9110 15.2.2", [A(steps=[b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", CLOSE])], [ask(None, status=502)]),
]


def bad(name, section, *steps):
    """What can't be understood is a 502, and nothing is kept of it."""
    return Row(name, section, [A(steps=[*steps])], [ask(None, status=502, cs={"hit": ABSENT}), Again()])


def Again():
    """It is not stored: the origin is asked again."""
    return ask(None, status=502, check=lambda test, answer: test.assertGreaterEqual(len(test.fetches()), 2))


OK = b"HTTP/1.1 200 OK\r\n" + FRESH.encode() + b"\r\n"
BAD = [
    bad("no answer at all", "9112 9.5", CLOSE),
    bad("a reset", "9112 9.5", RESET),
    bad("half a head", "9112 8", OK, CLOSE),
    bad("no HTTP", "9112 4", b"220 smtp.example\r\n\r\n", CLOSE),
    bad("HTTP/2 in the status line", "9112 2.3", b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok", CLOSE),
    bad("a status of two digits", "9112 4", b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok", CLOSE),
    bad("a status that is no number", "9112 4", b"HTTP/1.1 2x0 OK\r\nContent-Length: 2\r\n\r\nok", CLOSE),
    bad("a field without a colon", "9112 5", OK + b"nonsense\r\nContent-Length: 2\r\n\r\nok", CLOSE),
    bad("NUL in a field", "9110 5.5", OK + b"X-A: a\0b\r\nContent-Length: 2\r\n\r\nok", CLOSE),
    bad("CR in a field", "9112 2.2", OK + b"X-A: a\rb\r\nContent-Length: 2\r\n\r\nok", CLOSE),
    bad("two lengths that differ", "9112 6.3", OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!", CLOSE),
    bad("a length that is no number", "9112 6.3", OK + b"Content-Length: two\r\n\r\nok", CLOSE),
    bad("a length below 0", "9112 6.3", OK + b"Content-Length: -2\r\n\r\nok", CLOSE),
    bad("a length of twenty digits", "9112 6.3", OK + b"Content-Length: 99999999999999999999\r\n\r\nok", CLOSE),
    bad("a head of a megabyte", "9110 5.4", OK + b"X-A: " + b"a" * (1 << 20) + b"\r\nContent-Length: 2\r\n\r\nok", CLOSE),
    bad("an unknown transfer coding", "9112 6.1", OK + b"Transfer-Encoding: rot13\r\n\r\nbx", CLOSE),
]


def cut(name, section, head, body):
    """What comes is passed on as far as it goes, seen to be cut off, and never stored."""
    return Row(name, section, [A(steps=[head + b"\r\n" + body, CLOSE]), A(FRESH)],
               [ask(None, fetches=1, truncated=None, check=seen_to_be_cut), miss(1), hit(1)])


def seen_to_be_cut(test, answer):
    test.assertTrue(answer.status == 502 or not answer.whole, answer)


CUT = [
    cut("by its length", "9111 3.3", OK + b"Content-Length: 10\r\n", b"half"),
    cut("before its first byte", "9111 3.3", OK + b"Content-Length: 10\r\n", b""),
    cut("by its chunks", "9112 8", OK + b"Transfer-Encoding: chunked\r\n", b"a\r\nhalf"),
    cut("between chunks", "9112 8", OK + b"Transfer-Encoding: chunked\r\n", b"4\r\nhalf\r\n"),
    cut("in the last chunk's line", "9112 8", OK + b"Transfer-Encoding: chunked\r\n", b"4\r\nhalf\r\n0\r\n"),
    cut("by a chunk of no size", "9112 7.1", OK + b"Transfer-Encoding: chunked\r\n", b"4\r\nhalf\r\nzz\r\n\r\n"),
    cut("by a chunk that is longer than it says", "9112 7.1", OK + b"Transfer-Encoding: chunked\r\n", b"4\r\nhalfhalf\r\n0\r\n\r\n"),
    cut("by a chunk of a size over 64 bits", "9112 7.1", OK + b"Transfer-Encoding: chunked\r\n", b"fffffffffffffffff1\r\nhalf\r\n"),
    cut("far behind", "9111 3.3", OK + b"Content-Length: 900000\r\n", b"x" * 800000),
    Row("by a reset", "9111 3.3", [A(steps=[OK + b"Content-Length: 10\r\n\r\nhalf", RESET]), A(FRESH)],
        [ask(None, truncated=None, check=seen_to_be_cut), miss(1), hit(1)]),
    Row("more than its length spoils nothing", "9112 6.3", [A(steps=[OK + b"Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\nevil"])],
        [ask(None, status=200, expect=b"ok"), hit(None, status=200, expect=b"ok"), miss(0, path="/next")], more={"/next": [A(FRESH)]}),
    Row("a body behind a HEAD spoils nothing", "9112 6.3",
        [A(steps=[OK + b"Content-Length: 4\r\n\r\nbody"])], [ask(None, method="HEAD", status=200), miss(0, path="/next")],
        more={"/next": [A(FRESH)]}),
    Row("a body behind a 304 spoils nothing", "9112 6.3",
        [A(FRESH, "Age: 61", ETAG), A(steps=[b"HTTP/1.1 304 N\r\nContent-Length: 4\r\n\r\nbody"]), A(FRESH)],
        [miss(0), ask(0), miss(0, path="/next")], more={"/next": [A(FRESH)]}),
    Row("chunks and a length are not both", "9112 6.3",
        [A(steps=[OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"seven b") + b"0\r\n\r\n", CLOSE]), A(FRESH)],
        [ask(None, check=lambda test, answer: test.assertTrue(answer.status == 502 or answer.body == b"seven b", answer)),
         miss(0, path="/next")], more={"/next": [A(FRESH)]}),
    Row("a connection that was closed meanwhile", "9112 9.3.1", [A(FRESH)],
        [miss(0, path="/a"), miss(0, path="/b")], more={"/a": [A(FRESH, end=CLOSE)], "/b": [A(FRESH)]}),
]


class Loops(table("Base", [])):
    def test_a_loop_is_told(self):
        """The edge's own Via comes back to it (RFC 9110 section 7.6.3)."""
        self.origin.script("/c/loop", A(FRESH))
        via = self.ask("/c/loop", []) and self.origin.requests("/c/loop")[0].header("Via")
        answer = self.ask("/c/loop2", [("Via", via)])
        self.assertEqual(answer.status, 508, answer)
        self.assertEqual(self.origin.requests("/c/loop2"), [])

    def ask(self, target, headers):
        with wire.Wire((self.farm.host, self.farm.port), TIMEOUT_S) as connection:
            connection.send(wire.request_bytes("GET", target, [("Host", "h"), *headers]))
            return connection.read()


# Where routes name a host, its answers are its own.
HOSTS = [
    Row("a host that a route names", "9111 4: the key is the target URI", [A(FRESH), A(FRESH)],
        [miss(0, "Host: named.test", sees={"X-Forwarded-Host": "named.test"}), miss(1, "Host: other.test"),
         hit(0, "Host: NAMED.test"), hit(1, "Host: third.test")]),
    Row("its port is no difference", "9111 4", [A(FRESH)], [miss(0, "Host: named.test:8080"), hit(0, "Host: named.test")]),
]
NAMED = """
[[route]]
host = "named.test"
match = "^/c/"
pool = "old"
"""

RequestFields = table("RequestFields", REQUEST_FIELDS)
ResponseFields = table("ResponseFields", RESPONSE_FIELDS)
Status = table("Status", STATUS)
Interim = table("Interim", INTERIM)
Bad = table("Bad", BAD)
Cut = table("Cut", CUT)
Hosts = table("Hosts", HOSTS, NAMED)

if __name__ == "__main__":
    unittest.main(verbosity=1)
