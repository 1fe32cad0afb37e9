"""What commands say on the terminal: progress, and the errors of files."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from accredit.files.errors import FileErrors

LINES_AT_ONCE = 10_000


def counted(number: int, noun: str) -> str:
    """`1 order`, `1,234 orders`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


@contextmanager
def reporting_errors() -> Iterator[None]:
    """Print the FileErrors of a block to the standard error stream, a line each, and exit with 1."""
    from accredit.files.errors import FileErrors

    try:
        yield
    except FileErrors as errors:
        _print(errors)
        raise typer.Exit(1) from None


def _print(errors: "FileErrors") -> None:
    lines = map(str, errors)
    try:
        while some := list(islice(lines, LINES_AT_ONCE)):
            sys.stderr.write("\n".join(some) + "\n")
        if sys.stderr.isatty():
            sys.stderr.write(f"{counted(len(errors), 'error')}\n")
        sys.stderr.flush()
    except BrokenPipeError:
        # Whoever reads the errors has seen enough; the interpreter must not fail over it once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


@contextmanager
def stoppable(then: str = "") -> Iterator[None]:
    """End a block that Ctrl-C stops with a sentence, and with what to do then; exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(" ".join(filter(None, ["Stopped.", then])), err=True)
        raise typer.Exit(130) from None


class Stoppable(TyperGroup):
    """Commands that a Ctrl-C ends with a sentence at any moment, also while their options are read."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        with stoppable():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        with stoppable():
            return super().invoke(ctx)


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Say on a terminal what goes on, and for how long; elsewhere nothing."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as shown:
        task = shown.add_task(what, total=1)
        yield
        shown.update(task, completed=1)
