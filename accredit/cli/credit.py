"""`accredit credit`: the whole job on files."""

import os
from pathlib import Path
from typing import Annotated

import typer
from typer.models import OptionInfo

from accredit.cli.reporting import progress, reporting_errors

ENDINGS = (".csv", ".parquet")


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
    nothing is written. 2: wrong usage.
    """
    files = [path.resolve() for path in (program, clicks, orders, items, out, explain) if path is not None]
    if len(set(files)) < len(files):
        raise typer.BadParameter("Two of the files are the same.")

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
