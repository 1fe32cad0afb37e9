"""Changing the turnover of conversions, or their items: the commission follows by what each conversion kept, and never
by today's terms (spec 20)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import polars as pl
from django.db import connection, transaction

from accredit.conversions import history
from accredit.conversions.history import LAST_CHANGE, Actor
from accredit.conversions.models import Cause, Conversion, Payment, Status
from accredit.conversions.queries import trace
from accredit.conversions.recording import change_conversions
from accredit.conversions.validating import postings
from accredit.database.copy import copy_in
from accredit.engine.frames import MINOR, ROW, TEXT, Schema
from accredit.engine.repricing import (
    ChangedTwice,
    QuantityOutOfRange,
    TurnoverNotScalable,
    TurnoverOutOfRange,
    UnknownItem,
    reprice,
)
from accredit.engine.trace import CommissionTooLarge, PricingError, Trace
from accredit.ledger.frames import EntryKind
from accredit.ledger.operations import post
from accredit.programs.operations import lock_program
from accredit.programs.queries import program_by_code

ASKED: Schema = {
    "id": TEXT,  # the UUID of a conversion
    "decision": pl.Int64(),  # the number of the decision that was looked at; null: whichever counts
    "turnover_minor": MINOR,  # the new one; null where items change
    "comment": TEXT,  # why
    "source": TEXT,  # where it stood, such as the file and its row
}
ASKED_ITEMS: Schema = {
    "id": TEXT,
    "item_id": TEXT,
    "quantity": pl.Int64(),  # the new one; 0: cancelled
    "turnover_minor": MINOR,  # of the whole line; null: in proportion to the quantity
}
CHANGES: Schema = {
    "id": TEXT,
    "event_type": TEXT,
    "order_token": TEXT,
    "changes": pl.Int64(),  # how many there were before
    "comment": TEXT,
    "source": TEXT,
    "status": TEXT,
    "decision_before": pl.Int64(),
    "partner": TEXT,
    "currency": TEXT,
    "turnover_before_minor": MINOR,
    "turnover_minor": MINOR,
    "commission_before_minor": MINOR,
    "commission_minor": MINOR,
}
ITEMS: Schema = {
    "id": TEXT,
    "item_id": TEXT,
    "quantity": pl.Int64(),
    "turnover_minor": MINOR,
    "commission_minor": MINOR,  # null where the order is priced as a whole
}
UNCHANGED: Schema = {
    "id": TEXT,
    "event_type": TEXT,
    "order_token": TEXT,
    "source": TEXT,
    "why": TEXT,  # a code of WHY
    "status": TEXT,
    "decision": pl.Int64(),  # the one that counts
    "turnover_minor": MINOR,
    "commission_minor": MINOR,
    **LAST_CHANGE,  # who changed it last, through what and when
}
WHY = {
    "unknown": "The program has no such conversion",
    "named_twice": "It is named more than once",
    "rejected": "It is rejected: nothing is paid for it",
    "paid": "It is paid: what is not right is asked for by a conversion request",
    "changed_since": "It was changed after it was looked at: look again",
    "no_change": "It says so already",
    "unknown_item": "It has no such item",
    "changed_twice": "Name a new turnover or changed items, not both, and each item once",
    "turnover_out_of_range": "A turnover is zero or more and below 10^15 minor units",
    "quantity_out_of_range": "A quantity is a whole number from 1 to 10^8, or 0 with turnover 0 for a cancelled item",
    "turnover_not_scalable": "Its turnover was 0, so that its items have no shares in a new one: change the items",
    "commission_too_large": "Its commission would reach 10^15 minor units",
}
"""Why a conversion did not change. The codes are for programs, the sentences for people."""

_REFUSED_BY_ENGINE: Mapping[type[PricingError], str] = {
    UnknownItem: "unknown_item",
    ChangedTwice: "changed_twice",
    TurnoverOutOfRange: "turnover_out_of_range",
    QuantityOutOfRange: "quantity_out_of_range",
    TurnoverNotScalable: "turnover_not_scalable",
    CommissionTooLarge: "commission_too_large",
}
_NO_ITEMS = pl.DataFrame(schema=dict(ASKED_ITEMS))


@dataclass(frozen=True, slots=True)
class Planned:
    """What changes (CHANGES), how all items of these conversions are then (ITEMS), and what does not change, with why
    (UNCHANGED)."""

    changes: pl.DataFrame
    items: pl.DataFrame
    unchanged: pl.DataFrame


def plan(stored: pl.DataFrame, kept: Trace, asked: pl.DataFrame, items: pl.DataFrame = _NO_ITEMS) -> Planned:
    """What comes of changing turnovers (ASKED) and items (ASKED_ITEMS) of `stored` conversions (`history.STORED`), of
    which `kept` is the trace, row by row."""
    rows = asked.with_columns(named_twice=pl.col("id").is_duplicated()).join(
        stored.with_row_index("conversion").rename(
            {"decision": "decision_before", "turnover_minor": "turnover_before_minor",
             "commission_minor": "commission_before_minor"}
        ),
        on="id",
        how="left",
        maintain_order="left",
    )  # fmt: skip
    refused = {
        "unknown": pl.col("status").is_null(),
        "named_twice": pl.col("named_twice"),
        "rejected": pl.col("status") == Status.REJECTED.value,
        "paid": pl.col("paid") == "t",
        "changed_since": pl.col("decision") != pl.col("decision_before"),
    }
    rows = rows.with_columns(
        why=pl.coalesce(pl.when(condition).then(pl.lit(why)) for why, condition in refused.items())
    )
    wanted = rows.filter(pl.col("why").is_null()).select("id", "conversion", "turnover_minor")
    after, whys = repriced(kept, wanted, items)
    rows = rows.join(whys, on="conversion", how="left", maintain_order="left").with_columns(
        why=pl.coalesce("why", "why_right")
    )
    orders = after.orders.with_row_index("conversion").select("conversion", "commission_minor", now="turnover_minor")
    changes = (
        rows.filter(pl.col("why").is_null())
        .drop("turnover_minor")
        .join(orders, on="conversion", maintain_order="left")
        .rename({"now": "turnover_minor"})
    )
    lines = after.items.join(changes.select("conversion", "id"), on="conversion", maintain_order="left")
    unchanged = rows.filter(pl.col("why").is_not_null()).with_columns(
        decision="decision_before", turnover_minor="turnover_before_minor", commission_minor="commission_before_minor"
    )
    return Planned(changes.select(*CHANGES), lines.select(*ITEMS), unchanged.select(*UNCHANGED))


def has_last_turnover(conversion: Conversion) -> bool:
    """Whether its turnover stays: it is rejected or paid."""
    payments = Payment.objects.filter(program=conversion.program_id, conversion_id=conversion.id)
    return conversion.status == Status.REJECTED or payments.exists()


def repriced(kept: Trace, wanted: pl.DataFrame, items: pl.DataFrame) -> tuple[Trace, pl.DataFrame]:
    """The trace after what can be changed, and why (`conversion`, `why`) the others cannot. `wanted`: id, conversion
    (row of the trace), turnover_minor; `items`: ASKED_ITEMS."""
    turnovers = wanted.filter(pl.col("turnover_minor").is_not_null()).select("conversion", "turnover_minor")
    lines = _in_proportion(items.join(wanted.select("id", "conversion"), on="id", maintain_order="left"), kept)
    whys: dict[int, str] = {}
    after = kept
    while True:
        try:
            after = reprice(kept, turnover=turnovers, items=lines)
            break
        except PricingError as error:
            whys.update(dict.fromkeys(error.conversions, _REFUSED_BY_ENGINE[type(error)]))
            left = ~pl.col("conversion").is_in(error.conversions)
            turnovers, lines = turnovers.filter(left), lines.filter(left)
    for conversion in set(wanted["conversion"]) - whys.keys() - _changed(kept, after):
        whys[conversion] = "no_change"
    found = pl.DataFrame(list(whys.items()), schema={"conversion": ROW, "why": TEXT}, orient="row")
    return after, found


def _in_proportion(lines: pl.DataFrame, kept: Trace) -> pl.DataFrame:
    """Changed items as `reprice` takes them; a turnover that is not given follows the quantity."""
    before = kept.items.select("conversion", "item_id", pieces="quantity", before="turnover_minor")
    lines = lines.join(before, on=["conversion", "item_id"], how="left", maintain_order="left")
    pieces, due = pl.col("pieces"), pl.col("before").cast(pl.Int128) * pl.col("quantity")
    share = pl.when(pieces > 0).then((2 * due + pieces) // (2 * pieces)).cast(MINOR, strict=False)
    of_unknown_item = pl.when(pieces.is_null()).then(pl.lit(0, MINOR))
    return lines.select(
        "conversion", "item_id", "quantity", turnover_minor=pl.coalesce("turnover_minor", share, of_unknown_item)
    )


def _changed(before: Trace, after: Trace) -> set[int]:
    """The rows of conversions whose turnover or items differ."""
    orders = before.orders.with_row_index("conversion").filter(
        before.orders["turnover_minor"] != after.orders["turnover_minor"]
    )
    lines = before.items.filter(
        (before.items["quantity"] != after.items["quantity"])
        | (before.items["turnover_minor"] != after.items["turnover_minor"])
    )
    return {*orders["conversion"], *lines["conversion"]}


def change_turnover(
    code: str,
    asked: pl.DataFrame,
    items: pl.DataFrame = _NO_ITEMS,
    *,
    actor: Actor,
    now: datetime,
    dry_run: bool = False,
) -> Planned:
    """Change turnovers (ASKED), or items (ASKED_ITEMS) of conversions that are asked, in one transaction; `dry_run`
    changes nothing. What is approved has the difference booked. Raises UnknownProgram."""
    program_id = program_by_code(code).id
    with transaction.atomic():
        if not dry_run:
            lock_program(code)
        stored = history.stored(program_id, asked["id"], last=history.ANYTHING, lock=not dry_run)
        kept = trace(program_id, [UUID(key) for key in stored["id"]])
        planned = plan(stored, kept, asked, items)
        if not dry_run and len(planned.changes):
            _write(program_id, planned, actor, now)
    return planned


def _write(program_id: UUID, planned: Planned, actor: Actor, now: datetime) -> None:
    changes = planned.changes.with_columns(decision=pl.col("decision_before") + 1)
    _decide(program_id, changes, planned.items, now)
    kept = changes.with_columns(status_before="status", rejection_reason=pl.lit(None, TEXT))
    history.keep(program_id, kept, actor, now=now)
    change_conversions(program_id, changes.select("id", "decision", "turnover_minor", "commission_minor"))
    differences = changes.filter(pl.col("status") == Status.APPROVED.value).with_columns(
        commission_minor=pl.col("commission_minor") - pl.col("commission_before_minor")
    )
    post(program_id, postings(differences, EntryKind.CORRECTION, now), now=now)


def _decide(program_id: UUID, changes: pl.DataFrame, items: pl.DataFrame, now: datetime) -> None:
    """Add decisions, and their items, that say what the last ones said, but for the money."""
    with connection.cursor() as cursor:
        cursor.execute("""
            create temporary table repriced (
                id uuid, decision_before integer, decision integer, turnover_minor bigint, commission_minor bigint
            ) on commit drop;
            create temporary table repriced_item (
                id uuid, item_id text collate "C", quantity bigint, turnover_minor bigint, commission_minor bigint
            ) on commit drop
        """)
        copy_in("repriced", changes.select("id", "decision_before", "decision", "turnover_minor", "commission_minor"))
        copy_in("repriced_item", items)
        cursor.execute("analyze repriced, repriced_item")
        for statement in (_DECISIONS, _ITEMS):
            cursor.execute(statement, {"program": program_id, "now": now, "cause": Cause.TURNOVER_CHANGED.value})
        cursor.execute("drop table repriced, repriced_item")


_DECISIONS = """
insert into conversions_decision (
    program_id, conversion_id, number, decided_at, cause, credited_to, partner, channel, credited_click_id, reason,
    credited_promo_code, credit_group, terms, terms_version, blocked, currency, rate_id, explanation, explanation_more,
    without_winner, turnover_minor, commission_minor
)
select program_id, conversion_id, repriced.decision, %(now)s, %(cause)s, credited_to, partner, channel,
    credited_click_id, reason, credited_promo_code, credit_group, terms, terms_version, blocked, currency, rate_id,
    explanation, explanation_more, without_winner, repriced.turnover_minor, repriced.commission_minor
from repriced join conversions_decision last
    on last.program_id = %(program)s and conversion_id = id and number = decision_before
"""
_ITEMS = """
insert into conversions_item (
    program_id, conversion_id, decision, item_id, quantity, currency, turnover_minor, sku, category, rate_id,
    commission_minor
)
select program_id, conversion_id, repriced.decision, item_id, priced.quantity, currency, priced.turnover_minor, sku,
    category, rate_id, priced.commission_minor
from repriced join repriced_item priced using (id) join conversions_item last using (item_id)
where last.program_id = %(program)s and last.conversion_id = repriced.id and last.decision = decision_before
"""
