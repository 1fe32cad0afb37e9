"""What the cells of the conversion list say in their own way."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from accredit.conversions.models import CreditedTo
from accredit.lists.columns import Column
from accredit.web import words
from accredit.web.conversions.choices import contract_word
from accredit.web.conversions.history import reason_titles
from accredit.web.lists import cells

FAINT = ("credited", "party", "reason", "group", "commission")
"""Columns that matter less where no partner is paid."""


class Cells(cells.Cells):
    """What the cells of the conversion list say."""

    @cached_property
    def reason_titles(self) -> Mapping[str, str]:
        return reason_titles(self.names.view)

    def faint(self, one: Any) -> Sequence[str]:
        return () if one.credited_to == CreditedTo.PARTNER else FAINT

    def text(self, column: Column, one: Any) -> str:
        match column.name:
            case "credited":
                return self.names.credited(one)
            case "customer":
                return self.names.customer_status(one.event_type, one.customer_status or "")
            case "reason":
                return words.reason(one.reason)
            case "model":
                return _names(one.model) or words.word(words.RESTRICTIONS, one.restriction or "")
            case "adjustments":
                return _names(one.adjustments)
            case "restriction":
                return ", ".join(words.word(words.RESTRICTIONS, name) for name in (one.restriction or "").split(";"))
            case "contract":
                return contract_word(one.terms, one.terms_version) if one.terms else ""
            case "rejection":
                code = one.rejection_reason
                return self.reason_titles.get(code, code) if code else ""
            case "held" | "paid" if not getattr(one, column.name):  # that most are not says nothing
                return ""
        return super().text(column, one)


def _names(joined: str | None) -> str:
    return (joined or "").replace(";", ", ")
