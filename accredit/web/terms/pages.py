"""Reading terms: the versions with the contracts that use them, one version in words, and a partner's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accredit.access.models import User
from accredit.access.permissions import Permission
from accredit.engine.program import ContractPeriod, Program, Terms
from accredit.programs.announcing import UnknownVersion, next_minute, upcoming, version_of, versions_in_use
from accredit.programs.models import Topic
from accredit.programs.queries import program_value
from accredit.programs.silence import is_silent
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.pages import for_program, show
from accredit.web.setup.frame import show_page
from accredit.web.terms.comparing import Difference, differences
from accredit.web.terms.wording import LEVELS, TermsWords, words_of


@dataclass(frozen=True, slots=True)
class Use:
    """A contract period that names a version. `state`: `past`, `now` or `later`."""

    partner: str
    starts_at: str
    ends_at: str
    credit_group: str
    window_days: str
    state: str


@dataclass(frozen=True, slots=True)
class Version:
    """A line of the list. `state`: `draft` (no contract uses it), `announced`, `in_use` or `past`."""

    terms: Terms
    state: str
    uses: Sequence[Use]

    @property
    def word(self) -> str:
        return words.word(STATES, self.state)

    @property
    def partners_now(self) -> str:
        return ", ".join(use.partner for use in self.uses if use.state == "now")


STATES: words.Words = {
    "draft": gettext_lazy("draft"),
    "announced": gettext_lazy("announced"),
    "in_use": gettext_lazy("in use"),
    "past": gettext_lazy("past"),
}


def uses_of(program: Program, terms: Terms, now: datetime) -> Sequence[Use]:
    """The contract periods that name a version, what counts now first."""
    names = {partner.code: partner.name for partner in program.partners}
    found = [
        _use(program, names[contract.partner], period, now)
        for contract in program.contracts
        for period in contract.periods
        if (period.terms, period.version) == (terms.code, terms.version)
    ]
    return sorted(found, key=lambda use: ("now", "later", "past").index(use.state))


def _use(program: Program, partner: str, period: ContractPeriod, now: datetime) -> Use:
    zone = ZoneInfo(program.timezone)
    return Use(
        partner,
        formats.instant(period.starts_at, zone),
        formats.instant(period.ends_at, zone) if period.ends_at else "",
        words.word(words.CREDIT_GROUPS, period.credit_group.value),
        formats.number(period.referral_window_days),
        _state(period, now),
    )


def _state(period: ContractPeriod, now: datetime) -> str:
    if period.starts_at > now:
        return "later"
    return "now" if period.ends_at is None or now < period.ends_at else "past"


def version_line(program: Program, terms: Terms, now: datetime) -> Version:
    """A version with where it stands."""
    uses = uses_of(program, terms, now)
    states = {use.state for use in uses}
    state = "in_use" if "now" in states else "announced" if "later" in states else "past" if states else "draft"
    return Version(terms, state, uses)


def found_version(program: Program, code: str, version: int) -> Terms:
    """The version of an address. Raises Http404."""
    try:
        return version_of(program, code, version)
    except UnknownVersion as error:
        raise Http404(str(error)) from error


def show_terms(
    request: HttpRequest, view: Viewpoint, template: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """Renders a page of this section: a part of the set-up for those who run the program, a page of its own for
    partners."""
    if view.sees_everything:
        layout = {"layout": "web/setup/layout.html"}
        return show_page(request, view, "terms", template, {**layout, **context}, status=status)
    own = {"layout": "web/terms/alone.html", "section": "terms", "program": view.program, "view": view}
    return show(request, template, {**own, **context}, status=status)


@require_safe
@for_program
def terms_list(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """All versions, by template; to a partner what its own contract says, and what will change when."""
    program, now = program_value(view.program.id), datetime.now(UTC)
    if view.partners is not None:
        user = cast(User, request.user)
        silent = is_silent(user, view.program, Topic.TERMS)
        context = {"contracts": _own(view, program, now), "levels": LEVELS, "silent": silent}
        return show_terms(request, view, "web/terms/own.html", context)
    templates: dict[str, list[Version]] = {}
    for terms in sorted(program.terms, key=lambda one: (one.code, -one.version)):
        templates.setdefault(terms.code, []).append(version_line(program, terms, now))
    return show_terms(request, view, "web/terms/list.html", {"templates": list(templates.items())})


@require_safe
@for_program
def terms_version(request: HttpRequest, view: Viewpoint, terms: str, version: int) -> HttpResponse:
    """One version in words; a partner opens those of its own contract."""
    program, now = program_value(view.program.id), datetime.now(UTC)
    found = found_version(program, terms, version)
    if view.partners is not None and (terms, version) not in _versions_of(view.partners, program):
        raise Http404(f"version {version} of {terms!r} is in no contract of this user's partners")
    before = earlier(program, found) if view.sees_everything else None
    line = version_line(program, found, now)
    context = {
        "terms": found,
        "is_used": is_used(program, found),
        "line": line if view.sees_everything else None,
        "words": words_of(found, program),
        "levels": LEVELS,
        "begins": _begins(found, program),
        "before": before,
        "differences": shown(differences(words_of(before, program), words_of(found, program))) if before else (),
    }
    return show_terms(request, view, "web/terms/version.html", context)


def earlier(program: Program, terms: Terms) -> Terms | None:
    """The version before one."""
    lower = [one for one in program.terms if one.code == terms.code and one.version < terms.version]
    return max(lower, key=lambda one: one.version, default=None)


def _versions_of(partners: frozenset[str], program: Program) -> frozenset[tuple[str, int]]:
    own = tuple(one for one in program.contracts if one.partner in partners)
    return frozenset((period.terms, period.version) for one in own for period in one.periods)


def _begins(terms: Terms, program: Program) -> str:
    at = terms.modification_starts_at
    return formats.instant(at, ZoneInfo(program.timezone)) if at else ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A difference as a page says it."""

    change: str
    title: str
    before: str
    after: str


def shown(found: Sequence[Difference]) -> Sequence[Shown]:
    return [Shown(one.change, _title(one), _said(one, one.before), _said(one, one.after)) for one in found]


def _said(one: Difference, text: str | None) -> str:
    return words.word(LEVELS, text or "") if one.kind == "level" else text or ""


def _title(one: Difference) -> str:
    kinds = {
        "payout": _("Payout for %(event_type)s"),
        "default": _("%(event_type)s: default payout"),
        "level": _("%(event_type)s: how it is paid"),
        "order": _("%(event_type)s: order of the groups"),
        "group": _("%(event_type)s: payout group “%(name)s”"),
        "adjustment": _("%(event_type)s: adjustment “%(name)s”"),
        "restriction": _("%(event_type)s: restriction “%(name)s”"),
    }
    return kinds[one.kind] % {"event_type": one.event_type, "name": one.name}


@dataclass(frozen=True, slots=True)
class Coming:
    """An announced version that a partner's contract reaches."""

    terms: Terms
    words: TermsWords
    starts_at: str
    differences: Sequence[Shown]


@dataclass(frozen=True, slots=True)
class Own:
    """What a partner reads of its contract. `now`: None where no period is live."""

    partner: str
    name: str
    now: Terms | None
    words: TermsWords | None
    use: Use | None
    coming: Coming | None
    periods: Sequence[tuple[Terms, Use]]
    may_accept: bool
    in_time: bool
    """Whether it can still begin earlier than it does."""


def _own(view: Viewpoint, program: Program, now: datetime) -> Sequence[Own]:
    """The contracts of the user's own partners."""
    assert view.partners is not None
    names = {partner.code: partner.name for partner in program.partners}
    return [_contract(view, program, code, names[code], now) for code in names if code in view.partners]


def _contract(view: Viewpoint, program: Program, partner: str, name: str, now: datetime) -> Own:
    periods = [period for one in program.contracts if one.partner == partner for period in one.periods]
    rows = [
        (version_of(program, period.terms, period.version), _use(program, name, period, now))
        for period in sorted(periods, key=lambda period: period.starts_at)
    ]
    live = next(((terms, use) for terms, use in rows if use.state == "now"), None)
    found = upcoming(program, partner, now)
    coming, in_time = None, False
    if found:
        in_time = found.period.starts_at > next_minute(now)
        after = words_of(found.terms, program)
        said = shown(differences(words_of(found.before, program), after))
        coming = Coming(found.terms, after, formats.instant(found.period.starts_at, ZoneInfo(program.timezone)), said)
    return Own(
        partner,
        name,
        live[0] if live else None,
        words_of(live[0], program) if live else None,
        live[1] if live else None,
        coming,
        rows,
        view.may(Permission.ACCEPT_TERMS, partner),
        in_time,
    )


def is_used(program: Program, terms: Terms) -> bool:
    """Whether a contract period names the version, so that it stays as it is."""
    return (terms.code, terms.version) in versions_in_use(program)
