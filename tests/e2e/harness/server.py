"""Starts, stops and kills the real program, each with a data directory of its own.

PHOTOFARM_BIN names the program; otherwise it is build/release/photofarm.
"""

import ctypes
import os
import queue
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from harness.client import Client

ROOT = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("PHOTOFARM_BIN", ROOT / "build/release/photofarm"))
# Sanitizers make everything slower; bounds that only say "it hangs" are stretched by this.
SANITIZED = os.environ.get("PHOTOFARM_SANITIZED") == "1"
PATIENCE_S = 120 if SANITIZED else 60

LISTENING = re.compile(r"listening on http://([\w.:\[\]]+):(\d+)")
SANITIZER_REPORT = re.compile(r"(ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error: )")


def _die_with_parent():
    """A test that is killed takes its servers with it (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Farm:
    """One server over one data directory, which stays the same over restarts."""

    def __init__(self, config="", arguments=(), prefix=(), parent=None):
        """`prefix` is put before the command (taskset -c 0), `parent` is where its folder is made."""
        self.folder = Path(tempfile.mkdtemp(prefix="photofarm-e2e-", dir=parent))
        self.data = self.folder / "data"
        self.log_file = self.folder / "log"
        self.config_file = self.folder / "photofarm.toml"
        self.config_file.write_text(config)
        self.arguments, self.prefix = list(arguments), list(prefix)
        self.process = None
        self.host, self.port = None, None

    # Life and death.

    def command(self):
        return [*self.prefix, str(BINARY), "serve", "-c", str(self.config_file), "--data", str(self.data),
                "--listen", "127.0.0.1:0", *self.arguments]

    def start(self):
        log = open(self.log_file, "ab")
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
            cwd=self.folder, preexec_fn=_die_with_parent)
        log.close()
        lines = queue.Queue()
        threading.Thread(target=self._pump, args=(self.process.stdout, lines), daemon=True).start()
        give_up = time.monotonic() + PATIENCE_S
        while True:
            try:
                line = lines.get(timeout=max(0.0, give_up - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                self.kill()
                raise AssertionError(f"the server did not start; its log:\n{self.log()}")
            found = LISTENING.search(line)
            if found:
                self.host, self.port = found[1], int(found[2])
                return self

    @staticmethod
    def _pump(stream, lines):
        with stream:
            for line in stream:
                lines.put(line.decode(errors="replace"))
        lines.put(None)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        """The exit code of a server that was told to end."""
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server does not end; its log:\n{self.log()}") from None
        self.process = None
        self.check_log()
        return code

    def stop(self):
        """SIGTERM; anything but a clean end is a failure."""
        if self.process is None:
            return
        self.signal(signal.SIGTERM)
        code = self.wait()
        if code != 0:
            raise AssertionError(f"the server ended with {code}; its log:\n{self.log()}")

    def kill(self):
        """kill -9, as a power cut for the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def restart(self):
        self.stop()
        return self.start()

    def close(self):
        """Ends it, and removes everything."""
        try:
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(
                    f"the server died with {self.process.returncode}; its log:\n{self.log()}")
            self.stop()
        finally:
            self.kill()
            shutil.rmtree(self.folder, ignore_errors=True)

    # What it says and takes.

    def log(self):
        return self.log_file.read_text(errors="replace")[-8000:] if self.log_file.exists() else ""

    def check_log(self):
        if SANITIZER_REPORT.search(self.log()):
            raise AssertionError(f"a sanitizer reported:\n{self.log()}")

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def memory_kb(self, what):
        """VmRSS (now) or VmHWM (the most so far)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{what}:\s+(\d+) kB", status, re.MULTILINE)[1])

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    @property
    def admin_key(self):
        return (self.data / "admin.key").read_text().strip()

    def client(self, key=None):
        return Client(self.host, self.port, self.admin_key if key is None else key)

    def metrics(self):
        """{'name{labels}': value}"""
        text = Client(self.host, self.port).get("/metrics").body.decode()
        lines = (line.rpartition(" ") for line in text.splitlines() if line and line[0] != "#")
        return {name: float(value) for name, _, value in lines}


def run_cli(*arguments, farm=None, stdin=b"", env=None, cwd=None):
    """Runs `photofarm ARGUMENTS` as a person on the farm's machine would: its admin key is found by
    the data directory. Returns a CompletedProcess with text."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PHOTOFARM_")}
    if farm is not None:
        environment["PHOTOFARM_SERVER"] = farm.url
        environment["PHOTOFARM_KEY"] = farm.admin_key
    environment.update(env or {})
    return subprocess.run([str(BINARY), *map(str, arguments)], input=stdin, env=environment, cwd=cwd,
                          capture_output=True, timeout=PATIENCE_S)
