#!/usr/bin/python3
"""Builds and runs the libFuzzer programs, several at once, and says what came out.

New inputs that reach new code are kept in BUILD/corpus/NAME; one that breaks something is kept in
BUILD/broken/ and named at the end: fix the fault and add the input to tests/fuzz/corpus/NAME.

usage: fuzz.py --build DIR [--jobs N] NAME|all [SECONDS]     exit code 1 if anything broke
"""

import argparse
import concurrent.futures
import re
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[1] / "tests" / "fuzz"
INPUT_TIMEOUT_S = 10   # a single input that takes longer is a fault
MEMORY_MB = 2048
GRACE_S = 120          # for starting, loading the corpus and ending


def fuzzers():
    return sorted(path.stem.removeprefix("fuzz_") for path in SOURCES.glob("fuzz_*.cpp"))


def run(build, name, seconds):
    """(name, a line that sums up, what it printed if something broke)"""
    learnt, broken = build / "corpus" / name, build / "broken"
    learnt.mkdir(parents=True, exist_ok=True)
    broken.mkdir(parents=True, exist_ok=True)
    program = next(build.glob(f"**/farm_fuzz_{name}"))
    command = [
        str(program), str(learnt), str(SOURCES / "corpus" / name),
        f"-max_total_time={seconds}", f"-timeout={INPUT_TIMEOUT_S}", f"-rss_limit_mb={MEMORY_MB}",
        f"-artifact_prefix={broken}/{name}-", "-print_final_stats=1", "-verbosity=1",
    ]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=seconds + GRACE_S)
        output, code = done.stdout.decode(errors="replace"), done.returncode
    except subprocess.TimeoutExpired as late:
        output, code = (late.stdout or b"").decode(errors="replace"), "none: it did not end"
    stats = dict(re.findall(r"^stat::(\w+):\s+(\d+)", output, re.MULTILINE))
    coverage = re.findall(r"cov: (\d+)", output)
    line = (f"{name:16} {int(stats.get('number_of_executed_units', 0)):>12,} inputs "
            f"{int(stats.get('average_exec_per_sec', 0)):>9,}/s "
            f"{coverage[-1] if coverage else '?':>6} branches "
            f"{len(list(learnt.iterdir())):>6} kept  "
            f"{'nothing broke' if code == 0 else f'BROKE, exit code {code}'}")
    return name, line, None if code == 0 else output


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("name")
    parser.add_argument("seconds", type=int)
    options = parser.parse_args()

    names = fuzzers() if options.name == "all" else [options.name]
    if not set(names) <= set(fuzzers()):
        print(f"there is no fuzzer {options.name}; there are: {' '.join(fuzzers())}")
        return 2
    targets = [f"farm_fuzz_{name}" for name in names]
    subprocess.run(["cmake", "--build", str(options.build), "--parallel", str(options.jobs),
                    "--target", *targets], check=True, stdin=subprocess.DEVNULL)

    print(f"{len(names)} fuzzers, {options.seconds} s each", flush=True)
    outputs = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = [pool.submit(run, options.build, name, options.seconds) for name in names]
        for job in concurrent.futures.as_completed(jobs):
            name, line, output = job.result()
            print(line, flush=True)
            outputs += [(name, output)] if output else []
    for name, output in outputs:
        print(f"\n--- {name}\n{output[-6000:]}")
    print(f"fuzz: {len(names)} run, {len(outputs)} broke")
    return 1 if outputs else 0


if __name__ == "__main__":
    sys.exit(main())
