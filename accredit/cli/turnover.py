"""`accredit conversions turnover`: another turnover of an order, or of its items, and the commission that follows."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from accredit.cli.serving import reporting_setup

if TYPE_CHECKING:
    import polars as pl

    from accredit.conversions.models import Conversion
    from accredit.conversions.turnover import Planned

AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,4})?")
ITEM = re.compile(r"(?P<item>.+)=(?P<quantity>[0-9]{1,9})(:(?P<turnover>[0-9.]+))?")


def turnover(
    program: Annotated[str, typer.Option(help="The code of the program.")],
    order: Annotated[str, typer.Option(help="The order token.")],
    to: Annotated[str | None, typer.Option(metavar="AMOUNT", help="The new turnover of the order: 12.34.")] = None,
    item: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ITEM=QUANTITY[:AMOUNT]",
            help="An item with the quantity that stays, 0 to cancel it, and its new turnover, without which it follows"
            " the quantity; can be given several times.",
        ),
    ] = None,
    comment: Annotated[str | None, typer.Option(help="Why, for the history; the partner reads it.")] = None,
    event_type: Annotated[str | None, typer.Option(help="Where orders of several have this token.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; show what would change.")] = False,
) -> None:
    """Change the turnover of an order, or its items. The commission follows by the rate that it kept.

    Exit code 0: it changed, or would. 1: it did not, and why is shown.
    """
    if (to is None) == (not item):
        raise typer.BadParameter("say either --to AMOUNT or --item ITEM=QUANTITY")
    with reporting_setup():
        from accredit.config.installation import installation

        with installation():
            from accredit.conversions.history import Actor
            from accredit.conversions.models import Way
            from accredit.conversions.turnover import change_turnover
            from accredit.files.errors import printable
            from accredit.money import AmountError
            from accredit.programs.queries import UnknownProgram

            try:
                one = _conversion(program, order, event_type)
                asked, items = _asked(one, to, item or [], comment)
                planned = change_turnover(
                    program, asked, items, actor=Actor(Way.COMMAND), now=datetime.now(UTC), dry_run=dry_run
                )
            except (UnknownProgram, LookupError, AmountError) as error:
                typer.secho(printable(str(error.args[0])), err=True, fg="red")
                raise typer.Exit(1) from None
            _show(planned, dry_run=dry_run)


def _conversion(code: str, order_token: str, event_type: str | None) -> "Conversion":
    """The one conversion of this order. Raises UnknownProgram and LookupError."""
    from accredit.conversions.models import Conversion
    from accredit.programs.queries import program_by_code

    found = Conversion.objects.filter(program=program_by_code(code), order_token=order_token)
    if event_type is not None:
        found = found.filter(event_type=event_type)
    rows = list(found.order_by("event_type"))
    if not rows:
        raise LookupError(f"{order_token}: the program has no such conversion.")
    if len(rows) > 1:
        names = ", ".join(one.event_type for one in rows)
        raise LookupError(f"{order_token}: there is one of each of {names}; say which with --event-type.")
    return rows[0]


def _asked(
    one: "Conversion", to: str | None, items: list[str], comment: str | None
) -> tuple["pl.DataFrame", "pl.DataFrame"]:
    """What is asked for, as `change_turnover` takes it. Raises AmountError."""
    import polars as pl

    from accredit.conversions.turnover import ASKED, ASKED_ITEMS

    row = {"id": str(one.id), "turnover_minor": _minor(to, one.currency), "comment": comment}
    lines = []
    for text in items:
        said = ITEM.fullmatch(text)
        if said is None:
            raise typer.BadParameter(f"{text!r} is not ITEM=QUANTITY or ITEM=QUANTITY:AMOUNT, such as 2=1:12.34")
        lines.append(
            {
                "id": str(one.id),
                "item_id": said["item"],
                "quantity": int(said["quantity"]),
                "turnover_minor": _minor(said["turnover"], one.currency),
            }
        )
    return (
        pl.DataFrame([row], schema=dict(ASKED), orient="row"),
        pl.DataFrame(lines, schema=dict(ASKED_ITEMS), orient="row"),
    )


def _minor(text: str | None, currency: str) -> int | None:
    from accredit.money import AmountError, to_minor

    if text is None:
        return None
    if not AMOUNT.fullmatch(text):
        raise AmountError(f"{text!r} is no amount: write it like 12.34, without a thousands separator.")
    return to_minor(Decimal(text), currency)


def _show(planned: "Planned", *, dry_run: bool) -> None:
    from accredit.conversions.turnover import WHY
    from accredit.files.errors import printable
    from accredit.money import to_major

    for row in planned.unchanged.iter_rows(named=True):
        typer.secho(printable(f"{row['event_type']} {row['order_token']}: {WHY[row['why']]}."), err=True, fg="red")
        raise typer.Exit(1)
    for row in planned.changes.iter_rows(named=True):
        turnover, commission = (
            " → ".join(str(to_major(row[f"{name}{when}_minor"], row["currency"])) for when in ("_before", ""))
            for name in ("turnover", "commission")
        )
        verb = "would change" if dry_run else "changed"
        said = f"{row['event_type']} {row['order_token']} {verb}: turnover {turnover}, commission {commission}"
        typer.echo(printable(f"{said} {row['currency']}."))
