"""The grid of the list: its columns, and its rows as text that is ready to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from accredit.conversions.columns import Column, Kind
from accredit.conversions.filters import PREFIX
from accredit.conversions.models import Conversion, CreditedTo
from accredit.conversions.views import Chosen
from accredit.database.keys import key_to_text
from accredit.web import formats, words
from accredit.web.conversions.choices import WORDS, contract_word
from accredit.web.conversions.history import reason_titles
from accredit.web.naming import Names

Cell = str | Mapping[str, str] | Sequence[str]
FAINT = ("credited", "party", "reason", "group", "commission")
"""Columns that matter less where no partner is paid."""
WIDTHS = {
    "time": 158, "order": 132, "event": 90, "credited": 160, "reason": 110, "status": 100, "customer": 132,
    "turnover": 110, "commission": 100, "model": 150, "currency": 80, "item_count": 80, "recorded": 158, "signed": 90,
    "held": 160,
    "id": 250, "click": 180, "comment": 180,
}  # fmt: skip
WIDTH = 120
NARROW_WIDTHS = {"time": 135, "order": 124, "commission": 98}
"""What fits beside each other on a phone, with the ticks."""
KEEP = ("time", "commission", "order", "credited", "turnover", "status", "customer", "event", "reason", "model")
"""On narrow screens those that come later here go first."""
GROW = {"credited": 2, "model": 2}


def grid_column(chosen: Chosen) -> dict[str, object]:
    """What the grid needs to know of a column, but for how it is sorted."""
    column, name = chosen.column, chosen.column.name
    return {
        "field": name,
        "title": str(column.title),
        "width": WIDTHS.get(name, WIDTH),
        "narrow": NARROW_WIDTHS.get(name, WIDTHS.get(name, WIDTH)),
        "fixed": chosen.width,
        "grow": GROW.get(name, 1),
        "keep": KEEP.index(name) if name in KEEP else len(KEEP),
        "number": column.kind in (Kind.MONEY, Kind.NUMBER),
        "status": name == "status",
    }


@dataclass(frozen=True)
class Cells:
    """What the cells of a list say."""

    names: Names

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.names.view.program.timezone)

    @cached_property
    def reason_titles(self) -> Mapping[str, str]:
        return reason_titles(self.names.view)

    def row(self, columns: Sequence[Column], one: Conversion) -> dict[str, Cell]:
        """By column, and what the page needs to know of every row: its key, its order number, its status, and `faint`:
        the columns that matter less in it."""
        unpaid = one.credited_to != CreditedTo.PARTNER
        status = {"code": one.status, "word": words.word(words.STATUSES, one.status)}
        return {
            **{column.name: self.text(column, one) for column in columns},
            "id": key_to_text(PREFIX, one.id),
            "token": one.order_token,
            "status": status,
            "faint": FAINT if unpaid else [],
        }

    def text(self, column: Column, one: Conversion) -> str:
        """One cell."""
        match column.name:
            case "credited":
                return self.names.credited(one)
            case "model":
                return _names(one.model) or words.word(words.RESTRICTIONS, one.restriction or "")
            case "adjustments":
                return _names(one.adjustments)
            case "restriction":
                return ", ".join(words.word(words.RESTRICTIONS, name) for name in (one.restriction or "").split(";"))
            case "contract":
                return contract_word(one.terms, one.terms_version) if one.terms else ""
            case "rejection":
                return self.reason_titles.get(one.rejection_reason or "", one.rejection_reason or "")
        value = getattr(one, column.field)
        if value is None:
            return ""
        match column.kind:
            case Kind.INSTANT:
                return formats.instant(value, self.zone)
            case Kind.MONEY:
                return formats.money(value, one.currency)
            case Kind.NUMBER:
                return formats.number(value)
            case Kind.FLAG:
                return words.word(WORDS[column.name], "yes" if value else "no")
            case Kind.KEY:
                return key_to_text(PREFIX, value)
        return words.word(WORDS.get(column.name, {}), value)


def _names(joined: str | None) -> str:
    return (joined or "").replace(";", ", ")
