"""The keys by which the shop signs what it sends: made, shown once, ended."""

from datetime import UTC, datetime
from typing import cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accredit.access import audit
from accredit.access.models import User
from accredit.config.environment import tracker_url
from accredit.programs.signing_keys import KeyRefused, add_key, end_key, key_text, keys_of
from accredit.programs.visibility import Viewpoint
from accredit.web import formats
from accredit.web.once import keep_once, take_once
from accredit.web.setup.frame import for_setup, show_page
from accredit.web.setup.parts import back_to


@require_http_methods(["GET", "HEAD", "POST"])
@for_setup
def keys(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """The keys; a new one with its secret, once, on the page that is opened then."""
    now = datetime.now(UTC)
    if request.method == "POST":
        if request.POST.get("act") == "end":
            _end(request, view, now)
            return back_to(view, "setup-keys")
        with transaction.atomic():
            key, secret = add_key(view.program.code, now=now, secret_key=settings.SECRET_KEY)
            _record(request, view, "signing_key_made", key_text(key), now)
        keep_once(request, request.path, {"key": key_text(key), "secret": secret})
        return back_to(view, "setup-keys")
    zone = ZoneInfo(view.program.timezone)
    rows = [
        {
            "key": key_text(one),
            "since": formats.instant(one.created_at, zone),
            "until": formats.instant(one.ends_at, zone) if one.ends_at else "",
            "ended": one.ends_at is not None and one.ends_at <= now,
        }
        for one in keys_of(view.program.code)
    ]
    context = {"keys": rows[::-1], "made": take_once(request, request.path), "tracker": tracker_url() or ""}
    return show_page(request, view, "setup-keys", "web/setup/keys.html", context)


def _end(request: HttpRequest, view: Viewpoint, now: datetime) -> None:
    key = request.POST.get("key", "")
    if key not in {key_text(one) for one in keys_of(view.program.code)}:
        raise Http404(f"no key {key[:60]!r} of {view.program.code!r}")
    try:
        with transaction.atomic():
            end_key(key, at=now, now=now)
            _record(request, view, "signing_key_ended", key, now)
    except KeyRefused:
        messages.info(request, _("This key has ended already."))
    else:
        messages.success(request, _("The key has ended: what it signs from now on is refused."))


def _record(request: HttpRequest, view: Viewpoint, action: str, subject: str, now: datetime) -> None:
    actor = cast(User, request.user)
    audit.record(actor=actor, action=action, program=view.program, subject=subject, now=now)
