"""The columns of the conversion list, declared once: pages, exports, filters and kept views all read them here."""

from collections.abc import Mapping

from django.db.models import Q
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accredit.conversions.models import REQUESTED, CreditedTo, Status
from accredit.engine.program import CreditGroup
from accredit.lists.columns import Column, Kind, choice, key, money, text

PREFIX = "cv"
"""Of the keys of conversions, as the outside knows them."""


def _credited(value: str) -> Q:
    """`partner:CODE`, `channel:CODE`; `partner`, `channel`: any of them; `none`."""
    kind, _colon, code = value.partition(":")
    return Q(credited_to=kind, **{kind: code}) if code and kind in ("partner", "channel") else Q(credited_to=kind)


REASONS = ("last_click", "promo_code", "no_candidate", "request")


def _reason(value: str) -> Q:
    """`request`: that of any conversion request, which goes by its number (`request 123`)."""
    return Q(reason__startswith=REQUESTED) if value == "request" else Q(reason=value)


def _contract(value: str) -> Q:
    """`TERMS:VERSION`; `TERMS`: any version."""
    terms, _colon, version = value.rpartition(":")
    return Q(terms=terms, terms_version=int(version)) if terms and version.isdecimal() else Q(terms=value)


COLUMNS: Mapping[str, Column] = {
    column.name: column
    for column in (
        Column("time", _("Time"), Kind.INSTANT, ("occurred_at",), ("occurred_at",), indexed=True),
        text("order", _("Order number"), "order_token", can_be_empty=False),
        choice("event", _("Event type"), "event_type"),
        choice("credited", _("Credited to"), "credited_to", "partner", "channel", matches=_credited),
        choice("party", _("Partner or channel"), "credited_to", codes=CreditedTo.values, for_owners=True),
        choice("reason", _("Why credited"), "reason", codes=REASONS, matches=_reason),
        choice(
            "group", _("Credit group"), "credit_group", can_be_empty=True, codes=[group.value for group in CreditGroup]
        ),
        choice("status", _("Status"), "status", codes=Status.values),
        choice("customer", _("Customer status"), "customer_status", can_be_empty=True, also=("event_type",)),
        money("turnover", _("Turnover"), indexed=True),
        money("commission", _("Commission"), indexed=True),
        choice("currency", _("Currency"), "currency"),
        text("model", _("Commission model"), also=("restriction",), said=True),
        text("adjustments", _("Payout adjustments"), said=True),
        text("restriction", _("Restriction"), said=True),
        choice("contract", _("Contract"), "terms", "terms_version", can_be_empty=True, matches=_contract),
        Column("item_count", _("Items"), Kind.NUMBER, ("item_count",), ("item_count",)),
        text("category", _("Category")),
        text("ad", _("Ad")),
        text("project", _("Project")),
        text("device", _("Device")),
        *(text(f"sub{n}", format_lazy("{} {}", _("Sub id"), n), f"sub_id{n}") for n in range(1, 7)),
        text("click", _("Click id"), "credited_click_id"),
        text("code", _("Promo code that counted"), "credited_promo_code"),
        text("order_codes", _("Promo codes of the order"), "promo_code", for_owners=True),
        text("country", _("Country")),
        text("region", _("Region")),
        text("city", _("City")),
        text("postcode", _("Postcode")),
        choice("rejection", _("Rejection reason"), "rejection_reason", can_be_empty=True),
        text("comment", _("Comment on the rejection"), "rejection_comment"),
        Column("paid", _("Paid"), Kind.FLAG, ("paid",)),
        Column("recorded", _("Recorded"), Kind.INSTANT, ("recorded_at",), ("id",), indexed=True, for_owners=True),
        Column("signed", _("Signed"), Kind.FLAG, ("signed",), can_be_empty=True, for_owners=True),
        Column("held", _("Held back"), Kind.FLAG, ("held",), for_owners=True),
        key("id", _("Conversion id"), PREFIX),
    )
}
"""By name, in the order in which they are offered. `item_count`, `paid` and `held` are no fields of the conversion:
`listing.ADDED` adds them. Keys begin with the time of booking, so that they are in the order of `recorded`."""
