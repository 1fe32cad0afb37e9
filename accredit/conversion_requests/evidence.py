"""What Accredit itself knows about a request: the partner's clicks before the order and what became of them,
conversions with its order number, and other requests of the same order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from accredit.conversion_requests.models import Kind, Request
from accredit.conversions.models import Conversion, Decision
from accredit.engine.frames import SUB_IDS
from accredit.programs.models import EventType
from accredit.programs.visibility import Viewpoint
from accredit.tracking.archive import file_of

CLICKS_SHOWN = 50
WINDOW = timedelta(days=30)
"""How long before the order clicks with the request's sub ids are searched; without any, for NEAR alone: the log has no
index by partner."""
NEAR = timedelta(days=1)
PATIENCE_MILLISECONDS = 2_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Basis(StrEnum):
    """By what the clicks were found."""

    JOURNEY = "journey"
    """Those of the conversion's visitors, with what became of each."""
    SUB_IDS = "sub_ids"
    """Those of the partner that carry all sub ids of the request, within WINDOW before the order."""
    PARTNER = "partner"
    """All of the partner's within NEAR before the order, whoever clicked: there is nothing that tells the customer."""
    TOO_MANY = "too_many"
    """None: there were too many to look through."""


@dataclass(frozen=True, slots=True)
class Click:
    """`outcome`: of engine.frames.OUTCOME, where it is in a journey."""

    click_id: str
    clicked_at: datetime
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A conversion; who may not read it is not told more than its number. `near`: not the order itself, but one by a
    visitor of the clicks within NEAR of it."""

    event_type: str
    order_token: str
    occurred_at: datetime | None
    status: str | None
    conversion_id: UUID | None
    partner: str | None
    channel: str | None
    near: bool = False


@dataclass(frozen=True, slots=True)
class Earlier:
    """Another request of the same order."""

    id: UUID
    number: int
    kind: str
    stage: str
    partner: str
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """Clicks of the partner before `before`: the latest CLICKS_SHOWN of `count`, the latest first. `not_kept`: of a
    journey, how many clicks of whomever it had beyond those that are kept; `since`: of a search, from which day on the
    log was looked through, where older ones are in the archive."""

    basis: Basis
    before: datetime
    clicks: Sequence[Click] = ()
    count: int = 0
    not_kept: int = 0
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """`found`: in the journey of the conversion, where the viewer may read it; and in the click log, for what may lack
    a journey. `order_known`: whether there is a conversion of this order number; `orders` only for who may read
    them."""

    found: Sequence[Found] = ()
    order_known: bool = False
    orders: Sequence[Order] = ()
    earlier: Sequence[Earlier] = ()


def evidence(view: Viewpoint, request: Request) -> Evidence:
    """What there is to know about a request of the viewer's program, as the viewer may read it."""
    orders = _orders(view, request)
    shown = {order.conversion_id: order for order in orders if order.conversion_id is not None}
    about = shown.get(request.conversion_id) if request.conversion_id is not None else None
    occurred_at = None if about is None else about.occurred_at
    found: list[Found] = []
    near: Sequence[Order] = []
    if request.kind != Kind.CREATE and occurred_at is not None:
        found.append(_of_journey(request, occurred_at))
    if request.kind != Kind.CHANGE:
        searched, visitors = _searched(request, occurred_at)
        found.append(searched)
        near = _near(request, searched.before, visitors) if view.sees_everything else []
    return Evidence(found, order_known=bool(orders), orders=[*shown.values(), *near], earlier=_earlier(view, request))


def _orders(view: Viewpoint, request: Request) -> Sequence[Order]:
    """Conversions of its order number, of any event type; of those that are not the viewer's without what they are."""
    found = Conversion.objects.filter(
        program=view.program,
        event_type__in=EventType.objects.filter(program=view.program).values_list("code", flat=True),
        order_token=request.order_token,
    ).order_by("occurred_at", "id")
    return [_order(one, shown=view.may_read(one.partner)) for one in found]


def _order(one: Conversion, *, shown: bool, near: bool = False) -> Order:
    return Order(
        one.event_type,
        one.order_token,
        one.occurred_at if shown else None,
        one.status if shown else None,
        one.id if shown else None,
        one.partner if shown else None,
        one.channel if shown else None,
        near,
    )


def _earlier(view: Viewpoint, request: Request) -> Sequence[Earlier]:
    """Other requests of its order number that the viewer may read, the latest first."""
    found = Request.objects.filter(program=view.program, order_token=request.order_token).exclude(id=request.id)
    if view.partners is not None:
        found = found.filter(partner__in=view.partners)
    names = ("id", "number", "kind", "stage", "partner", "raised_at")
    return [Earlier(*row) for row in found.order_by("-number").values_list(*names)[:CLICKS_SHOWN]]


def _of_journey(request: Request, occurred_at: datetime) -> Found:
    """The partner's clicks in the journey of the conversion, as its last decision tells of them."""
    assert request.conversion_id is not None, "only what is there has a journey"
    decision = Decision.objects.filter(program=request.program_id, conversion_id=request.conversion_id).order_by(
        "-number"
    )
    explanation, not_kept = decision.values_list("explanation", "explanation_more").first() or ([], 0)
    clicks = [
        Click(click_id, _EPOCH + timedelta(microseconds=clicked_at), outcome)
        for party, click_id, clicked_at, _code, _group, outcome in explanation
        if party == f"p:{request.partner}" and click_id is not None and clicked_at is not None
    ]
    clicks.sort(key=lambda click: click.clicked_at, reverse=True)
    return Found(Basis.JOURNEY, occurred_at, clicks[:CLICKS_SHOWN], len(clicks), not_kept=not_kept)


_SEARCH = """
select click_id, clicked_at, visitor_id, count(*) over () from tracking_click
where program_id = %s and partner = %s and clicked_at >= %s and clicked_at <= %s {}
order by clicked_at desc limit %s
"""


def _searched(request: Request, occurred_at: datetime | None) -> tuple[Found, Sequence[str]]:
    """The partner's clicks in the log that may have led to the order, and their visitors. `occurred_at`: of the order,
    where the viewer may know it."""
    before = occurred_at or request.occurred_at
    assert before is not None, "a create says when the order was placed"
    given = {name: getattr(request, name) for name in SUB_IDS if getattr(request, name)}
    basis, window = (Basis.SUB_IDS, WINDOW) if given else (Basis.PARTNER, NEAR)
    query = _SEARCH.format(" ".join(f"and {name} = %s" for name in given))
    since = before - window
    rows = _in_time(query, [request.program_id, request.partner, since, before, *given.values(), CLICKS_SHOWN])
    if rows is None:
        return Found(Basis.TOO_MANY, before), []
    clicks = [Click(click_id, clicked_at) for click_id, clicked_at, *_ in rows]
    visitors = sorted({visitor for _, _, visitor, _ in rows if visitor}) if given else []
    found = Found(basis, before, clicks, rows[0][3] if rows else 0, since=_behind_archive(since, before))
    return found, visitors


def _behind_archive(since: datetime, until: datetime) -> date | None:
    """The day after the last one between these times whose clicks are in the archive; None where none are."""
    first, last = since.astimezone(UTC).date(), until.astimezone(UTC).date()
    days = [last - timedelta(days=ago) for ago in range((last - first).days + 1)]
    archived = next((day for day in days if file_of(day).exists()), None)
    return archived and archived + timedelta(days=1)


def _near(request: Request, at: datetime, visitors: Sequence[str]) -> Sequence[Order]:
    """Other conversions by these visitors at about this time."""
    if not visitors:
        return []
    around = (at - NEAR, at + NEAR)
    found = Conversion.objects.filter(
        program=request.program_id, visitor_id__in=visitors, occurred_at__range=around
    ).exclude(order_token=request.order_token)
    query, parameters = found.order_by("occurred_at", "id").values("id")[:CLICKS_SHOWN].query.sql_with_params()
    rows = _in_time(query, parameters) or []
    shown = Conversion.objects.filter(program=request.program_id, id__in=[key for (key,) in rows])
    return [_order(one, shown=True, near=True) for one in shown.order_by("occurred_at", "id")]


def _in_time(query: str, parameters: Sequence[Any]) -> Sequence[Any] | None:
    """The rows of a query; None where it takes too long."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"set local statement_timeout = {PATIENCE_MILLISECONDS}")
            cursor.execute(query, parameters)
            rows: Sequence[Any] = cursor.fetchall()
            cursor.execute("set local statement_timeout = 0")
            return rows
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            return None
        raise
