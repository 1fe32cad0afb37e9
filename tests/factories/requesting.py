"""Conversion requests of the shop `anvils`, from text tables."""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from accredit.access.models import User
from accredit.conversion_requests import deciding
from accredit.conversion_requests.frames import ASKED, WANTED, WANTED_ITEMS
from accredit.conversion_requests.models import Request, Stage
from accredit.conversion_requests.moving import Moved
from accredit.conversion_requests.processing import Processed, process_next
from accredit.conversion_requests.raising import Raised, raise_requests
from accredit.conversions.history import Actor
from accredit.conversions.models import Way
from accredit.engine.frames import Schema
from accredit.programs.models import Program
from accredit.programs.visibility import Viewpoint
from tests.factories.tables import instant, minor, table
from tests.factories.validating import LATER

NAMES = {
    "order": "order_token", "at": "occurred_at", "turnover": "turnover_minor", "claimed": "claimed_minor",
    "reason": "rejection_reason", "event": "event_type", "new_order": "new_order_token",
    "customer": "customer_status",
}  # fmt: skip


def somebody(name: str = "Petra") -> User:
    """A user of this name."""
    return User.objects.filter(email=f"{name.lower()}@example.org").first() or User.objects.create_user(
        f"{name.lower()}@example.org", name=name
    )


def view_of(program: Program, *partners: str) -> Viewpoint:
    """The program as these partners see it; without one, as its owners do."""
    return Viewpoint(program, frozenset(partners) if partners else None)


def wanted(text: str, **defaults: str) -> pl.DataFrame:
    """`kind | partner | order | at | turnover` in USD, `claimed`, `status`, `reason`, `new_order`, `customer`, and
    others as in WANTED, of sales; rows are numbered from 1."""
    rows = []
    for number, row in enumerate(table(text), start=1):
        cells: dict[str, object] = {
            NAMES.get(name, name): value or None for name, value in {"event": "sale", **defaults, **row}.items()
        }
        currency = str(cells.get("currency") or "USD")
        for name in ("turnover_minor", "claimed_minor"):
            if cells.get(name):
                cells[name] = minor(str(cells[name]), currency)
        if cells.get("occurred_at"):
            cells["occurred_at"] = instant(str(cells["occurred_at"]))
        rows.append({**cells, "row": number})
    return _frame(rows, WANTED)


def wanted_items(text: str) -> pl.DataFrame:
    """`row | item | quantity | turnover` in USD, `sku`, `category`."""
    rows: list[dict[str, object]] = []
    for row in table(text):
        turnover = row.pop("turnover", "")
        rows.append(
            {
                "row": int(row.pop("row")),
                "item_id": row.pop("item"),
                "quantity": int(row.pop("quantity")),
                "turnover_minor": minor(turnover, "USD") if turnover else None,
                **{name: value or None for name, value in row.items()},
            }
        )
    return _frame(rows, WANTED_ITEMS)


def raised(
    program: Program,
    text: str,
    lines: str = "",
    *,
    by: str = "Petra",
    partners: tuple[str, ...] = (),
    now: datetime = LATER,
    **defaults: str,
) -> Raised:
    """Raise requests, by default as the owners of the program do."""
    actor = Actor(Way.PAGE, somebody(by).id)
    return raise_requests(
        view_of(program, *partners), wanted(text, **defaults), wanted_items(lines), actor=actor, now=now
    )


def decided(program: Program, text: str, *, by: str = "Dora", now: datetime = LATER, looked_at: bool = True) -> Moved:
    """`number | verdict`, with `reason` and `comment`; `looked_at`: they are as their impact says now."""
    keys = dict(Request.objects.filter(program=program).values_list("number", "id"))
    rows = [{name: value or None for name, value in row.items()} for row in table(text)]
    ids = [keys[int(str(row.pop("number")))] for row in rows]
    seen: Mapping[str, Mapping[str, object]] = {}
    if looked_at:
        seen = {row["id"]: row for row in deciding.impact(program, ids).rows.iter_rows(named=True)}
    asked = [
        {
            "id": str(key),
            "stages": seen.get(str(key), {}).get("stages"),
            "changes": seen.get(str(key), {}).get("changes"),
            **row,
        }
        for key, row in zip(ids, rows, strict=True)
    ]
    return deciding.decide(program, _frame(asked, ASKED), actor=Actor(Way.PAGE, somebody(by).id), now=now)


def accepted(program: Program, *numbers: int, by: str = "Dora", now: datetime = LATER) -> Moved:
    """Accept requests that were looked at, all of them without a number."""
    open_ = Request.objects.filter(program=program, stage__in=(Stage.INQUIRED, Stage.FAILED)).order_by("number")
    chosen = numbers or open_.values_list("number", flat=True)
    return decided(program, "number | verdict\n" + "\n".join(f"{one} | accepted" for one in chosen), by=by, now=now)


def processed(program: Program, *, now: datetime = LATER, rows: int = 2_000) -> Processed:
    """Process everything that is accepted."""
    done = Processed()
    while part := process_next(program, now=now, rows=rows):
        done += part
    return done


def stages(program: Program) -> str:
    """The stages of all requests, such as `1 processed, 2 failed changed_since`."""
    found = Request.objects.filter(program=program).order_by("number")
    return ", ".join(" ".join(filter(None, [str(one.number), one.stage, _reason(one)])) for one in found)


def _reason(request: Request) -> str | None:
    from accredit.conversion_requests.models import StageChange

    return StageChange.objects.get(program=request.program_id, request_id=request.id, number=request.stages).reason


def _frame(rows: list[dict[str, object]], schema: Schema) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(schema), orient="row")
