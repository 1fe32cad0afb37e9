"""The conversion list."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from django.db import connection
from django.db.models import Count, Exists, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accredit.conversions.columns import COLUMNS
from accredit.conversions.models import Conversion, ConversionTotal, CreditedTo, Hold, Item, Payment
from accredit.lists.listing import Kept, List
from accredit.programs.visibility import Viewpoint

M = TypeVar("M", bound=Model)
WORDS = 100
"""So many of the shop's own words can be chosen from."""


def seen_from(view: Viewpoint) -> QuerySet[Conversion]:
    """The conversions that the viewer may see."""
    return _of_viewer(Conversion.objects.all(), view)


def totals_seen_from(view: Viewpoint) -> QuerySet[ConversionTotal]:
    """The totals of the conversions that the viewer may see."""
    return _of_viewer(ConversionTotal.objects.all(), view)


def _of_viewer(found: QuerySet[M], view: Viewpoint) -> QuerySet[M]:
    seen = found.filter(program=view.program)
    if view.partners is None:
        return seen
    return seen.filter(credited_to=CreditedTo.PARTNER, partner__in=sorted(view.partners))


def customer_statuses_beside(view: Viewpoint, known: Collection[str]) -> Sequence[str]:
    """The customer statuses of conversions that the viewer sees and that are none of these, by name: the first WORDS of
    them. The index is asked for one after the other, however many conversions have each."""
    query = """
        with recursive word(status) as (
            select '' collate "C"
            union all
            select (
                select customer_status from conversions_conversion
                where program_id = %(program)s and customer_status > word.status
                    and customer_status not in ('New', 'Existing')
                order by customer_status limit 1
            ) from word where status is not null
        )
        select status from word where status <> '' and status <> all(%(known)s) and (
            %(partners)s::text[] is null or exists (
                select from conversions_conversion
                where program_id = %(program)s and customer_status = word.status and partner = any(%(partners)s)
                    and customer_status not in ('New', 'Existing')
            )
        ) limit %(words)s
    """
    partners = None if view.partners is None else list(view.partners)
    with connection.cursor() as cursor:
        cursor.execute(query, {"program": view.program.id, "known": list(known), "partners": partners, "words": WORDS})
        return [status for (status,) in cursor.fetchall()]


def _with_items(found: QuerySet[Conversion]) -> QuerySet[Conversion]:
    """How many items the decision that counts has."""
    items = Item.objects.filter(
        program=OuterRef("program"), conversion_id=OuterRef("id"), decision=OuterRef("decision")
    )
    count = Subquery(items.order_by().values("program").annotate(n=Count("*")).values("n"))
    return found.annotate(item_count=Coalesce(count, 0))


def _with_holds(found: QuerySet[Conversion]) -> QuerySet[Conversion]:
    """Whether somebody holds it back from approving itself."""
    holds = Hold.objects.filter(program=OuterRef("program"), conversion_id=OuterRef("id"), released_at=None)
    return found.annotate(held=Exists(holds))


def _with_payments(found: QuerySet[Conversion]) -> QuerySet[Conversion]:
    """Whether a payout took it in."""
    payments = Payment.objects.filter(
        program=OuterRef("program"), conversion_id=OuterRef("id"), partner=OuterRef("partner")
    )
    return found.annotate(paid=Exists(payments))


ADDED: Mapping[str, Callable[[QuerySet[Conversion]], QuerySet[Conversion]]] = {
    "item_count": _with_items,
    "held": _with_holds,
    "paid": _with_payments,
}
"""Fields of columns that are no fields of the conversion."""

CONVERSIONS = List(
    "conversions",
    Conversion,
    COLUMNS,
    seen_from,
    (
        "time", "order", "event", "credited", "reason", "status", "customer", "turnover", "commission", "model",
        "project", "ad", "rejection",
    ),
    added=ADDED,
    figures=frozenset(["terms_version", "item_count"]),
    aliases={"q": "order", "since": "time.from", "until": "time.until"},
    kept=Kept(frozenset(("event", "credited", "party", "status", "customer", "currency")), totals_seen_from),
)  # fmt: skip
