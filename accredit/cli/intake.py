"""`accredit intake list | conflicts | retry | discard`: what came in and is not booked."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from accredit.cli.ready import ready
from accredit.cli.reporting import counted

app = typer.Typer(help="What came in and is not booked.", no_args_is_help=True)

ProgramCode = Annotated[str | None, typer.Option("--program", help="The code of a program; without it, all.")]
OrderTokens = Annotated[list[str] | None, typer.Option(help="Only this order; again for more of them.")]
SHOWN, SHOWN_CONFLICTS = 100, 1000
CONFLICT_DAYS, LISTED_DAYS = 7, 30


@app.command("list")
def show(program: ProgramCode = None) -> None:
    """Show the orders that wait for somebody, each with the reason, and how many wait for the worker.

    unknown_program, unknown_event_type: the set-up does not have it. cannot_be_priced: the commission is too large.
    failed: booking failed in a way that is not foreseen. unsigned: nobody signed it, and the program holds such orders.
    """
    with ready():
        from accredit.files.errors import printable
        from accredit.programs.queries import program_by_code
        from accredit.tracking import pending

        counts = pending.counts(program)
        if program is not None and not counts:
            program_by_code(program)
        for count in counts:
            typer.echo(printable(f"{count.program}: {count.orders:,} {count.reason or 'wait for the worker'}"))
        for one in pending.held(program, limit=SHOWN):
            detail = f" ({one.detail})" if one.detail else ""
            order = f"{one.program} {one.event_type} {one.order_token}"
            typer.echo(
                printable(f"  {one.received_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}  {order}  {one.reason}{detail}")
            )
        if sum(count.orders for count in counts if count.reason) > SHOWN:
            typer.echo(f"  … the {SHOWN} that came last are shown")
        conflicts = pending.conflicts(datetime.now(UTC) - timedelta(days=CONFLICT_DAYS), program)
        for code, rows in conflicts:
            typer.echo(f"{code}: {rows:,} came again with other content in the last {CONFLICT_DAYS} days")
        if not (counts or conflicts):
            typer.echo("Nothing is held, and nothing waits.")


@app.command()
def conflicts(
    program: Annotated[str, typer.Option(help="The code of the program.")],
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="From this day (UTC) on; without it, the last 30.")
    ] = None,
    order: OrderTokens = None,
) -> None:
    """Show the orders that came with other content than the one that counts, the latest first, with what is different:
    as it counts → as it came."""
    with ready():
        from accredit.conversions.intake import conflicts_of
        from accredit.files.errors import printable
        from accredit.programs.queries import program_by_code

        first = since.replace(tzinfo=UTC) if since else datetime.now(UTC) - timedelta(days=LISTED_DAYS)
        found = conflicts_of(program_by_code(program), since=first, order_tokens=order or (), limit=SHOWN_CONFLICTS)
        for one in found:
            trust = {True: "signed", False: "not signed", None: "file"}[one.signed]
            at = f"{one.received_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
            what = ", ".join(f"{d.field} {_written(d.recorded)} → {_written(d.came)}" for d in one.differences)
            typer.echo(printable(f"{at}  {one.event_type} {one.order_token}  {one.source} ({trust})  {what}"))
        if len(found) == SHOWN_CONFLICTS:
            typer.echo(f"… the {SHOWN_CONFLICTS:,} that came last are shown; name orders to see theirs")
        if not found:
            typer.echo("No order came with other content.")


def _written(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


@app.command()
def retry(
    program: ProgramCode = None,
    reason: Annotated[
        str | None, typer.Option(help="Only what is held for this reason; `unsigned` has to be named.")
    ] = None,
    order: OrderTokens = None,
) -> None:
    """Have the worker try again what is held, after the set-up was corrected; with `--reason unsigned`, let in what is
    not signed."""
    with ready():
        from accredit.conversions.retrying import retry
        from accredit.programs.queries import program_by_code

        if reason is not None:
            _check_reason(reason)
        if program is not None:
            program_by_code(program)
        released = retry(program, reason, order or ())
        for code, rows in released.items():
            typer.echo(f"{code}: {rows:,} wait for the worker again.")
        if not released:
            typer.echo("Nothing that can be released is held.")


@app.command()
def discard(
    program: Annotated[str, typer.Option(help="The code of the program; it need not be there.")],
    reason: Annotated[str, typer.Option(help="Only what is held for this reason, such as unknown_program.")],
    order: OrderTokens = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take held orders out of what waits, for good: those that came for a program that will never be, for example.

    That they came stays on record, so that the same orders, sent again, are known and are not booked either; but one
    that was discarded because nobody signed it is taken once it comes signed, or in a file.
    """
    with ready():
        from accredit.files.errors import printable
        from accredit.programs.queries import program_by_code
        from accredit.tracking import pending

        _check_reason(reason)
        counts = {count.reason: count.orders for count in pending.counts(program)}
        if not counts:
            program_by_code(program)
        if reason not in counts:
            typer.echo(f"{program}: nothing is held as {reason}.")
            return
        if not yes:
            what = f"{', '.join(order)}" if order else counted(counts[reason], "order")
            typer.confirm(printable(f"Discard {what} of {program} for good?"), abort=True)
        typer.echo(f"{program}: {counted(pending.discard(program, reason, order or ()), 'order')} discarded.")


def _check_reason(reason: str) -> None:
    from accredit.tracking.pending import REASONS

    if reason not in REASONS:
        typer.secho(f"There is no reason {reason!r}; there are {', '.join(REASONS)}.", err=True, fg="red")
        raise typer.Exit(1)
