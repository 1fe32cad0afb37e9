"""The Explorer: the list of conversion requests as a page."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accredit.access.models import User
from accredit.conversion_requests.listing import REQUESTS
from accredit.conversion_requests.models import OPEN_STAGES
from accredit.lists.columns import Column
from accredit.lists.filters import Parameter
from accredit.programs.visibility import Viewpoint
from accredit.web import words
from accredit.web.conversions.history import reason_titles
from accredit.web.lists import cells
from accredit.web.lists.declaring import Choice, Grid, ListPage
from accredit.web.lists.pages import list_context, opening_query
from accredit.web.lists.state import state_of
from accredit.web.naming import Names
from accredit.web.requests.acting import People
from accredit.web.requests.words import FAILURES, rate_of

OPENS_WITH_DAYS = 14
WORDS: Mapping[str, words.Words] = {
    "status": words.REQUEST_STAGES,
    "type": words.REQUEST_KINDS,
    "way": words.CHANGE_WAYS,
    "customer": words.CUSTOMER_STATUSES,
    "answer": {"partner": _("Partner"), "advertiser": _("Advertiser")},
}


def choices(names: Names, column: Column) -> Sequence[Choice]:
    """What a column can be."""
    match column.name:
        case "by":
            return [Choice(str(user.id), user.name or user.email) for user in _people(names.view)]
        case "partner":
            return [Choice(code, name) for code, name in names.partners.items() if names.view.may_read(code)]
        case "reason":
            rejections = [
                Choice(code, title, words.word(words.REQUEST_STAGES, "rejected"))
                for code, title in reason_titles(names.view).items()
            ]
            failed = words.word(words.REQUEST_STAGES, "failed")
            return [*rejections, *(Choice(code, words.word(FAILURES, code), failed) for code in FAILURES)]
        case "event":
            values: Sequence[str] = [event_type.code for event_type in names.event_types]
        case "customer":
            values = names.customer_statuses
        case "currency":
            values = REQUESTS.currencies(names.view)
        case _:
            values = column.codes
    return [Choice(value, words.word(WORDS.get(column.name, {}), value)) for value in values]


def _people(view: Viewpoint) -> Sequence[User]:
    """Who may have raised requests, as far as the viewer may read of them; partners read of their own people."""
    program = view.program
    of = Q(memberships__organization__partnerships__program=program)
    if view.partners is not None:
        of &= Q(memberships__organization__partnerships__code__in=view.partners)
    else:
        of |= Q(memberships__organization__in=[program.advertiser_id, program.agency_id])
    return list(User.objects.filter(of).distinct().order_by("name", "email"))


class Cells(cells.Cells):
    """What the cells of requests say."""

    @cached_property
    def people(self) -> People:
        return People(self.names.view)

    @cached_property
    def reasons(self) -> Mapping[str, str]:
        return {**{code: words.word(FAILURES, code) for code in FAILURES}, **reason_titles(self.names.view)}

    def text(self, column: Column, one: Any) -> str:
        match column.name:
            case "number":
                return str(one.number)
            case "by":
                return self.people.name(UUID(str(one.raised_by_id)), one.raised_by_name)  # a file has texts
            case "partner":
                return self.names.partners.get(one.partner) or str(one.partner)
            case "reason":
                return self.reasons.get(one.stage_reason) or str(one.stage_reason or "")
            case "model":
                return rate_of(one.model, one.restriction)
        return super().text(column, one)


def _alike(names: Names) -> Collection[str]:
    partners = names.view.partners
    return ["partner"] if partners is not None and len(partners) < 2 else []


def _opens_with(view: Viewpoint) -> Sequence[Parameter]:
    """What somebody still has to do something about, of the last days."""
    today = datetime.now(UTC).astimezone(ZoneInfo(view.program.timezone)).date()
    first = today - timedelta(days=OPENS_WITH_DAYS)
    return [*(("status", stage.value) for stage in OPEN_STAGES), ("time.from", first.isoformat())]


PAGE = ListPage(
    REQUESTS,
    "request",
    _("Conversion requests"),
    news=lambda n: ngettext("%(n)s new request", "%(n)s new requests", n),
    exported=lambda n: ngettext("%(n)s conversion request in the file.", "%(n)s conversion requests in the file.", n),
    cells=Cells,
    choices=choices,
    words=WORDS,
    checked=("event", "partner", "by"),
    chips=("status", "type", "partner", "answer"),
    alike=_alike,
    grid=Grid(
        widths={
            "time": 138, "number": 72, "by": 96, "status": 142, "type": 88, "order": 120, "partner": 112,
            "turnover": 110, "commission": 102, "model": 128, "answer": 114, "reason": 220, "changed": 158,
            "occurred": 158, "id": 250, "conversion": 250, "currency": 80, "advertiser": 150, "program": 150,
        },
        narrow={"order": 124, "commission": 98, "status": 132},
        keep=(
            "order", "status", "commission", "time", "partner", "turnover", "type", "number", "answer", "model", "by",
            "advertiser", "program",
        ),
        grow={"order": 2, "partner": 2, "by": 2, "model": 2, "reason": 2},
    ),
    opens_with=_opens_with,
)  # fmt: skip


def beside(request: HttpRequest, view: Viewpoint) -> Mapping[str, Any]:
    """The context of the list beside the panel of a request that is opened by its address."""
    query = request.GET or QueryDict(opening_query(cast(User, request.user), PAGE, view).removeprefix("?"))
    return list_context(request, state_of(PAGE, Names(view), query))
