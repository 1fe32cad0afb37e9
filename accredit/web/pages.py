"""What every page shares: the layout around it, who may open it, and what of it is sent."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from accredit.access.models import ColourScheme, Density, User
from accredit.access.permissions import Permission
from accredit.programs.models import Program
from accredit.programs.visibility import Viewpoint, viewpoint, visible_programs
from accredit.web.preferences import choices

P = ParamSpec("P")
PART = "HX-Request-Type"
"""htmx sends `partial` where it wants a part of the page, `full` where it picks the part itself."""


def wants_part(request: HttpRequest) -> bool:
    """True where the answer replaces a part of the page that the browser already shows."""
    return request.headers.get(PART) == "partial"


def frame(request: HttpRequest) -> dict[str, Any]:
    """What the layout around a page shows."""
    user = request.user if request.user.is_authenticated else None
    around = {
        "scheme": user.colour_scheme if user else ColourScheme.AUTO,
        "density": user.density if user else Density.COMFORTABLE,
        "choices": choices(request),
        "is_demo": settings.IS_DEMO,
    }
    if user and not wants_part(request):
        around["programs"] = visible_programs(user)
    return around


def show(request: HttpRequest, template: str, context: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    """Renders a page or a part of one. What it shows belongs to one user: nobody but their browser keeps it, and the
    browser asks again."""
    response = render(request, template, {**frame(request), **context}, status=status)
    response.headers["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, [PART])
    return response


def for_users(view: Callable[Concatenate[HttpRequest, P], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Opens a page to signed-in users only; everybody else signs in first and comes back."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if wants_part(request):
            return HttpResponse(status=401, headers={"HX-Refresh": "true"})
        return redirect_to_login(request.get_full_path(), reverse("account_login"))

    return guarded


def for_program(
    view: Callable[Concatenate[HttpRequest, Viewpoint, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Loads the program of the address (`code`) as the signed-in user sees it; to strangers it does not exist."""

    def loaded(request: HttpRequest, /, code: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            seen = viewpoint(cast(User, request.user), code)
        except Program.DoesNotExist:
            raise Http404(f"no program {code!r} for this user") from None
        return view(request, seen, *args, **kwargs)

    return wraps(view)(for_users(loaded))


def for_owners(
    view: Callable[Concatenate[HttpRequest, Viewpoint, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Like `for_program`, for advertiser and agency: to partners the page does not exist."""

    def owned(request: HttpRequest, seen: Viewpoint, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not seen.sees_everything:
            raise Http404(f"a page of {seen.program.code!r} for those who run it")
        return view(request, seen, *args, **kwargs)

    return for_program(wraps(view)(owned))


def for_permitted(
    permission: Permission,
    *,
    partners_too: bool = False,
) -> Callable[[Callable[Concatenate[HttpRequest, Viewpoint, P], HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Like `for_owners`, with `partners_too` like `for_program`, for those whose role grants `permission`; the others
    are told that it does not. Of several partners the view gets those for whom it does."""

    def guard(
        view: Callable[Concatenate[HttpRequest, Viewpoint, P], HttpResponseBase],
    ) -> Callable[..., HttpResponseBase]:
        def permitted(request: HttpRequest, seen: Viewpoint, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if (able := seen.doing(permission)) is None:
                raise PermissionDenied
            return view(request, able, *args, **kwargs)

        return (for_program if partners_too else for_owners)(wraps(view)(permitted))

    return guard


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 Django passes it
    """What does not exist, and what this user may not see: the two look the same."""
    context = {
        "title": _("There is nothing here"),
        "remedy": _("The address may be mistyped, or it belongs to a program that you have no part in."),
    }
    return show(request, "web/error.html", context, status=404)


def not_permitted(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 Django passes it
    """Something that the user sees and may not do."""
    context = {
        "title": _("Your role does not allow this"),
        "remedy": _("Viewers look and change nothing. An owner of your organization can give you another role."),
    }
    return show(request, "web/error.html", context, status=403)


def forbidden(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 Django passes it
    """A form that was open for too long, or that came from elsewhere."""
    context = {
        "title": _("This form is no longer valid"),
        "remedy": _("Go back, reload the page and send it again. Cookies must be allowed for this site."),
    }
    return show(request, "web/error.html", context, status=403)
