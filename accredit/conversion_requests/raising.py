"""Raising requests, all or none, and each once; and taking them back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import polars as pl
from django.db import connection, transaction
from psycopg import sql

from accredit.conversion_requests.checking import (
    KNOWN,
    NO_ITEMS,
    Checked,
    check_in_full,
    json_of_items,
    requests_of,
    standing,
)
from accredit.conversion_requests.deciding import accept_by_rule
from accredit.conversion_requests.frames import REQUESTED
from accredit.conversion_requests.models import Kind, Request, Stage
from accredit.conversion_requests.moving import ANSWERS, MOVES, Moved, move, stage_rows
from accredit.conversion_requests.queries import DECIDED_LAST, rules_of
from accredit.conversions.history import Actor
from accredit.database.copy import copy_in, copy_out, text_array
from accredit.database.new_keys import keys_at
from accredit.engine.frames import INSTANT, TEXT, Schema
from accredit.programs.operations import lock_program
from accredit.programs.visibility import Viewpoint

RAISED: Schema = {"row": pl.Int64(), "id": TEXT, "number": pl.Int64(), "kind": TEXT, "stage": TEXT}
WHY = {
    "unknown": "The program has no such request",
    "named_twice": "It is named more than once",
    "decided": "It was decided before",
}
"""Why a request was not withdrawn. The codes are for programs, the sentences for people."""
WITHDRAWABLE = (Stage.INQUIRED, Stage.FAILED)


class RequestsRefused(ValueError):
    """Some of the requests are wrong, so none was raised. `faults`: FOUND."""

    def __init__(self, faults: pl.DataFrame) -> None:
        self.faults = faults
        shown = [f"row {row}, {column or 'all of it'}: {code}" for row, column, code, _ in faults.head(10).iter_rows()]
        super().__init__(f"{faults['row'].n_unique():,} requests are wrong, so none was raised: {'; '.join(shown)}")


@dataclass(frozen=True, slots=True)
class Raised:
    """`new`: RAISED; `known`: KNOWN, rows that say what was raised before, which raise nothing."""

    new: pl.DataFrame
    known: pl.DataFrame


def raise_requests(
    view: Viewpoint,
    wanted: pl.DataFrame,
    items: pl.DataFrame = NO_ITEMS,
    *,
    actor: Actor,
    now: datetime,
    replaces: UUID | None = None,
) -> Raised:
    """Raise requests (WANTED, with their WANTED_ITEMS) in one transaction, and accept those that the program's rules
    accept at once. `replaces`: one that the only row takes the place of, and that is withdrawn unless it was rejected.
    Raises RequestsRefused where any of them is wrong; that it was raised before is not wrong."""
    now = now.astimezone(UTC)
    checked = check_in_full(view, wanted, items, now=now, replaces=replaces, to_raise=True)
    # Who raises the same just now may be half seen here: what stands is looked at again under the lock.
    _refuse(checked.faults.filter(pl.col("code") != "open_request"))
    with transaction.atomic():
        lock_program(view.program.code)
        there = requests_of(view.program.id, checked.requests["order_token"])
        known, faults = standing(view.program.id, checked.requests, there, replaces)
        _refuse(faults)
        new = checked.requests.filter(~pl.col("row").is_in(known["row"].implode()))
        old = None if replaces is None or new.is_empty() else _give_way(view, replaces, actor, now)
        raised = _write(view, new, checked, actor, now)
        if old is not None:
            Request.objects.filter(program=view.program, id=old.id).update(replaced_by=raised["id"].item())
        accepted = _accepted_at_once(view, raised, checked.planned, now)
    stage = pl.when(pl.col("id").is_in(accepted.implode())).then(pl.lit(Stage.ACCEPTED.value))
    return Raised(raised.with_columns(stage=stage.otherwise("stage")).select(*RAISED), known.select(*KNOWN))


def _refuse(faults: pl.DataFrame) -> None:
    wrong = faults.filter(pl.col("code") != "raised_before")
    if len(wrong):
        raise RequestsRefused(wrong)


def _write(view: Viewpoint, new: pl.DataFrame, checked: Checked, actor: Actor, now: datetime) -> pl.DataFrame:
    """Add the requests with their first stage: RAISED."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(max(number), 0) from conversion_requests_request where program_id = %s", [view.program.id]
        )
        ((last,),) = cursor.fetchall()
    assert actor.user_id is not None, "requests are raised by somebody"
    claimed = pl.col("kind") == Kind.CLAIM.value
    asked = [name for name in REQUESTED if name not in ("row", "number")]
    rows = new.join(
        checked.planned.select(
            "row",
            "model",
            "restriction",
            "commission_before_minor",
            "commission_minor",
            "before",
            turnover_planned="turnover_minor",
        ),
        on="row",
        maintain_order="left",
    ).with_columns(
        id=_dashed(keys_at(now, len(new))),
        number=last + pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
        stage=pl.lit(Stage.INQUIRED.value),
        items=json_of_items(new, checked.items),
    )
    # Of an order that is somebody else's nothing is said: neither its turnover nor what it earns.
    copy_in(
        "conversion_requests_request",
        rows.select(
            "id",
            "number",
            "stage",
            *asked,
            "items",
            "source",
            "digest",
            program_id=pl.lit(str(view.program.id)),
            stages=pl.lit(1),
            raised_at=pl.lit(now),
            raised_by_id=pl.lit(str(actor.user_id)),
            way=pl.lit(actor.way.value),
            changed_at=pl.lit(now),
            answer_from=pl.lit(None if view.sees_everything else ANSWERS[Stage.INQUIRED], TEXT),
            before="before",
            turnover_shown_minor=pl.when(claimed).then("turnover_minor").otherwise("turnover_planned"),
            commission_before_minor=pl.when(~claimed).then("commission_before_minor"),
            commission_minor=pl.when(~claimed).then("commission_minor").otherwise("claimed_minor"),
            model=pl.when(~claimed).then("model"),
            restriction=pl.when(~claimed).then("restriction"),
        ),
    )
    moves = rows.select(
        "id",
        "stage",
        stages=pl.lit(0),
        way=pl.lit(actor.way.value),
        user_id=pl.lit(str(actor.user_id)),
        reason=pl.lit(None, TEXT),
        comment=pl.lit(None, TEXT),
        seen=pl.lit(None, pl.Int64),
    )
    copy_in("conversion_requests_stagechange", stage_rows(view.program.id, moves.select(*MOVES), now))
    return rows.select(*RAISED)


def is_theirs(view: Viewpoint, request: Request, user_id: UUID | None) -> bool:
    """Whether a viewer may take a request back or correct it: partners those of theirs, others what they raised."""
    return request.raised_by_id == user_id if view.partners is None else request.partner in view.partners


def _give_way(view: Viewpoint, replaces: UUID, actor: Actor, now: datetime) -> Request:
    """The request that another takes the place of, withdrawn where it was open. Raises Request.DoesNotExist where it is
    not theirs."""
    old = Request.objects.get(program=view.program, id=replaces)
    if not is_theirs(view, old, actor.user_id):
        raise Request.DoesNotExist(f"{old} is not theirs")
    if old.stage in WITHDRAWABLE:
        rows = pl.DataFrame({"id": [str(old.id)], "stages": [old.stages]}, schema={"id": TEXT, "stages": pl.Int64()})
        move(view.program.id, _withdrawals(rows, actor), now=now)
    return old


def _withdrawals(rows: pl.DataFrame, actor: Actor) -> pl.DataFrame:
    """MOVES of requests (`id`, `stages`) that are withdrawn."""
    return rows.select(
        "id",
        "stages",
        stage=pl.lit(Stage.WITHDRAWN.value),
        way=pl.lit(actor.way.value),
        user_id=pl.lit(actor.user_id and str(actor.user_id), TEXT),
        reason=pl.lit(None, TEXT),
        comment=pl.lit(None, TEXT),
        seen=pl.lit(None, pl.Int64),
    ).select(*MOVES)


def _dashed(keys: pl.Series) -> pl.Series:
    """Keys as the database writes them."""
    parts = [keys.str.slice(start, length) for start, length in ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))]
    return pl.select(pl.concat_str(parts, separator="-")).to_series()


def _accepted_at_once(view: Viewpoint, raised: pl.DataFrame, planned: pl.DataFrame, now: datetime) -> pl.Series:
    """The ids of those that the program's rules accept at once."""
    rules = rules_of(view.program)
    if rules.accept_after_days != 0 or raised.is_empty():
        return pl.Series([], dtype=TEXT)
    rows = raised.select("row", "id", stages=pl.lit(1, pl.Int64)).join(planned, on="row", maintain_order="left")
    return accept_by_rule(view.program, rules, rows, now=now).done["id"]


def withdraw(view: Viewpoint, ids: Sequence[UUID], *, actor: Actor, now: datetime) -> Moved:
    """Take requests back before they are decided: partners those of theirs, others those that they raised."""
    program_id = view.program.id
    asked = pl.DataFrame({"id": [str(key) for key in ids]}, schema={"id": TEXT})
    schema = {
        "id": TEXT, "number": pl.Int64(), "stage": TEXT, "stages": pl.Int64(), "partner": TEXT, "raised_by_id": TEXT,
        "changed_at": INSTANT, "changed_by": TEXT,
    }  # fmt: skip
    query = sql.SQL("""
        select request.id, request.number, last.stage, stages, partner, raised_by_id, last.changed_at, last.name
        from conversion_requests_request request
        {}
        where request.program_id = {} and request.id = any({}::uuid[])
    """).format(DECIDED_LAST, program_id, text_array(asked["id"]))
    with transaction.atomic():
        lock_program(view.program.code)
        rows = asked.with_columns(named_twice=pl.col("id").is_duplicated()).join(
            copy_out(query, schema), on="id", how="left", maintain_order="left"
        )
        own = pl.col("raised_by_id") == str(actor.user_id)
        if view.partners is not None:
            own = pl.col("partner").is_in(sorted(view.partners))
        refused = {
            "unknown": ~own.fill_null(False),
            "named_twice": pl.col("named_twice"),
            "decided": ~pl.col("stage").is_in([stage.value for stage in WITHDRAWABLE]),
        }
        rows = rows.with_columns(why=pl.coalesce(pl.when(wrong).then(pl.lit(code)) for code, wrong in refused.items()))
        move(program_id, _withdrawals(rows.filter(pl.col("why").is_null()), actor), now=now)
    # Of what is not theirs they learn nothing.
    theirs = pl.col("why").ne_missing("unknown")
    told = [pl.when(theirs).then(name).alias(name) for name in ("number", "changed_at", "changed_by")]
    stage = pl.when(pl.col("why").is_null()).then(pl.lit(Stage.WITHDRAWN.value)).when(theirs).then("stage")
    return Moved.of(rows.with_columns(*told, stage=stage))
