"""How a list is looked at: which columns, in which order and how wide."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from accredit.conversions.columns import COLUMNS, Column
from accredit.programs.visibility import Viewpoint

DEFAULT = ("time", "order", "event", "credited", "reason", "status", "customer", "turnover", "commission", "model")
WIDTHS = range(40, 1_001)
"""In pixels."""


class ColumnsError(ValueError):
    """A text that names no columns of the list."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A column that somebody chose; `width`: where they also made it wider or narrower."""

    column: Column
    width: int | None = None


def default_columns(view: Viewpoint, *, event_types: int) -> Sequence[Chosen]:
    """What is shown to those who chose nothing: no column that says the same in every row."""
    alike = {"event"} if event_types < 2 else set()
    if view.partners is not None and len(view.partners) < 2:
        alike.add("credited")
    return [Chosen(COLUMNS[name]) for name in DEFAULT if name not in alike]


def columns_text(chosen: Sequence[Chosen]) -> str:
    """As addresses have them: `time.order-180.turnover`."""
    return ".".join(f"{one.column.name}-{one.width}" if one.width else one.column.name for one in chosen)


def columns_from_text(text: str, view: Viewpoint) -> Sequence[Chosen]:
    """What `columns_text` wrote, as far as the viewer may see it. Raises ColumnsError for every other text."""
    found: dict[str, Chosen] = {}
    for part in text.split("."):
        shape = re.fullmatch(r"([a-z_]+[0-9]?)(?:-([0-9]{2,4}))?", part, re.ASCII)
        column = COLUMNS.get(shape[1]) if shape else None
        if shape is None or column is None:
            raise ColumnsError(f"{part[:80]!r} is no column of the list")
        width = int(shape[2]) if shape[2] else None
        if width is not None and width not in WIDTHS:
            raise ColumnsError(f"a column is {WIDTHS.start} to {WIDTHS[-1]} pixels wide, not {width}")
        if column.shown_to(view):
            found[column.name] = Chosen(column, width)
    if not found:
        raise ColumnsError(f"{text[:80]!r} names no column that you may see")
    return list(found.values())
