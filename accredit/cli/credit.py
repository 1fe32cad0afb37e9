"""`accredit credit`: the whole job on files."""

import os
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.models import OptionInfo

from accredit.cli.reporting import counted, progress, reporting_errors

if TYPE_CHECKING:
    from accredit.engine.deciding import Decided

ENDINGS = (".csv", ".parquet")
CREDITED = {"partner": "credited to partners", "channel": "to channels", "none": "to nobody"}
"""Whom orders are credited to → words of the report."""


def _table(path: Path | None) -> Path | None:
    """A table's file must say by its ending what it is."""
    if path is not None and path.suffix.lower() not in ENDINGS:
        raise typer.BadParameter(f"{path} must end in .csv or .parquet.")
    return path


def _target(path: Path | None) -> Path | None:
    """A result must have a place."""
    if path is not None and path.exists() and not path.is_file():
        raise typer.BadParameter(f"{path} is no file.")
    if path is not None and not path.resolve().parent.is_dir():
        raise typer.BadParameter(f"There is no folder {path.resolve().parent}.")
    return _table(path)


def _input(words: str) -> OptionInfo:
    option: OptionInfo = typer.Option(help=words, exists=True, dir_okay=False, readable=True, callback=_table)
    return option


def credit(
    program: Annotated[Path, typer.Option(help="The program file.", exists=True, dir_okay=False, readable=True)],
    clicks: Annotated[Path, _input("Clicks, as CSV or Parquet by the file's ending.")],
    orders: Annotated[Path, _input("Orders.")],
    out: Annotated[Path, typer.Option(help="Where the conversions are written.", callback=_target)],
    items: Annotated[Path | None, _input("Items of the orders.")] = None,
    explain: Annotated[
        Path | None, typer.Option(help="Where an explanation of every credit is written.", callback=_target)
    ] = None,
) -> None:
    """Credit orders to partners and price them: files in, files out.

    Exit code 0: all rows were handled. 1: the input has errors; each is printed as file:row:column: message, and
    nothing is written. 2: wrong usage. 130: stopped by Ctrl-C; nothing is written.
    """
    _refuse_same(
        {"program": program, "clicks": clicks, "orders": orders, "items": items, "out": out, "explain": explain}
    )

    # Read by Polars's allocator when it is loaded: large pages that stay, since this process ends with its work.
    os.environ.setdefault("_RJEM_MALLOC_CONF", "thp:always,dirty_decay_ms:-1,muzzy_decay_ms:-1")
    from accredit.engine.deciding import decide
    from accredit.engine.trace import TOO_LARGE, CommissionTooLarge
    from accredit.files import FileError, FileErrors, read_inputs
    from accredit.files.results import explanations, results, write_results

    with reporting_errors():
        with progress("Reading"):
            inputs = read_inputs(program, clicks, orders, items)
        with progress("Crediting and pricing"):
            try:
                decided = decide(
                    inputs.program, inputs.conversions, inputs.clicks, inputs.items, explain=explain is not None
                )
            except CommissionTooLarge as error:
                message = f"The commission is too large: {TOO_LARGE}."
                rows = inputs.order_rows.gather(error.conversions)
                raise FileErrors(FileError(str(orders), row, "turnover", message) for row in rows) from None
        with progress("Writing"):
            tables = {out: results(decided)}
            if explain is not None:
                tables[explain] = explanations(decided)
            try:
                write_results(tables)
            except OSError as error:
                typer.echo(f"The results cannot be written: {error}. Nothing was written.", err=True)
                raise typer.Exit(1) from None
    _report(decided)


def _refuse_same(files: Mapping[str, Path | None]) -> None:
    """Two options may not name one file, by whichever path or link."""
    given = [(option, path) for option, path in files.items() if path is not None]
    for (one, first), (other, second) in combinations(given, 2):
        linked = first.exists() and second.exists() and first.samefile(second)
        if linked or first.resolve() == second.resolve():
            raise typer.BadParameter(f"Two of the files are the same: --{one} {first} and --{other} {second}.")


def _report(decided: "Decided") -> None:
    """Say in a line what came of the orders."""
    import polars as pl

    from accredit.money import to_major

    amounts = decided.conversions.select("currency").with_columns(decided.summary["commission_minor"].cast(pl.Int128))
    sums = amounts.group_by("currency").sum().sort("currency")
    commission = ", ".join(f"{to_major(minor, currency):,} {currency}" for currency, minor in sums.iter_rows())
    credited = dict(decided.credits["credited_to"].cast(pl.String).value_counts().iter_rows())
    to = ", ".join(f"{credited.get(code, 0):,} {words}" for code, words in CREDITED.items())
    typer.echo(f"{counted(decided.conversions.height, 'order')}: {to}. Commission: {commission or 'none'}.")
