"""Counts and sums of what is filtered, by status and currency."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from accredit.lists.listing import Total
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.lists.declaring import ListPage


def figures_of(page: ListPage[Any], view: Viewpoint, found: Sequence[Total]) -> Mapping[str, Any]:
    """The context of the totals: a column for everything, then one for each status that occurs beside another."""
    statuses = page.words["status"]
    present = [status for status in statuses if any(total.status == status for total in found)]
    parts = [("", _("All"), found)]
    if len(present) > 1:
        parts += [
            (status, words.word(statuses, status), [total for total in found if total.status == status])
            for status in present
        ]
    return {
        "title": page.title,
        "heads": [{"status": status, "title": title} for status, title, _part in parts],
        "counts": [formats.number(sum(total.rows for total in part)) for *_head, part in parts],
        "turnovers": [sums_of(view, part, "turnover_minor") for *_head, part in parts],
        "commissions": [sums_of(view, part, "commission_minor") for *_head, part in parts],
        "single": len(parts) == 1,
    }


def sums_of(view: Viewpoint, totals: Sequence[Total], field: str) -> Sequence[str]:
    """One sum a currency, the program's own first. A currency in which nothing was turned over or earned, such as that
    of leads, needs no line, unless there is no other."""
    sums: dict[str, int] = {}
    for total in totals:
        sums[total.currency] = sums.get(total.currency, 0) + getattr(total, field)
    own = view.program.currency
    lines = {currency: minor for currency, minor in sums.items() if minor} or {own: 0}
    return [formats.money(lines[one], one) for one in sorted(lines, key=lambda one: (one != own, one))]
