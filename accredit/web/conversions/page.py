"""The conversion list as a page."""

from collections.abc import Collection

from django.utils.translation import gettext_lazy, ngettext

from accredit.conversions.listing import CONVERSIONS
from accredit.conversions.models import Status
from accredit.web.conversions.cells import Cells
from accredit.web.conversions.choices import WORDS, choices, words_beside
from accredit.web.lists.declaring import Grid, ListPage
from accredit.web.naming import Names


def _alike(names: Names) -> Collection[str]:
    partners = names.view.partners
    only = ["credited"] if partners is not None and len(partners) < 2 else []
    return [*only, *(["event"] if len(names.event_types) < 2 else [])]


PAGE = ListPage(
    CONVERSIONS,
    "conversion",
    gettext_lazy("Conversions"),
    news=lambda n: ngettext("%(n)s new conversion", "%(n)s new conversions", n),
    exported=lambda n: ngettext("%(n)s conversion in the file.", "%(n)s conversions in the file.", n),
    cells=Cells,
    choices=choices,
    beside=words_beside,
    words=WORDS,
    checked=("event", "credited"),
    chips=("credited", "status", "customer", "event"),
    alike=_alike,
    tell={("status", Status.REJECTED.value): ("rejection",)},
    grid=Grid(
        widths={
            "time": 158, "order": 132, "event": 90, "credited": 160, "reason": 110, "status": 100, "customer": 150,
            "turnover": 110, "commission": 100, "model": 150, "currency": 80, "item_count": 80, "recorded": 158,
            "signed": 90, "held": 160, "id": 250, "click": 180, "comment": 180,
        },
        narrow={"time": 135, "order": 124, "status": 88, "commission": 98},
        keep=(
            "status", "commission", "order", "credited", "time", "turnover", "customer", "event", "reason", "model",
        ),
        grow={"credited": 2, "model": 2},
    ),
)  # fmt: skip
