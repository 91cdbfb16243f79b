"""Uploads from many clients at once, and a memory of what the server promised about each."""

import http.client
import itertools
import struct
import threading

from harness import pictures


class Bytes:
    """JPEGs that all differ, made quickly: a few pictures, each time with another comment in it."""

    def __init__(self, width=1200, height=900, noise=12, pictures_count=6):
        self.size = (width, height)
        self._bases = [pictures.camera_jpeg(width, height, seed, noise=noise)
                       for seed in range(pictures_count)]
        self._number = itertools.count()

    def next(self):
        number = next(self._number)
        base = self._bases[number % len(self._bases)]
        note = f"upload {number}".encode()
        return base[:2] + b"\xff\xfe" + struct.pack(">H", 2 + len(note)) + note + base[2:]


class Upload:
    """One upload: what was sent, and what was promised. `photo` None: nothing was promised."""

    def __init__(self, original, key):
        self.original, self.key = original, key
        self.photo = None
        self.deleted = False      # a delete was acknowledged
        self.delete_sent = False  # ... or at least sent: then either is right


class Workload:
    """`clients` threads send `uploads` together; every `delete_every`-th is deleted again."""

    def __init__(self, farm, make_bytes, clients=8, delete_every=10):
        self.farm, self.make_bytes = farm, make_bytes
        self.clients, self.delete_every = clients, delete_every
        self.done = []
        self.failures = []  # what went wrong that a kill does not explain
        self._lock = threading.Lock()
        self._promises = threading.Condition(self._lock)
        self._promised = 0

    def wait_for_promises(self, count):
        with self._promises:
            self._promises.wait_for(lambda: self._promised >= count, timeout=120)

    def run(self, uploads, number_from=0):
        """Returns when all were tried. A client stops at the first connection that breaks."""
        numbers = iter(range(number_from, number_from + uploads))
        threads = [threading.Thread(target=self._client, args=(numbers,))
                   for _ in range(self.clients)]
        for thread in threads:
            thread.start()
        return threads

    def compact_meanwhile(self):
        """Gives back the space of what was deleted, again and again, until the server is gone or
        stop() of the thread that this returns is called; its .runs says how often."""
        compactor = Compactor(self.farm)
        compactor.start()
        return compactor

    def _client(self, numbers):
        client = self.farm.client()
        while True:
            with self._lock:
                number = next(numbers, None)
                if number is None:
                    return
                upload = Upload(self.make_bytes.next(), f"key-{number}")
                self.done.append(upload)
            try:
                self._send(client, upload, number)
            except (OSError, http.client.HTTPException):
                return  # the server is gone: nothing was promised
            except AssertionError as wrong:
                self.failures.append(str(wrong))
                return

    def _send(self, client, upload, number):
        upload.photo = client.upload(upload.original, {"Idempotency-Key": upload.key},
                                     title=upload.key)
        if number % self.delete_every == self.delete_every - 1:
            upload.delete_sent = True
            answer = client.request("DELETE", f"/v1/photos/{upload.photo['id']}")
            upload.deleted = answer.status == 204
        with self._promises:
            self._promised += 1
            self._promises.notify_all()


class Compactor(threading.Thread):
    """Asks for one compaction after the other."""

    def __init__(self, farm):
        super().__init__()
        self.client = farm.client()
        self.runs = 0
        self._ended = threading.Event()

    def run(self):
        try:
            while not self._ended.wait(0.02):
                if self.client.request("POST", "/v1/compaction").status == 202:
                    self.runs += 1
        except (OSError, http.client.HTTPException):
            pass  # the server is gone

    def stop(self):
        self._ended.set()
        self.join()
