"""What comes of a table of validations (`validation_file`), and doing it: turnover first, then status, a row whole or
not at all. What was shown is what is done: each row goes by the decision that was looked at."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import polars as pl
from psycopg import sql

from accredit.conversions import history, turnover, validating
from accredit.conversions.history import LAST_CHANGE, Actor
from accredit.conversions.models import Status
from accredit.conversions.queries import trace
from accredit.conversions.turnover import change_turnover
from accredit.conversions.validating import BATCH_CONVERSIONS, validate_batch
from accredit.conversions.validation_file import WANTED
from accredit.database.copy import copy_out, text_array
from accredit.engine.frames import MINOR, TEXT, Schema
from accredit.files import values
from accredit.programs.models import EventType, Program, RejectionReason
from accredit.programs.operations import lock_program

PLANNED: Schema = {
    **WANTED,
    "status_before": TEXT,
    "decision": pl.Int64(),  # the one that was looked at
    "partner": TEXT,
    "currency": TEXT,
    "turnover_before_minor": MINOR,
    "turnover_minor": MINOR,  # as it will be
    "commission_before_minor": MINOR,
    "commission_minor": MINOR,
    "turnover_changes": pl.Boolean(),
    **LAST_CHANGE,  # who was first, through what and when
}
WHY = {
    **turnover.WHY,
    **validating.WHY,
    "ambiguous": "Several conversions have this order number",
    "mismatch": "Order number and id name different conversions",
    "too_many_decimals": "The turnover has more decimals than its currency",
}
"""Why a row that is understood changes nothing. The codes are for programs, the sentences for people."""
_DONE = (Status.APPROVED.value, Status.REJECTED.value)
_ROW = ", row "
"""Between file and number, in whatever language they are read."""


def plan(program: Program, wanted: pl.DataFrame) -> pl.DataFrame:
    """What would come of rows (WANTED), as PLANNED."""
    rows = named(program, wanted)
    asked = rows.filter(pl.col("why").is_null())
    parts = [_planned(program, part, lock=False) for part in asked.iter_slices(BATCH_CONVERSIONS)]
    others = _with_nothing_known(rows.filter(pl.col("why").is_not_null()))
    return pl.concat([others, *parts]).sort("row")


def apply(program: Program, planned: pl.DataFrame, actor: Actor, *, file_name: str, now: datetime) -> pl.DataFrame:
    """Do what was PLANNED for some rows, BATCH_CONVERSIONS at most, within the transaction that is open; what comes of
    them, in the same form."""
    lock_program(program.code)
    asked = planned.filter(pl.col("why").is_null())
    done = _planned(program, asked.select(*WANTED, seen="decision"), lock=True)
    good = done.filter(pl.col("why").is_null()).with_columns(source=source_of(file_name))
    changing = good.filter("turnover_changes")
    if len(changing):
        change_turnover(program.code, changing.select(*turnover.ASKED), actor=actor, now=now)
    validated = good.filter(pl.col("status").is_in(_DONE)).with_columns(
        decision=pl.col("decision") + pl.col("turnover_changes").cast(pl.Int64), comment=_comment_of_validation()
    )
    if len(validated):
        validate_batch(program.id, program.code, validated.select(*validating.ASKED), actor, now=now)
    return pl.concat([planned.filter(pl.col("why").is_not_null()), done]).sort("row")


def source_of(file_name: str) -> pl.Expr:
    """Where a row stands, for the history; `file_and_row` reads it."""
    return pl.format("{}{}{}", pl.lit(file_name), pl.lit(_ROW), pl.col("row"))


def file_and_row(source: str) -> tuple[str, str] | None:
    """The name of the file and the number of the row; None where it is no row of a file."""
    name, between, number = source.rpartition(_ROW)
    return (name, number) if between and number.isascii() and number.isdigit() else None


def named(program: Program, wanted: pl.DataFrame) -> pl.DataFrame:
    """Rows with the id of the conversion that each names, or why there is none."""
    rows = wanted.filter(pl.col("why").is_null())
    found = pl.concat([_found(program, part) for part in rows.iter_slices(BATCH_CONVERSIONS)] or [_NONE_FOUND])
    whole = rows.select("row", "id", "order_token", "event_type")
    by_token = whole.filter(pl.col("order_token").is_not_null()).join(
        found.rename({"id": "found"}), on="order_token", how="left", suffix="_found"
    )
    by_token = (
        by_token.filter(pl.col("event_type").is_null() | (pl.col("event_type") == pl.col("event_type_found")))
        .group_by("row")
        .agg(hits=pl.col("found").drop_nulls().n_unique(), found=pl.col("found").drop_nulls().first())
    )
    rows = wanted.join(by_token, on="row", how="left", maintain_order="left")
    token, key = pl.col("order_token").is_not_null(), pl.col("id").is_not_null()
    hits = pl.col("hits").fill_null(0)
    wrong = {
        "unknown": token & (hits == 0),
        "ambiguous": token & ~key & (hits > 1),
        "mismatch": token & key & (hits == 1) & (pl.col("id") != pl.col("found")),
    }
    why = pl.coalesce("why", *(pl.when(condition).then(pl.lit(code)) for code, condition in wrong.items()))
    rows = rows.with_columns(why=why, id=pl.coalesce("id", pl.when(hits == 1).then("found")))
    twice = pl.col("id").is_not_null() & pl.col("id").is_duplicated()
    return rows.with_columns(why=pl.coalesce("why", pl.when(twice).then(pl.lit("named_twice")))).select(*WANTED)


_FOUND: Schema = {"id": TEXT, "event_type": TEXT, "order_token": TEXT}
_KEPT = ("kept_reason", "kept_comment")
_REJECTION: Schema = {"id": TEXT, **dict.fromkeys(_KEPT, TEXT)}
_NONE_FOUND = pl.DataFrame(schema=dict(_FOUND))


def _found(program: Program, rows: pl.DataFrame) -> pl.DataFrame:
    """The conversions that have these order tokens, of every event type."""
    codes = pl.Series(list(EventType.objects.filter(program=program).values_list("code", flat=True)), dtype=TEXT)
    query = sql.SQL("""
        select conversion.id, conversion.event_type, conversion.order_token
        from unnest({codes}) code cross join unnest({tokens}) token, lateral (
            select id, event_type, order_token from conversions_conversion
            where program_id = {program} and event_type = code and order_token = token offset 0
        ) conversion
    """).format(codes=text_array(codes), tokens=text_array(rows["order_token"]), program=sql.Literal(program.id))
    return copy_out(query, _FOUND)


def _planned(program: Program, rows: pl.DataFrame, *, lock: bool) -> pl.DataFrame:
    """What comes of rows that name different conversions. `seen`, where there is one: the decision that was looked at.
    `lock`: they are held until the end of the transaction."""
    stored = history.stored(program.id, rows["id"], last=history.VALIDATION, lock=lock)
    seen = pl.col("seen") if "seen" in rows.columns else pl.lit(None, pl.Int64)
    known = stored.select(
        "id", "decision", "currency", "partner", "turnover_minor", "commission_minor", *LAST_CHANGE,
        status_before="status", of_order="order_token", event="event_type",
    )  # fmt: skip
    rows = rows.join(known, on="id", how="left", maintain_order="left").with_columns(
        order_token=pl.coalesce("order_token", "of_order"),
        event_type=pl.coalesce("event_type", "event"),
        seen=seen,
        new_minor=values.minor(pl.col("turnover"), values.decimals_of(pl.col("currency"))),
    )
    # With a status beside it, a turnover that says so already asks for nothing.
    is_so = pl.col("status").is_not_null() & (pl.col("new_minor") == pl.col("turnover_minor"))
    rows = rows.with_columns(
        new_minor=pl.when(~is_so.fill_null(False)).then("new_minor"),
        why=pl.when(pl.col("decision").is_null())
        .then(pl.lit("unknown"))
        .when(pl.col("new_minor").is_null() & pl.col("turnover").is_not_null())
        .then(pl.lit("too_many_decimals")),
    )
    if not lock:
        rows = _as_it_is(program, rows)
    rows = _with_validation(program, rows, stored)
    rows = _with_turnover(program, rows, stored)
    return rows.with_columns(
        turnover_before_minor="turnover_minor",
        turnover_minor=pl.coalesce("after_minor", "turnover_minor"),
        commission_before_minor="commission_minor",
        commission_minor=pl.coalesce("after_commission_minor", "commission_minor"),
        turnover_changes=pl.col("after_minor").is_not_null(),
    ).select(*PLANNED)


def _as_it_is(program: Program, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that ask for the status that a conversion has already, as most of an export do in which some were changed,
    as rows that let it be."""
    query = sql.SQL("""
        select id, rejection_reason as kept_reason, rejection_comment as kept_comment from conversions_conversion
        where program_id = {} and status = {} and id = any({}::uuid[])
    """)
    rejected = rows.filter(pl.col("status") == Status.REJECTED.value)["id"]
    kept = copy_out(query.format(program.id, Status.REJECTED.value, text_array(rejected)), _REJECTION)
    said = [
        pl.col(name).is_null() | pl.col(name).eq_missing(pl.col(other))
        for name, other in zip(("rejection_reason", "comment"), _KEPT, strict=True)
    ]
    is_so = pl.all_horizontal(pl.col("status") == pl.col("status_before"), *said)
    status = pl.when(is_so.fill_null(False)).then(pl.lit(Status.OPEN.value)).otherwise("status")
    return rows.join(kept, on="id", how="left", maintain_order="left").with_columns(status=status).drop(*_KEPT)


def _with_validation(program: Program, rows: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    reasons = set(RejectionReason.objects.filter(program=program).values_list("code", flat=True))
    asked = rows.filter(pl.col("why").is_null() & pl.col("status").is_in(_DONE)).select(
        "id", "status", "rejection_reason", comment=_comment_of_validation(), decision="seen", source=pl.lit(None, TEXT)
    )
    refused = validating.plan(stored, asked, reasons).unchanged
    return _told(rows, refused)


def _with_turnover(program: Program, rows: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    asked = rows.filter(pl.col("why").is_null() & pl.col("new_minor").is_not_null()).select(
        "id", "comment", decision="seen", turnover_minor="new_minor", source=pl.lit(None, TEXT)
    )
    if asked.is_empty():
        nothing = pl.lit(None, MINOR)
        return rows.with_columns(after_minor=nothing, after_commission_minor=nothing)
    concerned = stored.filter(pl.col("id").is_in(asked["id"].implode()))
    kept = trace(program.id, [UUID(key) for key in concerned["id"]])
    planned = turnover.plan(concerned, kept, asked.select(*turnover.ASKED))
    after = planned.changes.select("id", after_minor="turnover_minor", after_commission_minor="commission_minor")
    return _told(rows, planned.unchanged).join(after, on="id", how="left", maintain_order="left")


def _told(rows: pl.DataFrame, refused: pl.DataFrame) -> pl.DataFrame:
    """Rows with why some of them change nothing."""
    whys = refused.select("id", refusal="why")
    joined = rows.join(whys, on="id", how="left", maintain_order="left")
    return joined.with_columns(why=pl.coalesce("why", "refusal")).drop("refusal")


def _comment_of_validation() -> pl.Expr:
    """Where the turnover changes too, the comment of an approval says why."""
    of_turnover = (pl.col("status") != Status.REJECTED.value) & pl.col("turnover").is_not_null()
    return pl.when(~of_turnover).then("comment")


def _with_nothing_known(rows: pl.DataFrame) -> pl.DataFrame:
    unknown = [pl.lit(None, dtype).alias(name) for name, dtype in PLANNED.items() if name not in WANTED]
    return rows.with_columns(unknown).with_columns(turnover_changes=pl.lit(False)).select(*PLANNED)


def summary(planned: pl.DataFrame) -> Mapping[str, Any]:
    """Counts of what changes (`approved`, `rejected`, `turnover`), of what stays `open` as it was asked to, and of what
    is refused by why (`refused`); and by currency the commissions of what is `approved` and `rejected`, and the
    difference that changes of turnover make to all of them (`changed`)."""
    good = planned.filter(pl.col("why").is_null())
    changes = good.filter("turnover_changes")
    counts = {
        "approved": good.filter(pl.col("status") == Status.APPROVED.value).height,
        "rejected": good.filter(pl.col("status") == Status.REJECTED.value).height,
        "turnover": changes.height,
        "open": good.filter(~pl.col("status").is_in(_DONE).fill_null(False) & ~pl.col("turnover_changes")).height,
    }
    refused = planned.drop_nulls("why").group_by("why").len().sort("len", "why", descending=[True, False])
    difference = pl.col("commission_minor") - pl.col("commission_before_minor")
    sums = {
        "approved": _sums(good.filter(pl.col("status") == Status.APPROVED.value), pl.col("commission_minor")),
        "rejected": _sums(good.filter(pl.col("status") == Status.REJECTED.value), pl.col("commission_minor")),
        "changed": _sums(changes, difference),
    }
    return {"rows": planned.height, **counts, "refused": dict(refused.iter_rows()), "sums": sums}


def _sums(rows: pl.DataFrame, amount: pl.Expr) -> Mapping[str, int]:
    sums = rows.group_by("currency").agg(amount.cast(pl.Int128).sum().alias("sum")).sort("currency")
    return {currency: int(total) for currency, total in sums.iter_rows()}


def outcomes(planned: pl.DataFrame) -> Iterator[str]:
    """A code of what comes of each row: why not, or `approved`, `rejected`, `turnover`, `open`, or both as
    `approved+turnover`, `rejected+turnover`."""
    for why, status, changes in planned.select("why", "status", "turnover_changes").iter_rows():
        parts = [status] if status in _DONE else []
        yield why or "+".join([*parts, *(["turnover"] if changes else [])]) or "open"
