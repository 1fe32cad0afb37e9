"""The list of conversion requests: its columns, and whose requests a viewer sees."""

from collections.abc import Callable, Mapping

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accredit.conversion_requests.models import PREFIX, Kind, Request, Stage, StageChange
from accredit.conversions.columns import PREFIX as CONVERSION
from accredit.conversions.models import Way
from accredit.lists import columns
from accredit.lists.columns import Column, choice, key, money, text
from accredit.lists.listing import List
from accredit.programs.visibility import Viewpoint

DEFAULT = (
    "time", "number", "by", "status", "type", "order", "advertiser", "partner", "turnover", "commission", "model",
    "program", "answer",
)  # fmt: skip
COLUMNS: Mapping[str, Column] = {
    column.name: column
    for column in (
        Column("time", _("Created"), columns.Kind.INSTANT, ("raised_at",), ("raised_at",), indexed=True),
        Column(
            "number",
            pgettext_lazy("conversion request", "Number"),
            columns.Kind.NUMBER,
            ("number",),
            ("number",),
            indexed=True,
        ),
        Column("by", _("Created by"), columns.Kind.CHOICE, ("raised_by_id", "raised_by_name")),
        choice("way", _("Created through"), "way", codes=Way.values),
        choice("status", _("Stage"), "stage", codes=Stage.values),
        Column("changed", _("At this stage since"), columns.Kind.INSTANT, ("changed_at",), ("changed_at",)),
        Column("reason", _("Reason"), columns.Kind.CHOICE, ("stage_reason",), can_be_empty=True),
        choice("type", _("Type"), "kind", codes=Kind.values),
        text("order", _("Order number"), "order_token", can_be_empty=False),
        choice("event", _("Event type"), "event_type"),
        key("conversion", _("Conversion id"), CONVERSION, "conversion_id", can_be_empty=True, for_owners=True),
        text("advertiser", _("Advertiser"), can_be_empty=False),
        text("program", _("Program"), "program_name", can_be_empty=False),
        choice("partner", _("Partner"), "partner"),
        Column("occurred", _("Time of the order"), columns.Kind.INSTANT, ("occurred_at",), ("occurred_at",)),
        money("turnover", _("Turnover"), "turnover_shown_minor", indexed=True),
        money("commission", _("Commission"), indexed=True),
        money("claimed", _("Commission asked for"), "claimed_minor"),
        money("before", _("Commission before"), "commission_before_minor", for_owners=True),
        choice("currency", _("Currency"), "currency"),
        text("model", _("Commission model"), also=("restriction",), said=True),
        choice("answer", _("Has to answer"), "answer_from", can_be_empty=True, codes=("partner", "advertiser")),
        text("category", _("Category")),
        choice("customer", _("Customer status"), "customer_status", can_be_empty=True),
        text("device", _("Device")),
        *(text(f"sub{n}", format_lazy("{} {}", _("Sub id"), n), f"sub_id{n}") for n in range(1, 7)),
        key("id", _("Request id"), PREFIX),
    )
}
"""By name, in the order in which they are offered. What no request has by itself is in ADDED."""


def seen_from(view: Viewpoint) -> QuerySet[Request]:
    """The requests that the viewer may see: a partner sees its own."""
    seen = Request.objects.filter(program=view.program)
    return seen if view.partners is None else seen.filter(partner__in=sorted(view.partners))


def _with_reason(found: QuerySet[Request]) -> QuerySet[Request]:
    """Why it came to its stage: of rejections and failures."""
    last = StageChange.objects.filter(program=OuterRef("program"), request_id=OuterRef("id"), number=OuterRef("stages"))
    return found.annotate(stage_reason=Subquery(last.values("reason")))


ADDED: Mapping[str, Callable[[QuerySet[Request]], QuerySet[Request]]] = {
    "raised_by_name": lambda found: found.annotate(raised_by_name=F("raised_by__name")),
    "stage_reason": _with_reason,
    "advertiser": lambda found: found.annotate(advertiser=F("program__advertiser__name")),
    "program_name": lambda found: found.annotate(program_name=F("program__name")),
}

REQUESTS = List(
    "requests", Request, COLUMNS, seen_from, DEFAULT, added=ADDED, figures=frozenset(["number"])
)  # fmt: skip
