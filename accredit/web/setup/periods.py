"""The periods of contracts and channels: their line, a new one, one of them."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accredit.access.permissions import Permission
from accredit.conversions.models import Conversion
from accredit.database.keys import KeyTextError, key_from_text, key_to_text
from accredit.programs.announcing import versions_in_use
from accredit.programs.changing import Setup, Values, digest, setup_of
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.pages import for_permitted
from accredit.web.setup.collections import ENDS, GROUP, WINDOW, days, span
from accredit.web.setup.fields import Field, Form, Kind, Options
from accredit.web.setup.frame import for_setup, show_page
from accredit.web.setup.parts import back_to, save_part
from accredit.web.setup.saving import Attempt, Path, attempt


def terms_versions(setup: Setup) -> Options:
    """Every version of terms, the newest of each first."""
    found = sorted(setup.program.terms, key=lambda one: (one.code, -one.version))
    used = versions_in_use(setup.program)
    named, draft = _("%(terms)s, version %(version)s"), _("%(terms)s, version %(version)s (draft)")
    return [
        (
            f"{one.version} {one.code}",
            (named if (one.code, one.version) in used else draft) % {"terms": one.code, "version": one.version},
        )
        for one in found
    ]


START = Field("starts_at", gettext_lazy("From"), Kind.INSTANT, required=True)
LADDER = (
    GROUP,
    WINDOW,
    START,
    ENDS,
)
TERMS = Field("terms", gettext_lazy("Terms"), Kind.TERMS, options=terms_versions)


@dataclass(frozen=True, slots=True)
class Owners:
    """Whose periods: `key` and `prefix` of the owners, `table` and `period_prefix` of their periods, `fields` of these,
    `at`: where in the values the table with an owner's periods is, made where there is none."""

    key: str
    prefix: str
    table: str
    period_prefix: str
    page: str
    fields: Sequence[Field]
    at: Callable[[Setup, str], Path]
    field_of_conversion: str


def _contract(setup: Setup, partner: str) -> Path:
    contracts = setup.values.setdefault("contract", [])
    for number, one in enumerate(contracts):
        if one["partner"] == partner:
            return "contract", number
    contracts.append({"partner": partner})
    return "contract", len(contracts) - 1


def _channel(setup: Setup, channel: str) -> Path:
    codes = [one["code"] for one in setup.values["channel"]]
    return "channel", codes.index(channel)


PARTNERS = Owners("partner", "pa", "contract_period", "cp", "setup-partners", (TERMS, *LADDER), _contract, "partner")
CHANNELS = Owners("channel", "ch", "channel_period", "hp", "setup-channels", LADDER, _channel, "channel")


def owner_code(owners: Owners, setup: Setup, text: str) -> str:
    """The code of the partner or channel in an address; Http404 where there is none."""
    try:
        id = key_from_text(owners.prefix, text)
    except KeyTextError:
        raise Http404(f"no {owners.key} {text!r}") from None
    for (code,), other in setup.ids[owners.key].items():
        if other == id:
            return str(code)
    raise Http404(f"no {owners.key} {text!r} in {setup.program.code!r}")


def _name(owners: Owners, setup: Setup, code: str) -> str:
    return next(one.get("name") or code for one in setup.values[owners.key] if one["code"] == code)


def line_of(owners: Owners, setup: Setup, owner: Mapping[str, Any]) -> Mapping[str, Any]:
    """The periods of an owner's table in the values, the newest first, as a page shows them."""
    now = datetime.now(UTC)
    code = owner.get("partner") or owner["code"]
    rows = []
    for part in sorted(owner.get("period", ()), key=lambda one: one["starts_at"], reverse=True):
        live = part["starts_at"] <= now and (part.get("ends_at") is None or part["ends_at"] > now)
        rows.append(
            {
                "key": key_to_text(owners.period_prefix, setup.ids[owners.table][(code, part["starts_at"])]),
                "when": span(part, setup),
                "live": live,
                "coming": part["starts_at"] > now,
                "terms": f"{part['terms']} {part['version']}" if "terms" in part else "",
                "group": words.word(words.CREDIT_GROUPS, part["credit_group"]),
                "window": days(part["referral_window_days"]),
            }
        )
    return {"rows": rows, "add": f"web:{owners.page}-period-new", "change": f"web:{owners.page}-period"}


@require_http_methods(["GET", "HEAD", "POST"])
@for_permitted(Permission.SET_UP)
def new(request: HttpRequest, view: Viewpoint, owners: Owners, owner: str) -> HttpResponse:
    """A period from a moment on; the one that counts then ends there."""
    setup = setup_of(view.program.code)
    code = owner_code(owners, setup, owner)
    form = Form(owners.fields, setup, None, request.POST if request.method == "POST" else None, start=_start(setup))
    tried = Attempt()
    if request.method == "POST":
        values = form.values()
        if not form.wrong:
            tried = attempt(request, view, lambda setup: _add(setup, owners, code, values), form)
        if tried.saved:
            return back_to(view, f"{owners.page}-one", owner)
    context = {
        "title": _("New period of %(name)s") % {"name": _name(owners, setup, code)},
        "about": _("It begins at a moment of your choice; the period that counts then ends there by itself."),
        "form": form,
        "tried": tried,
        "back": reverse(f"web:{owners.page}-one", args=[view.program.code, owner]),
        "missing_terms": owners is PARTNERS and not setup.program.terms,
    }
    return show_page(request, view, owners.page, "web/setup/period.html", context)


def _start(setup: Setup) -> Values:
    """A new period begins with the minute that runs, preferred and with the program's window."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    return {
        "starts_at": now,
        "credit_group": "preferred",
        "referral_window_days": setup.program.referral_window_days,
    }


def _add(setup: Setup, owners: Owners, code: str, values: Values) -> Path:
    path = owners.at(setup, code)
    owner = setup.values[str(path[0])][int(path[1])]
    periods = owner.setdefault("period", [])
    start = values.get("starts_at")
    for other in periods if isinstance(start, datetime) else ():
        if other["starts_at"] < start and (other.get("ends_at") is None or other["ends_at"] > start):
            if "ends_at" in other and "ends_at" not in values:
                values = {**values, "ends_at": other["ends_at"]}
            other["ends_at"] = start
    periods.append(copy.deepcopy(values))
    return (*path, "period", len(periods) - 1)


@require_http_methods(["GET", "HEAD", "POST"])
@for_setup
def one(request: HttpRequest, view: Viewpoint, owners: Owners, owner: str, period: str) -> HttpResponse:
    """A period: its end can move, and what credited nothing yet can change."""
    setup = setup_of(view.program.code)
    code = owner_code(owners, setup, owner)
    current = _at(setup, _find(setup, owners, code, period))
    last = _last_credited(view, owners, code, current)
    locked = [one.name for one in owners.fields if one is not ENDS] if last else []
    typed = request.POST if request.method == "POST" else None
    form, tried = Form(owners.fields, setup, current, typed, locked), Attempt()
    if request.method == "POST":
        find = _finder(owners, code, period)
        form, tried = save_part(request, view, form, find, owners.fields, locked)
        if tried.saved:
            return back_to(view, f"{owners.page}-one", owner)
    zone = ZoneInfo(view.program.timezone)
    context = {
        "title": _("Period of %(name)s") % {"name": _name(owners, setup, code)},
        "held": formats.instant(last, zone, seconds=True) if last else "",
        "add": reverse(f"web:{owners.page}-period-new", args=[view.program.code, owner]),
        "form": form,
        "tried": tried,
        "seen": digest(form.part),
        "removable": not last,
        "removing": request.POST.get("act") == "remove",
        "back": reverse(f"web:{owners.page}-one", args=[view.program.code, owner]),
    }
    return show_page(request, view, owners.page, "web/setup/period.html", context)


def _finder(owners: Owners, code: str, period: str) -> Callable[[Setup], Path]:
    return lambda setup: _find(setup, owners, code, period)


def _find(setup: Setup, owners: Owners, code: str, text: str) -> Path:
    path = owners.at(setup, code)
    for number, part in enumerate(_at(setup, path).get("period", ())):
        if key_to_text(owners.period_prefix, setup.ids[owners.table][(code, part["starts_at"])]) == text:
            return (*path, "period", number)
    raise Http404(f"no period {text!r} of {code!r}")


def _at(setup: Setup, path: Path) -> Any:
    inner: Any = setup.values
    for step in path:
        inner = inner[step]
    return inner


def _last_credited(view: Viewpoint, owners: Owners, code: str, part: Mapping[str, Any]) -> datetime | None:
    """The last conversion that the period credited: up to then history keeps it."""
    found = Conversion.objects.filter(
        program=view.program, **{owners.field_of_conversion: code}, occurred_at__gte=part["starts_at"]
    )
    if part.get("ends_at"):
        found = found.filter(occurred_at__lt=part["ends_at"])
    last: datetime | None = found.aggregate(last=Max("occurred_at"))["last"]
    return last
