"""Writing a batch of new conversions with everything that was decided about them, and what changes of conversions."""

from datetime import datetime
from uuid import UUID

import polars as pl

from accredit.conversions.explanations import compact
from accredit.conversions.models import Cause, Status
from accredit.conversions.rates import keep_rates
from accredit.database import json_text
from accredit.database.copy import copy_in, update_rows
from accredit.database.new_keys import keys_at
from accredit.engine.deciding import Decided
from accredit.engine.frames import CLICK_FIELDS, CONVERSIONS
from accredit.engine.program import Program

FIRST = 1


def record(
    program_id: UUID,
    program: Program,
    decided: Decided,
    items: pl.DataFrame,
    *,
    event_ids: pl.Series,
    signed: pl.Series | None,
    now: datetime,
    request_ids: pl.Series | None = None,
) -> pl.Series:
    """Add the conversions of a batch, each with its first decision, items (ITEMS) and rates, and return their ids.
    `signed`: whether each of them came signed; None where they came in a file. `request_ids`: the conversion requests
    that they were made for, if they were."""
    ids = keys_at(now, len(decided.conversions))
    rates = keep_rates(program_id, decided.trace.rates)
    credited = credited_columns(decided, rates)
    copy_in("conversions_conversion", _conversions(program_id, program, decided, ids, credited, signed, now))
    numbers = pl.repeat(FIRST, len(ids), eager=True)
    decisions = decision_rows(program_id, decided, credited, ids, numbers, Cause.RECORDED, event_ids, now)
    if request_ids is not None:
        decisions = decisions.with_columns(request_ids.alias("request_id"))
    copy_in("conversions_decision", decisions)
    copy_in("conversions_item", item_rows(program_id, decided, items, ids, numbers, rates))
    return ids


def decision_rows(
    program_id: UUID,
    decided: Decided,
    credited: pl.DataFrame,
    ids: pl.Series,
    numbers: pl.Series,
    cause: Cause,
    event_ids: pl.Series | None,
    now: datetime,
) -> pl.DataFrame:
    """A row of conversions_decision for each conversion of these ids; `credited`: `credited_columns` of `decided`."""
    assert decided.explanations is not None, "a decision is kept with its explanation"
    decision = decided.credits.select(
        _of(program_id),
        ids.alias("conversion_id"),
        numbers.alias("number"),
        pl.lit(now).alias("decided_at"),
        pl.lit(cause.value).alias("cause"),
        (pl.lit(None, pl.String) if event_ids is None else event_ids).alias("event_id"),
    )
    return pl.concat([decision, credited, compact(decided.explanations, len(ids))], how="horizontal")


def credited_columns(decided: Decided, rates: pl.Series) -> pl.DataFrame:
    """What conversion and decision say of who is credited, and of the money; `rates`: the ids of the trace's rates."""
    return decided.credits.select(
        "credited_to",
        "partner",
        "channel",
        pl.col("click_id").alias("credited_click_id"),
        "reason",
        pl.col("promo_code").alias("credited_promo_code"),
        "credit_group",
        "terms",
        "terms_version",
        "blocked",
        decided.trace.orders["currency"],
        decided.trace.orders["turnover_minor"],
        rates.gather(decided.trace.orders["rate"]).alias("rate_id"),
        decided.trace.orders["commission_minor"],
    )


def _conversions(
    program_id: UUID,
    program: Program,
    decided: Decided,
    ids: pl.Series,
    credited: pl.DataFrame,
    signed: pl.Series | None,
    now: datetime,
) -> pl.DataFrame:
    own = decided.conversions
    facts = own.select(
        _of(program_id),
        ids,
        pl.lit(now).alias("recorded_at"),
        (pl.lit(None, pl.Boolean) if signed is None else signed).alias("signed"),
        pl.lit(Status.OPEN.value).alias("status"),
        pl.lit(FIRST).alias("decision"),
        pl.col("occurred_at").dt.convert_time_zone(program.timezone).dt.date().alias("occurred_date"),
        *(name for name in CONVERSIONS if name not in (*CLICK_FIELDS, "currency", "turnover_minor")),
        order_fields(own).alias("order_fields"),
    )
    return pl.concat([facts, credited, *shown_columns(decided)], how="horizontal")


def shown_columns(decided: Decided) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What conversions alone repeat of the decision: fields of the winning click, and names of what applied."""
    return decided.credits.select(CLICK_FIELDS), decided.summary.select("model", "adjustments", "restriction")


def order_fields(conversions: pl.DataFrame) -> pl.Expr:
    """Those of CLICK_FIELDS that the orders themselves carry, as JSON; null where there are none."""
    carried = [name for name in CLICK_FIELDS if conversions[name].null_count() < len(conversions)]
    if not carried:
        return pl.lit(None, pl.String)
    fields = json_text.object_of({name: json_text.text(pl.col(name)) for name in carried})
    return pl.when(pl.any_horizontal(pl.col(carried).is_not_null())).then(fields)


def item_rows(
    program_id: UUID, decided: Decided, items: pl.DataFrame, ids: pl.Series, numbers: pl.Series, rates: pl.Series
) -> pl.DataFrame:
    """A row of conversions_item for each of `items` (ITEMS), as the decisions of these numbers price it."""
    priced = decided.trace.items
    return priced.select(
        _of(program_id),
        ids.gather(priced["conversion"]).alias("conversion_id"),
        numbers.gather(priced["conversion"]).alias("decision"),
        "item_id",
        "quantity",
        decided.trace.orders["currency"].gather(priced["conversion"]),
        "turnover_minor",
        items["sku"],
        items["category"],
        rates.gather(priced["rate"]).alias("rate_id"),
        "commission_minor",
    )


def _of(program_id: UUID) -> pl.Expr:
    return pl.lit(str(program_id)).alias("program_id")


def change_conversions(program_id: UUID, rows: pl.DataFrame) -> None:
    """Have conversions say something else. `rows`: id, and the columns that change. Where status or decision do, that
    was kept before (`history.keep`)."""
    update_rows("conversions_conversion", program_id, rows)
