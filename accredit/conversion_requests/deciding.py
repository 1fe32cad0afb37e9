"""Accepting and rejecting requests, and what would come of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import polars as pl
from django.db import transaction
from psycopg import sql

from accredit.conversion_requests.frames import ASKED, DECIDED, PLANNED, UNDECIDED
from accredit.conversion_requests.models import Kind, Request, Rules, Stage
from accredit.conversion_requests.moving import MOVES, Moved, move
from accredit.conversion_requests.planning import plan
from accredit.conversion_requests.queries import DECIDED_LAST, requested, rules_of, state_of
from accredit.conversion_requests.ruling import by_rule
from accredit.conversion_requests.waking import wake
from accredit.conversions.history import CHANGES, Actor
from accredit.conversions.models import Way
from accredit.database.copy import copy_out, text_array
from accredit.engine.frames import INSTANT, MINOR, TEXT, Schema
from accredit.programs.models import Program, RejectionReason
from accredit.programs.operations import lock_program
from accredit.programs.queries import program_value

BATCH_REQUESTS = 10_000
WHY = {
    "unknown": "The program has no such request",
    "named_twice": "It is named more than once",
    "verdict": "It can be accepted or rejected, and nothing else",
    "decided": "It was decided before",
    "own_request": "Nobody decides a request of their own",
    "reason_missing": "A rejection needs one of the program's reasons",
    "reason_unknown": "The program has no such rejection reason",
    "reason_of_acceptance": "A reason is for rejections alone",
    "changed_since": "It was changed after it was looked at: look again",
}
"""Why a request was not decided. The codes are for programs, the sentences for people."""
DECIDABLE = (Stage.INQUIRED, Stage.FAILED)
_STORED: Schema = {
    "id": TEXT,
    "number": pl.Int64(),
    "kind": TEXT,
    "stage": TEXT,
    "stages": pl.Int64(),
    "partner": TEXT,
    "raised_by_id": TEXT,
    "changed_at": INSTANT,
    "changed_by": TEXT,
    "conversion_id": TEXT,  # of the conversion as it is now; null where there is none
    "changes": pl.Int64(),
    "partner_now": TEXT,
}
TOTALS: Schema = {
    "currency": TEXT,
    "requests": pl.Int64(),
    "doable": pl.Int64(),  # of which something can come
    "commission_before_minor": MINOR,
    "commission_minor": MINOR,
    "difference_minor": MINOR,
}


@dataclass(frozen=True, slots=True)
class Impact:
    """What would come of requests: a row each (PLANNED, with `id`, `number` and `stages`), and TOTALS."""

    rows: pl.DataFrame
    totals: pl.DataFrame


def impact(program: Program, ids: Sequence[UUID]) -> Impact:
    """What would come of accepting these requests now, each as if it were alone. Locks nothing."""
    requests, items = requested(program.id, pl.Series(map(str, ids), dtype=TEXT))
    state = state_of(program.id, requests, lock=False)
    rows = plan(program_value(program.id), requests, items, state).rows
    keys = dict(Request.objects.filter(program=program, id__in=ids).values_list("number", "stages"))
    named = rows.select(
        *PLANNED,
        number=requests["number"],
        id=pl.col("row").replace_strict(dict(enumerate(map(str, ids))), return_dtype=TEXT),
        stages=requests["number"].replace_strict(keys, return_dtype=pl.Int64),
    )
    amounts = ("commission_before_minor", "commission_minor", "difference_minor")
    totals = named.group_by("currency").agg(
        requests=pl.len().cast(pl.Int64),
        doable=pl.col("why").is_null().sum().cast(pl.Int64),
        **{name: pl.col(name).sum() for name in amounts},
    )
    return Impact(named, totals.sort("currency").select(*TOTALS))


def decide(program: Program, asked: pl.DataFrame, *, actor: Actor, now: datetime) -> Moved:
    """Accept or reject requests as ASKED, in one transaction; what is accepted is processed soon. What cannot be
    decided stays as it is, and the rest is done. At most BATCH_REQUESTS at once."""
    with transaction.atomic():
        lock_program(program.code)
        reasons = list(RejectionReason.objects.filter(program=program).values_list("code", flat=True))
        rows = _judged(_beside(program.id, asked), rules_of(program), reasons, actor)
        done = rows.filter(pl.col("why").is_null())
        _write(program.id, done, actor, now)
        if (done["verdict"] == Stage.ACCEPTED.value).any():
            wake(program.id)
    return Moved.of(rows.with_columns(stage=pl.when(pl.col("why").is_null()).then("verdict").otherwise("stage")))


def _beside(program_id: UUID, asked: pl.DataFrame) -> pl.DataFrame:
    """ASKED beside the requests and their conversions as they are (`…_is`)."""
    query = sql.SQL("""
        select request.id, number, kind, last.stage, stages, request.partner, raised_by_id, last.changed_at,
            last.name, conversion.id, conversion.changes, conversion.partner
        from conversion_requests_request request
        {decided_last}
        left join lateral (
            select id, partner, {changes} as changes from conversions_conversion conversion
            where program_id = request.program_id and id = coalesce(request.conversion_id, (
                select id from conversions_conversion
                where program_id = request.program_id and event_type = request.event_type
                    and order_token = request.order_token
            ))
        ) conversion on true
        where request.program_id = {program_id} and request.id = any({ids}::uuid[])
    """).format(
        decided_last=DECIDED_LAST, changes=CHANGES, program_id=sql.Literal(program_id), ids=text_array(asked["id"])
    )
    stored = copy_out(query, _STORED).rename({"changes": "changes_is", "stages": "stages_is"})
    return asked.with_columns(named_twice=pl.col("id").is_duplicated()).join(
        stored, on="id", how="left", maintain_order="left"
    )


def _judged(rows: pl.DataFrame, rules: Rules, reasons: Sequence[str], actor: Actor) -> pl.DataFrame:
    accepted = pl.col("verdict") == Stage.ACCEPTED.value
    rejected = pl.col("verdict") == Stage.REJECTED.value
    own = pl.lit(actor.user_id is not None and not rules.own_decisions) & (pl.col("raised_by_id") == str(actor.user_id))
    is_new = (pl.col("kind") == Kind.CREATE.value) & pl.col("changes_is").is_not_null()
    refused = {
        "unknown": pl.col("number").is_null(),
        "named_twice": pl.col("named_twice"),
        "verdict": ~(accepted | rejected).fill_null(False),
        "decided": ~pl.col("stage").is_in([stage.value for stage in DECIDABLE]),
        "own_request": own,
        "reason_missing": rejected & pl.col("reason").is_null(),
        "reason_unknown": rejected & ~pl.col("reason").is_in(reasons),
        "reason_of_acceptance": accepted & pl.col("reason").is_not_null(),
        "changed_since": (pl.col("stages") != pl.col("stages_is"))
        | (accepted & (pl.col("changes") != pl.col("changes_is")))
        | (accepted & is_new & pl.col("changes").is_null()),
    }
    return rows.with_columns(why=pl.coalesce(pl.when(wrong).then(pl.lit(code)) for code, wrong in refused.items()))


def _write(program_id: UUID, rows: pl.DataFrame, actor: Actor, now: datetime) -> None:
    """Accepted creates whose order is somebody else's by now are claims from now on."""
    accepted = rows.filter(pl.col("verdict") == Stage.ACCEPTED.value)
    claimed = (
        (pl.col("kind") == Kind.CREATE.value)
        & pl.col("conversion_id").is_not_null()
        & pl.col("partner_now").ne_missing(pl.col("partner"))
    )
    kind = pl.when(claimed).then(pl.lit(Kind.CLAIM.value)).otherwise("kind")
    seen = accepted.select(
        "conversion_id",
        kind=kind,
        changes="changes_is",
    )
    move(program_id, _moves(accepted, actor), now=now, others=seen)
    rejected = rows.filter(pl.col("verdict") == Stage.REJECTED.value)
    move(program_id, _moves(rejected, actor), now=now, others=rejected.select(changes="changes_is"))


def _moves(rows: pl.DataFrame, actor: Actor) -> pl.DataFrame:
    return rows.select(
        "id",
        stages="stages_is",
        stage="verdict",
        way=pl.lit(actor.way.value),
        user_id=pl.lit(actor.user_id and str(actor.user_id), TEXT),
        reason="reason",
        comment="comment",
        seen=pl.when(pl.col("verdict") == Stage.ACCEPTED.value).then("changes_is"),
    ).select(*MOVES)


def accept_due(program: Program, *, now: datetime) -> int:
    """Accept what accepts itself by the rules of the program after some days; how many requests that were."""
    rules = rules_of(program)
    if rules.accept_after_days is None:
        return 0
    due = Request.objects.filter(
        program=program, stage=Stage.INQUIRED, raised_at__lte=now - timedelta(days=rules.accept_after_days)
    ).order_by("raised_at", "id")
    accepted = 0
    keys = list(due.values_list("id", flat=True))
    for start in range(0, len(keys), BATCH_REQUESTS):
        rows = impact(program, keys[start : start + BATCH_REQUESTS]).rows
        accepted += len(accept_by_rule(program, rules, rows, now=now).done)
    return accepted


def accept_by_rule(program: Program, rules: Rules, rows: pl.DataFrame, *, now: datetime) -> Moved:
    """Accept those requests (PLANNED, with `id` and `stages`) that the rules accept."""
    asked = by_rule(program, rules, rows).select(
        "id",
        "stages",
        "changes",
        verdict=pl.lit(Stage.ACCEPTED.value),
        reason=pl.lit(None, TEXT),
        comment=pl.lit(None, TEXT),
    )
    actor = Actor(Way.AUTOMATIC)
    parts = [decide(program, part, actor=actor, now=now) for part in asked.select(*ASKED).iter_slices(BATCH_REQUESTS)]
    done, undone = (
        pl.concat([pl.DataFrame(schema=dict(schema)), *(getattr(part, name) for part in parts)])
        for name, schema in (("done", DECIDED), ("undone", UNDECIDED))
    )
    return Moved(done, undone)
