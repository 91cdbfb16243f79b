"""wrk with a list of paths; what it did, and what the server's CPU time was meanwhile."""

import json
import subprocess
from dataclasses import dataclass

from farmbench import BENCH
from farmbench.servers import cpu_seconds, pinned


@dataclass
class Load:
    requests: int
    seconds: float
    bytes: int
    errors: int
    cpu_s: float
    p50_us: float
    p99_us: float

    @property
    def rate(self):
        return self.requests / self.seconds

    @property
    def cpu_us(self):
        """The server's CPU time a request."""
        return self.cpu_s / self.requests * 1e6


def wrk(url, pids, paths_file, seconds, connections, core):
    """One run of wrk, on a core of its own, beside a server whose processes are `pids`."""
    before = cpu_seconds(pids)
    done = subprocess.run(
        [*pinned(core), "wrk", "--threads", "1", "--connections", str(connections),
         "--duration", f"{seconds}s", "--timeout", "10s", "--script", str(BENCH / "urls.lua"), url,
         "--", str(paths_file)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds + 60, check=True)
    used = cpu_seconds(pids) - before
    told = json.loads(done.stdout.strip().splitlines()[-1])
    return Load(told["requests"], told["duration_us"] / 1e6, told["bytes"], told["errors"], used,
                told["p50_us"], told["p99_us"])
