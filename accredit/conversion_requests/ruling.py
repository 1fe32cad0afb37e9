"""How a program deals with requests: which accept themselves, and changing that."""

from datetime import datetime
from typing import Any

import polars as pl
from django.db import transaction
from psycopg import sql

from accredit.access import audit
from accredit.access.models import User
from accredit.conversion_requests.models import Kind, Rules, Stage
from accredit.conversion_requests.queries import rules_of
from accredit.conversion_requests.waking import wake_to_accept
from accredit.conversions.models import Status
from accredit.database.copy import copy_out, text_array
from accredit.engine.frames import TEXT
from accredit.programs.models import Program
from accredit.programs.operations import lock_program

FIELDS = ("period_days", "own_decisions", "accept_after_days", "accept_up_to_minor")


def change_rules(
    program: Program,
    *,
    period_days: int,
    own_decisions: bool,
    accept_after_days: int | None,
    accept_up_to_minor: int | None,
    user: User | None,
    now: datetime,
) -> Rules:
    """Have the program deal with requests in this way from now on, with a line in the audit log where that is another
    one; what accepts itself by it is accepted soon. `user`: None for a command."""
    wanted: dict[str, Any] = {
        "period_days": period_days,
        "own_decisions": own_decisions,
        "accept_after_days": accept_after_days,
        "accept_up_to_minor": accept_up_to_minor,
    }
    with transaction.atomic():
        lock_program(program.code)
        before = {name: getattr(rules_of(program), name) for name in FIELDS}
        rules, _ = Rules.objects.update_or_create(program=program, defaults=wanted)
        if before != wanted:
            changed = {
                name: f"{_said(before[name])} → {_said(wanted[name])}"
                for name in FIELDS
                if before[name] != wanted[name]
            }
            audit.record(
                actor=user,
                action="request_rules_changed",
                subject=program.code,
                now=now,
                program=program,
                detail=changed,
            )
        if accept_after_days is not None:
            wake_to_accept(program.id)
    return rules


def by_rule(program: Program, rules: Rules, rows: pl.DataFrame) -> pl.DataFrame:
    """Those requests (PLANNED, with `id`) that these rules of the program accept, with `newly_minor`. Never among them
    is a claim: it takes the credit from somebody, and nobody has seen the journey. Nor what follows a rejection: a rule
    does not overturn what somebody has decided."""
    rows = rows.with_columns(newly_minor=newly_paid())
    within = pl.lit(True)
    if rules.accept_up_to_minor is not None:
        within = (pl.col("currency") == program.currency) & (pl.col("newly_minor") <= rules.accept_up_to_minor)
    found = rows.filter(pl.col("why").is_null() & (pl.col("kind") != Kind.CLAIM.value) & within)
    return found.filter(~pl.col("id").is_in(_after_rejection(program, found["id"]).implode()))


def _after_rejection(program: Program, ids: pl.Series) -> pl.Series:
    """Those of these requests whose order their partner was refused before, under whichever number it was asked for in
    the requests that they take the place of."""
    query = sql.SQL("""
        select wanted from unnest({ids}) wanted where exists (
            with recursive asked as (
                select id, event_type, order_token, partner from conversion_requests_request
                where program_id = {program_id} and id = wanted::uuid
                union all
                select former.id, former.event_type, former.order_token, former.partner
                from asked join conversion_requests_request former
                    on former.program_id = {program_id} and former.replaced_by = asked.id
            )
            select from asked cross join lateral (
                select from conversion_requests_request former
                where program_id = {program_id} and order_token = asked.order_token
                    and event_type = asked.event_type and partner = asked.partner and stage = {rejected} limit 1
            ) refused
        )
    """).format(ids=text_array(ids), program_id=sql.Literal(program.id), rejected=sql.Literal(Stage.REJECTED.value))
    return copy_out(query, {"id": TEXT})["id"]


def newly_paid() -> pl.Expr:
    """What a partner would newly be paid: by how much the commission grows, and all of it where the request approves
    what nobody has approved. What lowers it counts as nothing."""
    before, after = (pl.col(f"{name}_minor").fill_null(0) for name in ("commission_before", "commission"))
    approved_before, approved = (
        pl.when(pl.col(status) == Status.APPROVED.value).then(amount).otherwise(0)
        for status, amount in (("status_before", before), ("status", after))
    )
    return pl.max_horizontal(after - before, approved - approved_before, pl.lit(0))


def _said(value: Any) -> str:
    return "–" if value is None else str(value).lower()
