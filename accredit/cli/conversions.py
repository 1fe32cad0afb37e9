"""`accredit conversions credit-again | re-rate | map-again | validate | turnover | export`: decided anew, approved or
rejected, changed, written to a file."""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from accredit.cli.export import export
from accredit.cli.ready import ready
from accredit.cli.reporting import counted
from accredit.cli.turnover import turnover

if TYPE_CHECKING:
    import polars as pl

    from accredit.conversions.crediting_again import CreditedAgain, Selection
    from accredit.conversions.validating import Planned

app = typer.Typer(help="Conversions that are booked.", no_args_is_help=True)
app.command()(turnover)
app.command()(export)
SHOWN = 100


@app.callback()
def conversions() -> None:
    """Conversions that are booked."""


Program = Annotated[str, typer.Option(help="The code of the program.")]
Orders = Annotated[list[str] | None, typer.Option("--order", help="An order token; can be given several times.")]
EventType = Annotated[str | None, typer.Option(help="Only this event type.")]
Since = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day.")]
Until = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Change nothing; show what would change.")]


@app.command("credit-again")
def credit_again(
    program: Program,
    order: Orders = None,
    event_type: EventType = None,
    since: Since = None,
    until: Until = None,
    dry_run: DryRun = False,
) -> None:
    """Decide open conversions anew by today's set-up and all clicks, also archived ones, and show what changes.

    Where nothing changes, nothing is written. What is approved or rejected stays as it is.

    Exit code 0: all that is asked for was decided. 1: there is no such order, or nothing was done.
    """
    _again("credited_again", program, order, event_type, since, until, dry_run=dry_run)


@app.command("re-rate")
def re_rate(
    program: Program,
    order: Orders = None,
    event_type: EventType = None,
    since: Since = None,
    until: Until = None,
    dry_run: DryRun = False,
) -> None:
    """Price open conversions again under the terms of their time, and show what changes. Who is credited stays.

    What would be credited otherwise today is left to credit-again. What is approved or rejected stays as it is.

    Exit code 0: all that is asked for was looked at. 1: there is no such order, or nothing was done.
    """
    _again("rated_again", program, order, event_type, since, until, dry_run=dry_run)


@app.command("map-again")
def map_again(
    program: Program,
    order: Orders = None,
    event_type: EventType = None,
    since: Since = None,
    until: Until = None,
    dry_run: DryRun = False,
) -> None:
    """Map the shop's words for customers of open conversions anew by today's mapping, and price them again.

    Who is credited stays; what would be credited otherwise today is left to credit-again.

    Exit code 0: all that is asked for was looked at. 1: there is no such order, or nothing was done.
    """
    _again("mapped_again", program, order, event_type, since, until, dry_run=dry_run)


def _again(
    cause: str,
    program: str,
    order: list[str] | None,
    event_type: str | None,
    since: datetime | None,
    until: datetime | None,
    *,
    dry_run: bool,
) -> None:
    with ready():
        from accredit.conversions import crediting_again
        from accredit.conversions.models import Cause
        from accredit.programs.queries import program_by_code

        selection = crediting_again.Selection(tuple(order or ()), event_type, _day(since), _day(until))
        parts: list[CreditedAgain] = []
        unknown = selection.missing(program_by_code(program).id)
        now = datetime.now(UTC)
        for part in crediting_again.credit_again(program, selection, now=now, dry_run=dry_run, cause=Cause(cause)):
            _show(part, shown=sum(len(one.changes) for one in parts))
            parts.append(part)
        changed = sum(len(part.changes) for part in parts)
        typer.echo(
            f"{changed:,} {'would change' if dry_run else 'changed'},"
            f" {sum(part.unchanged for part in parts):,} stay as they are."
        )
        left = {
            "are approved or rejected, and were left": sum(part.closed for part in parts),
            "were left because the click that won is no longer there": sum(part.without_clicks for part in parts),
            "were left because they would be credited otherwise today: credit-again does it": sum(
                part.credited_otherwise for part in parts
            ),
        }
        for why, count in left.items():
            if count:
                typer.echo(f"{count:,} {why}.")
        _show_unknown(unknown)
        if unknown:
            raise typer.Exit(1)


@app.command()
def validate(
    program: Program,
    approve: Annotated[bool, typer.Option("--approve", help="Approve them: their commissions are booked.")] = False,
    reject: Annotated[
        str | None, typer.Option(metavar="REASON", help="Reject them for a reason of the program.")
    ] = None,
    comment: Annotated[str | None, typer.Option(help="More on a rejection, for the partner.")] = None,
    order: Orders = None,
    event_type: EventType = None,
    since: Since = None,
    until: Until = None,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Approve or reject open conversions, each once and for good.

    Exit code 0: all became what was asked, or would. 1: some did not, and why is shown; or nothing was done.
    """
    if approve == (reject is not None):
        raise typer.BadParameter("say either --approve or --reject REASON")
    with ready():
        from accredit.conversions.crediting_again import Selection
        from accredit.conversions.history import Actor
        from accredit.conversions.models import Way
        from accredit.conversions.validating import validate

        selection = Selection(tuple(order or ()), event_type, _day(since), _day(until))
        asked, unknown = _asked(program, selection, reject, comment)
        if not (yes or dry_run):
            what = "Approve" if approve else "Reject"
            typer.confirm(f"{what} {counted(len(asked), 'conversion')} for good?", abort=True)
        changed, unchanged = 0, 0
        for part in validate(program, asked, Actor(Way.COMMAND), now=datetime.now(UTC), dry_run=dry_run):
            _show_unchanged(part, shown=unchanged)
            changed += len(part.changes)
            unchanged += len(part.unchanged)
        _show_unknown(unknown)
        verb = "approved" if approve else "rejected"
        typer.echo(f"{counted(changed, 'conversion')} {'would be ' if dry_run else ''}{verb}.")
        if unchanged or unknown:
            raise typer.Exit(1)


def _asked(
    code: str, selection: "Selection", rejection_reason: str | None, comment: str | None
) -> tuple["pl.DataFrame", list[str]]:
    """What is asked for (`validating.ASKED`), and order tokens that there are not. What is named is asked for whatever
    its status; of everything else what is open."""
    import polars as pl

    from accredit.conversions.models import Status
    from accredit.conversions.validating import ASKED
    from accredit.programs.queries import program_by_code

    program_id = program_by_code(code).id
    found = selection.of(program_id).order_by("occurred_at", "id")
    rows = (found if selection.order_tokens else found.filter(status=Status.OPEN)).values_list("id", flat=True)
    status = Status.APPROVED if rejection_reason is None else Status.REJECTED
    given = {"status": status.value, "rejection_reason": rejection_reason, "comment": comment}
    asked = pl.DataFrame([{"id": str(key), **given} for key in rows], schema=dict(ASKED), orient="row")
    return asked, selection.missing(program_id)


def _show_unknown(tokens: list[str]) -> None:
    from accredit.files.errors import printable

    for token in tokens:
        typer.secho(printable(f"{token}: the program has no such conversion."), err=True, fg="red")


def _show_unchanged(part: "Planned", shown: int) -> None:
    from accredit.conversions.validating import WHY
    from accredit.files.errors import printable

    for row in part.unchanged.head(max(SHOWN - shown, 0)).iter_rows(named=True):
        first = ""
        if row["why"] == "validated":
            by = f" by {row['changed_by']}" if row["changed_by"] else ""
            at = f" at {row['changed_at']:%Y-%m-%d %H:%M} UTC" if row["changed_at"] else ""
            first = f": {row['status']}{by}{at}"
        said = f"{row['event_type']} {row['order_token']}: {WHY[row['why']]}{first}."
        typer.secho(printable(said), err=True, fg="red")
    if shown <= SHOWN < shown + len(part.unchanged):
        typer.secho("…", err=True, fg="red")


def _day(at: datetime | None) -> date | None:
    return at.date() if at else None


def _show(part: "CreditedAgain", shown: int) -> None:
    from accredit.files.errors import printable
    from accredit.money import to_major

    for row in part.changes.head(max(SHOWN - shown, 0)).iter_rows(named=True):
        before, after = (
            f"{row[party]} {to_major(row[amount], row['currency'])} {row['currency']}"
            for party, amount in (("party_before", "commission_before_minor"), ("party", "commission_minor"))
        )
        status = [row[name] or "none" for name in ("customer_status_before", "customer_status")]
        mapped = f", customer {status[0]} → {status[1]}" if status[0] != status[1] else ""
        typer.echo(printable(f"{row['event_type']} {row['order_token']}: {before} → {after}{mapped}"))
    if shown <= SHOWN < shown + len(part.changes):
        typer.echo("…")
