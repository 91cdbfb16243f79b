"""An origin that says whatever a test wants, byte by byte, and remembers what it was asked.

    origin.script("/a", Answer(headers=["Cache-Control: max-age=60"], body=b"A"), Answer(status=500))

answers the first request for /a with the first, all later ones with the second. Where an answer stops
half-way it waits for the test's word (a Gate), never for a time.
"""

import socket
import struct
import threading
from email.utils import formatdate

from harness import wire
from harness.server import PATIENCE_S

# The ends that a list of steps can have. Without one, the connection stays for the next request.
CLOSE, RESET = object(), object()


class Gate:
    """A place in an answer that waits until the test opens it."""

    def __init__(self):
        self.reached, self._open = threading.Event(), threading.Event()

    def open(self):
        self._open.set()

    def pass_through(self):
        self.reached.set()
        self._open.wait(PATIENCE_S)

    def wait_until_reached(self):
        if not self.reached.wait(PATIENCE_S):
            raise AssertionError("the origin was not asked")


class Answer:
    """One answer. `headers` are lines; Date is added unless one is there or date=False.

    framing: "length", "chunked", "close" (the body ends with the connection) or "none".
    steps: instead of all that, what to do: bytes to send, Gates, CLOSE, RESET.
    """

    def __init__(self, status=200, headers=(), body=b"", framing="length", date=True, length=None,
                 before=(), end=None, version="1.1", steps=None, make=None):
        self.status, self.headers, self.body = status, list(headers), body
        self.framing, self.date, self.length = framing, date, length
        self.before, self.end, self.version = list(before), end, version
        self.steps, self.make = steps, make

    def head(self):
        lines = [f"HTTP/{self.version} {self.status} Scripted", *self.headers]
        names = {line.partition(":")[0].lower() for line in self.headers}
        if self.date and "date" not in names:
            lines.append(f"Date: {formatdate(usegmt=True)}")
        if self.framing == "length" and self.status not in (204, 304):
            length = len(self.body) if self.length is None else self.length
            lines.append(f"Content-Length: {length}")
        if self.framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def play(self, method):
        """The steps for one request."""
        if self.steps is not None:
            return self.steps
        body = [] if method == "HEAD" or self.status in (204, 304) else [self.body]
        if body and self.framing == "chunked":
            body = [chunk(self.body) + b"0\r\n\r\n"]
        end = CLOSE if self.framing == "close" and self.end is None else self.end
        return [*self.before, self.head(), *body, *([end] if end else [])]


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data) if data else b""


class Request(wire.Head):
    """What the origin was asked, with its body."""

    def __init__(self, head, connection):
        super().__init__(head.start, head.headers, head.raw)
        self.method, self.target, self.version = head.start.split(" ", 2)
        self.connection = connection
        self.body, self.whole = b"", True


class ScriptedOrigin:
    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        self._scripts, self._requests = {}, []
        self._changed = threading.Condition()
        self._sockets, self._closed = set(), False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def script(self, target, *answers):
        """For that path and query: each answer once, the last one from then on."""
        with self._changed:
            self._scripts[target] = list(answers)

    def requests(self, target=None):
        with self._changed:
            return [r for r in self._requests if target is None or r.target == target]

    def wait_for_requests(self, count, target=None):
        """The requests, as soon as there are so many; fewer after a long time."""
        def there():
            found = [r for r in self._requests if target is None or r.target == target]
            return found if len(found) >= count else None
        with self._changed:
            found = self._changed.wait_for(there, PATIENCE_S)
        return found or self.requests(target)

    def hang_up(self):
        """Closes every connection, idle or not."""
        with self._changed:
            sockets, self._sockets = self._sockets, set()
        for one in sockets:
            _reset(one)

    def close(self):
        """Nobody is there from now on."""
        if self._closed:
            return
        self._closed = True
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which would take one more
        self._listener.close()
        self.hang_up()

    def _accept(self):
        number = 0
        while not self._closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            number += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._changed:
                self._sockets.add(connection)
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection, number):
        stream = connection.makefile("rb")
        try:
            while self._serve_one(connection, stream, number):
                pass
        except (OSError, wire.Broken, ValueError):
            pass  # the peer has gone, or the test has hung up
        finally:
            with self._changed:
                self._sockets.discard(connection)
            stream.close()
            connection.close()

    def _serve_one(self, connection, stream, number):
        head = wire.read_head(stream)
        if head is None:
            return False
        request = Request(head, number)
        if "chunked" in (head.header("Transfer-Encoding") or ""):
            request.body, request.whole = wire.read_chunked(stream)
        elif head.header("Content-Length"):
            request.body, request.whole = wire.read_exactly(stream, int(head.header("Content-Length")))
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()
            script = self._scripts.get(request.target)
            answer = UNSCRIPTED if not script else script[0] if len(script) == 1 else script.pop(0)
        if answer.make is not None:
            answer = answer.make(request)
        for step in answer.play(request.method):
            if isinstance(step, Gate):
                step.pass_through()
            elif step is RESET:
                _reset(connection)
                return False
            elif step is CLOSE:
                return False
            else:
                connection.sendall(step)
        return (request.header("Connection") or "").lower() != "close"


UNSCRIPTED = Answer(status=500, headers=["Cache-Control: no-store", "X-Unscripted: 1"], body=b"not in the script")


def _reset(connection):
    """Ends it with RST, so that what was sent may be lost as well."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)
        connection.close()
    except OSError:
        pass


def ranged(body, headers=(), etag='"r"'):
    """Answers of an origin that knows ranges: one part as it was asked for, else everything."""
    def make(request):
        asked = request.header("Range")
        lines = [*headers, f"ETag: {etag}"]
        condition = request.header("If-Range")
        if request.header("If-None-Match") == etag:
            return Answer(304, lines)
        if not asked or "," in asked or (condition and condition != etag):
            return Answer(200, lines, body)
        first, _, last = asked.partition("=")[2].partition("-")
        if not first:
            start, stop = max(0, len(body) - int(last)), len(body) - 1
        else:
            start, stop = int(first), min(int(last or len(body) - 1), len(body) - 1)
        if start >= len(body):
            return Answer(416, [f"Content-Range: bytes */{len(body)}"])
        lines.append(f"Content-Range: bytes {start}-{stop}/{len(body)}")
        return Answer(206, lines, body[start:stop + 1])
    return Answer(make=make)
