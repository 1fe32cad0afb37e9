"""Ctrl-C at any moment ends a command with a sentence, exit code 130, and nothing half-done."""

import subprocess
import sys
from pathlib import Path

import pytest

from accredit.cli.load import LOAD_AGAIN
from accredit.conversions.models import Conversion
from tests.cli.test_credit import CLICKS, FILES, ORDERS, PROGRAM

AT_IMPORT = """if True:
    import importlib.abc, os, signal, sys

    class Stop(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path, target=None):
            if name == {module!r}:
                os.kill(os.getpid(), signal.SIGINT)

    sys.meta_path.insert(0, Stop())
"""
AT_OPTIONS = """if True:
    import os, pathlib, signal
    pathlib.Path.is_file = lambda path: os.kill(os.getpid(), signal.SIGINT)
"""
AT_PROGRESS = """if True:
    import os, signal, sys
    import accredit.cli

    load = sys.modules["accredit.cli.load"]
    load.bars = lambda bars=load.bars: stopping(bars)

    @load.contextmanager
    def stopping(bars):
        with bars() as progress:
            yield lambda what, *of: os.kill(os.getpid(), signal.SIGINT) if what == "orders" else progress(what, *of)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("program.toml", PROGRAM), ("c.csv", CLICKS), ("o.csv", ORDERS)):
        (tmp_path / name).write_text(text)
    return tmp_path


def accredit(folder: Path, prepare: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", f"{prepare}\nfrom accredit.__main__ import main; main()", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


MOMENTS = {
    "before it began": AT_IMPORT.format(module="typer"),
    "reading options": AT_OPTIONS,
    "beginning": AT_IMPORT.format(module="polars"),
    "about to read": AT_IMPORT.format(module="accredit.files.results"),
}


@pytest.mark.parametrize("prepare", MOMENTS.values(), ids=list(MOMENTS))
def test_crediting_that_is_stopped_writes_nothing(folder: Path, prepare: str) -> None:
    (folder / "out.csv").write_text("as before")
    done = accredit(folder, prepare, "credit", *FILES, "--out", "out.csv")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Stopped.\n")
    assert sorted(path.name for path in folder.iterdir()) == ["c.csv", "o.csv", "out.csv", "program.toml"]
    assert (folder / "out.csv").read_text() == "as before"


@pytest.mark.django_db(transaction=True)
def test_a_load_that_is_stopped_says_how_it_is_finished(folder: Path) -> None:
    load = ("load", "--program", "anvils", *FILES[2:])
    assert accredit(folder, "", "program", "apply", "program.toml").returncode == 0
    for prepare in (AT_IMPORT.format(module="django"), AT_PROGRESS):
        done = accredit(folder, prepare, *load)
        assert (done.returncode, done.stdout, done.stderr) == (130, "", f"Stopped. {LOAD_AGAIN}\n")
    assert accredit(folder, "", *load).returncode == 0
    assert Conversion.objects.count() == 7
