"""A TCP door to a server that stays in one place while the server moves, and can be shut."""

import socket
import threading


class Gate:
    """Listens on 127.0.0.1; passes connections on to `target` (host, port); None shuts it: whoever
    comes is cut off at once, and so are those who are there."""

    def __init__(self, target=None):
        self._target = target
        self._lock = threading.Lock()
        self._open = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def lead_to(self, farm):
        with self._lock:
            self._target = (farm.host, farm.port)

    def shut(self):
        with self._lock:
            self._target = None
            for one in self._open:
                self._end(one)

    def close(self):
        self.shut()
        self._listener.shutdown(socket.SHUT_RDWR)
        # It must have left accept(): begun again (after SIGCONT, say) that would be on whatever has
        # the descriptor's number by then.
        self._acceptor.join()
        self._listener.close()

    @staticmethod
    def _end(one):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                target = self._target
            try:
                server = socket.create_connection(target, 10) if target else None
            except OSError:
                server = None
            if server is None:
                client.close()
                continue
            server.settimeout(None)
            with self._lock:
                self._open |= {client, server}
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source, sink):
        try:
            while data := source.recv(1 << 16):
                sink.sendall(data)
        except OSError:
            pass
        self._end(sink)
        self._end(source)
        with self._lock:
            self._open.discard(source)
            if sink not in self._open:  # the other way has ended as well
                source.close()
                sink.close()
