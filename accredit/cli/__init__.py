"""The command line `accredit`. What needs the database or the engine is imported inside the command that needs it, so
that every command starts at once."""

from typing import Annotated

import typer

from accredit import __version__
from accredit.cli import serving
from accredit.cli.conversions import app as conversions
from accredit.cli.credit import credit
from accredit.cli.demo import app as demo
from accredit.cli.intake import app as intake
from accredit.cli.key import app as key
from accredit.cli.ledger import app as ledger
from accredit.cli.load import load
from accredit.cli.organization import app as organization
from accredit.cli.program import app as program
from accredit.cli.reporting import Stoppable
from accredit.cli.requests import app as requests
from accredit.cli.tracker import tracker
from accredit.cli.user import app as user
from accredit.cli.visitor import app as visitor
from accredit.cli.worker import worker

app = typer.Typer(
    name="accredit",
    cls=Stoppable,
    help="Who sent the customer, who gets the credit, how much, and why.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(credit)
app.command()(load)
app.command()(tracker)
app.command()(worker)
app.add_typer(program, name="program")
app.add_typer(organization, name="organization")
app.add_typer(user, name="user")
app.add_typer(key, name="key")
app.add_typer(intake, name="intake")
app.add_typer(conversions, name="conversions")
app.add_typer(requests, name="requests")
app.add_typer(visitor, name="visitor")
app.add_typer(ledger, name="ledger")
app.add_typer(demo, name="demo")
serving.add_to(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"accredit {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Who sent the customer, who gets the credit, how much, and why."""
