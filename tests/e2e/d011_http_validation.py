#!/usr/bin/python3
"""Stale responses asked about again, clients' own conditions, HEAD, and variants: RFC 9111 sections
4.1, 4.3 and 4.3.5, RFC 9110 sections 9.3.2 and 13."""

import re
import time
import unittest
from email.utils import formatdate

from harness.caching import ABSENT, A, Row, ask, hit, miss, number, table, validated


def date(seconds):
    return formatdate(time.time() + seconds, usegmt=True)


CC = "Cache-Control: "
FRESH = CC + "max-age=60"
ETAG, OLD = 'ETag: "e"', "Last-Modified: Tue, 22 Nov 2022 11:00:00 GMT"
OLD_DATE = OLD.split(": ")[1]


def stale(*lines, **more):
    """Stale from the first: it is asked about when it is wanted again."""
    return A(CC + "max-age=60", "Age: 61", *lines, **more)


def same(*lines):
    """A 304."""
    return A(*lines, status=304)


def keeps(*lines):
    """The headers of an answer that has them just so."""
    return {line.split(": ")[0]: line.split(": ", 1)[1] for line in lines}


VALIDATION = [
    Row("by ETag", "9111 4.3.1", [stale(ETAG), same(FRESH)],
        [miss(0), validated(0, sees={"If-None-Match": '"e"', "If-Modified-Since": ABSENT}), hit(0)]),
    Row("by Last-Modified", "9111 4.3.1", [stale(OLD), same(FRESH)],
        [miss(0), validated(0, sees={"If-Modified-Since": OLD_DATE, "If-None-Match": ABSENT}), hit(0)]),
    Row("by both", "9111 4.3.1", [stale(ETAG, OLD), same(FRESH)],
        [miss(0), validated(0, sees={"If-None-Match": '"e"', "If-Modified-Since": OLD_DATE}), hit(0)]),
    Row("by a weak ETag", "9111 4.3.1", [stale('ETag: W/"e"'), same(FRESH)],
        [miss(0), validated(0, sees={"If-None-Match": 'W/"e"'}), hit(0)]),
    Row("by an ETag with a comma in it", "9110 8.8.3", [stale('ETag: "a,b"'), same(FRESH)],
        [miss(0), validated(0, sees={"If-None-Match": '"a,b"'})]),
    Row("without a validator it is asked for anew", "9111 4.3.1", [stale(), A(FRESH)],
        [miss(0), miss(1, sees={"If-None-Match": ABSENT, "If-Modified-Since": ABSENT}), hit(1)]),
    Row("a 304 without Cache-Control lets the old stand", "9111 4.3.4",
        [A(CC + "max-age=0", ETAG), same(), same()], [miss(0), validated(0), validated(0)]),
    Row("a 304 makes it young", "9111 4.3.4", [A(CC + "max-age=60", "Date: " + date(-600), ETAG), same()],
        [miss(0), validated(0), hit(0, has={"Age": number(0, 30)})]),
    Row("a 304 with an Age makes it as old", "9111 4.3.4", [stale(ETAG), same(CC + "max-age=600", "Age: 200")],
        [miss(0), validated(0), hit(0, has={"Age": number(200, 230)})]),
    Row("a 304 brings a new lifetime", "9111 4.3.4", [stale(ETAG), same(CC + "max-age=500")],
        [miss(0), validated(0), hit(0, cs={"ttl": number(400, 500)}, has={"Cache-Control": "max-age=500"})]),
    Row("a 304 brings new fields", "9111 3.2", [stale(ETAG, "X-Old: 1", "X-Both: 1"), same(FRESH, "X-New: 2", "X-Both: 2")],
        [miss(0), validated(0, has=keeps("X-Old: 1", "X-Both: 2", "X-New: 2")),
         hit(0, has=keeps("X-Old: 1", "X-Both: 2", "X-New: 2"))]),
    Row("a 304 does not change what belongs to the bytes", "9111 3.2",
        [stale(ETAG, "Content-Type: image/jpeg", "Content-Language: de"),
         same(FRESH, "Content-Type: text/html", "Content-Encoding: gzip", "Content-Range: bytes 0-1/2")],
        [miss(0), validated(0, has={"Content-Type": "image/jpeg", "Content-Encoding": ABSENT, "Content-Range": ABSENT}),
         hit(0, has={"Content-Type": "image/jpeg", "Content-Encoding": ABSENT})]),
    Row("a 304 with a Content-Length is no length", "9110 15.4.5", [stale(ETAG), same(FRESH, "Content-Length: 3")],
        [miss(0), validated(0), hit(0)]),
    Row("a 304's Set-Cookie is nobody's else", "9111 7.3", [stale(ETAG), same(FRESH, "Set-Cookie: a=b")],
        [miss(0), ask(0), ask(0, has={"Set-Cookie": ABSENT})]),
    Row("a 304 that says no-store", "9111 3", [stale(ETAG), same(CC + "no-store"), A(FRESH)],
        [miss(0), ask(0, fetches=1), ask(2, fetches=1)]),
    Row("a 304 about something else", "9111 4.3.4", [stale(ETAG), same('ETag: "other"', FRESH), A(FRESH)],
        [miss(0), ask(2, fetches=2), hit(2)]),
    Row("a 304 that nobody asked for", "9110 15.4.5", [same(FRESH), A(FRESH)],
        [ask(None, fetches=1, status=502), ask(1, fetches=1)]),
    Row("changed meanwhile", "9111 4.3.3", [stale(ETAG), A(FRESH, 'ETag: "f"')],
        [miss(0), miss(1, cs={"hit": ABSENT, "fwd": "stale", "fwd-status": "200"}), hit(1, has={"ETag": '"f"'})]),
    Row("gone meanwhile", "9111 4.3.3", [stale(ETAG), A(status=404), A(status=404)], [miss(0), miss(1), miss(2)]),
    Row("moved meanwhile", "9111 4.3.3", [stale(ETAG), A(FRESH, "Location: /x", status=301)], [miss(0), miss(1), hit(1)]),
    Row("changed, and not to be kept", "9111 4.3.3", [stale(ETAG), A(CC + "no-store"), A(FRESH)],
        [miss(0), miss(1), miss(2)]),
    Row("an error is passed on", "9111 4.3.3", [stale(ETAG), A(status=500), same(FRESH)],
        [miss(0), miss(1), ask(0, fetches=1)]),
    Row("many times over", "9111 4.3.4", [A(CC + "no-cache", ETAG), same(), same("X-N: 2"), same(), A(FRESH)],
        [miss(0), validated(0), validated(0, has={"X-N": "2"}), validated(0, has={"X-N": "2"}), miss(4), hit(4)]),
    Row("one Via however often it is validated", "9110 7.6.3", [A(CC + "no-cache", ETAG), same()],
        [miss(0), validated(0), validated(0, has={"Via": re.compile(r"1\.1 photofarm[^,]*")})]),
    Row("an error is validated too", "9111 4.3", [A(CC + "max-age=60", "Age: 61", ETAG, status=404), same(FRESH)],
        [miss(0), validated(0), hit(0)]),
]

INM, IMS = "If-None-Match: ", "If-Modified-Since: "
CONDITIONS = [
    Row("If-None-Match that fits", "9111 4.3.2", [A(FRESH, ETAG, "Vary: X-A", "Content-Location: /y", "X-Z: 1")],
        [miss(0), hit(None, INM + '"e"', status=304, expect=b"",
                      has={"ETag": '"e"', "Cache-Control": "max-age=60", "Vary": "X-A", "Content-Location": "/y",
                           "Date": lambda value: True, "Age": number(0, 30)})]),
    Row("If-None-Match that does not", "9111 4.3.2", [A(FRESH, ETAG)], [miss(0), hit(0, INM + '"f"')]),
    Row("If-None-Match with several", "9110 13.1.2", [A(FRESH, ETAG)], [miss(0), hit(None, INM + '"f", "e"', status=304)]),
    Row("If-None-Match on several lines", "9110 5.3", [A(FRESH, ETAG)],
        [miss(0), hit(None, INM + '"f"', INM + '"e"', status=304)]),
    Row("If-None-Match star", "9110 13.1.2", [A(FRESH, ETAG)], [miss(0), hit(None, INM + "*", status=304)]),
    Row("If-None-Match compares weakly", "9110 8.8.3.2", [A(FRESH, ETAG)], [miss(0), hit(None, INM + 'W/"e"', status=304)]),
    Row("If-None-Match of what has a weak ETag", "9110 8.8.3.2", [A(FRESH, 'ETag: W/"e"')],
        [miss(0), hit(None, INM + '"e"', status=304), hit(None, INM + 'W/"e"', status=304)]),
    Row("If-None-Match of what has none", "9110 13.1.2", [A(FRESH)], [miss(0), hit(0, INM + '"e"')]),
    Row("If-Modified-Since the same time", "9110 13.1.3", [A(FRESH, OLD)], [miss(0), hit(None, IMS + OLD_DATE, status=304)]),
    Row("If-Modified-Since a later time", "9110 13.1.3", [A(FRESH, OLD)], [miss(0), hit(None, IMS + date(-5), status=304)]),
    Row("If-Modified-Since an earlier time", "9110 13.1.3", [A(FRESH, OLD)],
        [miss(0), hit(0, IMS + "Tue, 22 Nov 2022 10:59:59 GMT")]),
    Row("If-Modified-Since that is no date", "9110 13.1.3", [A(FRESH, OLD)], [miss(0), hit(0, IMS + "yesterday")]),
    Row("If-Modified-Since without Last-Modified goes by Date", "9111 4.3.2", [A(FRESH, "Date: " + date(-9))],
        [miss(0), hit(None, IMS + date(0), status=304), hit(0, IMS + date(-3600))]),
    Row("If-None-Match goes before If-Modified-Since", "9110 13.2.2", [A(FRESH, ETAG, OLD)],
        [miss(0), hit(0, INM + '"f"', IMS + OLD_DATE), hit(None, INM + '"e"', IMS + date(-10**8), status=304)]),
    Row("a condition on an error", "9110 13.2.1", [A(FRESH, ETAG, status=404)], [miss(0), hit(0, INM + '"e"')]),
    Row("a condition does not spoil the fill", "9111 4.3.2", [A(FRESH, ETAG)],
        [ask(None, INM + '"e"', status=304, fetches=1, sees={"If-None-Match": ABSENT}), hit(0)]),
    Row("a condition on what is not stored, other bytes", "9111 4.3.2", [A(FRESH, ETAG)], [miss(0, INM + '"f"'), hit(0)]),
    Row("a client's and the cache's own condition", "9111 4.3.2", [stale(ETAG), same(FRESH)],
        [miss(0), ask(None, INM + '"e"', status=304, fetches=1, sees={"If-None-Match": '"e"'}), hit(0)]),
    Row("a client's older ETag, and a 304 to the cache's", "9111 4.3.2", [stale(ETAG), same(FRESH)],
        [miss(0), ask(0, INM + '"older"', fetches=1, sees={"If-None-Match": re.compile(r'.*"e".*')}), hit(0)]),
    Row("a client's condition, and new bytes", "9111 4.3.2", [stale(ETAG), A(FRESH, 'ETag: "f"')],
        [miss(0), miss(1, INM + '"e"'), hit(1)]),
    Row("If-Match is the origin's", "9111 4.3.2", [A(FRESH, ETAG), A(status=412), A(FRESH)],
        [miss(0), ask(1, 'If-Match: "f"', fetches=1, sees={"If-Match": '"f"'}), hit(0)]),
    Row("If-Unmodified-Since is the origin's", "9111 4.3.2", [A(FRESH, OLD), A(status=412), A(FRESH)],
        [miss(0), ask(1, "If-Unmodified-Since: " + OLD_DATE, fetches=1, sees={"If-Unmodified-Since": OLD_DATE}), hit(0)]),
]

HEADS = [
    Row("HEAD from a stored GET", "9111 4: a HEAD is served by a GET's response", [A(FRESH, ETAG, "X-A: 1")],
        [miss(0), hit(0, method="HEAD", has={"X-A": "1", "ETag": '"e"', "Age": number(0, 30)},
                      check=lambda test, answer: test.assertEqual(
                          int(answer.header("Content-Length")), len(test.row.scripts[""][0].body)))]),
    Row("HEAD with a condition", "9110 13.2.1", [A(FRESH, ETAG)],
        [miss(0), hit(None, INM + '"e"', method="HEAD", status=304), hit(0, INM + '"f"', method="HEAD")]),
    Row("HEAD of what is not stored", "9110 9.3.2", [A(FRESH, "X-A: 1"), A(FRESH)],
        [miss(0, method="HEAD", has={"X-A": "1"}), ask(None, status=200)]),
    Row("HEAD tells the length without bytes", "9110 9.3.2", [A(CC + "no-store", body=b"x" * 1234)],
        [miss(0, method="HEAD", has={"Content-Length": "1234"}), miss(0)]),
    Row("HEAD of an error", "9110 9.3.2", [A(status=404)], [miss(0, method="HEAD")]),
    Row("HEAD of what is stale", "9111 4.3", [stale(ETAG), same(FRESH)],
        [miss(0), ask(0, method="HEAD", fetches=1), ask(0)]),
    Row("HEAD is not the GET's body", "9111 3", [A(FRESH), A(FRESH, body=b"the whole body")],
        [ask(None, method="HEAD", status=200, fetches=1), ask(None, has={"Content-Length": lambda v: v != "0"}, status=200,
                                                              check=lambda test, answer: test.assertTrue(answer.body))]),
]

VARY = [
    Row("the same value", "9111 4.1", [A(FRESH, "Vary: X-A")], [miss(0, "X-A: 1"), hit(0, "X-A: 1")]),
    Row("another value", "9111 4.1", [A(FRESH, "Vary: X-A"), A(FRESH, "Vary: X-A")],
        [miss(0, "X-A: 1"), miss(1, "X-A: 2", cs={"hit": ABSENT, "fwd": "vary-miss"}), hit(0, "X-A: 1"), hit(1, "X-A: 2")]),
    Row("no value is another one", "9111 4.1", [A(FRESH, "Vary: X-A"), A(FRESH, "Vary: X-A")],
        [miss(0), miss(1, "X-A: 1"), hit(0), hit(1, "X-A: 1")]),
    Row("white space in values", "9111 4.1", [A(FRESH, "Vary: X-A")], [miss(0, "X-A: a,  b"), hit(0, "X-A: a, b")]),
    Row("the value on two lines", "9111 4.1", [A(FRESH, "Vary: X-A")], [miss(0, "X-A: a", "X-A: b"), hit(0, "X-A: a,b")]),
    Row("names in any case", "9110 5.1", [A(FRESH, "Vary: x-A")], [miss(0, "X-a: 1"), hit(0, "x-A: 1")]),
    Row("several names", "9111 4.1", [A(FRESH, "Vary: X-A, X-B"), A(FRESH, "Vary: X-A, X-B")],
        [miss(0, "X-A: 1", "X-B: 2"), hit(0, "X-B: 2", "X-A: 1"), miss(1, "X-A: 2", "X-B: 1"), hit(0, "X-A: 1", "X-B: 2")]),
    Row("names on several lines", "9110 5.3", [A(FRESH, "Vary: X-A", "Vary: X-B"), A(FRESH, "Vary: X-A", "Vary: X-B")],
        [miss(0, "X-B: 1"), miss(1, "X-B: 2"), hit(0, "X-B: 1")]),
    Row("other fields make no difference", "9111 4.1", [A(FRESH, "Vary: X-A")], [miss(0, "X-C: 1"), hit(0, "X-C: 2")]),
    Row("star", "9111 4.1", [A(FRESH, "Vary: *"), A(FRESH, "Vary: *")], [miss(0), miss(1)]),
    Row("star among others", "9111 4.1", [A(FRESH, "Vary: X-A, *"), A(FRESH, "Vary: X-A, *")], [miss(0), miss(1)]),
    Row("gzip for who takes it", "9110 12.5.3",
        [A(FRESH, "Vary: Accept-Encoding", "Content-Encoding: gzip"), A(FRESH, "Vary: Accept-Encoding")],
        [miss(0, "Accept-Encoding: gzip", sees={"Accept-Encoding": "gzip"}, has={"Content-Encoding": "gzip"}),
         miss(1, has={"Content-Encoding": ABSENT}),
         hit(0, "Accept-Encoding: gzip", has={"Content-Encoding": "gzip"}), hit(1)]),
    Row("each variant is validated by its own", "9111 4.3.1",
        [A(FRESH, "Age: 61", "Vary: X-A", 'ETag: "1"'), A(FRESH, "Age: 61", "Vary: X-A", 'ETag: "2"'),
         same(FRESH, 'ETag: "1"'), same(FRESH, 'ETag: "2"')],
        [miss(0, "X-A: 1"), miss(1, "X-A: 2"), validated(0, "X-A: 1", sees={"If-None-Match": re.compile(r'.*"1".*')}),
         validated(1, "X-A: 2", sees={"If-None-Match": re.compile(r'.*"2".*')}), hit(0, "X-A: 1"), hit(1, "X-A: 2")]),
    Row("a variant that may not be kept", "9111 4.1", [A(FRESH, "Vary: X-A"), A(CC + "no-store", "Vary: X-A")],
        [miss(0, "X-A: 1"), miss(1, "X-A: 2"), miss(1, "X-A: 2"), hit(0, "X-A: 1")]),
    Row("Vary that comes later", "9111 4.1", [A(FRESH, "Age: 61"), A(FRESH, "Vary: X-A"), A(FRESH, "Vary: X-A")],
        [miss(0, "X-A: 1"), miss(1, "X-A: 1"), hit(1, "X-A: 1"), miss(2, "X-A: 2")]),
    Row("a condition finds its variant", "9111 4.3.2",
        [A(FRESH, "Vary: X-A", 'ETag: "1"'), A(FRESH, "Vary: X-A", 'ETag: "2"')],
        [miss(0, "X-A: 1"), miss(1, "X-A: 2"), hit(None, "X-A: 2", INM + '"2"', status=304), hit(1, "X-A: 2", INM + '"1"')]),
    Row("HEAD finds its variant", "9111 4.1", [A(FRESH, "Vary: X-A", "X-V: 1"), A(FRESH, "Vary: X-A", "X-V: 2")],
        [miss(0, "X-A: 1"), miss(1, "X-A: 2"), hit(0, "X-A: 1", method="HEAD", has={"X-V": "1"})]),
    Row("Vary is told to the client", "9110 12.5.5", [A(FRESH, "Vary: X-A")],
        [miss(0, has={"Vary": "X-A"}), hit(0, has={"Vary": "X-A"})]),
]

Validation = table("Validation", VALIDATION)
Conditions = table("Conditions", CONDITIONS)
Heads = table("Heads", HEADS)
Vary = table("Vary", VARY)

if __name__ == "__main__":
    unittest.main(verbosity=1)
