"""HTTP as simple as it gets: a client that hides nothing of an answer, and bare sockets."""

import http.client
import json
import os
import socket
import urllib.parse

# Only ends a test that hangs; nothing is ever measured by it.
TIMEOUT_S = 90 if os.environ.get("PHOTOFARM_SANITIZED") == "1" else 45


def path_of(url):
    """The path (and query) of an absolute URL."""
    parts = urllib.parse.urlsplit(url)
    return parts.path + ("?" + parts.query if parts.query else "")


class Response:
    def __init__(self, status, headers, body, version=11, reason=""):
        self.status, self.body = status, body
        self.version, self.reason = version, reason
        self.headers = headers  # [(name, value)], as sent

    def header(self, name):
        """The value; None if it is missing. More than one of a name is an error."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        if len(values) > 1:
            raise AssertionError(f"{len(values)} headers {name}: {values}")
        return values[0] if values else None

    def json(self):
        return json.loads(self.body)

    def same_but_date(self):
        """Everything that could tell two answers apart, but the clock."""
        headers = [(key, value) for key, value in self.headers if key.lower() != "date"]
        return self.version, self.status, self.reason, headers, self.body

    def __repr__(self):
        return f"<{self.status} {dict(self.headers)} {self.body[:300]!r}>"


class Client:
    """A new connection for every request. `key` is the API key, "" for none."""

    def __init__(self, host, port, key=""):
        self.host, self.port, self.key = host, port, key

    def connect(self):
        return http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_S)

    def request(self, method, path, body=None, headers=None, connection=None):
        own = connection is None
        connection = connection or self.connect()
        sent = {} if not self.key else {"Authorization": f"Bearer {self.key}"}
        sent.update(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
            return Response(answer.status, answer.getheaders(), answer.read(), answer.version,
                            answer.reason)
        finally:
            if own:
                connection.close()

    def get(self, path, headers=None):
        return self.request("GET", path_of(path), headers=headers)

    def head(self, path, headers=None):
        return self.request("HEAD", path_of(path), headers=headers)

    def upload(self, picture, headers=None, **query):
        """POST /v1/photos; the photo. Anything but 201 is a failure."""
        path = "/v1/photos" + ("?" + urllib.parse.urlencode(query) if query else "")
        answer = self.request("POST", path, picture, headers)
        if answer.status != 201:
            raise AssertionError(f"an upload of {len(picture)} bytes got {answer!r}")
        return answer.json()

    def photo(self, photo_id):
        """The photo as the API shows it; None if there is none."""
        answer = self.get(f"/v1/photos/{photo_id}")
        return answer.json() if answer.status == 200 else None

    def list_all(self, query="limit=500"):
        """All photos of all pages, newest first."""
        photos, cursor = [], None
        while True:
            answer = self.get(f"/v1/photos?{query}" + (f"&cursor={cursor}" if cursor else ""))
            if answer.status != 200:
                raise AssertionError(f"a list got {answer!r}")
            page = answer.json()
            photos += page["photos"]
            cursor = page["next"]
            if cursor is None:
                return photos

    def raw(self, receive_buffer=None):
        return RawConnection(self.host, self.port, receive_buffer)


class RawConnection:
    """A socket, and answers read from it one by one."""

    def __init__(self, host, port, receive_buffer=None):
        self.socket = socket.socket()
        self.socket.settimeout(TIMEOUT_S)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect((host, port))
        self.stream = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.stream.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def send_while_open(self, data):
        """The same, to a peer that may hang up: False if it did."""
        try:
            self.send(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def end(self):
        """Says that nothing more will be sent."""
        self.socket.shutdown(socket.SHUT_WR)

    def read_response(self, method="GET"):
        """The next answer, None if the peer closed instead."""
        try:
            line = self.stream.readline()
        except ConnectionResetError:
            return None
        if not line:
            return None
        version, status, reason = line.decode("latin-1").rstrip("\r\n").split(" ", 2)
        headers = []
        while (line := self.stream.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").rstrip("\r\n").partition(":")
            headers.append((name, value.strip()))
        response = Response(int(status), headers, b"", 11 if version == "HTTP/1.1" else 10, reason)
        length = response.header("Content-Length")
        if method != "HEAD" and length is not None:
            response.body = self.stream.read(int(length))
        return response

    def at_end(self):
        """True if the peer closes, with nothing more to read."""
        try:
            return self.stream.read(1) == b""
        except ConnectionResetError:
            return True
