"""What a user chose for the pages: language, colours, density. The choice is kept on the user; the browser keeps the
language for whoever has not signed in yet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accredit.access.models import ColourScheme, Density, Language
from accredit.web.formats import language

Options = Sequence[tuple[str, str | Promise]]
LANGUAGES: Options = [(Language.GERMAN.value, "Deutsch"), (Language.ENGLISH.value, "English")]
COLOURS: Options = [
    (ColourScheme.AUTO.value, _("Auto")),
    (ColourScheme.LIGHT.value, _("Light")),
    (ColourScheme.DARK.value, _("Dark")),
]
DENSITIES: Options = [(Density.COMFORTABLE.value, _("Comfortable")), (Density.COMPACT.value, _("Compact"))]


@dataclass(frozen=True, slots=True)
class Choice:
    """A group of buttons, one of them pressed."""

    name: str
    title: str | Promise
    current: str
    options: Options


def choices(request: HttpRequest) -> list[Choice]:
    """What can be chosen here and now: everything by a user, the language by anybody."""
    offered = [Choice("language", _("Language"), language(), LANGUAGES)]
    if request.user.is_authenticated:
        offered.append(Choice("colour_scheme", _("Colours"), request.user.colour_scheme, COLOURS))
        offered.append(Choice("density", _("Rows"), request.user.density, DENSITIES))
    return offered


@require_POST
def prefer(request: HttpRequest) -> HttpResponse:
    """Keeps what the pressed button chose, and goes back to the page that it was pressed on."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    for choice in choices(request):
        value = request.POST.get(choice.name)
        if value not in dict(choice.options):
            continue
        if choice.name == "language":
            response.set_cookie(settings.LANGUAGE_COOKIE_NAME, value, max_age=365 * 86_400, samesite="Lax")
        if request.user.is_authenticated:
            setattr(request.user, choice.name, value)
            request.user.save(update_fields=[choice.name])
    return response


class UserLanguage:
    """Middleware after authentication: a signed-in user's own language goes before the browser's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            translation.activate(request.user.language)
        return self.get_response(request)
