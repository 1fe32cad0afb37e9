"""Who changed what of the set-up, and when."""

from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accredit.access import audit
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.people import words as people
from accredit.web.setup.frame import for_setup, show_page
from accredit.web.setup.telling import lines


@require_safe
@for_setup
def history(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """The lines of the audit log that are of the set-up, the newest first."""
    zone = ZoneInfo(view.program.timezone)
    found = audit.entries(programs=[view.program.id], before=_before(request))
    shown = found[: audit.PAGE_ROWS]
    context = {
        "entries": [
            {
                "at": formats.instant(one.at, zone, seconds=True),
                "who": one.actor_name or _("a command"),
                "what": _("changed the set-up") if "changes" in one.detail else words.word(people.ACTIONS, one.action),
                "subject": "" if "changes" in one.detail else one.subject,
                "lines": lines(one.detail.get("changes", ()), zone),
            }
            for one in shown
        ],
        "older": shown[-1].id if len(found) > len(shown) else None,
    }
    return show_page(request, view, "setup-history", "web/setup/history.html", context)


def _before(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("before", ""))
    except ValueError:
        return None
