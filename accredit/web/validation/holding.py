"""Holding a conversion back from approving itself, in its panel."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accredit.access.models import User
from accredit.access.permissions import Permission
from accredit.conversions.approving import MAX_REASON, HoldRefused, approves_itself_on, hold, holds_of, release
from accredit.conversions.columns import PREFIX
from accredit.conversions.models import Conversion, Status
from accredit.database.keys import key_to_text
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.conversions.acting import conversion_at, typed
from accredit.web.pages import for_permitted

REFUSED: words.Words = {
    "not_open": _("It is approved or rejected by now, and cannot be held back."),
    "held": _("Somebody else has held it back already."),
    "not_held": _("Somebody else has released it already."),
    "reason": _("Say why it is held back, in at most 1,000 characters."),
}
"""Why a conversion was not held or released."""


def holding_of(view: Viewpoint, conversion: Conversion) -> Mapping[str, Any] | None:
    """Whether and when an open conversion approves itself, and who holds it back; None where neither is of interest to
    the viewer."""
    if conversion.status != Status.OPEN or not view.sees_everything:
        return None
    zone = ZoneInfo(view.program.timezone)
    where = [view.program.code, key_to_text(PREFIX, conversion.id)]
    day = approves_itself_on(view.program, conversion)
    held = next((one for one in holds_of(view.program, conversion.id) if one.released_at is None), None)
    if day is None and held is None:
        return None
    return {
        "day": formats.calendar_day(day) if day else "",
        "held": held,
        "held_by": held.held_by.name if held else "",
        "held_at": formats.instant(held.held_at, zone) if held else "",
        "may": Permission.VALIDATE in view.permissions,
        "most": MAX_REASON,
        "hold_url": reverse("web:conversion-hold", args=where),
        "release_url": reverse("web:conversion-release", args=where),
    }


@require_POST
@for_permitted(Permission.VALIDATE)
def hold_back(request: HttpRequest, view: Viewpoint, conversion: str) -> HttpResponse:
    """Holds a conversion back, with a reason."""
    found = conversion_at(view, conversion)
    user, now = cast(User, request.user), datetime.now(UTC)
    return _done(
        request,
        view,
        conversion,
        lambda: hold(view.program, found.id, reason=typed(request, "reason"), user=user, now=now),
    )


@require_POST
@for_permitted(Permission.VALIDATE)
def let_go(request: HttpRequest, view: Viewpoint, conversion: str) -> HttpResponse:
    """Lets a held conversion approve itself again."""
    found = conversion_at(view, conversion)
    user, now = cast(User, request.user), datetime.now(UTC)
    return _done(request, view, conversion, lambda: release(view.program, found.id, user=user, now=now))


def _done(request: HttpRequest, view: Viewpoint, key: str, act: Callable[[], object]) -> HttpResponse:
    """Does it, and goes back to the panel, which says what holds now."""
    try:
        act()
    except HoldRefused as error:
        messages.error(request, words.word(REFUSED, error.code))
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = reverse("web:conversion", args=[view.program.code, key])
    return HttpResponseRedirect(back)
