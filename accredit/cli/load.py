"""`accredit load`: clicks and orders into the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from accredit.cli.ready import ready
from accredit.cli.reporting import counted, stoppable

if TYPE_CHECKING:
    from accredit.conversions.operations import Loaded
    from accredit.tracking.operations import Progress

SHOWN_CONFLICTS = 10
LOAD_AGAIN = "Load the same files again to finish: what is loaded stays."


def _file(words: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(help=words, exists=True, dir_okay=False, readable=True)
    return option


def load(
    program: Annotated[str, typer.Option(help="The code of an installed program.")],
    clicks: Annotated[Path, _file("Clicks, as CSV or Parquet by the file's ending.")],
    orders: Annotated[Path, _file("Orders.")],
    items: Annotated[Path | None, _file("Items of the orders.")] = None,
) -> None:
    """Append clicks to the log, and record orders: credited by the log, and priced. What is there already stays.

    A load that was cut off is finished by loading the same files again.

    Exit code 0: all rows are in the database. 1: the files have errors (nothing is loaded then), or some rows came
    earlier with other content, which stays. 2: wrong usage. 130: stopped by Ctrl-C.
    """
    with stoppable(LOAD_AGAIN), ready():
        from accredit.conversions import operations

        with bars() as progress:
            loaded = operations.load(program, clicks, orders, items, now=datetime.now(UTC), progress=progress)
        report(loaded)


@contextmanager
def bars() -> Iterator["Progress"]:
    """A bar for clicks and one for orders on a terminal; elsewhere nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description:6}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        tasks = {what: shown.add_task(what, total=None) for what in ("clicks", "orders")}

        def progress(what: str, done: int, total: int) -> None:
            shown.update(tasks[what], completed=done, total=total)

        yield progress


def report(loaded: "Loaded") -> None:
    """Say what was loaded, and what came earlier with other content: then exit with 1."""
    typer.echo(
        f"{counted(loaded.clicks.new, 'new click')}, {counted(loaded.new_conversions, 'new conversion')};"
        f" {counted(loaded.clicks.known, 'click')} and {counted(loaded.known_conversions, 'conversion')}"
        " were already there."
    )
    clicks, orders = loaded.clicks.conflicting, loaded.conflicting_orders
    if len(clicks):
        _warn(f"Other content is in the log, and stays, for {len(clicks):,} of the clicks", clicks.to_list())
    if len(orders):
        what = (
            f"Other content is recorded, and stays, for {len(orders):,} of the orders (what came now is kept as well)"
        )
        _warn(what, [" ".join(order) for order in orders.iter_rows()])
    if len(clicks) or len(orders):
        raise typer.Exit(1)


def _warn(what: str, names: list[str]) -> None:
    shown = ", ".join(names[:SHOWN_CONFLICTS])
    typer.secho(f"{what}: {shown}{' …' if len(names) > SHOWN_CONFLICTS else ''}", err=True, fg="red")
