"""Runs every benchmark of this folder, each in a process of its own, and ends with a table of all figures.

A benchmark is a module with `main(large: bool) -> None` that shows `bench.report.Report`s. `python -m bench NAME…` runs
some of them; `--large` takes the 10^7 sizes.
"""

import argparse
import ast
import json
import os
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from time import perf_counter

from bench.report import Report

FOLDER = Path(__file__).parent


def benchmarks() -> list[str]:
    """Names of the modules of this folder that define `main`."""
    modules = {path.stem: ast.parse(path.read_text()) for path in sorted(FOLDER.glob("*.py"))}
    return [
        name
        for name, module in modules.items()
        if name != "__main__" and any(isinstance(part, ast.FunctionDef) and part.name == "main" for part in module.body)
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Figures beside their yardsticks")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one of {', '.join(benchmarks())}; all of them if none"
    )
    parser.add_argument("--large", action="store_true", help="the sizes of 10^7 clicks")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(benchmarks()):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(benchmarks())}")
    if arguments.inside:
        import_module(f"bench.{arguments.names[0]}").main(arguments.large)
        return 0
    return run(arguments.names or benchmarks(), arguments.large)


def run(names: list[str], large: bool) -> int:
    """Run them in turn; 1 where one of them failed. A missed target is shown, and is no failure: the machine counts."""
    failed = []
    began = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures"
        out.touch()
        for name in names:
            print(f"\n== {name}", flush=True)
            command = [sys.executable, "-m", "bench", "--inside", name, *(["--large"] if large else [])]
            if subprocess.run(command, env={**os.environ, "ACCREDIT_BENCH_OUT": str(out)}, check=False).returncode:
                failed.append(name)
        reports = [Report(**json.loads(line)) for line in out.read_text().splitlines()]
    print(f"\n{'figure':<62} {'figure':>12} {'yardstick':>12} {'ratio':>7} {'target':>8} {'':<6} {'peak':>9}")
    for report in reports:
        print(report.line())
    missed = sum(report.met() is False for report in reports)
    minutes = (perf_counter() - began) / 60
    print(f"\n{len(reports)} figures in {minutes:.0f} minutes on {os.cpu_count()} cores; {missed} targets missed")
    if failed:
        print(f"Failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
