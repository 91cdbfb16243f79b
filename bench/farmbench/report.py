"""Figures with their targets: printed as a table, kept as bench/results/NAME.json and NAME.md."""

import json
import platform
import statistics
import subprocess
from pathlib import Path

from farmbench import BENCH


def median(values):
    return statistics.median(values)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def machine():
    """One line: what this was measured on."""
    model = "unknown CPU"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    cores = subprocess.run(["nproc"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{model}, {cores} cores, Linux {platform.release()}"


class Report:
    def __init__(self, name, title):
        self.name, self.title = name, title
        self.figures, self.notes = [], []

    def add(self, figure, value, unit, at_most=None, at_least=None):
        """A figure; with a bound it is a target that holds or does not."""
        holds = target = None
        if at_most is not None:
            target, holds = f"at most {at_most:g}", value <= at_most
        if at_least is not None:
            target, holds = f"at least {at_least:g}", value >= at_least
        self.figures.append({"figure": figure, "value": round(value, 4), "unit": unit,
                             "target": target, "holds": holds})

    def note(self, text):
        self.notes.append(text)

    def rows(self):
        for f in self.figures:
            verdict = {None: "", True: "holds", False: "MISSED"}[f["holds"]]
            yield [f["figure"], f"{f['value']:,.6g}", f["unit"], f["target"] or "", verdict]

    def markdown(self):
        lines = [f"# {self.title}", "", f"`./run bench {self.name}`, on {machine()}.", ""]
        lines += [f"- {note}" for note in self.notes] + [""]
        lines += ["| figure | value | unit | target | |", "| --- | ---: | --- | --- | --- |"]
        lines += ["| " + " | ".join(row) + " |" for row in self.rows()]
        return "\n".join(lines) + "\n"

    def take_over_others(self):
        """For a run of some parts only: what an earlier run kept of the others stays. A part's
        figures begin with its name and a colon, and so does its note."""
        results = BENCH / "results"
        kept = json.loads((results / f"{self.name}.json").read_text())
        lines = (results / f"{self.name}.md").read_text().splitlines()
        kept_notes = [line[2:] for line in lines if line.startswith("- ")]
        part = lambda text: text.split(":")[0].split(" ")[0].lower()
        measured = {part(figure["figure"]) for figure in self.figures}
        self.figures = [f for f in kept if part(f["figure"]) not in measured] + self.figures
        self.notes = [n for n in kept_notes if part(n) not in {*map(part, self.notes)}] + self.notes

    def finish(self, keep=True):
        """Prints everything and keeps it; True if every target holds."""
        if keep:
            results = BENCH / "results"
            results.mkdir(exist_ok=True)
            (results / f"{self.name}.json").write_text(json.dumps(self.figures, indent=1) + "\n")
            (results / f"{self.name}.md").write_text(self.markdown())
        header = ["figure", "value", "unit", "target", ""]
        rows = [header, *self.rows()]
        widths = [max(len(row[i]) for row in rows) for i in range(5)]
        print()
        for row in rows:
            print("  ".join(cell.rjust(w) if i == 1 else cell.ljust(w)
                            for i, (cell, w) in enumerate(zip(row, widths))).rstrip())
        missed = [f["figure"] for f in self.figures if f["holds"] is False]
        print(f"\nbench {self.name}: {len(self.figures)} figures, {len(missed)} targets missed"
              + (f" ({', '.join(missed)})" if missed else ""))
        return not missed
