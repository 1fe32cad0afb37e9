"""Keys by which people's own programs read and validate."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accredit.access.api_keys import SCOPES, ApiKeyRefused, add_key, end_key, keys_of
from accredit.access.models import ApiKey, ApiKeyScope, OrganizationKind, Role, User
from accredit.access.permissions import GRANTS
from accredit.programs.people import Reach
from accredit.web import formats
from accredit.web.once import keep_once, take_once
from accredit.web.pages import show
from accredit.web.people import words
from accredit.web.people.organizations import UTC_ZONE, for_managers
from accredit.web.words import word

DAYS = (30, 90, 365)


@require_http_methods(["GET", "HEAD", "POST"])
@for_managers
def keys(request: HttpRequest, found: Reach) -> HttpResponse:
    """The keys of an organization; makes one, and shows its text once, on the page that is opened then."""
    if request.method != "POST":
        return _keys(request, found, made=take_once(request, request.path))
    typed = {name: request.POST.get(name, "") for name in ("name", "scope", "days")}
    now = datetime.now(UTC)
    days = int(typed["days"]) if typed["days"] in map(str, DAYS) else 0
    try:
        _key, text = add_key(
            organization=found.organization,
            user=cast(User, request.user),
            name=typed["name"],
            scope=typed["scope"],
            ends_at=now + timedelta(days=days),
            now=now,
        )
    except ApiKeyRefused as refused:
        return _keys(request, found, status=422, typed=typed, wrong=word(words.KEY_REFUSED, refused.code))
    keep_once(request, request.path, {"text": text})
    return redirect("web:keys", found.organization.code)


def _keys(request: HttpRequest, found: Reach, *, status: int = 200, **more: Any) -> HttpResponse:
    zone, now = UTC_ZONE, datetime.now(UTC)
    granted = GRANTS[OrganizationKind(found.organization.kind), Role.OWNER]
    context = {
        "section": "people",
        "part": "keys",
        "reach": found,
        "organization": found.organization,
        "zone": zone,
        "keys": [_shown(key, zone, now) for key in keys_of(found.organization)],
        "scopes": [(scope, word(words.SCOPES, scope)) for scope in ApiKeyScope.values
                   if SCOPES[ApiKeyScope(scope)] <= granted],
        "spans": [(str(days), ngettext("%(n)s day", "%(n)s days", days) % {"n": days}) for days in DAYS],
        "typed": {"days": "90", "scope": "read"},
        "interface": request.build_absolute_uri(reverse("api:api-programs")),
        **more,
    }  # fmt: skip
    response = show(request, "web/people/keys.html", context, status=status)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _shown(key: ApiKey, zone: ZoneInfo, now: datetime) -> Mapping[str, Any]:
    ends = min(filter(None, (key.expires_at, key.ended_at)))
    return {
        "one": key,
        "scope": word(words.SCOPES, key.scope),
        "last_used": formats.instant(key.last_used_at, zone) if key.last_used_at else "",
        "ends": formats.instant(ends, zone),
        "ended": ends <= now,
    }


@require_POST
@for_managers
def end(request: HttpRequest, found: Reach, id: UUID) -> HttpResponse:
    """Lets a key end, now."""
    key = ApiKey.objects.filter(pk=id, organization=found.organization).select_related("organization").first()
    if key is None:
        raise Http404("no such key")
    if end_key(key, actor=cast(User, request.user), now=datetime.now(UTC)):
        messages.success(request, _("The key has ended: what uses it is refused from now on."))
    return redirect("web:keys", found.organization.code)
