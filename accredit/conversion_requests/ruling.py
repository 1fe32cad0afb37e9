"""How a program deals with requests: which accept themselves, and changing that."""

from datetime import datetime
from typing import Any

import polars as pl
from django.db import transaction

from accredit.access import audit
from accredit.access.models import User
from accredit.conversion_requests.models import Kind, Rules
from accredit.conversion_requests.queries import rules_of
from accredit.conversions.models import Status
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
    one. `user`: None for a command."""
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
    return rules


def by_rule(rules: Rules, currency: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Those requests (PLANNED) that these rules of a program with this currency accept, with `newly_minor`. A claim is
    never among them: it takes the credit from somebody, and nobody has seen the journey."""
    rows = rows.with_columns(newly_minor=newly_paid())
    within = pl.lit(True)
    if rules.accept_up_to_minor is not None:
        within = (pl.col("currency") == currency) & (pl.col("newly_minor") <= rules.accept_up_to_minor)
    return rows.filter(pl.col("why").is_null() & (pl.col("kind") != Kind.CLAIM.value) & within)


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
