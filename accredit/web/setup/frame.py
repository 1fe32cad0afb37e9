"""What all pages of the set-up share: their navigation, and who may look and who may change."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accredit.access.permissions import Permission
from accredit.programs.visibility import Viewpoint
from accredit.web.pages import for_owners, show

P = ParamSpec("P")

PAGES: Sequence[tuple[str, str | Promise]] = [
    ("setup", _("Overview")),
    ("setup-program", _("Program")),
    ("setup-event-types", _("Event types")),
    ("setup-partners", _("Partners and contracts")),
    ("terms", _("Template terms")),
    ("setup-channels", _("Channels")),
    ("setup-promo-codes", _("Promo codes")),
    ("setup-ads", _("Ads")),
    ("setup-projects", _("Projects")),
    ("setup-rejection-reasons", _("Rejection reasons")),
    ("request-rules", _("Requests")),
    ("setup-keys", _("Keys")),
    ("setup-file", _("Program file")),
    ("setup-history", _("History")),
]
"""Name of the address → what the navigation calls it, in its order."""


def for_setup(view: Callable[Concatenate[HttpRequest, Viewpoint, P], HttpResponse]) -> Callable[..., HttpResponseBase]:
    """Opens a page to those who run the program; whoever changes something there needs the permission for it."""

    @wraps(view)
    def guarded(request: HttpRequest, seen: Viewpoint, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method == "POST" and Permission.SET_UP not in seen.permissions:
            raise PermissionDenied
        return view(request, seen, *args, **kwargs)

    return for_owners(guarded)


def show_page(
    request: HttpRequest, view: Viewpoint, page: str, template: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """Renders a page of the set-up; `page`: the one of PAGES that it belongs to. Its template extends
    `web/setup/layout.html`."""
    frame = {
        "section": "setup",
        "program": view.program,
        "view": view,
        "setup_pages": [
            {"title": title, "url": reverse(f"web:{name}", args=[view.program.code]), "current": name == page}
            for name, title in PAGES
        ],
        "page_title": dict(PAGES)[page],
        "may_edit": Permission.SET_UP in view.permissions,
    }
    return show(request, template, {**frame, **context}, status=status)
