"""Conversions as JSON has them: amounts as decimal texts, times in UTC, keys as pages have them.

A conversion has the fields of the list's columns that the holder of the key may see, and no others.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from accredit.conversions.columns import PREFIX
from accredit.conversions.history import Row, timeline, told_to
from accredit.conversions.listing import CONVERSIONS
from accredit.conversions.models import Conversion, Item
from accredit.database.keys import key_to_text
from accredit.money import to_major
from accredit.programs.visibility import Viewpoint

Value = Mapping[str, Any]
MINOR = "_minor"


def amount(minor: int | None, currency: str | None) -> str | None:
    """`1250`, `EUR` → `12.50`."""
    return None if minor is None or currency is None else str(to_major(minor, currency))


def instant(at: datetime | None) -> str | None:
    """`2026-03-01T12:00:00Z`."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def fields_of(view: Viewpoint) -> Sequence[str]:
    """What the holder may read of a conversion."""
    found = ["id", *(name for column in CONVERSIONS.columns_for(view) for name in column.fields)]
    return list(dict.fromkeys([*found, "decision"] if view.sees_everything else found))


def conversion_value(conversion: Conversion, fields: Sequence[str]) -> Value:
    """One conversion, with these fields."""
    return {name.removesuffix(MINOR): _value(name, getattr(conversion, name), conversion.currency) for name in fields}


def _value(name: str, value: Any, currency: str) -> Any:
    if name.endswith(MINOR):
        return amount(value, currency)
    if isinstance(value, datetime):
        return instant(value)
    return key_to_text(PREFIX, value) if isinstance(value, UUID) else value


def items_value(conversion: Conversion) -> Sequence[Value]:
    """The items that hold. Commission null: the order is priced as a whole."""
    items = Item.objects.filter(
        program=conversion.program_id, conversion_id=conversion.id, decision=conversion.decision
    )
    return [
        {
            "item_id": item.item_id,
            "sku": item.sku,
            "category": item.category,
            "quantity": item.quantity,
            "turnover": amount(item.turnover_minor, item.currency),
            "commission": amount(item.commission_minor, item.currency),
        }
        for item in items.order_by("item_id")
    ]


def history_value(view: Viewpoint, conversion: Conversion) -> Sequence[Value]:
    """Everything that happened to it, oldest first; `number` 0 is how it was recorded."""
    return [_happening(row) for row in told_to(view, timeline(conversion.program_id, conversion.id))]


def _happening(row: Row) -> Value:
    return {
        "number": row["number"],
        "at": instant(row["changed_at"]),
        "through": row["way"],
        "by": row["user"],
        **{name: row[name] for name in ("source", "cause", "status_before", "status", "rejection_reason", "comment")},
        **{f"{party}{when}": row[f"{party}{when}"] for party in ("partner", "channel") for when in ("_before", "")},
        "currency": row["currency"],
        **{
            f"{name}{when}": amount(row[f"{name}{when}_minor"], row["currency"])
            for name in ("turnover", "commission")
            for when in ("_before", "")
        },
    }
