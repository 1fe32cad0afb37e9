"""Writing what requests come to: conversions, decisions, items, history and ledger, as planned."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast
from uuid import UUID

import polars as pl
from django.db import connection
from psycopg import sql

from accredit.conversion_requests.outcomes import CREATES, Outcome
from accredit.conversions import history
from accredit.conversions.history import CHANGED, Actor
from accredit.conversions.models import REQUESTED, Cause, Status, Way
from accredit.conversions.rates import keep_rates
from accredit.conversions.received import received
from accredit.conversions.recording import (
    change_conversions,
    credited_columns,
    item_rows,
    order_fields,
    record,
    shown_columns,
)
from accredit.conversions.validating import postings
from accredit.database.copy import copy_in, rows_beside
from accredit.engine.deciding import Decided
from accredit.engine.frames import MINOR, ROW, TEXT, Schema
from accredit.engine.program import Program
from accredit.engine.trace import Trace
from accredit.ledger.frames import EntryKind
from accredit.ledger.operations import post
from accredit.programs.models import Program as Installed
from accredit.tracking.operations import incoming, receive

_SAME = ("category", "customer_status", "promo_code", "country", "order_token")
"""Columns of a conversion, beside those of its credit, that a request may change."""


def part(outcome: Outcome, which: pl.Series) -> Outcome:
    """The requests of an outcome for which this says so."""
    numbers = pl.DataFrame({"conversion": which.arg_true().cast(ROW)}).with_row_index("number").cast({"number": ROW})
    of_items = outcome.items["conversion"].is_in(numbers["conversion"].implode())

    def renumbered(items: pl.DataFrame) -> pl.DataFrame:
        lines = items.filter(of_items).join(numbers, on="conversion", maintain_order="left")
        return lines.with_columns(conversion="number").drop("number")

    decided, trace = outcome.decided, outcome.decided.trace
    orders, lines = trace.orders.filter(which), renumbered(trace.items)
    used = pl.concat([orders["rate"], lines["rate"]]).drop_nulls().unique().sort()
    anew = pl.DataFrame({"rate": used, "to": pl.int_range(len(used), dtype=ROW, eager=True)})
    of_orders, of_lines = (
        frame.select("rate").join(anew, on="rate", how="left", maintain_order="left")["to"].alias("rate")
        for frame in (orders, lines)
    )
    kept = Trace(
        orders.with_columns(of_orders),
        lines.with_columns(of_lines),
        trace.rates[used].with_columns(rate=pl.int_range(pl.len(), dtype=ROW)),
    )
    return replace(
        outcome,
        requests=outcome.requests.filter(which),
        decided=Decided(
            decided.conversions.filter(which),
            decided.credits.filter(which),
            decided.explanations,
            kept,
            decided.summary.filter(which),
        ),
        items=renumbered(outcome.items),
        by_rate=outcome.by_rate.filter(which),
    )


def write(program: Installed, value: Program, outcome: Outcome, *, now: datetime) -> pl.DataFrame:
    """Create and change conversions of a program whose lock is held: `row`, `changes` (how many the conversion has had
    now), and `conversion_id` or, where the intake knows the order meanwhile, null: then nothing was done. `requests`
    have `request_id` and `accepted_by`."""
    created = outcome.requests.select(CREATES).to_series()
    news, known = _let_in(program, part(outcome, created), now)
    renamed = outcome.requests.select(~CREATES & pl.col("differs_new_order_token")).to_series()
    taken = _let_in(program, part(outcome, renamed), now)[1]
    left = pl.Series("row", [*known, *taken], dtype=pl.Int64)
    there = _change(program, part(outcome, ~created & ~outcome.requests["row"].is_in(left.implode())), now)
    nothing = left.to_frame().select("row", conversion_id=pl.lit(None, TEXT), changes=pl.lit(None, pl.Int64))
    return pl.concat([_create(program, value, news, now), there, nothing])


def _let_in(program: Installed, outcome: Outcome, now: datetime) -> tuple[tuple[Outcome, pl.Series], Sequence[int]]:
    """Orders as events of the intake: those that are new, with the ids of their events; and the rows of those that it
    knows."""
    conversions, items = outcome.decided.conversions, outcome.items
    if conversions.is_empty():
        return (outcome, pl.Series([], dtype=TEXT)), []
    came = received(conversions, items)
    rows = incoming(program.id, program.code, conversions, came, now=now, source="", signed=None)
    events = receive(rows.with_columns(outcome.requests.select(source=_source())), for_worker=False)
    new = events["outcome"] == "recorded"
    return (part(outcome, new), events["id"].filter(new)), outcome.requests["row"].filter(~new).to_list()


def _source() -> pl.Expr:
    return pl.format(f"{REQUESTED}{{}}", "number")


_WRITTEN: Schema = {"row": pl.Int64(), "conversion_id": TEXT, "changes": pl.Int64()}


def _create(program: Installed, value: Program, came: tuple[Outcome, pl.Series], now: datetime) -> pl.DataFrame:
    outcome, event_ids = came
    requests, trace = outcome.requests, outcome.decided.trace
    if requests.is_empty():
        return pl.DataFrame(schema=dict(_WRITTEN))
    ids = record(
        program.id,
        value,
        outcome.decided,
        outcome.items,
        event_ids=event_ids,
        signed=None,
        now=now,
        request_ids=requests["request_id"],
    )
    rows = requests.with_columns(
        id=ids,
        changes=pl.lit(0),
        status_now=pl.lit(Status.OPEN.value),
        decision=pl.lit(1),
        partner_now=pl.lit(None, TEXT),
        commission_minor_now=pl.lit(0, MINOR),
        currency=trace.orders["currency"],
        commission_minor=trace.orders["commission_minor"],
    )
    approved = rows.filter(pl.col("status_then") == Status.APPROVED.value).with_columns(decision_now="decision")
    _keep(program.id, approved, now)
    if len(approved):
        change_conversions(program.id, approved.select("id", status="status_then"))
    _post(program.id, approved, now)
    is_approved = pl.col("status_then") == Status.APPROVED.value
    return rows.select("row", conversion_id="id", changes=is_approved.cast(pl.Int64))


def _change(program: Installed, outcome: Outcome, now: datetime) -> pl.DataFrame:
    requests, decided = outcome.requests, outcome.decided
    if requests.is_empty():
        return pl.DataFrame(schema=dict(_WRITTEN))
    ids, numbers = requests["id_now"], requests["decision_now"] + 1
    rates = keep_rates(program.id, decided.trace.rates)
    credited = credited_columns(decided, rates)
    _decide(program.id, requests, credited, numbers, now)
    copy_in("conversions_item", item_rows(program.id, decided, outcome.items, ids, numbers, rates))
    rows = requests.with_columns(
        id=ids,
        changes="changes_now",
        decision=numbers,
        currency=decided.trace.orders["currency"],
        partner=credited["partner"],
        commission_minor=credited["commission_minor"],
    )
    _keep(program.id, rows, now)
    comment = pl.when(pl.col("rejection_reason").is_null() & (pl.col("status_then") == Status.REJECTED.value))
    facts = rows.select(
        "id",
        "decision",
        status="status_then",
        rejection_reason=_reason(),
        rejection_comment=comment.then("rejection_comment_now"),
    )
    own = decided.conversions.select(*_SAME, order_fields(decided.conversions).alias("order_fields"))
    change_conversions(program.id, pl.concat([facts, own, credited, *shown_columns(decided)], how="horizontal"))
    _post(program.id, rows, now)
    return rows.select("row", conversion_id="id", changes=pl.col("changes") + 1)


def _reason() -> pl.Expr:
    """The reason of those that are rejected then."""
    rejected = pl.col("status_then") == Status.REJECTED.value
    return pl.when(rejected).then(pl.coalesce("rejection_reason", "rejection_reason_now"))


def _decide(
    program_id: UUID, requests: pl.DataFrame, credited: pl.DataFrame, numbers: pl.Series, now: datetime
) -> None:
    """Add decisions that explain the journey as the last ones did."""
    rows = requests.select(
        pl.lit(str(program_id)).alias("program_id"),
        conversion_id="id_now",
        number=numbers,
        decided_at=pl.lit(now),
        cause=pl.lit(Cause.REQUESTED.value),
        request_id="request_id",
    )
    rows = pl.concat([rows, credited], how="horizontal")
    columns = sql.SQL(", ").join(map(sql.Identifier, rows.columns))
    requested = sql.SQL(", ").join(sql.SQL("requested.{}").format(sql.Identifier(name)) for name in rows.columns)
    with rows_beside("requested", "conversions_decision", rows), connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("""
                insert into conversions_decision ({columns}, explanation, explanation_more, without_winner)
                select {requested}, last.explanation, last.explanation_more,
                    case when last.reason = requested.reason then last.without_winner end
                from requested join conversions_decision last on last.program_id = {program_id}
                    and last.conversion_id = requested.conversion_id and last.number = requested.number - 1
            """).format(columns=columns, requested=requested, program_id=sql.Literal(program_id))
        )


def _keep(program_id: UUID, rows: pl.DataFrame, now: datetime) -> None:
    """The history of these conversions: who accepted the request changed them."""
    kept = rows.with_columns(
        status_before="status_now",
        status="status_then",
        decision_before="decision_now",
        rejection_reason=_reason(),
        comment=pl.lit(None, TEXT),
        source=_source(),
    )
    for (user,), of_user in kept.group_by("accepted_by"):
        actor = Actor(Way.REQUEST, UUID(cast(str, user)) if user else None)
        history.keep(program_id, of_user.select(*CHANGED), actor, now=now)


def _post(program_id: UUID, rows: pl.DataFrame, now: datetime) -> None:
    """Book what the partners earn by it, and what goes back from who earned it before."""
    was, will_be = (pl.col(name) == Status.APPROVED.value for name in ("status_now", "status_then"))
    earned, earns = (
        pl.when(approved).then(amount).otherwise(0)
        for approved, amount in ((was, "commission_minor_now"), (will_be, "commission_minor"))
    )
    same = pl.col("partner_now").eq_missing(pl.col("partner"))
    approval = (pl.col("status_now") == Status.OPEN.value) & will_be
    gains = rows.with_columns(commission_minor=earns - pl.when(same).then(earned).otherwise(0))
    losses = rows.filter(~same).with_columns(partner="partner_now", commission_minor=-earned)
    booked = [
        postings(part.filter(which).select("id", "decision", "partner", "currency", "commission_minor"), kind, now)
        for kind, which in ((EntryKind.APPROVAL, approval), (EntryKind.CORRECTION, ~approval))
        for part in (losses, gains)
    ]
    post(program_id, pl.concat(booked), now=now)
