"""What the benchmarks share: servers pinned to a core (servers.py), wrk (load.py), and how results
are shown and kept (report.py). The program itself is started by the end-to-end tests' harness."""

import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parents[1]
WORK = BENCH / "work"
sys.path.insert(0, str(BENCH.parent / "tests" / "e2e"))
