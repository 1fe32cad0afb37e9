"""`accredit ledger check | close | balances`: what is owed and earned, and the proof of it."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from accredit.cli.ready import ready
from accredit.cli.reporting import counted

app = typer.Typer(help="What advertisers owe and partners earned.", no_args_is_help=True)

ProgramCode = Annotated[str, typer.Option(help="The code of an installed program.")]


@app.command()
def check(
    program: Annotated[str | None, typer.Option(help="The code of an installed program; without it, all.")] = None,
) -> None:
    """Prove that the ledger is right, and name each place where it is not. Changes nothing.

    Exit code 0: every ledger is right. 1: one is not, or there is no such program.
    """
    with ready():
        from accredit.conversions.checking import check_ledger
        from accredit.programs.models import Program
        from accredit.programs.queries import program_by_code

        wrong = 0
        for one in Program.objects.order_by("code") if program is None else [program_by_code(program)]:
            findings = check_ledger(one)
            for rule, finding in findings.iter_rows():
                typer.secho(f"{one.code}: {finding}. The rule: {rule}.", err=True, fg="red")
            wrong += len(findings)
            if findings.is_empty():
                typer.echo(f"The ledger of {one.code!r} is right.")
        if wrong:
            raise typer.Exit(1)


@app.command()
def close(
    program: ProgramCode,
    month: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m"], help="The month (UTC); without it, all that are over.")
    ] = None,
) -> None:
    """Close months: nothing is posted into them any more, and balances are summed from their end on.

    Exit code 0: the months are closed. 1: the month cannot be closed.
    """
    with ready():
        from accredit.ledger.operations import MonthStaysOpen, close_month, close_what_was_over
        from accredit.programs.queries import program_by_code

        now = datetime.now(UTC)
        program_id = program_by_code(program).id
        if month is None:
            closed = close_what_was_over(program_id, over_at=now, now=now)
            for over in closed:
                typer.echo(f"{over:%Y-%m} is closed.")
            if not closed:
                typer.echo("There is no month to close: every month that is over is closed.")
            return
        try:
            new = close_month(program_id, month.date(), now=now)
        except MonthStaysOpen as error:
            typer.secho(str(error), err=True, fg="red")
            raise typer.Exit(1) from None
        typer.echo(f"{month:%Y-%m} {'is closed' if new else 'was closed already'}.")


@app.command()
def balances(
    program: ProgramCode,
    partner: Annotated[str | None, typer.Option(help="The code of one partner.")] = None,
) -> None:
    """Show what every account stands at now: what went to it less what went from it."""
    with ready():
        from accredit.ledger.queries import balances
        from accredit.money import to_major
        from accredit.programs.queries import program_by_code

        found = balances(program_by_code(program).id, partner=partner)
        for kind, code, currency, balance_minor in found.iter_rows():
            account = " ".join(filter(None, [kind.replace("_", " "), code]))
            typer.echo(f"{account:<40} {to_major(balance_minor, currency):>20,f} {currency}")
        typer.echo(f"{counted(len(found), 'account')}.")
