"""Changing how a program deals with requests."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accredit.access import audit
from accredit.access.models import User
from accredit.conversion_requests.models import Rules
from accredit.conversion_requests.queries import rules_of
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


def _said(value: Any) -> str:
    return "–" if value is None else str(value).lower()
