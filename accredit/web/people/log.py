"""The audit log, as its readers see it: newest first, page by page."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accredit.access import audit
from accredit.access.models import AuditEntry
from accredit.access.permissions import Permission
from accredit.programs.people import Reach
from accredit.programs.visibility import Viewpoint
from accredit.web import formats
from accredit.web.pages import for_permitted, show
from accredit.web.people import words
from accredit.web.people.organizations import UTC_ZONE, for_managers
from accredit.web.words import word


@require_safe
@for_managers
def of_organization(request: HttpRequest, found: Reach) -> HttpResponse:
    """Who did what to the people and the keys of an organization."""
    zone = UTC_ZONE
    lines = audit.entries(organizations=[found.organization.pk], before=_before(request))
    context = {"section": "people", "part": "log", "reach": found, "organization": found.organization}
    return show(request, "web/people/log_of_organization.html", {**context, **_page(lines, zone)})


@require_safe
@for_permitted(Permission.MANAGE_PEOPLE)
def of_program(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """Who did what to the set-up of a program."""
    zone = ZoneInfo(view.program.timezone)
    lines = audit.entries(programs=[view.program.pk], before=_before(request))
    context = {"section": "people", "program": view.program, "view": view}
    return show(request, "web/people/log_of_program.html", {**context, **_page(lines, zone)})


def _before(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET["before"])
    except (KeyError, ValueError):
        return None


def _page(lines: Sequence[AuditEntry], zone: ZoneInfo) -> Mapping[str, Any]:
    shown = lines[: audit.PAGE_ROWS]
    return {
        "zone": zone,
        "lines": [
            {
                "at": formats.instant(one.at, zone, seconds=True),
                "who": one.actor_name or _nobody(one.action),
                "action": word(words.ACTIONS, one.action),
                "subject": one.subject,
                "details": [_detail(name, value) for name, value in one.detail.items()],
            }
            for one in shown
        ],
        "older": shown[-1].pk if len(lines) > audit.PAGE_ROWS else None,
    }


def _nobody(action: str) -> str:
    """Who did it, where no user did."""
    if action == "sign_in_refused":
        return _("somebody")
    return _("a command of whoever runs this installation")


def _detail(name: str, value: object) -> str:
    """`role: Owner`; of changes of a set-up, what is changed: `terms standard 2, partner barb`."""
    if name == "changes" and isinstance(value, list):
        keys = ([part for part in (one["table"], *one["key"]) if part is not None] for one in value)
        return ", ".join(" ".join(map(str, key)) for key in keys)
    if name == "expires_at" and isinstance(value, str):
        value = formats.calendar_day(datetime.fromisoformat(value).date())
    said = str(value) if value is not None else "–"
    return f"{word(words.DETAILS, name)}: {word({**words.ROLES, **words.SCOPES}, said)}"
