"""The audit log: who did what to people, keys and set-ups. Lines are added, and never changed or removed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models

from accredit.access.models import AuditEntry, Organization, User

PAGE_ROWS = 50


def record(
    *,
    actor: User | None,
    action: str,
    subject: str,
    now: datetime,
    organization: Organization | None = None,
    program: models.Model | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add a line, in the transaction of what it tells of. `actor`: None for a command of whoever runs Accredit.
    `action`: a code such as `role_changed`, with its word in `accredit.web.people.words.ACTIONS`; `subject`: what it
    was done to; `detail`: values before and after as JSON. Neither holds a secret or more of a person than the name."""
    AuditEntry.objects.create(
        at=now,
        actor_id=actor.pk if actor else None,
        actor_name=actor.name or "–" if actor else "",
        action=action,
        organization_id=organization.pk if organization else None,
        program_id=program.pk if program else None,
        subject=subject,
        detail=dict(detail or {}),
    )


def record_of(
    person: User, *, actor: User | None, action: str, now: datetime, detail: Mapping[str, Any] | None = None
) -> None:
    """Add a line about a person to the log of each organization of theirs."""
    for organization in Organization.objects.filter(memberships__user=person).order_by("code"):
        record(
            actor=actor, action=action, organization=organization, subject=person.name or "–", detail=detail, now=now
        )  # fmt: skip


def entries(
    *, organizations: Sequence[UUID] = (), programs: Sequence[UUID] = (), before: UUID | None = None
) -> Sequence[AuditEntry]:
    """The newest lines of these organizations and programs, PAGE_ROWS and one more where there are older ones;
    `before`: those older than this line."""
    found = AuditEntry.objects.filter(
        models.Q(organization_id__in=organizations) | models.Q(program_id__in=programs)
    ).order_by("-id")
    if before is not None:
        found = found.filter(id__lt=before)
    return list(found[: PAGE_ROWS + 1])
