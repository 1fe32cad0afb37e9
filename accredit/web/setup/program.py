"""The program itself: its name, its windows, where its links may go."""

from zoneinfo import available_timezones

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accredit.conversions.models import Conversion
from accredit.money import decimals_by_currency
from accredit.programs.changing import Setup, digest, setup_of
from accredit.programs.visibility import Viewpoint
from accredit.web import words
from accredit.web.setup.fields import Field, Form, Kind, Options
from accredit.web.setup.frame import for_setup, show_page
from accredit.web.setup.parts import back_to, save_part
from accredit.web.setup.saving import Attempt, Path

PATH: Path = ("program",)
LOCKED = ("currency", "timezone")
"""What stays once there are conversions."""


def currencies(_setup: Setup | None = None) -> Options:
    """Those of ISO 4217."""
    return [(code, code) for code in sorted(decimals_by_currency())]


def zones(_setup: Setup | None = None) -> Options:
    return [(name, name) for name in sorted(available_timezones())]


FIELDS = (
    Field("name", _("Name"), required=True),
    Field("code", _("Code"), hint=_("It stands in addresses, links and files."), fixed=True),
    Field("advertiser", _("Advertiser"), fixed=True),
    Field(
        "currency",
        _("Currency"),
        Kind.CHOICE,
        hint=_("Of fixed amounts. Once there are conversions it stays, as does the time zone."),
        options=currencies,
    ),
    Field("timezone", _("Time zone"), Kind.CHOICE, hint=_("Whose days and clock all pages show."), options=zones),
    Field(
        "referral_window_days",
        _("Referral window in days"),
        Kind.NUMBER,
        hint=_("For how long a click counts. Contracts and channels that are made later begin with it."),
        required=True,
    ),
    Field(
        "approval_reminder_days",
        _("Reminder before approval by itself, in days"),
        Kind.NUMBER,
        hint=_(
            "So many days before conversions approve themselves, those who validate get an e-mail and can still reject"
            " or hold them. 0: no reminder. After how many days, the event types say."
        ),
        required=True,
    ),
    Field(
        "foreign_promo_code",
        _("A conversion that carries another partner’s promo code"),
        Kind.CHOICE,
        hint=_("A partner wins by a click, and the order carries a promo code that belongs to somebody else."),
        options=lambda _setup: list(words.FOREIGN_PROMO_CODES.items()),
    ),
    Field(
        "attribution",
        _("Attribution"),
        Kind.CHOICE,
        hint=_("Last click within the highest credit group is the only model so far."),
        options=lambda _setup: [("last_click", words.REASONS["last_click"])],
    ),
    Field(
        "tracking.allowed_hosts",
        _("Allowed hosts, one a line"),
        Kind.LINES,
        hint=_("The shop’s hosts, such as shop.example. Links go nowhere else."),
    ),
    Field(
        "tracking.click_parameter",
        _("Click parameter"),
        hint=_("The name under which the shop’s pages get the id of the click. Empty: click_id."),
    ),
    Field(
        "tracking.fallback_page",
        _("Fallback page"),
        hint=_("Where links go that name no page. Empty: the first of the allowed hosts."),
    ),
    Field(
        "tracking.retention_days",
        _("Clicks are kept for so many days"),
        Kind.NUMBER,
        hint=_(
            "Empty: as long as this installation keeps them. All programs share one log: what counts is the program"
            " that keeps clicks longest."
        ),
    ),
    Field(
        "tracking.hold_unsigned",
        _("Orders that are not signed wait until somebody lets them in"),
        Kind.TICK,
        hint=_("They stand under “Intake”. Off: they are booked at once, whoever reported them."),
    ),
)


@require_http_methods(["GET", "HEAD", "POST"])
@for_setup
def program(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """The form of the program."""
    setup = setup_of(view.program.code)
    locked = LOCKED if Conversion.objects.filter(program=view.program).exists() else ()
    typed = request.POST if request.method == "POST" else None
    form, tried = Form(FIELDS, setup, setup.values["program"], typed, locked), Attempt()
    if request.method == "POST":
        form, tried = save_part(request, view, form, lambda _setup: PATH, FIELDS, locked)
        if tried.saved:
            return back_to(view, "setup-program")
    context = {"title": view.program.name, "form": form, "tried": tried, "seen": digest(form.part)}
    return show_page(request, view, "setup-program", "web/setup/part.html", context)
