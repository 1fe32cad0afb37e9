"""The panel of one request: what is said about it and shows it, how far it has come, and what it asks to be there.

A partner reads the same, without what others earn, without the journey of a claim, and of the advertiser's people: the
advertiser.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accredit.access.models import User
from accredit.access.permissions import Permission
from accredit.conversion_requests.checking import is_correctable
from accredit.conversion_requests.deciding import impact
from accredit.conversion_requests.discussing import (
    COMMENT_CHARACTERS,
    ENDINGS,
    MAX_BYTES,
    MOST_FILES,
    Side,
    attachments_of,
    comments_of,
)
from accredit.conversion_requests.listing import seen_from
from accredit.conversion_requests.models import OPEN_STAGES, Kind, Request, Stage, StageChange
from accredit.conversion_requests.queries import rules_of
from accredit.conversion_requests.raising import is_theirs
from accredit.conversions.columns import PREFIX as CONVERSION
from accredit.conversions.models import Conversion
from accredit.database.keys import key_to_text
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.conversions.history import reason_titles
from accredit.web.naming import Names
from accredit.web.pages import for_program, show, wants_part
from accredit.web.requests.acting import People, joined, key_of, request_at, titled
from accredit.web.requests.evidence import evidence_of
from accredit.web.requests.fields import before_of, fields_of, items_shown
from accredit.web.requests.impact import Row, kept_figures, planned_figures
from accredit.web.requests.page import PAGE, beside
from accredit.web.requests.words import FAILURES

IMAGES = ("png", "jpg")


@dataclass(frozen=True, slots=True)
class Step:
    """A stage that a request came to."""

    stage: str
    title: str
    when: str
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Said:
    """A comment. `own`: of the viewer's side; `decision`: the stage that it came with."""

    who: str
    when: str
    text: str
    own: bool
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """An attachment. `picture`: the browser can show it."""

    name: str
    kind: str
    size: str
    url: str
    who: str
    when: str
    picture: bool


@require_safe
@for_program
def request_page(request: HttpRequest, view: Viewpoint, key: str) -> HttpResponse:
    """The panel of one request; opened by its address, with the list beside it."""
    return show_request(request, view, request_at(view, key))


def show_request(
    request: HttpRequest, view: Viewpoint, about: Request, told: Mapping[str, str] = MappingProxyType({})
) -> HttpResponse:
    """The panel, or the page with the list beside it. `told`: what came of something that was sent from it."""
    context = {**panel_of(view, about, cast(User, request.user)), **told}
    query = request.GET.urlencode()
    context["close_url"] = PAGE.url(view, f"?{query}" if query else "")
    if wants_part(request):
        return show(request, "web/requests/panel.html", context)
    return show(request, "web/requests/page.html", {**beside(request, view), **context})


def panel_of(view: Viewpoint, about: Request, user: User) -> Mapping[str, Any]:
    """The context of the panel."""
    names, people = Names(view), People(view)
    zone = ZoneInfo(view.program.timezone)
    conversion, planned = _conversion(view, about), _planned(view, about)
    before = before_of(names, about, planned)
    changes = _changes(about)
    steps = _steps(view, changes, people)
    comments, attachments = _comments(about, changes, people, view), _attachments(about, people, view)
    raised = joined(
        [people.name(about.raised_by_id, about.raised_by.name), words.word(words.CHANGE_WAYS, about.way)], ", "
    )
    return {
        "section": "requests",
        "program": view.program,
        "view": view,
        "about": about,
        "request_key": key_of(about),
        "kind": words.word(words.REQUEST_KINDS, about.kind),
        "stage": words.word(words.REQUEST_STAGES, about.stage),
        "stage_why": steps[-1].why if steps else "",
        "stage_comment": changes[-1].comment if changes else "",
        "partner": names.partners.get(about.partner, about.partner),
        "zone": view.program.timezone,
        "raised_at": formats.instant(about.raised_at, zone, seconds=True),
        "raised": joined([raised, about.source or ""]) if people.shows(about.raised_by_id) else raised,
        "conversion_url": _conversion_url(view, conversion),
        "figures": kept_figures(view, about) if planned is None else planned_figures(view, about.kind, planned),
        "changed_since": planned is not None and conversion is not None and planned["changes"] != about.changes,
        "fields": fields_of(names, about, conversion, before),
        "items": items_shown(about, conversion, before),
        "evidence": evidence_of(names, about, conversion),
        "steps": steps,
        "comments": comments,
        "attachments": attachments,
        "said_count": formats.number(len(comments) + len(attachments)) if comments or attachments else "",
        "answer_from": _answer_from(about, view),
        **_may(view, about, user),
        "replaced_by": _linked(view, id=about.replaced_by) if about.replaced_by else None,
        "replaces": _linked(view, replaced_by=about.id),
        "comment_characters": COMMENT_CHARACTERS,
        "kinds": ", ".join(ENDINGS),
        "accepted_endings": ",".join(f".{ending}" for endings in ENDINGS.values() for ending in endings),
        "most_files": MOST_FILES,
        "most_megabytes": MAX_BYTES >> 20,
    }


def _conversion(view: Viewpoint, about: Request) -> Conversion | None:
    """The conversion that it is about, as far as the viewer may read it: of a claim the partner knows that there is
    one."""
    if about.conversion_id is None:
        return None
    found = Conversion.objects.filter(program=view.program, id=about.conversion_id).first()
    return found if found is not None and view.may_read(found.partner) else None


def _conversion_url(view: Viewpoint, conversion: Conversion | None) -> str:
    if conversion is None:
        return ""
    return reverse("web:conversion", args=[view.program.code, key_to_text(CONVERSION, conversion.id)])


def _planned(view: Viewpoint, about: Request) -> Row | None:
    """What would come of it now; None where nothing is to come any more."""
    if about.stage not in OPEN_STAGES:
        return None
    return impact(view.program, [about.id]).rows.row(0, named=True)


def _linked(view: Viewpoint, **which: UUID) -> Mapping[str, Any] | None:
    """The request that this one took the place of, or that took its place, as far as the viewer may read it."""
    found = seen_from(view).filter(**which).first()
    if found is None:
        return None
    return {
        "number": str(found.number),
        "url": reverse("web:request", args=[view.program.code, key_of(found)]),
        "rejected": found.stage == Stage.REJECTED,
    }


def _changes(about: Request) -> Sequence[StageChange]:
    found = StageChange.objects.filter(program_id=about.program_id, request_id=about.id)
    return list(found.select_related("user").order_by("number"))


def _steps(view: Viewpoint, changes: Sequence[StageChange], people: People) -> Sequence[Step]:
    zone, titles = ZoneInfo(view.program.timezone), reason_titles(view)
    return [
        Step(
            stage=one.stage,
            title=words.word(words.REQUEST_STAGES, one.stage),
            when=formats.instant(one.changed_at, zone, seconds=True),
            who=people.did(one.way, one.user_id, one.user.name if one.user else ""),
            why=words.word(FAILURES, one.reason or "") if one.stage == Stage.FAILED else titled(titles, one.reason),
        )
        for one in changes
    ]


def _comments(about: Request, changes: Sequence[StageChange], people: People, view: Viewpoint) -> Sequence[Said]:
    """What was said, also when it was decided, in the order of time."""
    side = Side.of(view)
    said = [(one.written_at, one.user, one.text, one.side == side, "") for one in comments_of(about)]
    said += [
        (one.changed_at, one.user, one.comment, side == Side.ADVERTISER, words.word(words.REQUEST_STAGES, one.stage))
        for one in changes
        if one.comment and one.user
    ]
    return [
        Said(people.name(user.id, user.name), formats.instant(at, ZoneInfo(view.program.timezone)), text, own, decision)
        for at, user, text, own, decision in sorted(said, key=lambda one: one[0])
    ]


def _attachments(about: Request, people: People, view: Viewpoint) -> Sequence[Shown]:
    zone = ZoneInfo(view.program.timezone)
    return [
        Shown(
            name=one.file_name,
            kind=one.kind,
            size=_size(one.size),
            url=reverse("web:request-attachment", args=[view.program.code, key_of(about), str(one.id)]),
            who=people.name(one.user_id, one.user.name),
            when=formats.instant(one.added_at, zone),
            picture=one.kind in IMAGES,
        )
        for one in attachments_of(about)
    ]


def _size(size: int) -> str:
    if size < 1 << 20:
        return _("%(n)s kB") % {"n": formats.number(max(1, size >> 10))}
    return _("%(n)s MB") % {"n": formats.number(size >> 20)}


def _answer_from(about: Request, view: Viewpoint) -> str:
    """Who has not answered."""
    match about.answer_from:
        case None:
            return ""
        case side if side == Side.of(view):
            return _("An answer of yours is expected.")
        case Side.PARTNER.value:
            return _("The partner has not answered yet.")
    return _("The advertiser has not answered yet.")


def _may(view: Viewpoint, about: Request, user: User) -> Mapping[str, Any]:
    """What the viewer may do with it now, and why not what they might expect."""
    own = about.raised_by_id == user.id and not rules_of(view.program).own_decisions
    decides = Permission.DECIDE_REQUESTS in view.permissions
    can_be_decided = about.stage in (Stage.INQUIRED, Stage.FAILED)
    raises = view.may(Permission.RAISE_REQUESTS, about.partner)
    return {
        "may_decide": decides and can_be_decided and not own,
        "own_request": decides and can_be_decided and own,
        "may_withdraw": raises and can_be_decided and is_theirs(view, about, user.id),
        "may_correct": raises and is_correctable(about) and is_theirs(view, about, user.id),
        "may_speak": raises,
        "shows_claim": about.kind == Kind.CLAIM and about.stage in OPEN_STAGES,
        "again": about.stage == Stage.FAILED,
    }
