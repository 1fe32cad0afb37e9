"""The columns of the conversion list, declared once: pages, exports, filters and kept views all read them here.

What a partner may not see of a conversion has no column for it: neither to read nor to filter nor to sort by.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accredit.conversions.models import CreditedTo, Status
from accredit.engine.program import CreditGroup
from accredit.programs.visibility import Viewpoint

Title = str | Promise


class Kind(StrEnum):
    """What a column holds, and so how it is filtered: by values, by parts of a text, or by a range."""

    TEXT = "text"
    CHOICE = "choice"
    FLAG = "flag"
    KEY = "key"
    MONEY = "money"
    NUMBER = "number"
    INSTANT = "instant"


@dataclass(frozen=True, slots=True)
class Column:
    """`name`: in addresses, kept views and files. `fields`: those of the conversion that it shows; the first is the one
    that is filtered. `sort`: the fields that it sorts by; none: it does not. `indexed`: an index serves that order, so
    that it is as fast in a large program. `codes`: the choices, where they are the same in every program."""

    name: str
    title: Title
    kind: Kind
    fields: tuple[str, ...]
    sort: tuple[str, ...] = ()
    indexed: bool = False
    can_be_empty: bool = False
    codes: tuple[str, ...] = ()
    for_owners: bool = False

    @property
    def field(self) -> str:
        return self.fields[0]

    def shown_to(self, view: Viewpoint) -> bool:
        """Owners are advertiser and agency."""
        return view.sees_everything or not self.for_owners


def _text(name: str, title: Title, field: str = "", *, can_be_empty: bool = True, for_owners: bool = False) -> Column:
    fields = (field or name,)
    return Column(name, title, Kind.TEXT, fields, fields, can_be_empty=can_be_empty, for_owners=for_owners)


def _choice(
    name: str, title: Title, *fields: str, can_be_empty: bool = False, codes: Sequence[str] = (), owners: bool = False
) -> Column:
    return Column(
        name, title, Kind.CHOICE, fields, fields, can_be_empty=can_be_empty, codes=tuple(codes), for_owners=owners
    )


def _money(name: str, title: Title) -> Column:
    """Amounts of different currencies are never compared: they sort by currency first."""
    minor = f"{name}_minor"
    return Column(name, title, Kind.MONEY, (minor, "currency"), ("currency", minor), indexed=True)


COLUMNS: Mapping[str, Column] = {
    column.name: column
    for column in (
        Column("time", _("Time"), Kind.INSTANT, ("occurred_at",), ("occurred_at",), indexed=True),
        _text("order", _("Order number"), "order_token", can_be_empty=False),
        _choice("event", _("Event type"), "event_type"),
        _choice("credited", _("Credited to"), "credited_to", "partner", "channel"),
        _choice("party", _("Partner or channel"), "credited_to", codes=CreditedTo.values, owners=True),
        _choice("reason", _("Reason"), "reason", codes=("last_click", "promo_code", "no_candidate")),
        _choice(
            "group", _("Credit group"), "credit_group", can_be_empty=True, codes=[group.value for group in CreditGroup]
        ),
        _choice("status", _("Status"), "status", codes=Status.values),
        _choice("customer", _("Customer status"), "customer_status", can_be_empty=True),
        _money("turnover", _("Turnover")),
        _money("commission", _("Commission")),
        _choice("currency", _("Currency"), "currency"),
        _text("model", _("Commission model")),
        _text("adjustments", _("Payout adjustments")),
        _text("restriction", _("Restriction")),
        _choice("contract", _("Contract"), "terms", "terms_version", can_be_empty=True),
        Column("item_count", _("Items"), Kind.NUMBER, ("item_count",), ("item_count",)),
        _text("category", _("Category")),
        _text("ad", _("Ad")),
        _text("project", _("Project")),
        _text("device", _("Device")),
        *(_text(f"sub{n}", format_lazy("{} {}", _("Sub id"), n), f"sub_id{n}") for n in range(1, 7)),
        _text("click", _("Click id"), "credited_click_id"),
        _text("code", _("Promo code that counted"), "credited_promo_code"),
        _text("order_codes", _("Promo codes of the order"), "promo_code", for_owners=True),
        _text("country", _("Country")),
        _text("region", _("Region")),
        _text("city", _("City")),
        _text("postcode", _("Postcode")),
        _choice("rejection", _("Rejection reason"), "rejection_reason", can_be_empty=True),
        _text("comment", _("Comment on the rejection"), "rejection_comment"),
        Column("recorded", _("Recorded"), Kind.INSTANT, ("recorded_at",), ("id",), indexed=True, for_owners=True),
        Column("signed", _("Signed"), Kind.FLAG, ("signed",), can_be_empty=True, for_owners=True),
        Column("held", _("Held back"), Kind.FLAG, ("held",), for_owners=True),
        Column("id", _("Conversion id"), Kind.KEY, ("id",), ("id",), indexed=True),
    )
}
"""By name, in the order in which they are offered. `item_count` and `held` are no fields of the conversion:
`listing.with_added` adds them. Keys begin with the time of booking, so that they are in the order of `recorded`."""


def columns_for(view: Viewpoint) -> Sequence[Column]:
    """The columns that the viewer may see."""
    return [column for column in COLUMNS.values() if column.shown_to(view)]
