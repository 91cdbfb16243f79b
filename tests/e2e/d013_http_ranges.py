#!/usr/bin/python3
"""Parts of responses: from a whole copy, from the origin, stored and put together. RFC 9110 section 14
and 15.3.7, RFC 9111 sections 3.3 and 3.4."""

import re
import unittest

from harness.caching import ABSENT, A, Ask, Row, ask, hit, miss, number, table
from harness.scripted_origin import CLOSE, Answer, ranged

CC = "Cache-Control: "
FRESH, ETAG = CC + "max-age=60", 'ETag: "r"'
OLD_DATE = "Tue, 22 Nov 2022 11:00:00 GMT"
BODY = b"".join(b"%03d," % i for i in range(250))  # 1000 bytes, of which no two parts are alike
OTHER = BODY.replace(b",", b";")
BIG = b"".join(b"%07d\n" % i for i in range(262144))  # 2 MiB, over what is kept
LESS = BIG[:60000]


def part(first, last, *headers, body=BODY, **more):
    """A 206 of just these bytes; `fetches` is left open."""
    has = {"Content-Range": f"bytes {first}-{last}/{len(body)}", "Content-Length": str(last - first + 1), **more.pop("has", {})}
    asked = [] if any(line.startswith("Range") for line in headers) else [f"Range: bytes={first}-{last}"]
    return Ask(None, [*asked, *headers], status=206, expect=body[first:last + 1], has=has, **more)


def whole(*headers, body=BODY, **more):
    return Ask(None, headers, status=200, expect=body, has={"Content-Range": ABSENT}, **more)


def multipart(*wanted, body=BODY):
    """A check: all these parts, or the whole."""
    def check(test, answer):
        if answer.status == 200:
            return test.assertEqual(answer.body, body)
        test.assertEqual(answer.status, 206, answer)
        kind = re.fullmatch(r'multipart/byteranges; ?boundary="?([\w\'()+,./:=?-]{1,70})"?', answer.header("Content-Type"))
        test.assertTrue(kind, answer)
        found = []
        for piece in answer.body.split(b"--" + kind[1].encode())[1:-1]:
            head, _, bytes_there = piece.partition(b"\r\n\r\n")
            found.append((re.search(rb"(?i)content-range: bytes (\S+)", head)[1].decode(), bytes_there[:-2]))
        return test.assertEqual(found, [(f"{a}-{b}/{len(body)}", body[a:b + 1]) for a, b in wanted])
    return check


def right_bytes(*bodies):
    """A check: what comes is a whole, or the part that its Content-Range says, of one of these."""
    def check(test, answer):
        if answer.status == 200:
            return test.assertIn(answer.body, bodies)
        if answer.status >= 400:
            return test.assertIn(answer.status, (416, 502))
        test.assertEqual(answer.status, 206, answer)
        first, last, length = map(int, re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", answer.header("Content-Range")).groups())
        return test.assertIn(answer.body, [body[first:last + 1] for body in bodies if len(body) == length])
    return check


def from_copy(name, section, step, *lines, body=BODY):
    """The whole is stored first; then the origin is not needed."""
    step.fetches = 0
    step.cs = {"hit": True, "fwd": ABSENT}
    return Row(name, section, [A(FRESH, ETAG, f"Last-Modified: {OLD_DATE}", "Content-Type: text/plain", *lines, body=body)],
               [miss(0), step])


COPIES = [
    from_copy("the first bytes", "9110 14.1.2", part(0, 99)),
    from_copy("one byte", "9110 14.1.2", part(7, 7)),
    from_copy("to the end", "9110 14.1.2", part(900, 999, "Range: bytes=900-")),
    from_copy("the last bytes", "9110 14.1.2", part(900, 999, "Range: bytes=-100")),
    from_copy("more than there are at the end", "9110 14.1.2", part(0, 999, "Range: bytes=-5000")),
    from_copy("over the end", "9110 14.1.2", part(990, 999, "Range: bytes=990-5000")),
    from_copy("all of it", "9110 14.1.2", part(0, 999, "Range: bytes=0-")),
    from_copy("behind the end", "9110 15.5.17", ask(None, "Range: bytes=1000-", status=416, has={"Content-Range": "bytes */1000"})),
    from_copy("no last bytes", "9110 15.5.17", ask(None, "Range: bytes=-0", status=416)),
    from_copy("of another unit", "9110 14.2", whole("Range: lines=0-5")),
    from_copy("malformed", "9110 14.2", whole("Range: bytes=5-2")),
    from_copy("several", "9110 14.6", ask(None, "Range: bytes=0-9, 500-509", check=multipart((0, 9), (500, 509)))),
    from_copy("several of which one is there", "9110 14.2", ask(None, "Range: bytes=3-7, 5000-", status=206)),
    from_copy("a thousand", "9110 17.15", ask(None, "Range: bytes=" + ",".join(["0-"] * 1000), check=lambda test, answer:
                                              test.assertLess(len(answer.body), 3000))),
    from_copy("If-Range with the ETag", "9110 13.1.5", part(0, 9, 'If-Range: "r"')),
    from_copy("If-Range with another", "9110 13.1.5", whole("Range: bytes=0-9", 'If-Range: "q"')),
    from_copy("If-Range with a weak one", "9110 13.1.5", whole("Range: bytes=0-9", 'If-Range: W/"r"')),
    from_copy("If-Range with the time", "9110 13.1.5", part(0, 9, "If-Range: " + OLD_DATE)),
    from_copy("If-Range with another time", "9110 13.1.5",
              whole("Range: bytes=0-9", "If-Range: Tue, 22 Nov 2022 11:00:01 GMT")),
    from_copy("If-None-Match goes before", "9110 13.2.2", ask(None, "Range: bytes=0-9", 'If-None-Match: "r"', status=304)),
    from_copy("HEAD has no ranges", "9110 14.2",
              ask(None, "Range: bytes=0-9", method="HEAD", status=200, has={"Content-Length": "1000"})),
    from_copy("what a part tells", "9110 15.3.7", part(0, 9, has={
        "ETag": '"r"', "Cache-Control": "max-age=60", "Age": number(0, 30), "Last-Modified": OLD_DATE,
        "Content-Type": "text/plain", "X-Own": "1"}), "X-Own: 1"),
    from_copy("of sixty kilobytes", "9110 14.1.2", part(50000, 50099, body=LESS), body=LESS),
    Row("a part of an error is the error", "9110 14.2", [A(FRESH, status=404)], [miss(0), hit(0, "Range: bytes=0-1")]),
    Row("If-Range of what has a weak ETag", "9110 13.1.5", [A(FRESH, 'ETag: W/"r"', body=BODY)],
        [miss(0), whole("Range: bytes=0-9", 'If-Range: W/"r"', fetches=0)]),
    Row("of what is validated", "9111 4.3", [A(FRESH, "Age: 61", ETAG, body=BODY), A(FRESH, status=304)],
        [miss(0), part(10, 19, fetches=1), part(20, 29, fetches=0)]),
    Row("of what is stale meanwhile", "5861 3", [A(FRESH + ", stale-while-revalidate=1000", "Age: 61", ETAG, body=BODY),
                                                A(FRESH, ETAG, status=304)],
        [miss(0), part(10, 19, fetches=1, background=True)]),
]
LINES = [FRESH, "Content-Type: text/plain"]
PARTS = [
    Row("a part of what is not stored", "9110 14.2", [ranged(BODY, LINES)], [part(100, 199), part(100, 199, fetches=0)]),
    Row("a part of a stored part", "9111 3.4", [ranged(BODY, LINES)], [part(100, 299), part(150, 199, fetches=0)]),
    Row("the end of a stored part", "9111 3.4", [ranged(BODY, LINES)],
        [part(900, 999, "Range: bytes=-100"), part(950, 999, "Range: bytes=950-", fetches=0)]),
    Row("two parts make the whole", "9111 3.4", [ranged(BODY, LINES)],
        [part(0, 499), part(500, 999), whole(fetches=0), part(400, 600, fetches=0)]),
    Row("two parts in the other order", "9111 3.4", [ranged(BODY, LINES)],
        [part(500, 999), part(0, 499), whole(fetches=0)]),
    Row("two parts that overlap", "9111 3.4", [ranged(BODY, LINES)], [part(0, 599), part(400, 999), whole(fetches=0)]),
    Row("two parts with a hole", "9111 3.4", [ranged(BODY, LINES)],
        [part(0, 99), part(200, 299), part(50, 250), whole(), whole(fetches=0)]),
    Row("the whole behind a part", "9111 3.4", [ranged(BODY, LINES)], [part(0, 99), whole(), whole(fetches=0), part(700, 799, fetches=0)]),
    Row("many parts", "9111 3.4", [ranged(BODY, LINES)], [part(n, n + 9) for n in range(0, 1000, 10)] + [whole()]),
    Row("many parts far apart", "9111 3.4", [ranged(BODY, LINES)], [part(n, n + 4) for n in range(0, 1000, 10)] + [whole()]),
    Row("changed between the parts", "9111 3.4", [ranged(BODY, LINES, '"a"'), ranged(OTHER, LINES, '"b"')],
        [ask(None, "Range: bytes=0-499", check=right_bytes(BODY, OTHER)),
         ask(None, "Range: bytes=500-999", check=right_bytes(BODY, OTHER)),
         ask(None, check=right_bytes(BODY, OTHER)), ask(None, check=right_bytes(BODY, OTHER))]),
    Row("a longer one between the parts", "9111 3.4", [ranged(BODY, LINES), ranged(BODY + b"more", LINES)],
        [ask(None, "Range: bytes=0-499", check=right_bytes(BODY, BODY + b"more")),
         ask(None, "Range: bytes=500-999", check=right_bytes(BODY, BODY + b"more")),
         ask(None, check=right_bytes(BODY, BODY + b"more"))]),
    Row("a weak ETag joins nothing", "9111 3.4", [ranged(BODY, LINES, 'W/"a"'), ranged(OTHER, LINES, 'W/"a"')],
        [ask(None, "Range: bytes=0-499", check=right_bytes(BODY, OTHER)),
         ask(None, "Range: bytes=500-999", check=right_bytes(BODY, OTHER)), ask(None, check=right_bytes(BODY, OTHER))]),
    Row("parts that may not be stored", "9111 3", [ranged(BODY, [CC + "no-store"]), ranged(OTHER, [CC + "no-store"])],
        [part(0, 99), part(0, 99, body=OTHER, fetches=1)]),
    Row("a private part", "9111 5.2.2.7", [ranged(BODY, [CC + "private, max-age=60"]), ranged(OTHER, [CC + "no-store"])],
        [part(0, 99), part(0, 99, body=OTHER, fetches=1)]),
    Row("several at once", "9110 14.6", [ranged(BODY, LINES)],
        [ask(None, "Range: bytes=0-9, 500-509", check=multipart((0, 9), (500, 509))), whole()]),
    Row("If-Range of what is not stored", "9110 13.1.5", [ranged(BODY, LINES)],
        [part(0, 99, 'If-Range: "r"'), whole("Range: bytes=0-99", 'If-Range: "q"')]),
    Row("behind the end of what is not stored", "9110 15.5.17", [ranged(BODY, LINES)],
        [ask(None, "Range: bytes=2000-", status=416), whole()]),
    Row("an origin without ranges", "9110 14.2", [A(FRESH, ETAG, body=BODY)],
        [ask(None, "Range: bytes=10-19", check=right_bytes(BODY)), whole()]),
    Row("an origin that gives another part", "9110 15.3.7",
        [A(FRESH, ETAG, "Content-Range: bytes 200-299/1000", status=206, body=BODY[200:300]), ranged(BODY, LINES)],
        [ask(None, "Range: bytes=0-99", check=right_bytes(BODY)), whole(), part(0, 99)]),
    Row("an origin whose part can't be", "9110 14.4",
        [A(FRESH, ETAG, "Content-Range: bytes 0-99/50", status=206, body=BODY[:100]), ranged(BODY, LINES)],
        [ask(None, "Range: bytes=0-99"), whole(), part(0, 99)]),
    Row("an origin whose part is of another length", "9110 14.4",
        [A(FRESH, ETAG, "Content-Range: bytes 0-99/1000", status=206, body=BODY[:90]), ranged(BODY, LINES)],
        [ask(None, "Range: bytes=0-99"), part(0, 99), whole()]),
    Row("a part for who asked for the whole", "9110 15.3.7",
        [A(FRESH, ETAG, "Content-Range: bytes 0-99/1000", status=206, body=BODY[:100]), ranged(BODY, LINES)],
        [ask(None, check=lambda test, answer: test.assertNotEqual(answer.status, 200)), whole()]),
    Row("a part that is cut off", "9111 3.3",
        [A(steps=[Answer(206, [FRESH, ETAG, "Content-Range: bytes 0-99/1000"], BODY[:40], length=100).head() + BODY[:40], CLOSE]),
         ranged(BODY, LINES)],
        [Ask(None, ["Range: bytes=0-99"], truncated=True), part(0, 99), whole()]),
    Row("a stale part", "9111 4.3", [ranged(BODY, [*LINES, "Age: 100"]), ranged(OTHER, LINES, '"b"')],
        [part(0, 99), part(0, 99, body=OTHER), whole(body=OTHER)]),
    Row("a stale part that is good still", "9111 4.3", [ranged(BODY, [*LINES, "Age: 100"]), ranged(BODY, LINES)],
        [part(0, 99), part(0, 99), whole()]),
    Row("a POST makes parts good no longer", "9111 4.4",
        [ranged(BODY, LINES), A(), ranged(OTHER, LINES, '"b"')],
        [part(0, 99), ask(1, method="POST", body=b"x", fetches=1), part(0, 99, body=OTHER)]),
    Row("HEAD beside a part", "9111 3.4", [ranged(BODY, LINES)],
        [part(0, 99), ask(None, method="HEAD", status=200, has={"Content-Length": "1000"})]),
    Row("a part of two megabytes", "9110 14.2", [ranged(BIG, LINES)],
        [part(1000000, 1000099, body=BIG), part(2000000, 2000099, body=BIG), whole(body=BIG)]),
    Row("only-if-cached of a part that is not", "9111 5.2.1.7", [ranged(BODY, LINES)],
        [ask(None, "Range: bytes=0-9", CC + "only-if-cached", status=504, fetches=0)]),
    Row("a part of a variant", "9111 4.1",
        [ranged(BODY, [*LINES, "Vary: X-A"]), ranged(OTHER, [*LINES, "Vary: X-A"], '"b"')],
        [part(0, 99, "X-A: 1"), part(0, 99, "X-A: 2", body=OTHER), part(0, 99, "X-A: 1", fetches=0)]),
]

Copies = table("Copies", COPIES)
Parts = table("Parts", PARTS)

if __name__ == "__main__":
    unittest.main(verbosity=1)
