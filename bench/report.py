"""What a benchmark says: one line a figure, for people on the screen and for programs in ACCREDIT_BENCH_OUT."""

import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter


@dataclass(slots=True)
class Timer:
    seconds: float = 0.0


@contextmanager
def timed() -> Iterator[Timer]:
    """Wall-clock seconds of the block, in the timer that it yields."""
    timer = Timer()
    start = perf_counter()
    try:
        yield timer
    finally:
        timer.seconds = perf_counter() - start


def peak_mb() -> int:
    """The most memory that this process ever had in RAM, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@dataclass(frozen=True, slots=True)
class Report:
    """One figure. `figure` and `yardstick` are seconds, unless `unit` says otherwise; `ratio` is what `target` speaks
    of, such as `0.72` and `>= 0.6`. A figure without yardstick or target leaves them out."""

    name: str
    figure: float
    yardstick: float | None = None
    ratio: float | None = None
    target: str = ""
    peak_mb: int | None = None
    unit: str = "s"

    def met(self) -> bool | None:
        """Whether the ratio meets the target (`>= 0.6`, `<= 4`, `< 4`); None where there is nothing to meet."""
        if not self.target or self.ratio is None:
            return None
        comparison, bound = self.target.split()
        limit = float(bound)
        return {
            ">=": self.ratio >= limit, "<=": self.ratio <= limit, ">": self.ratio > limit, "<": self.ratio < limit,
        }[comparison]  # fmt: skip

    def show(self) -> None:
        """Print the line, and append the figure as JSON to the file that ACCREDIT_BENCH_OUT names."""
        print(self.line(), flush=True)
        if out := os.environ.get("ACCREDIT_BENCH_OUT"):
            with Path(out).open("a") as file:
                file.write(json.dumps(asdict(self)) + "\n")

    def line(self) -> str:
        """The figure as one aligned line."""
        yardstick = "" if self.yardstick is None else f"{self.yardstick:.3f} {self.unit}"
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        peak = "" if self.peak_mb is None else f"{self.peak_mb} MB"
        verdict = {None: "", True: "met", False: "MISSED"}[self.met()]
        figure = f"{self.figure:.3f} {self.unit}"
        return (
            f"{self.name:<62} {figure:>12} {yardstick:>12} {ratio:>7} {self.target:>8} {verdict:<6} {peak:>9}".rstrip()
        )
