"""HTTP/1.1 as bytes: heads and bodies read off a socket with nothing repaired and nothing hidden."""

import socket


class Broken(Exception):
    """The peer sent what is no HTTP, or ended in the middle."""


class Head:
    """A start line and the fields below it, [(name, value)] as they were sent."""

    def __init__(self, start, headers, raw):
        self.start, self.headers, self.raw = start, headers, raw

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name):
        """The value; of several lines, joined by commas; None if there is none."""
        values = self.all(name)
        return ", ".join(values) if values else None


def read_head(stream):
    """The next Head; None if the peer has ended."""
    raw = b""
    while not raw.endswith(b"\r\n\r\n"):
        line = stream.readline(65536)
        if not line and not raw:
            return None
        if not line.endswith(b"\n"):
            raise Broken(f"a head ends in the middle: {raw + line!r}")
        raw += line
        if raw == b"\r\n":
            raw = b""
    start, *lines = raw.decode("latin-1").split("\r\n")[:-2]
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise Broken(f"no field: {line!r}")
        headers.append((name, value.strip()))
    return Head(start, headers, raw)


def read_exactly(stream, length):
    """Up to `length` bytes, and whether they are all."""
    data = stream.read(length) if length else b""
    return data, len(data) == length


def read_chunked(stream):
    """The body, and whether it came to its end."""
    body = b""
    while True:
        line = stream.readline()
        try:
            size = int(line.split(b";")[0].strip(), 16)
        except ValueError:
            return body, False
        if size == 0:
            while (line := stream.readline()) not in (b"\r\n", b""):
                pass
            return body, line == b"\r\n"
        data, whole = read_exactly(stream, size)
        body += data
        if not whole or stream.read(2) != b"\r\n":
            return body, False


class WireAnswer(Head):
    """A final response, the interim ones before it, and whether its body came to its end."""

    def __init__(self, head, interim):
        super().__init__(head.start, head.headers, head.raw)
        self.interim = interim
        self.status = int(head.start.split(" ")[1])
        self.body, self.whole = b"", True

    def __repr__(self):
        tail = "" if self.whole else " TRUNCATED"
        return f"<{self.status} {dict(self.headers)} {self.body[:200]!r}{tail}>"


def read_answer(stream, method="GET"):
    """The next final answer; None if the peer ended before it."""
    interim = []
    try:
        while True:
            head = read_head(stream)
            if head is None:
                return None
            answer = WireAnswer(head, interim)
            if answer.status >= 200 or answer.status == 101:
                break
            interim.append(answer)
        if method == "HEAD" or answer.status in (204, 304):
            return answer
        try:
            if "chunked" in (answer.header("Transfer-Encoding") or "").lower():
                answer.body, answer.whole = read_chunked(stream)
            elif answer.header("Content-Length") is not None:
                length = int(answer.header("Content-Length"))
                answer.body, answer.whole = read_exactly(stream, length)
            else:
                answer.body = stream.read()
        except ConnectionResetError:
            answer.whole = False
        return answer
    except ConnectionResetError:
        return None


def request_bytes(method, target, headers=(), body=b"", version="1.1"):
    """`headers` as [(name, value)]; Content-Length is added to a body without framing."""
    lines = [f"{method} {target} HTTP/{version}"]
    lines += [f"{name}: {value}" for name, value in headers]
    names = {name.lower() for name, _ in headers}
    if body and not names & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class Wire:
    """One connection of a client."""

    def __init__(self, address, timeout_s):
        self.socket = socket.create_connection(address, timeout=timeout_s)
        self.stream = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.stream.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def read(self, method="GET"):
        return read_answer(self.stream, method)
