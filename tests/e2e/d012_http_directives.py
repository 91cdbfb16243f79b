#!/usr/bin/python3
"""What clients ask of the cache, what it may do with stale responses, and what unsafe methods do to it:
RFC 9111 sections 4.2.4, 4.4, 5.2.1 and 5.2.2, RFC 5861."""

import unittest

from harness.caching import ABSENT, A, Do, Row, ask, hit, miss, number, table, validated
from harness.scripted_origin import CLOSE, RESET

CC = "Cache-Control: "
FRESH, AGED, ETAG = CC + "max-age=60", "Age: 30", 'ETag: "e"'


def stale(directives="", *lines, **more):
    """Stale for 40 s when it comes."""
    return A(CC + "max-age=60" + (", " + directives if directives else ""), "Age: 100", *lines, **more)


def same(*lines):
    return A(*lines, status=304)


REQUESTS = [
    Row("max-age that is not reached", "9111 5.2.1.1", [A(FRESH, AGED)], [miss(0), hit(0, CC + "max-age=55")]),
    Row("max-age that is over", "9111 5.2.1.1", [A(FRESH, AGED), A(FRESH)],
        [miss(0), miss(1, CC + "max-age=10", cs={"hit": ABSENT, "fwd": "request"}), hit(1)]),
    Row("max-age 0", "9111 5.2.1.1", [A(FRESH, AGED, ETAG), same(FRESH)],
        [miss(0), validated(0, CC + "max-age=0", cs={"fwd": "request"}), hit(0)]),
    Row("max-age of nonsense is 0", "9111 4.2.1", [A(FRESH, AGED), A(FRESH)], [miss(0), miss(1, CC + "max-age=x")]),
    Row("min-fresh that is kept", "9111 5.2.1.3", [A(FRESH, AGED)], [miss(0), hit(0, CC + "min-fresh=5")]),
    Row("min-fresh that is not", "9111 5.2.1.3", [A(FRESH, AGED), A(FRESH)],
        [miss(0), miss(1, CC + "min-fresh=50", cs={"hit": ABSENT, "fwd": "request"}), hit(1)]),
    Row("max-stale that is not reached", "9111 5.2.1.2", [stale()],
        [miss(0), ask(None, CC + "max-stale=1000")]),
    Row("max-stale of what is validated otherwise", "9111 5.2.1.2", [stale("", ETAG)],
        [miss(0), hit(0, CC + "max-stale=1000", has={"Age": number(100, 150)}, cs={"ttl": number(-100, -40)})]),
    Row("max-stale that is over", "9111 5.2.1.2", [stale("", ETAG), same(FRESH)],
        [miss(0), validated(0, CC + "max-stale=10", cs={"fwd": "stale"})]),
    Row("max-stale without a number", "9111 5.2.1.2", [stale("", ETAG)], [miss(0), hit(0, CC + "max-stale")]),
    Row("max-stale and must-revalidate", "9111 5.2.2.2", [stale("must-revalidate", ETAG), same(FRESH)],
        [miss(0), validated(0, CC + "max-stale")]),
    Row("max-stale and proxy-revalidate", "9111 5.2.2.8", [stale("proxy-revalidate", ETAG), same(FRESH)],
        [miss(0), validated(0, CC + "max-stale")]),
    Row("max-stale and s-maxage", "9111 5.2.2.10", [A(CC + "s-maxage=60", "Age: 100", ETAG), same(FRESH)],
        [miss(0), validated(0, CC + "max-stale")]),
    Row("max-stale and no-cache of the response", "9111 4.2.4", [A(CC + "no-cache", ETAG), same()],
        [miss(0), validated(0, CC + "max-stale")]),
    Row("max-age bounds max-stale", "9111 5.2.1.1", [stale("", ETAG), same(FRESH)],
        [miss(0), validated(0, CC + "max-age=80, max-stale")]),
    Row("no-cache", "9111 5.2.1.4", [A(FRESH, ETAG), same(FRESH)],
        [miss(0), validated(0, CC + "no-cache", sees={"If-None-Match": '"e"'}, cs={"fwd": "request"}), hit(0)]),
    Row("no-cache, and it has changed", "9111 5.2.1.4", [A(FRESH), A(FRESH)], [miss(0), miss(1, CC + "no-cache"), hit(1)]),
    Row("Pragma no-cache", "9111 5.4", [A(FRESH), A(FRESH)], [miss(0), miss(1, "Pragma: no-cache"), hit(1)]),
    Row("Pragma beside Cache-Control", "9111 5.4", [A(FRESH)], [miss(0), hit(0, "Pragma: no-cache", CC + "max-age=50")]),
    Row("unknown directives of a request", "9111 5.2.3", [A(FRESH)], [miss(0), hit(0, CC + "x=y, fast")]),
    Row("no-store of a request does not forbid what is stored", "9111 5.2.1.5", [A(FRESH)],
        [miss(0), ask(0, CC + "no-store")]),
    Row("only-if-cached of what is not", "9111 5.2.1.7", [A(FRESH)],
        [ask(None, CC + "only-if-cached", status=504, fetches=0, cs={"hit": ABSENT}), miss(0)]),
    Row("only-if-cached of what is", "9111 5.2.1.7", [A(FRESH)], [miss(0), hit(0, CC + "only-if-cached")]),
    Row("only-if-cached of what is stale", "9111 5.2.1.7", [stale("", ETAG)],
        [miss(0), ask(None, CC + "only-if-cached", status=504, fetches=0)]),
    Row("only-if-cached with max-stale", "9111 5.2.1.7", [stale("", ETAG)], [miss(0), hit(0, CC + "only-if-cached, max-stale")]),
    Row("only-if-cached of another variant", "9111 5.2.1.7", [A(FRESH, "Vary: X-A")],
        [miss(0, "X-A: 1"), ask(None, CC + "only-if-cached", "X-A: 2", status=504, fetches=0)]),
    Row("directives go to the origin", "9111 5.2", [A(FRESH)],
        [miss(0, CC + "no-cache, x=y", sees={"Cache-Control": "no-cache, x=y"})]),
]

SWR, SIE = "stale-while-revalidate=1000", "stale-if-error=1000"
MEANWHILE = [
    Row("stale while it is validated", "5861 3", [stale(SWR, ETAG), same(FRESH)],
        [miss(0), ask(0, fetches=1, background=True, has={"Age": number(100, 150)}, cs={"hit": True, "ttl": number(-100, -40)}),
         hit(0, eventually=True)]),
    Row("stale while it is fetched anew", "5861 3", [stale(SWR), A(FRESH)],
        [miss(0), ask(0, fetches=1, background=True), ask(1, fetches=0, eventually=True)]),
    Row("not past its time", "5861 3", [stale("stale-while-revalidate=10", ETAG), same(FRESH)], [miss(0), validated(0), hit(0)]),
    Row("not with must-revalidate", "9111 4.2.4", [stale(SWR + ", must-revalidate", ETAG), same(FRESH)],
        [miss(0), validated(0)]),
    Row("not with proxy-revalidate", "9111 4.2.4", [stale(SWR + ", proxy-revalidate", ETAG), same(FRESH)],
        [miss(0), validated(0)]),
    Row("not with s-maxage", "9111 5.2.2.10", [A(CC + "s-maxage=60, " + SWR, "Age: 100", ETAG), same(FRESH)],
        [miss(0), validated(0)]),
    Row("not with no-cache", "9111 5.2.2.4", [stale(SWR + ", no-cache", ETAG), same(FRESH)], [miss(0), validated(0)]),
    Row("not if the client bounds the age", "9111 5.2.1.1", [stale(SWR, ETAG), same(FRESH)],
        [miss(0), validated(0, CC + "max-age=70")]),
    Row("not if the client wants no-cache", "9111 5.2.1.4", [stale(SWR, ETAG), same(FRESH)],
        [miss(0), validated(0, CC + "no-cache")]),
    Row("while it is fresh nothing is asked", "5861 3", [A(CC + "max-age=60, " + SWR)], [miss(0), hit(0), hit(0)]),
    Row("the origin fails meanwhile", "5861 3", [stale(SWR), A(status=500), A(FRESH)],
        [miss(0), ask(0, fetches=1, background=True), ask(2, eventually=True)]),
    Row("a HEAD is answered so too", "5861 3", [stale(SWR, ETAG), same(FRESH)],
        [miss(0), ask(0, method="HEAD", fetches=1, background=True)]),
    Row("of the targeted field", "9213 2.2", [A("CDN-Cache-Control: max-age=60, " + SWR, CC + "max-age=1", "Age: 100"), A(FRESH)],
        [miss(0), ask(0, fetches=1, background=True), ask(1, eventually=True)]),
]

ON_ERROR = [
    Row(f"stale instead of {status}", "5861 4", [stale(SIE), A(status=status), A(FRESH)],
        [miss(0), ask(0, fetches=1, has={"Age": number(100, 150)}), miss(2), hit(2)])
    for status in (500, 502, 503, 504)
]
ON_ERROR += [
    Row("not instead of 404", "5861 4", [stale(SIE), A(status=404)], [miss(0), miss(1)]),
    Row("not instead of 501", "5861 4", [stale(SIE), A(status=501)], [miss(0), miss(1)]),
    Row("not past its time", "5861 4", [stale("stale-if-error=10", ETAG), A(status=503)], [miss(0), miss(1)]),
    Row("not without leave", "9111 4.2.4", [stale("", ETAG), A(status=503)], [miss(0), miss(1)]),
    Row("not with must-revalidate", "9111 5.2.2.2", [stale(SIE + ", must-revalidate", ETAG), A(status=503)], [miss(0), miss(1)]),
    Row("not with s-maxage", "9111 5.2.2.10", [A(CC + "s-maxage=60, " + SIE, "Age: 100", ETAG), A(status=503)],
        [miss(0), miss(1)]),
    Row("by the client's leave", "5861 4", [stale("", ETAG), A(status=503)],
        [miss(0), ask(0, CC + "stale-if-error=1000", fetches=1)]),
    Row("by the client's leave, past its time", "5861 4", [stale("", ETAG), A(status=503)],
        [miss(0), miss(1, CC + "stale-if-error=10")]),
    Row("instead of a connection that is reset", "5861 4", [stale(SIE), A(steps=[RESET])],
        [miss(0), ask(0, has={"Age": number(100, 150)})]),
    Row("instead of no HTTP", "5861 4", [stale(SIE), A(steps=[b"SSH-2.0-x\r\n", CLOSE])], [miss(0), ask(0)]),
    Row("an error leaves what is stored", "9111 4.3.3", [stale(SIE, ETAG), A(status=500), same(FRESH)],
        [miss(0), ask(0, fetches=1), validated(0), hit(0)]),
    Row("must-revalidate, and nobody there", "9111 5.2.2.2",
        [stale(SIE + ", must-revalidate", ETAG), A(steps=[CLOSE])],
        [miss(0), ask(None, check=lambda test, answer: test.assertIn(answer.status, (502, 504)))]),
    Row("a hit needs no origin", "9111 4.2.4", [A(FRESH), A(steps=[CLOSE])], [miss(0), Do(lambda origin: origin.hang_up()), hit(0)]),
]

OTHER = {"/other": [A(FRESH), A(FRESH)]}


def unsafe(name, section, method, answer, *more, body=b"a body", kept=False):
    """The GET is stored before; afterwards it is fetched anew, or not."""
    last = hit(0) if kept else miss(2)
    return Row(name, section, [A(FRESH), answer, A(FRESH)],
               [miss(0), hit(0), ask(1, *more, method=method, body=body, fetches=1,
                                     sees={":method": method, ":body": body}, cs={"hit": ABSENT, "fwd": "method"}), last])


def unsafe_elsewhere(name, section, kept, *lines):
    """A POST whose answer names /other, which is stored."""
    step = hit(0, path="/other") if kept else miss(1, path="/other")
    return Row(name, section, [A(*lines, status=201)],
               [miss(0, path="/other"), ask(0, method="POST", body=b"x", fetches=1), step], more=dict(OTHER))


UNSAFE = [
    *(unsafe(f"{method} makes what is stored good no longer", "9111 4.4", method, A(status=200))
      for method in ("POST", "PUT", "PATCH")),
    unsafe("DELETE makes what is stored good no longer", "9111 4.4", "DELETE", A(status=204), body=b""),
    unsafe("a redirect invalidates too", "9111 4.4", "POST", A("Location: /x", status=303)),
    unsafe("a failure of the client does not", "9111 4.4", "POST", A(status=404), kept=True),
    unsafe("a failure of the server does not", "9111 4.4", "PUT", A(status=500), kept=True),
    unsafe("OPTIONS does not", "9111 4.4", "OPTIONS", A("Allow: GET", status=200), body=b"", kept=True),
    unsafe("an answer to POST is not stored", "9111 3", "POST", A(FRESH)),
    unsafe("POST with a long body", "9112 6.2", "POST", A(status=200), body=b"y" * 70000),
    Row("all variants are good no longer", "9111 4.4",
        [A(FRESH, "Vary: X-A"), A(FRESH, "Vary: X-A"), A(), A(FRESH, "Vary: X-A"), A(FRESH, "Vary: X-A")],
        [miss(0, "X-A: 1"), miss(1, "X-A: 2"), ask(2, method="POST", body=b"x", fetches=1), miss(3, "X-A: 1"), miss(4, "X-A: 2")]),
    Row("HEAD does not invalidate", "9111 4.4", [A(FRESH)], [miss(0), hit(0, method="HEAD"), hit(0)]),
    Row("each POST goes to the origin", "9110 9.2.2", [A(FRESH), A(FRESH)],
        [ask(0, method="POST", body=b"1", fetches=1, sees={":body": b"1"}),
         ask(1, method="POST", body=b"2", fetches=1, sees={":body": b"2"})]),
    unsafe_elsewhere("Location of the same origin", "9111 4.4", False, "Location: @PATH@/other"),
    unsafe_elsewhere("Location in full", "9111 4.4", False, "Location: http://@HOST@@PATH@/other"),
    unsafe_elsewhere("Content-Location", "9111 4.4", False, "Content-Location: @PATH@/other"),
    unsafe_elsewhere("Location of another host", "9111 4.4", True, "Location: http://elsewhere.test@PATH@/other"),
    unsafe_elsewhere("Location of another scheme", "9111 4.4", True, "Location: https://@HOST@@PATH@/other"),
]

Requests = table("Requests", REQUESTS)
Meanwhile = table("Meanwhile", MEANWHILE)
OnError = table("OnError", ON_ERROR)
Unsafe = table("Unsafe", UNSAFE)

if __name__ == "__main__":
    unittest.main(verbosity=1)
