"""Servers under measurement, each pinned to a core, and the CPU time they have used."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from farmbench import BENCH

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
PATIENCE_S = 30


def pinned(core):
    """A command's prefix that keeps it on one core; nothing on a machine with only one."""
    return ["taskset", "-c", str(core)] if (os.cpu_count() or 1) > core else []


def cpu_seconds(pids):
    """User and system time of these processes, all their threads. One that has ended counts as
    nothing: a helper that has done its work."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += int(fields[11]) + int(fields[12])
    return total * TICK_S


def memory_bytes(pids):
    """Resident memory of these processes together."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGE_SIZE")


def children_of(pid):
    """Of all its threads: whichever started them."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def family_cpu_seconds(pid):
    """The time of a process, of its children, and of those that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ended = (int(fields[13]) + int(fields[14])) * TICK_S
    total = cpu_seconds([pid]) + ended
    for child in children_of(pid):
        total += cpu_seconds([child])  # ended since: the next look has it among the ended
    return total


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """Debian's nginx over static files, as bench/nginx-static.conf.in sets it."""

    def __init__(self, folder, document_root, core):
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        values = {"@ROOT@": str(document_root), "@FOLDER@": str(folder), "@PORT@": str(self.port),
                  "@USER@": "user root;" if os.geteuid() == 0 else ""}
        config = (BENCH / "nginx-static.conf.in").read_text()
        for name, value in values.items():
            config = config.replace(name, value)
        self.config_file = folder / "nginx.conf"
        self.config_file.write_text(config)
        self.core = core
        self.process = None

    def start(self):
        def die_with_parent():
            ctypes.CDLL(None).prctl(1, signal.SIGTERM)
        self.process = subprocess.Popen(
            [*pinned(self.core), "/usr/sbin/nginx", "-c", str(self.config_file)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, preexec_fn=die_with_parent)
        give_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise SystemExit("nginx does not start; see its words above")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def pids(self):
        return [self.process.pid, *children_of(self.process.pid)]

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
