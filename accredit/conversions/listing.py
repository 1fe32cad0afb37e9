"""The conversion list."""

from collections.abc import Callable, Mapping

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accredit.conversions.columns import COLUMNS
from accredit.conversions.models import Conversion, CreditedTo, Hold, Item
from accredit.lists.listing import List
from accredit.programs.visibility import Viewpoint


def seen_from(view: Viewpoint) -> QuerySet[Conversion]:
    """The conversions that the viewer may see."""
    seen = Conversion.objects.filter(program=view.program)
    if view.partners is None:
        return seen
    return seen.filter(credited_to=CreditedTo.PARTNER, partner__in=sorted(view.partners))


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


ADDED: Mapping[str, Callable[[QuerySet[Conversion]], QuerySet[Conversion]]] = {
    "item_count": _with_items,
    "held": _with_holds,
}
"""Fields of columns that are no fields of the conversion."""

CONVERSIONS = List(
    "conversions",
    Conversion,
    COLUMNS,
    seen_from,
    ("time", "order", "event", "credited", "reason", "status", "customer", "turnover", "commission", "model"),
    added=ADDED,
    figures=frozenset(["terms_version", "item_count"]),
    aliases={"q": "order", "since": "time.from", "until": "time.until"},
)
