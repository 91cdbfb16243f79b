#!/usr/bin/python3
"""How long a response is good, how old it is, and whether it may be kept at all: RFC 9111 sections 3,
4.2 and 5.2.2, RFC 9213."""

import time
import unittest
from email.utils import formatdate

from harness.caching import ABSENT, A, Row, Wait, ask, hit, miss, number, table, validated


def date(seconds):
    """An HTTP date so far from now."""
    return formatdate(time.time() + seconds, usegmt=True)


ETAG = 'ETag: "e"'
CC = "Cache-Control: "
NOT_MODIFIED = A(status=304)


def kept(name, section, *lines, status=200):
    """What the origin says, and that it lets a second client go without it."""
    return Row(name, section, [A(*lines, status=status)], [miss(0), hit(0)])


def not_kept(name, section, *lines, status=200, ask_with=()):
    return Row(name, section, [A(*lines, status=status), A(*lines, status=status)],
               [miss(0, *ask_with), miss(1, *ask_with)])


LIFETIME = [
    kept("max-age", "9111 4.2.1", CC + "max-age=60"),
    kept("s-maxage", "9111 5.2.2.10", CC + "s-maxage=60"),
    kept("s-maxage goes before max-age 0", "9111 5.2.2.10", CC + "max-age=0, s-maxage=60"),
    not_kept("s-maxage 0 goes before max-age", "9111 5.2.2.10", CC + "max-age=60, s-maxage=0"),
    kept("Expires in the future", "9111 5.3", "Expires: " + date(60)),
    kept("Expires in 2099", "9111 5.3", "Expires: Thu, 01 Jan 2099 00:00:00 GMT"),
    kept("Expires in the form of RFC 850", "9110 5.6.7", time.strftime("Expires: %A, %d-%b-%y %H:%M:%S GMT",
                                                                     time.gmtime(time.time() + 600))),
    kept("Expires in the form of asctime", "9110 5.6.7", time.strftime("Expires: %a %b %e %H:%M:%S %Y",
                                                                      time.gmtime(time.time() + 600))),
    not_kept("Expires in the past", "9111 5.3", "Expires: " + date(-60)),
    not_kept("Expires at Date", "9111 4.2.1", "Date: " + date(0), "Expires: " + date(0)),
    not_kept("Expires 0", "9111 5.3", "Expires: 0"),
    not_kept("Expires minus 1", "9111 5.3", "Expires: -1"),
    not_kept("Expires that is no date", "9111 5.3", "Expires: tomorrow"),
    kept("max-age goes before Expires in the past", "9111 5.3", CC + "max-age=60", "Expires: " + date(-60)),
    not_kept("max-age 0 goes before Expires in the future", "9111 5.3", CC + "max-age=0", "Expires: " + date(60)),
    Row("Expires without Date counts from its coming", "9111 5.3", [A("Expires: " + date(60), date=False)],
        [miss(0), hit(0)]),
    not_kept("Expires less Date by the origin's clock that is behind", "9111 4.2.3", "Date: " + date(-3600),
             "Expires: " + date(-3000)),
    kept("Expires less Date by the origin's clock that is ahead", "9111 4.2.3", "Date: " + date(3600),
         "Expires: " + date(3660)),
    not_kept("nothing tells it", "9111 4.2.2: no heuristics"),
    not_kept("public alone", "9111 4.2.2: no heuristics", CC + "public"),
    Row("Last-Modified alone is no lifetime", "9111 4.2.2: no heuristics",
        [A("Last-Modified: " + date(-86400)), NOT_MODIFIED], [miss(0), validated(0)]),
    kept("max-age in quotes", "9111 5.2", CC + 'max-age="60"'),
    not_kept("max-age that is no number", "9111 4.2.1", CC + "max-age=soon"),
    not_kept("max-age below 0", "9111 4.2.1", CC + "max-age=-60"),
    not_kept("max-age with a fraction", "9111 4.2.1", CC + "max-age=60.5"),
    not_kept("max-age without a number", "9111 4.2.1", CC + "max-age"),
    kept("max-age over 31 bits", "9111 1.2.2", CC + "max-age=99999999999"),
    kept("max-age over 64 bits", "9111 1.2.2", CC + "max-age=99999999999999999999999"),
    not_kept("of two max-age the first counts", "9111 4.2.1", CC + "max-age=0, max-age=60"),
    kept("directives in capitals", "9111 5.2", CC + "MAX-AGE=60, PUBLIC"),
    kept("unknown directives", "9111 5.2.3", CC + 'fast, max-age=60, x="no-store, private"'),
    kept("empty members", "9110 5.6.1", CC + ", max-age=60,,"),
    kept("immutable", "8246 2", CC + "max-age=60, immutable"),
    kept("Pragma of a response", "9111 5.4", CC + "max-age=60", "Pragma: no-cache"),
    not_kept("directives on several lines", "9110 5.3", CC + "max-age=60", CC + "no-store"),
    not_kept("a quote that does not end", "9111 5.2", CC + 'max-age=60, x="y, no-cache'),
    Row("a lifetime ends", "9111 4.2", [A(CC + "max-age=1"), A(CC + "max-age=60")],
        [miss(0), Wait(2.1), miss(1), hit(1)]),
]

AGE = [
    Row("a hit tells its age", "9111 5.1", [A(CC + "max-age=60")], [miss(0), hit(0, has={"Age": number(0, 20)})]),
    Row("Age of the upstream counts on", "9111 4.2.3", [A(CC + "max-age=600", "Age: 100")],
        [miss(0), hit(0, has={"Age": number(100, 130)}, cs={"ttl": number(470, 500)})]),
    Row("Age is told on the way through too", "9111 5.1", [A(CC + "max-age=600", "Age: 100")],
        [miss(0, has={"Age": number(100, 130)})]),
    Row("an old Date makes it old", "9111 4.2.3", [A(CC + "max-age=3600", "Date: " + date(-600))],
        [miss(0), hit(0, has={"Age": number(600, 700)})]),
    Row("the larger of Age and Date counts, Age", "9111 4.2.3",
        [A(CC + "max-age=3600", "Date: " + date(-100), "Age: 900")], [miss(0), hit(0, has={"Age": number(900, 1000)})]),
    Row("the larger of Age and Date counts, Date", "9111 4.2.3",
        [A(CC + "max-age=3600", "Date: " + date(-900), "Age: 100")], [miss(0), hit(0, has={"Age": number(900, 1000)})]),
    Row("a Date ahead of us is no age", "9111 4.2.3", [A(CC + "max-age=60", "Date: " + date(3600))],
        [miss(0), hit(0, has={"Age": number(0, 30)})]),
    Row("a Date that is none is left out", "9111 4.2.3", [A(CC + "max-age=60", "Date: today")],
        [miss(0), hit(0, has={"Age": number(0, 30)})]),
    Row("Age that is no number is left out", "9111 5.1", [A(CC + "max-age=60", "Age: old")],
        [miss(0), hit(0, has={"Age": number(0, 30)})]),
    Row("Age below 0 is left out", "9111 5.1", [A(CC + "max-age=60", "Age: -5")],
        [miss(0), hit(0, has={"Age": number(0, 30)})]),
    Row("of several ages the first counts", "9111 5.1", [A(CC + "max-age=60", "Age: 5, 100")],
        [miss(0), hit(0, has={"Age": number(5, 40)})]),
    not_kept("stale when it comes", "9111 4.2", CC + "max-age=60", "Age: 60"),
    not_kept("stale by Date when it comes", "9111 4.2.3", CC + "max-age=60", "Date: " + date(-100)),
    not_kept("an Age over 31 bits", "9111 1.2.2", CC + "max-age=2147483647", "Age: 99999999999"),
    Row("one Age only", "9111 5.1", [A(CC + "max-age=600", "Age: 7")],
        [miss(0), hit(0, check=lambda test, answer: test.assertEqual(len(answer.all("Age")), 1))]),
    Row("Date stays the origin's", "9110 6.6.1", [A(CC + "max-age=600", "Date: " + date(-50))],
        [miss(0), hit(0, check=lambda test, answer: test.assertEqual(
            answer.all("Date"), [line[6:] for line in test.row.scripts[""][0].headers if line.startswith("Date")]))]),
    Row("a missing Date is added", "9110 6.6.1", [A(CC + "max-age=600", date=False)],
        [miss(0, has={"Date": lambda value: value.endswith(" GMT")}), hit(0, has={"Date": lambda value: "," in value})]),
    Row("time in the cache is age too", "9111 4.2.3", [A(CC + "max-age=60", "Age: 58"), A(CC + "max-age=60")],
        [miss(0), Wait(3.1), miss(1)]),
]

STATUSES = [kept(f"{status} that says how long", "9111 3", CC + "max-age=60", *more, status=status)
            for status, more in ((203, ()), (204, ()), (300, ()), (301, ("Location: /x",)), (302, ("Location: /x",)),
                                 (303, ("Location: /x",)), (307, ("Location: /x",)), (308, ("Location: /x",)),
                                 (404, ()), (405, ("Allow: GET",)), (410, ()), (414, ()), (451, ()), (500, ()),
                                 (501, ()), (503, ()))]
STATUSES += [not_kept(f"{status} that does not", "9111 4.2.2: no heuristics", *more, status=status)
             for status, more in ((301, ("Location: /x",)), (302, ("Location: /x",)), (404, ()), (410, ()), (503, ()))]
STATUSES += [not_kept(f"{status} is never kept", section, CC + "max-age=60", status=status)
             for status, section in ((412, "9110 15.5.13"), (416, "9110 15.5.17"), (428, "6585 3"), (429, "6585 4"),
                                     (431, "6585 5"), (511, "6585 6"))]
STATUSES += [not_kept("302 with a validator alone", "9111 3", ETAG, "Location: /x", status=302)]

BASIC = "Authorization: Basic eDp5"
STORED = [
    not_kept("no-store", "9111 5.2.2.5", CC + "no-store, max-age=60"),
    not_kept("private", "9111 5.2.2.7", CC + "private, max-age=60"),
    not_kept("private for some fields", "9111 5.2.2.7", CC + 'private="x-user", max-age=60'),
    not_kept("private goes before public", "9111 5.2.2.7", CC + "public, private, max-age=60"),
    not_kept("private goes before s-maxage", "9111 5.2.2.7", CC + "private, s-maxage=60"),
    not_kept("no-cache without a validator", "9111 5.2.2.4", CC + "no-cache, max-age=60"),
    Row("no-cache is validated each time", "9111 5.2.2.4", [A(CC + "no-cache, max-age=60", ETAG), NOT_MODIFIED],
        [miss(0), validated(0, sees={"If-None-Match": '"e"'}), validated(0)]),
    Row("no-cache for some fields is validated too", "9111 5.2.2.4",
        [A(CC + 'no-cache="x-user", max-age=60', ETAG), NOT_MODIFIED], [miss(0), validated(0)]),
    Row("no-store of the request", "9111 5.2.1.5", [A(CC + "max-age=60"), A(CC + "max-age=60")],
        [miss(0, CC + "no-store"), miss(1), hit(1)]),
    not_kept("Set-Cookie", "9111 7.3", CC + "max-age=60", "Set-Cookie: a=b"),
    not_kept("Set-Cookie that is public", "9111 7.3", CC + "public, s-maxage=60", "Set-Cookie: a=b"),
    Row("Set-Cookie comes to who asked", "9111 7.3", [A(CC + "max-age=60", "Set-Cookie: a=b; Path=/", "Set-Cookie: c=d")],
        [miss(0, check=lambda test, answer: test.assertEqual(answer.all("Set-Cookie"), ["a=b; Path=/", "c=d"]))]),
    kept("a request's Cookie is no bar", "9111 3", CC + "max-age=60"),
    not_kept("Authorization", "9111 3.5", CC + "max-age=60", ask_with=[BASIC]),
    not_kept("Authorization with Expires", "9111 3.5", "Expires: " + date(60), ask_with=[BASIC]),
    Row("Authorization and public", "9111 3.5", [A(CC + "public, max-age=60")], [miss(0, BASIC), hit(0, BASIC), hit(0)]),
    Row("Authorization and s-maxage", "9111 3.5", [A(CC + "s-maxage=60")], [miss(0, BASIC), hit(0, BASIC)]),
    Row("Authorization and must-revalidate", "9111 3.5", [A(CC + "max-age=60, must-revalidate")],
        [miss(0, BASIC), hit(0, BASIC)]),
    not_kept("Authorization and proxy-revalidate", "9111 3.5", CC + "max-age=60, proxy-revalidate", ask_with=[BASIC]),
    Row("an answer to Authorization is for nobody else", "9111 3.5", [A(CC + "max-age=60"), A(CC + "max-age=60")],
        [miss(0, BASIC), miss(1), hit(1)]),
    Row("Authorization goes to the origin", "9111 3.5", [A(CC + "no-store")],
        [miss(0, BASIC, sees={"Authorization": "Basic eDp5"})]),
    kept("must-understand of a status that is", "9111 5.2.2.3", CC + "must-understand, no-store, max-age=60"),
    not_kept("must-understand of a status that is not", "9111 5.2.2.3", CC + "must-understand, no-store, max-age=60",
             status=299),
    not_kept("must-understand without no-store, not understood", "9111 5.2.2.3", CC + "must-understand, max-age=60",
             status=299),
]

CDN = "CDN-Cache-Control: "
TARGETED = [
    kept("CDN max-age goes before no-store", "9213 2.2", CDN + "max-age=60", CC + "no-store"),
    kept("CDN max-age goes before max-age 0", "9213 2.2", CDN + "max-age=60", CC + "max-age=0"),
    kept("CDN max-age goes before private", "9213 2.2", CDN + "max-age=60", CC + "private"),
    kept("CDN max-age goes before Expires", "9213 2.2", CDN + "max-age=60", "Expires: 0"),
    kept("CDN s-maxage", "9213 2.1", CDN + "max-age=0, s-maxage=60", CC + "max-age=0"),
    not_kept("CDN no-store", "9213 2.2", CDN + "no-store", CC + "max-age=60"),
    not_kept("CDN private", "9213 2.2", CDN + "private, max-age=60", CC + "max-age=60"),
    not_kept("CDN max-age 0", "9213 2.2", CDN + "max-age=0", CC + "max-age=60"),
    not_kept("CDN without a lifetime leaves Expires out", "9213 2.2", CDN + "must-revalidate", "Expires: " + date(60)),
    Row("CDN no-cache", "9213 2.2", [A(CDN + "no-cache", CC + "max-age=60", ETAG), NOT_MODIFIED],
        [miss(0), validated(0)]),
    kept("CDN malformed does not count", "9213 2.1", CDN + "max-age=:", CC + "max-age=60"),
    not_kept("CDN malformed leaves no-store", "9213 2.1", CDN + "max-age=60 60", CC + "no-store"),
    not_kept("CDN in capitals is malformed", "9213 2.1", CDN + "Max-Age=60", CC + "no-store"),
    kept("CDN empty does not count", "9213 2.1", CDN.rstrip(), CC + "max-age=60"),
    kept("CDN of several max-age the last counts", "8941 3.2", CDN + "max-age=0, max-age=60"),
    kept("CDN false is not there", "8941 3.2", CDN + "no-store=?0, max-age=60"),
    kept("CDN parameters do not count", "9213 2.1", CDN + "max-age=60;no-store"),
    Row("CDN and the client", "9213 2.2", [A(CDN + "max-age=60", CC + "max-age=5")],
        [miss(0), hit(0, has={"Cache-Control": "max-age=5"}, cs={"ttl": number(30, 60)})]),
]

NEGATIVE = [
    Row("errors have a bound of their own", "9111 4.2: never longer than they say",
        [A(CC + "max-age=3600", status=404)], [miss(0), hit(0, cs={"ttl": number(1, 60)})]),
    Row("beyond it they are stale", "9111 4.2", [A(CC + "max-age=3600", "Age: 100", status=404), A(CC + "max-age=60")],
        [miss(0), miss(1), hit(1)]),
    Row("good answers have not", "9111 4.2", [A(CC + "max-age=3600", "Age: 100")],
        [miss(0), hit(0, cs={"ttl": number(3000, 3600)})]),
    Row("an error's shorter time stays", "9111 4.2", [A(CC + "max-age=20", status=410)],
        [miss(0), hit(0, cs={"ttl": number(0, 20)})]),
    Row("Retry-After passes", "9110 10.2.3", [A("Retry-After: 7", status=503)], [miss(0, has={"Retry-After": "7"})]),
]

PATHS = [
    Row("queries are different resources", "9111 4", [A(CC + "max-age=60")],
        [miss(0, path="?a=1"), miss(0, path="?a=2"), hit(0, path="?a=1")],
        more={"?a=1": [A(CC + "max-age=60")], "?a=2": [A(CC + "max-age=60")]}),
    Row("escapes go as they came", "9110 4.2.3", [A()], [miss(0, path="/%7Ea%2Fb", sees={":target": "@PATH@/%7Ea%2Fb"})],
        more={"/%7Ea%2Fb": [A(CC + "max-age=60")]}),
    Row("paths differ in case", "9110 4.2.3", [A()], [miss(0, path="/a"), miss(0, path="/A")],
        more={"/a": [A(CC + "max-age=60")], "/A": [A(CC + "max-age=60")]}),
    Row("an empty body is kept", "9111 3", [A(CC + "max-age=60", body=b"")], [miss(0), hit(0, has={"Content-Length": "0"})]),
    Row("a chunked body is kept", "9112 7.1", [A(CC + "max-age=60", framing="chunked")],
        [miss(0), hit(0, has={"Transfer-Encoding": ABSENT})]),
    Row("a body to the end of the connection", "9112 6.3", [A(CC + "max-age=60", framing="close", version="1.0")],
        [miss(0), ask(0)]),
    Row("a body of 300 KB comes whole", "9111 3", [A(CC + "max-age=60", body=bytes(range(256)) * 1200)],
        [miss(0), ask(0)]),
]

# A route that says how long responses are good that do not say so themselves.
RULED = [
    kept("200 by the rule", "9111 4.2.2"),
    kept("404 by the rule", "9111 4.2.2", status=404),
    kept("301 by the rule", "9111 4.2.2", "Location: /x", status=301),
    not_kept("302 is not for the rule", "9111 4.2.2", "Location: /x", status=302),
    not_kept("500 is not for the rule", "9111 4.2.2", status=500),
    not_kept("max-age 0 goes before the rule", "9111 4.2.1", CC + "max-age=0"),
    not_kept("Expires goes before the rule", "9111 5.3", "Expires: 0"),
    not_kept("no-store goes before the rule", "9111 5.2.2.5", CC + "no-store"),
    not_kept("private goes before the rule", "9111 5.2.2.7", CC + "private"),
    not_kept("Set-Cookie goes before the rule", "9111 7.3", "Set-Cookie: a=b"),
    not_kept("Vary star goes before the rule", "9111 4.1", "Vary: *"),
    not_kept("Authorization goes before the rule", "9111 3.5", ask_with=[BASIC]),
    Row("the rule's time", "9111 4.2.2", [A()], [miss(0), hit(0, cs={"ttl": number(500, 600)})]),
    Row("the rule's time for errors", "9111 4.2.2", [A(status=404)], [miss(0), hit(0, cs={"ttl": number(1, 60)})]),
    Row("max-age stays its own", "9111 4.2.1", [A(CC + "max-age=100")], [miss(0), hit(0, cs={"ttl": number(50, 100)})]),
    Row("no-cache under a rule", "9111 5.2.2.4", [A(CC + "no-cache", ETAG), NOT_MODIFIED], [miss(0), validated(0)]),
]

Lifetime = table("Lifetime", LIFETIME)
Age = table("Age", AGE)
Statuses = table("Statuses", STATUSES)
Stored = table("Stored", STORED)
Targeted = table("Targeted", TARGETED)
Negative = table("Negative", NEGATIVE)
Paths = table("Paths", PATHS)
Ruled = table("Ruled", RULED, 'cache = "10m"\n')  # goes on in the route's table

if __name__ == "__main__":
    unittest.main(verbosity=1)
