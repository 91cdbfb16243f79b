"""An origin that takes its time and counts what it is asked for, to see how many fetches a cache makes
of one object that many want at once."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class SlowOrigin:
    """Serves {path: body}: nothing for `think_s`, then pieces that take `body_s` in all."""

    def __init__(self, bodies, think_s=0.3, body_s=0.7, pieces=7):
        self.bodies, self.think_s, self.body_s, self.pieces = bodies, think_s, body_s, pieces
        self.fetches = {path: 0 for path in bodies}
        self._lock = threading.Lock()
        origin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                origin.answer(self)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 1024  # a cache that does not join its fetches asks this often
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request):
        body = self.bodies.get(request.path)
        if body is None:
            request.send_error(404)
            return
        with self._lock:
            self.fetches[request.path] += 1
        time.sleep(self.think_s)
        request.send_response(200)
        request.send_header("Content-Type", "image/jpeg")
        request.send_header("Content-Length", str(len(body)))
        request.send_header("Cache-Control", "max-age=31536000")
        request.end_headers()
        size = -(-len(body) // self.pieces)
        for at in range(0, len(body), size):
            time.sleep(self.body_s / self.pieces)
            request.wfile.write(body[at:at + size])
            request.wfile.flush()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
