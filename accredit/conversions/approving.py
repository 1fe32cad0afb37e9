"""Conversions that approve themselves a number of days after they occurred, except those that somebody holds.

What will approve itself is announced first, and approved no sooner than so many days after that as the program says:
nothing is approved that nobody could have held, also where the setting is new, where conversions come late, or where
nothing ran for a while.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import polars as pl
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accredit.access.models import Membership, Role, User
from accredit.access.permissions import Permission, granted
from accredit.conversions.history import Actor
from accredit.conversions.models import ApprovalNotice, Conversion, Hold, Status, Way
from accredit.conversions.validating import ASKED, BATCH_CONVERSIONS, validate_batch
from accredit.programs.models import EventType, Program
from accredit.programs.operations import lock_program

MAX_REASON = 1_000


class HoldRefused(ValueError):
    """A conversion cannot be held or released. `code` says why: `not_open`, `held`, `not_held`, `reason`."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Announcement:
    """What the people of a program are told in one e-mail: notices of its event types."""

    program: Program
    notices: Sequence[ApprovalNotice]


def hold(program: Program, conversion_id: UUID, *, reason: str, user: User, now: datetime) -> Hold:
    """Keep an open conversion from approving itself. Raises HoldRefused."""
    if not reason.strip() or len(reason) > MAX_REASON:
        raise HoldRefused("reason")
    try:
        with transaction.atomic():
            lock_program(program.code)  # else it could approve itself meanwhile
            if not Conversion.objects.filter(program=program, id=conversion_id, status=Status.OPEN).exists():
                raise HoldRefused("not_open")
            return Hold.objects.create(
                program=program, conversion_id=conversion_id, reason=reason.strip(), held_at=now, held_by=user
            )
    except IntegrityError:
        raise HoldRefused("held") from None


def release(program: Program, conversion_id: UUID, *, user: User, now: datetime) -> None:
    """Let a held conversion approve itself again. Raises HoldRefused."""
    held = Hold.objects.filter(program=program, conversion_id=conversion_id, released_at=None)
    if not held.update(released_at=now, released_by=user):
        raise HoldRefused("not_held")


def holds_of(program: Program, conversion_id: UUID) -> Sequence[Hold]:
    """Every time that a conversion was held, the latest first."""
    found = Hold.objects.filter(program=program, conversion_id=conversion_id)
    return list(found.select_related("held_by", "released_by").order_by("-id"))


def approves_itself_on(program: Program, conversion: Conversion) -> date | None:
    """The first day on which an open conversion may approve itself; None where it never does."""
    if conversion.status != Status.OPEN:
        return None
    days = EventType.objects.filter(program=program, code=conversion.event_type).values_list(
        "approve_after_days", flat=True
    )
    after = days.first()
    return None if after is None else conversion.occurred_date + timedelta(days=after)


def would_approve(program: Program, event_type: str, after_days: int, *, now: datetime) -> QuerySet[Conversion]:
    """What an event type would approve by itself, were it to do so after so many days."""
    return _candidates(program, event_type, _today(program, now) - timedelta(days=after_days))


def programs_that_approve() -> Sequence[Program]:
    """Those of which some event type approves by itself."""
    return list(Program.objects.filter(eventtype__approve_after_days__isnull=False).distinct().order_by("code"))


def announce(program: Program, *, now: datetime) -> None:
    """Keep a notice for today of each event type that announces; the second time on a day nothing happens."""
    if not program.approval_reminder_days:
        return
    today = _today(program, now)
    for code, after_days in _approving_types(program):
        through = today + timedelta(days=program.approval_reminder_days - after_days)
        earlier = ApprovalNotice.objects.filter(program=program, event_type=code)
        if earlier.filter(noticed_on=today).exists():
            continue
        last = earlier.order_by("-noticed_on").first()
        fresh = _candidates(program, code, through)
        if last is not None:
            fresh = fresh.filter(Q(occurred_date__gt=last.through) | Q(recorded_at__gt=last.noticed_at))
        ApprovalNotice.objects.bulk_create(
            [
                ApprovalNotice(
                    program=program,
                    event_type=code,
                    noticed_on=today,
                    noticed_at=now,
                    through=through,
                    conversions=fresh.count(),
                )
            ],
            ignore_conflicts=True,
        )


def untold(program: Program) -> Announcement | None:
    """Notices of conversions of which the program's people were not told yet."""
    found = ApprovalNotice.objects.filter(program=program, told_at=None, conversions__gt=0).order_by("event_type", "id")
    return Announcement(program, list(found)) if found else None


def told(announcement: Announcement, *, now: datetime) -> None:
    """Keep that they were told."""
    keys = [notice.id for notice in announcement.notices]
    ApprovalNotice.objects.filter(id__in=keys, told_at=None).update(told_at=now)


def people_of(program: Program) -> Sequence[User]:
    """Those of advertiser and agency who may validate, and so hold."""
    members = Membership.objects.filter(
        organization__in=[program.advertiser_id, program.agency_id], user__is_active=True
    ).select_related("user", "organization")
    permitted = {
        member.user
        for member in members
        if Permission.VALIDATE in granted([(member.organization.kind, Role(member.role))])
    }
    return sorted(permitted, key=lambda user: user.email)


def approve_due(program: Program, *, now: datetime) -> int:
    """Approve what is due, a transaction for each batch; how many there were."""
    approved = 0
    while batch := _approve_batch(program, now):
        approved += batch
    return approved


def _approve_batch(program: Program, now: datetime) -> int:
    with transaction.atomic():
        lock_program(program.code)
        keys = _due(program, now)
        if not keys:
            return 0
        rows = [{"id": str(key), "status": Status.APPROVED.value} for key in keys]
        asked = pl.DataFrame(rows, schema=dict(ASKED), orient="row")
        planned = validate_batch(program.id, program.code, asked, Actor(Way.AUTOMATIC), now=now)
        return len(planned.changes)


def _due(program: Program, now: datetime) -> Sequence[UUID]:
    """At most BATCH_CONVERSIONS conversions that are to be approved now."""
    lead = timedelta(days=program.approval_reminder_days)
    today = _today(program, now)
    found: list[UUID] = []
    for code, after_days in _approving_types(program):
        due = _candidates(program, code, today - timedelta(days=after_days))
        if lead:
            announced = ApprovalNotice.objects.filter(
                program=program,
                event_type=code,
                noticed_on__lte=today - lead,
                through__gte=OuterRef("occurred_date"),
                noticed_at__gte=OuterRef("recorded_at"),
            )
            due = due.filter(Exists(announced))
        keys = due.order_by("occurred_at", "id").values_list("id", flat=True)
        found += keys[: BATCH_CONVERSIONS - len(found)]
        if len(found) == BATCH_CONVERSIONS:
            break
    return found


def _approving_types(program: Program) -> Sequence[tuple[str, int]]:
    """The event types that approve by themselves: code, and after how many days."""
    found = EventType.objects.filter(program=program, approve_after_days__isnull=False).order_by("id")
    return [(code, days) for code, days in found.values_list("code", "approve_after_days") if days is not None]


def _candidates(program: Program, event_type: str, through: date) -> QuerySet[Conversion]:
    """Open conversions that occurred up to a day and that nobody holds."""
    held = Hold.objects.filter(program=program, conversion_id=OuterRef("id"), released_at=None)
    end = datetime.combine(through + timedelta(days=1), time.min, ZoneInfo(program.timezone)).astimezone(UTC)
    return Conversion.objects.filter(
        ~Exists(held), program=program, status=Status.OPEN, event_type=event_type, occurred_at__lt=end
    )


def _today(program: Program, now: datetime) -> date:
    return now.astimezone(ZoneInfo(program.timezone)).date()
