"""The caches that the edge is measured beside, from Debian, each in a folder of its own, on one core,
in the foreground, as bench/edge/ sets them; and the origin that all of them are filled from."""

import ctypes
import grp
import json
import os
import pwd
import resource
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from farmbench import BENCH
from farmbench.servers import PATIENCE_S, children_of, free_port, pinned

from harness import Farm

TEMPLATES = BENCH / "edge"


def family(pid):
    """A process and all below it."""
    return [pid, *(one for child in children_of(pid) for one in family(child))]


def _prepare_child():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # ends with the benchmark
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Peer:
    """A server under measurement. A subclass says what is written and run."""

    name = ""
    user = ""  # whom it becomes when it is started by root

    def __init__(self, parent, core, origin_port=0):
        self.folder = parent / self.name.replace(",", "").replace(" ", "-").lower()
        self.core, self.port = core, free_port()
        self.values = {"@FOLDER@": str(self.folder), "@PORT@": str(self.port),
                       "@ORIGIN@": str(origin_port)}
        self.process = None

    def write(self, template, to=None):
        """A configuration of bench/edge/ with its values, under self.folder."""
        text = (TEMPLATES / f"{template}.in").read_text()
        for name, value in self.values.items():
            text = text.replace(name, value)
        file = self.folder / (to or template)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def command(self):
        raise NotImplementedError

    def environment(self):
        return None

    def start(self):
        self.folder.mkdir(parents=True)
        command = self.command()
        if self.user and os.geteuid() == 0:
            for path in [self.folder, *self.folder.rglob("*")]:
                os.chown(path, pwd.getpwnam(self.user).pw_uid, grp.getgrnam(self.user).gr_gid)
        with open(self.folder / "words", "wb") as words:
            self.process = subprocess.Popen(
                [*pinned(self.core), *command], stdin=subprocess.DEVNULL, stdout=words,
                stderr=words, cwd=self.folder, env=self.environment(), preexec_fn=_prepare_child)
        self.wait_until_it_listens()
        return self

    def wait_until_it_listens(self):
        give_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        words = [file.read_text(errors="replace")[-4000:]
                 for file in (self.folder / "words", *self.folder.glob("*.log"))]
        raise SystemExit("\n".join([f"{self.name} does not start:", *words]))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def pids(self):
        return family(self.process.pid)

    def stop(self):
        if self.process is None:
            return
        below = self.pids()[1:] if self.process.poll() is None else []
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in below:  # a helper that outlives its server
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)


class _Nginx(Peer):
    template = ""

    def __init__(self, parent, core, origin_port=0, root=None):
        super().__init__(parent, core, origin_port)
        self.values["@ROOT@"] = str(root)
        self.values["@USER@"] = "user root;" if os.geteuid() == 0 else ""

    def command(self):
        return ["/usr/sbin/nginx", "-c", str(self.write(self.template, "nginx.conf"))]


class NginxStatic(_Nginx):
    name, template = "nginx static", "../nginx-static.conf"


class NginxProxyCache(_Nginx):
    name, template = "nginx proxy_cache", "nginx-proxy-cache.conf"
    sending = "sendfile on;"

    def __init__(self, parent, core, origin_port):
        super().__init__(parent, core, origin_port)
        self.values["@SENDING@"] = self.sending


class NginxProxyCacheCopying(NginxProxyCache):
    """No guide says so, but for objects this small it is the faster way."""
    name = "nginx proxy_cache, copying"
    sending = "sendfile off; output_buffers 1 256k;"


class Origin(_Nginx):
    """Files with a long max-age; tells how often it was asked."""
    name, template = "origin", "nginx-origin.conf"

    def __init__(self, parent, core, root):
        super().__init__(parent, core, root=root)
        self._looks = 0

    def requests(self):
        """So far, without those that only asked for this."""
        text = urllib.request.urlopen(f"{self.url}/requests", timeout=10).read().decode()
        self._looks += 1
        return int(text.splitlines()[2].split()[2]) - self._looks


class Varnish(Peer):
    name = "Varnish"
    # One core: one pool of threads, enough of which exist before the load comes. Its folder, and so the
    # log that it writes into shared memory, is on a memory file system; nobody reads the log.
    parameters = {"thread_pools": 1, "thread_pool_min": 100, "thread_pool_max": 5000,
                  "timeout_idle": 600, "listen_depth": 4096}

    def command(self):
        parameters = [f"{name}={value}" for name, value in self.parameters.items()]
        return ["/usr/sbin/varnishd", "-F", "-j", "none", "-n", str(self.folder / "state"),
                "-a", f"127.0.0.1:{self.port}", "-T", "none", "-f", str(self.write("varnish.vcl")),
                "-s", "malloc,4G", *(word for one in parameters for word in ("-p", one))]


class VarnishWithoutLog(Varnish):
    """Writes nothing into its log, without which it can't be watched: no guide says so, but it shows
    what the log costs."""
    name = "Varnish, no log"

    def command(self):
        told = subprocess.run(["/usr/sbin/varnishd", "-x", "vsl"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=True).stdout.splitlines()
        tags = [name for name, line in zip(told, told[1:]) if name and line == "-" * len(name)]
        return [*super().command(), "-p", "vsl_mask=" + ",".join(f"-{tag}" for tag in tags)]


class Squid(Peer):
    name, user = "Squid", "proxy"

    def command(self):
        self.values["@USER@"] = self.user
        # Its shared memory is named after the service: another Squid's is another's.
        return ["/usr/sbin/squid", "-N", "-n", self.service, "-f", str(self.write("squid.conf"))]

    @property
    def service(self):
        return f"photofarm{self.port}"

    def stop(self):
        super().stop()
        for left in Path("/dev/shm").glob(f"{self.service}-*"):
            left.unlink()


class TrafficServer(Peer):
    name, user = "Traffic Server", "trafficserver"

    def command(self):
        self.values["@USER@"] = self.user if os.geteuid() == 0 else "#-1"
        for file in ("records.config", "remap.config", "storage.config", "ip_allow.yaml"):
            self.write(f"ats/{file}", f"etc/{file}")
        self.write("ats/runroot.yaml", "runroot.yaml")
        (self.folder / "cache").mkdir()
        return ["/usr/bin/traffic_server"]

    def environment(self):
        return {**os.environ, "TS_RUNROOT": str(self.folder / "runroot.yaml")}


class EpollLoop(Peer):
    """farm_edge_bench serve: says its port when it listens."""
    name = "epoll loop"

    def __init__(self, parent, core, program, root):
        super().__init__(parent, core)
        self.program, self.root = program, root

    def command(self):
        return [str(self.program), "serve", "--root", str(self.root)]

    def wait_until_it_listens(self):
        give_up = time.monotonic() + PATIENCE_S
        words = self.folder / "words"
        while time.monotonic() < give_up and self.process.poll() is None:
            line = words.read_text()
            if line.endswith("\n"):
                self.port = json.loads(line)["port"]
                return
            time.sleep(0.05)
        raise SystemExit(f"the epoll loop does not start:\n{words.read_text()}")


class Photofarm:
    """photofarm as an edge: the same few words to it as to a peer."""
    name = "photofarm"
    config = """
roles = ["edge"]

[net]
threads = 1
idle_timeout = "1h"
transfer_grace = "1h"

[cache]
memory = "1GiB"
memory_object_max = "512KiB"

[[pool]]
name = "files"
servers = ["127.0.0.1:{origin_port}"]

[[route]]
match = "^/"
pool = "files"
"""

    def __init__(self, parent, core, origin_port):
        self.farm = Farm(self.config.format(origin_port=origin_port), prefix=pinned(core),
                         parent=parent)

    def start(self):
        self.farm.start()
        return self

    @property
    def port(self):
        return self.farm.port

    @property
    def url(self):
        return self.farm.url

    def pids(self):
        return family(self.farm.process.pid)

    def stop(self):
        self.farm.close()


CACHES = (NginxProxyCache, NginxProxyCacheCopying, Varnish, VarnishWithoutLog, Squid, TrafficServer)
