"""The grid of a list: its columns, and its rows as text that is ready to read."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from accredit.database.keys import key_to_text
from accredit.lists.columns import Column, Kind
from accredit.lists.listing import Chosen
from accredit.web import formats, words
from accredit.web.lists.declaring import Grid, ListPage
from accredit.web.naming import Names

Cell = str | Mapping[str, str] | Sequence[str]
WIDTH = 120


def grid_column(grid: Grid, chosen: Chosen, *, tells: bool) -> dict[str, object]:
    """What the grid needs to know of a column, but for how it is sorted. `tells`: it stays before all others."""
    column, name = chosen.column, chosen.column.name
    width = grid.widths.get(name, WIDTH)
    return {
        "field": name,
        "title": str(column.title),
        "width": width,
        "narrow": grid.narrow.get(name, width),
        "fixed": chosen.width,
        "grow": grid.grow.get(name, 1),
        "keep": 0 if tells else 1 + (grid.keep.index(name) if name in grid.keep else len(grid.keep)),
        "number": column.kind in (Kind.MONEY, Kind.NUMBER),
        "status": name == "status",
    }


class Cells:
    """What the cells of a list say. A list adds what it says in its own way."""

    def __init__(self, page: ListPage[Any], names: Names) -> None:
        self.page, self.names = page, names

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.names.view.program.timezone)

    def row(self, columns: Sequence[Column], one: Any) -> dict[str, Cell]:
        """By column, and what the page needs to know of every row: its key, its order number, its status, and `faint`:
        the columns that matter less in it."""
        code = getattr(one, self.page.list.columns["status"].field)
        return {
            **{column.name: self.text(column, one) for column in columns},
            "id": key_to_text(self.page.list.prefix, one.id),
            "token": one.order_token,
            "status": {"code": code, "word": words.word(self.page.words["status"], code)},
            "faint": self.faint(one),
        }

    def faint(self, one: Any) -> Sequence[str]:  # noqa: ARG002 a list's own may look at it
        """The columns that matter less in a row."""
        return ()

    def text(self, column: Column, one: Any) -> str:
        """One cell of a row, or of what has the fields of one."""
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
                return words.word(self.page.words[column.name], "yes" if value else "no")
            case Kind.KEY:
                return key_to_text(column.prefix, value)
        return words.word(self.page.words.get(column.name, {}), value)
