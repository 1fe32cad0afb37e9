"""`accredit conversions credit-again`: conversions decided anew."""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from accredit.cli.serving import reporting_setup

if TYPE_CHECKING:
    from accredit.conversions.crediting_again import CreditedAgain

app = typer.Typer(help="Conversions that are booked.", no_args_is_help=True)
SHOWN = 100


@app.callback()
def conversions() -> None:
    """Conversions that are booked."""


@app.command("credit-again")
def credit_again(
    program: Annotated[str, typer.Option(help="The code of the program.")],
    order: Annotated[list[str] | None, typer.Option(help="An order token; can be given several times.")] = None,
    event_type: Annotated[str | None, typer.Option(help="Only this event type.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; show what would change.")] = False,
) -> None:
    """Decide open conversions anew by today's set-up and all clicks, also archived ones, and show what changes.

    Where nothing changes, nothing is written. What is approved or rejected stays as it is.
    """
    with reporting_setup():
        from accredit.config.installation import installation

        with installation():
            from accredit.conversions import crediting_again
            from accredit.conversions.operations import OrdersNotPriced
            from accredit.programs.queries import UnknownProgram

            selection = crediting_again.Selection(tuple(order or ()), event_type, _day(since), _day(until))
            parts: list[CreditedAgain] = []
            try:
                for part in crediting_again.credit_again(program, selection, now=datetime.now(UTC), dry_run=dry_run):
                    _show(part, shown=sum(len(one.changes) for one in parts))
                    parts.append(part)
            except (UnknownProgram, OrdersNotPriced) as error:
                typer.secho(str(error.args[0]), err=True, fg="red")
                raise typer.Exit(1) from None
            changed = sum(len(part.changes) for part in parts)
            typer.echo(
                f"{changed:,} {'would change' if dry_run else 'changed'},"
                f" {sum(part.unchanged for part in parts):,} stay as they are."
            )
            if closed := sum(part.closed for part in parts):
                typer.echo(f"{closed:,} are approved or rejected, and were left.")
            if without := sum(part.without_clicks for part in parts):
                typer.echo(f"{without:,} were left because the click that won is no longer there.")


def _day(at: datetime | None) -> date | None:
    return at.date() if at else None


def _show(part: "CreditedAgain", shown: int) -> None:
    from accredit.money import to_major

    for row in part.changes.head(max(SHOWN - shown, 0)).iter_rows(named=True):
        before, after = (
            f"{row[party]} {to_major(row[amount], row['currency'])} {row['currency']}"
            for party, amount in (("party_before", "commission_before_minor"), ("party", "commission_minor"))
        )
        typer.echo(f"{row['event_type']} {row['order_token']}: {before} → {after}")
    if shown <= SHOWN < shown + len(part.changes):
        typer.echo("…")
