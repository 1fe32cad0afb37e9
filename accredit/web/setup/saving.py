"""Saving what was typed: checks, what history forbids, what somebody else changed, and what is to be confirmed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db.models import Count, Sum
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accredit.access.models import User
from accredit.conversions.approving import would_approve
from accredit.conversions.models import Conversion, Status
from accredit.files.program_file import ValuesRefused
from accredit.programs.changing import OtherProgram, PartChanged, Setup, change_program, digest, told
from accredit.programs.operations import AdvertiserRefused, Change, ChangesRefused
from accredit.programs.visibility import Viewpoint
from accredit.web import formats
from accredit.web.naming import Names
from accredit.web.sentences import translated
from accredit.web.setup import telling
from accredit.web.setup.fields import Form

RECENT = timedelta(days=30)
Path = tuple[str | int, ...]


@dataclass(slots=True)
class Attempt:
    """What became of it. `plan`: to be confirmed, under `confirm`; `refused`: why history forbids it; `changed`:
    somebody else was faster."""

    saved: bool = False
    plan: Sequence[telling.Line] = ()
    confirm: str = ""
    warnings: Sequence[str] = ()
    refused: Sequence[str] = ()
    changed: bool = False
    errors: list[str] = field(default_factory=list)


def attempt(
    request: HttpRequest,
    view: Viewpoint,
    edit: Callable[[Setup], Path],
    form: Form | None = None,
    *,
    always_confirm: bool = False,
) -> Attempt:
    """Try an edit, which says where in the values the form's part is; what is wrong stands at the form's fields. What
    moves money is done only where the request confirms exactly that plan."""
    at: list[Path] = []
    tried = Attempt()

    def accept(changes: Sequence[Change]) -> bool:
        tried.confirm = digest(told(changes))
        asks = always_confirm or telling.moves_money(changes)
        return not asks or request.POST.get("confirmed") == tried.confirm

    try:
        changes, tried.saved = change_program(
            view.program.code,
            edit=lambda setup: at.append(edit(setup)),
            accept=accept,
            actor=cast(User, request.user),
            now=datetime.now(UTC),
        )
    except ValuesRefused as refused:
        if form is None:
            tried.errors = [translated(finding.message) for finding in refused.findings]
        elif request.POST.get("act") == "remove":
            form.note_use(refused.findings)
        else:
            form.note(refused.findings, at[0])
    except ChangesRefused as refused_changes:
        tried.plan = lines(refused_changes.changes, view)
        tried.refused = [
            f"{lines([one.change], view)[0].title}: {telling.refusal(one, ZoneInfo(view.program.timezone))}"
            for one in refused_changes.refusals
        ]
    except (OtherProgram, AdvertiserRefused):
        tried.errors = [_("The code and the advertiser of a program stay. This file is of another program.")]
    except PartChanged:
        tried.changed = True
    else:
        tried.plan = lines(changes, view)
        tried.warnings = () if tried.saved else _warnings(view, changes)
        if tried.saved:
            _say(request, changes)
    return tried


def lines(changes: Sequence[Change], view: Viewpoint) -> Sequence[telling.Line]:
    """Changes in words."""
    names = Names(view)
    called = {"partner": names.partners, "channel": names.channels}
    return telling.lines(told(changes)["changes"], ZoneInfo(view.program.timezone), called)


def _say(request: HttpRequest, changes: Sequence[Change]) -> None:
    number = len(changes)
    text = ngettext("Saved: %(n)s change.", "Saved: %(n)s changes.", number) if number else _("Nothing was changed.")
    messages.success(request, text % {"n": formats.number(number)} if number else text)


def _warnings(view: Viewpoint, changes: Sequence[Change]) -> Sequence[str]:
    """What is at stake, in figures: what those concerned earned of late."""
    partners = {_partner(change) for change in changes if change.before is not None} - {""}
    names = Names(view).partners
    said = [_earned(view, code, names.get(code, code)) for code in sorted(partners)]
    said += [_approving(view, change) for change in changes if change.table == "event_type" and _approves_now(change)]
    if any(change.table in ("contract_period", "channel_period", "channel") for change in changes):
        said.append(
            _(
                "Credit groups go before everything else: only the highest group that took part is looked at, before"
                " promo codes and before the last click. A change can move a large part of all commission at once."
            )
        )
    return said


def _partner(change: Change) -> str:
    if change.table == "contract_period":
        return str(change.key[0])
    return str((change.before or {}).get("partner__code", "")) if change.table == "promo_code" else ""


def _approves_now(change: Change) -> bool:
    name = "approve_after_days"
    return bool(change.before and change.after and change.after[name] not in (None, change.before[name]))


def _approving(view: Viewpoint, change: Change) -> str:
    """How many conversions the days of approval by itself concern at once."""
    program, now = view.program, datetime.now(UTC)
    after_days = (change.after or {})["approve_after_days"]
    found = would_approve(program, str(change.key[0]), after_days, now=now)
    sums = list(
        found.values("currency").annotate(number=Count("id"), money=Sum("commission_minor")).order_by("currency")
    )
    number = sum(row["number"] for row in sums)
    text = ngettext(
        "%(n)s open conversion is that old already (commission: %(money)s). It may approve itself from %(day)s on,"
        " unless somebody holds it back or rejects it before.",
        "%(n)s open conversions are that old already (commission: %(money)s). They may approve themselves from %(day)s"
        " on, unless somebody holds them back or rejects them before.",
        number,
    )
    facts = {
        "n": formats.number(number),
        "money": ", ".join(formats.money(row["money"], row["currency"]) for row in sums),
        "day": formats.calendar_day(
            now.astimezone(ZoneInfo(program.timezone)).date() + timedelta(days=program.approval_reminder_days)
        ),
    }
    return text % facts if number else _("No open conversion is that old already.")


def _earned(view: Viewpoint, partner: str, name: str) -> str:
    since = datetime.now(UTC) - RECENT
    found = Conversion.objects.filter(program=view.program, partner=partner, occurred_at__gte=since)
    sums = list(
        found.exclude(status=Status.REJECTED)
        .values("currency")
        .annotate(number=Count("id"), commission=Sum("commission_minor"))
        .order_by("currency")
    )
    if not sums:
        return _("%(partner)s had no conversions in the last 30 days.") % {"partner": name}
    number = sum(row["number"] for row in sums)
    earned = ", ".join(formats.money(row["commission"], row["currency"]) for row in sums)
    text = ngettext(
        "%(partner)s earned %(money)s with %(n)s conversion in the last 30 days.",
        "%(partner)s earned %(money)s with %(n)s conversions in the last 30 days.",
        number,
    )
    return text % {"partner": name, "money": earned, "n": formats.number(number)}
