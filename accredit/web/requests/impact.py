"""What would come of requests, in figures: those of the plan that is applied when they are accepted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accredit.conversion_requests.models import Kind, Request, Stage
from accredit.conversions.models import CreditedTo
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.naming import Names, Party
from accredit.web.requests.words import FAILURES, rate_of

Row = Mapping[str, Any]
"""Of PLANNED."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one request. What the viewer may not read, or what does not change, is empty. `why`: why nothing comes of
    it; `rate`: the commission model, or why nothing is paid; `heads`: what the two amounts are called."""

    amounts: Sequence[tuple[str, str, str]]
    difference: str
    rate: str
    claimed: str
    why: str
    heads: tuple[str, str] = ("", "")


def signed(minor: int, currency: str) -> str:
    """A difference, always with its sign."""
    return formats.money(minor, currency) if minor <= 0 else f"+{formats.money(minor, currency)}"


def planned_figures(view: Viewpoint, kind: str, row: Row) -> Figures:
    """Of a request that is not processed: `row` says what would come of it now."""
    shows_before = view.sees_everything or kind != Kind.CLAIM
    if row["why"]:
        return Figures([], "", "", "", words.word(FAILURES, row["why"]))
    currency = row["currency"]

    def amount(name: str) -> str:
        return "" if row[name] is None else formats.money(row[name], currency)

    amounts = []
    for title, name in ((_("Turnover"), "turnover"), (_("Commission"), "commission")):
        before = amount(f"{name}_before_minor") if shows_before else ""
        amounts.append((title, before, amount(f"{name}_minor")))
    status_before = words.word(words.STATUSES, row["status_before"] or "") if shows_before else ""
    if row["status"]:
        amounts.append((_("Status"), status_before, words.word(words.STATUSES, row["status"])))
    difference = signed(row["difference_minor"], currency) if shows_before else ""
    return Figures(amounts, difference, _models(row, shows_before), _claimed(row, currency), "", (_("Now"), _("Then")))


def planned_changes(names: Names, row: Row) -> Sequence[tuple[str, str, str]]:
    """What becomes of the conversion beside its commission, for who sees everything: titles, before and after. Of a
    claim, who loses the credit."""
    currency = row["currency"]
    changes: list[tuple[str, str, str]] = []
    if row["kind"] == Kind.CLAIM:
        kind = CreditedTo.PARTNER if row["partner_before"] else CreditedTo.CHANNEL
        code = row["partner_before"] or row["channel_before"]
        loses = names.of(Party(kind, code) if code else None)
        changes.append((_("Credit"), loses, names.partners.get(row["partner"], str(row["partner"]))))
    statuses = [words.word(words.STATUSES, row[name] or "") for name in ("status_before", "status")]
    turnovers = [
        "" if row[name] is None else formats.money(row[name], currency)
        for name in ("turnover_before_minor", "turnover_minor")
    ]
    for title, (before, after) in ((_("Status"), statuses), (_("Turnover"), turnovers)):
        if before != after:
            changes.append((title, before, after))
    return changes


def _models(row: Row, shows_before: bool) -> str:
    """The rate by which it would be priced, after the one that it has."""
    before = (row["model_before"] or "").replace(";", ", ") if shows_before else ""
    after = rate_of(row["model"], row["restriction"])
    return _line(row["model"], f"{before} → {after or '–'}" if before and before != after else after)


def _line(model: str | None, rate: str) -> str:
    if not rate:
        return ""
    return f"{_('Commission model') if model else _('Nothing is paid')}: {rate}"


def _claimed(row: Row, currency: str) -> str:
    """The commission that is claimed beside that of the rate; empty where none is claimed."""
    if row["by_rate_minor"] is None:
        return ""
    facts = {
        "claimed": formats.money(row["commission_minor"], currency),
        "rate": formats.money(row["by_rate_minor"], currency),
        "difference": signed(row["commission_minor"] - row["by_rate_minor"], currency),
    }
    return _("%(claimed)s is claimed; the rate of its time gives %(rate)s (%(difference)s).") % facts


def kept_figures(view: Viewpoint, request: Request) -> Figures:
    """Of a request of which nothing is to come any more: as it was processed, or as it was planned when it was
    raised."""
    shows_before = view.sees_everything or request.kind != Kind.CLAIM
    currency, before, after = request.currency, request.commission_before_minor, request.commission_minor
    amounts = []
    if after is not None:
        was = formats.money(before, currency) if shows_before and before is not None else ""
        amounts.append((_("Commission"), was, formats.money(after, currency)))
    difference, heads = "", (_("Before"), _("Asked for"))
    if request.stage == Stage.PROCESSED:
        heads = _("Before"), _("After")
        if after is not None and shows_before:
            difference = signed(after - (before or 0), currency)
    return Figures(
        amounts, difference, _line(request.model, rate_of(request.model, request.restriction)), "", "", heads
    )
