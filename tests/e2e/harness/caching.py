"""Tables of caching rules, run against the real edge in front of a scripted origin.

A row is a rule with its section, what the origin answers in turn, and what clients ask in turn: each
Ask says which answer the client must see and how often the origin is asked for it.

    Row("max-age keeps it", "9111 4.2.1", [A("Cache-Control: max-age=60")], [miss(0), hit(0)])
"""

import re
import time
import unittest

from harness import wire
from harness.client import TIMEOUT_S
from harness.scripted_origin import Answer, ScriptedOrigin
from harness.server import PATIENCE_S, Farm

ABSENT = None  # as the wanted value of a header: there must be none


def A(*headers, **more):
    """An Answer with these header lines; its body names it, if none is given."""
    answer = Answer(headers=headers, **more)
    answer.auto_body = "body" not in more and answer.steps is None and answer.make is None
    return answer


class Ask:
    """One request of a client, and what must come of it.

    answer: which of the origin's answers the client must see (its status and body); None: any.
    fetches: how often the origin is asked meanwhile; None: any number.
    has: {header: wanted} of what the client gets. sees: the same of the last request that the origin got, with
    ":method", ":target" and ":body". A wanted value is a string, a compiled pattern, a predicate or ABSENT.
    cs: {parameter: wanted} of the edge's own member of Cache-Status.
    truncated: whether the body must be cut off; None: either. headers: lines; a Host among them stands for the usual one.
    eventually: asked again until it comes true. background: the fetch may come after the answer.
    """

    def __init__(self, answer=None, headers=(), method="GET", path="", body=b"", status=None, expect=None,
                 fetches=None, has=None, sees=None, cs=None, eventually=False, background=False,
                 version="1.1", truncated=False, check=None):
        self.answer, self.headers, self.method, self.path = answer, headers, method, path
        self.body, self.status, self.expect, self.fetches = body, status, expect, fetches
        self.has, self.sees, self.cs = has or {}, sees or {}, cs
        self.eventually, self.background, self.version = eventually, background, version
        self.truncated, self.check = truncated, check


def miss(answer, *headers, **more):
    """The origin is asked, once."""
    more.setdefault("cs", {"hit": ABSENT})
    return Ask(answer, headers, **{"fetches": 1, **more})


def hit(answer, *headers, **more):
    """The origin is not asked."""
    more["cs"] = {"hit": True, "fwd": ABSENT, **more.get("cs", {})}
    return Ask(answer, headers, **{"fetches": 0, **more})


def validated(answer, *headers, **more):
    """The origin is asked on what is stored, and says that it is good."""
    more["cs"] = {"hit": ABSENT, "fwd-status": "304", **more.get("cs", {})}
    return Ask(answer, headers, **{"fetches": 1, **more})


def ask(answer=None, *headers, **more):
    return Ask(answer, headers, **more)


class Wait:
    """For what only time can bring."""

    def __init__(self, seconds):
        self.seconds = seconds


class Do:
    """Something that the test does to the origin in between."""

    def __init__(self, what):
        self.what = what


class Row:
    def __init__(self, name, section, answers, steps, more=None):
        self.name, self.section, self.steps = name, section, steps
        self.scripts = {"": answers, **(more or {})}

    def slug(self):
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


def matches(wanted, value):
    if wanted is None or value is None:
        return wanted is value
    if callable(wanted):
        return wanted(value)
    if isinstance(wanted, re.Pattern):
        return wanted.fullmatch(value) is not None
    return wanted == value


def number(least, most):
    """A predicate: a decimal number within."""
    return lambda value: re.fullmatch(r"-?\d+", value) is not None and least <= int(value) <= most


def cache_status(answer):
    """The parameters of the edge's own member, the last one (RFC 9211 section 2); None without it."""
    value = answer.header("Cache-Status")
    if value is None:
        return None
    unquoted = re.sub(r'"(?:\\.|[^"\\])*"', '""', value)
    name, *parameters = (part.strip() for part in unquoted.split(",")[-1].split(";"))
    if not name.startswith("photofarm"):
        return None
    found = {}
    for parameter in parameters:
        key, equals, text = parameter.partition("=")
        found[key] = text if equals else True
    return found


class Table(unittest.TestCase):
    """Runs rows; table() makes a class of it with a test for each."""

    longMessage = True
    config = ""

    @classmethod
    def setUpClass(cls):
        cls.origin = ScriptedOrigin()
        cls.addClassCleanup(cls.origin.close)
        cls.farm = Farm(EDGE_CONFIG.format(origin=cls.origin.address) + cls.config)
        cls.addClassCleanup(cls.farm.close)
        cls.farm.start()

    def run_row(self, number_of_row, row):
        self.row, self.base = row, f"/c/{number_of_row:03}-{row.slug()}"
        self.host = f"{self.farm.host}:{self.farm.port}"
        for suffix, answers in row.scripts.items():
            for index, answer in enumerate(answers):
                answer.headers = [self.filled(line) for line in answer.headers]
                if getattr(answer, "auto_body", False):
                    answer.body = f"answer {index} of {row.slug()}{suffix}".encode()
            self.origin.script(self.base + suffix, *answers)
        for place, step in enumerate(row.steps):
            try:
                self.run_step(step)
            except AssertionError as error:
                raise AssertionError(f"{row.name} (RFC {row.section}), step {place}: {error}") from None
        expected = [step.fetches for step in row.steps if isinstance(step, Ask)]
        if None not in expected and not any(s.eventually for s in row.steps if isinstance(s, Ask)):
            self.assertEqual(len(self.fetches()), sum(expected), f"{row.name}: fetches in all")

    def filled(self, text):
        return text.replace("@HOST@", self.host).replace("@PATH@", self.base)

    def fetches(self):
        return [r for r in self.origin.requests() if r.target.startswith(self.base)]

    def run_step(self, step):
        if isinstance(step, Wait):
            time.sleep(step.seconds)
        elif isinstance(step, Do):
            step.what(self.origin)
        elif step.eventually:
            give_up = time.monotonic() + PATIENCE_S
            while True:
                try:
                    return self.run_ask(step)
                except AssertionError:
                    if time.monotonic() > give_up:
                        raise
                time.sleep(0.02)
        else:
            self.run_ask(step)

    def settle(self):
        """Waits until the edge has done with what was asked before: a client has its last byte a moment before the
        answer is stored."""
        give_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up:
            metrics = self.farm.metrics()
            # The connection that asks for the metrics is one.
            if metrics["photofarm_cache_fills"] == 0 and metrics["photofarm_http_connections"] <= 1:
                return
            time.sleep(0.002)
        self.fail("the edge is not done with a request that its client has left")

    def run_ask(self, step):
        self.settle()
        before = len(self.fetches())
        target = self.base + step.path
        headers = [tuple(self.filled(line).split(": ", 1)) for line in step.headers]
        if all(name != "Host" for name, _ in headers):
            headers.insert(0, ("Host", self.host))
        with wire.Wire((self.farm.host, self.farm.port), TIMEOUT_S) as connection:
            connection.send(wire.request_bytes(step.method, target, headers, step.body, step.version))
            answer = connection.read(step.method)
        self.assertIsNotNone(answer, "the edge closed without an answer")
        self.check_answer(step, answer)
        if step.background:
            prefix_count = before + step.fetches
            give_up = time.monotonic() + PATIENCE_S
            while len(self.fetches()) < prefix_count and time.monotonic() < give_up:
                time.sleep(0.01)
        if step.fetches is not None:
            self.assertEqual(len(self.fetches()) - before, step.fetches, f"fetches, of {answer}")
        if step.sees:
            self.check_seen(step, answer)
        if step.check:
            step.check(self, answer)

    def check_answer(self, step, answer):
        status, body = step.status, step.expect
        if step.answer is not None:
            scripted = self.row.scripts.get(step.path, self.row.scripts[""])[step.answer]
            status = scripted.status if status is None else status
            if body is None and status == scripted.status:
                body = b"" if status in (204, 304) else scripted.body
        if status is not None:
            self.assertEqual(answer.status, status, answer)
        if body is not None and step.method != "HEAD" and not step.truncated:
            self.assertEqual(answer.body, body, answer)
        if step.truncated is not None:
            self.assertEqual(answer.whole, not step.truncated, answer)
        for name, wanted in step.has.items():
            self.assertTrue(matches(wanted, answer.header(name)), f"{name}: {wanted!r}, {answer}")
        if step.cs is not None:
            found = self.cache_status(answer)
            self.assertIsNotNone(found, f"no Cache-Status of the edge: {answer}")
            for name, wanted in step.cs.items():
                self.assertTrue(matches(wanted, found.get(name)) or wanted is found.get(name),
                                f"Cache-Status {name}: {wanted!r}, {answer}")

    def cache_status(self, answer):
        return cache_status(answer)

    def check_seen(self, step, answer):
        seen = self.fetches()
        self.assertTrue(seen, f"the origin was not asked: {answer}")
        last = seen[-1]
        special = {":method": last.method, ":target": last.target, ":body": last.body}
        for name, wanted in step.sees.items():
            value = special[name] if name in special else last.header(name)
            wanted = self.filled(wanted) if isinstance(wanted, str) else wanted
            self.assertTrue(matches(wanted, value), f"the origin saw {name}: {value!r}, not {wanted!r}: {last.raw}")


EDGE_CONFIG = """
[cache]
memory = "64MiB"

[[pool]]
name = "old"
servers = ["{origin}"]

[[route]]
match = "^/c/"
pool = "old"
"""


def table(name, rows, config=""):
    """A test class with a test for each row."""
    slugs = [row.slug() for row in rows]
    twice = {slug for slug in slugs if slugs.count(slug) > 1}
    if twice:
        raise AssertionError(f"rows of one name: {twice}")

    def test(place, row):
        def run(self):
            self.run_row(place, row)
        run.__doc__ = f"{row.name} (RFC {row.section})"
        return run

    tests = {f"test_{n:03}_{row.slug().replace('-', '_')}": test(n, row) for n, row in enumerate(rows, 1)}
    return type(name, (Table,), {**tests, "config": config, "__module__": "__main__", "__doc__": None})
