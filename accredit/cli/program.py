"""`accredit program`: the set-up of a program as a file."""

from pathlib import Path
from typing import Annotated

import typer

from accredit.cli import installed
from accredit.cli.reporting import reporting_errors

app = typer.Typer(help="The set-up of a program as one TOML file.", no_args_is_help=True)

ProgramFile = Annotated[Path, typer.Argument(help="The program file.", exists=True, dir_okay=False, readable=True)]


@app.command()
def check(file: ProgramFile) -> None:
    """Find every error of a program file, each with its line. Exit code 0: there is none; 1: there are some."""
    from accredit.files import read_program

    with reporting_errors():
        read_program(file)
    typer.echo(f"{file} is right.")


app.command()(installed.plan)
app.command()(installed.apply)
app.command()(installed.export)
