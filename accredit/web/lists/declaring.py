"""What the page of a list says of it, beyond what the list itself does."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic

from django.urls import reverse
from django.utils.functional import Promise

from accredit.lists.columns import Column
from accredit.lists.filters import Parameter
from accredit.lists.listing import List, M
from accredit.programs.visibility import Viewpoint
from accredit.web import words
from accredit.web.naming import Names

if TYPE_CHECKING:
    from accredit.web.lists.cells import Cells


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that a column can be filtered by. `group`: the heading under which it stands, if any."""

    value: str
    label: str
    group: str | Promise = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """How wide the columns are in pixels, also on a phone, beside the ticks; which stay longest where there is little
    room, and which take what is left."""

    widths: Mapping[str, int]
    narrow: Mapping[str, int]
    keep: Sequence[str]
    grow: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ListPage(Generic[M]):
    """The address of the list is named as the list is, those of its parts begin with `name`; its templates lie in a
    folder that is named as the list is.

    `news`: so many new ones, in words; `exported`: so many in a file. `choices`: what a column can be, in the order in
    which it is offered; what a partner may not name is not among it. `checked`: columns of which the program says every
    value that there can be; `beside`: what rows say besides, offered where one filters by it. `words`: of codes, by
    column. `chips`: columns that have a chip also while nothing is said of them. `alike`: columns that say the same in
    every row. `tell`: columns that stay longest where a column is filtered by one value alone, by name and value.
    `opens_with`: what is filtered where nobody said."""

    list: List[M]
    name: str
    title: str | Promise
    news: Callable[[int], str]
    exported: Callable[[int], str]
    cells: "Callable[[ListPage[M], Names], Cells]"
    choices: Callable[[Names, Column], Sequence[Choice]]
    words: Mapping[str, words.Words]
    checked: Sequence[str]
    chips: Sequence[str]
    alike: Callable[[Names], Collection[str]]
    grid: Grid
    tell: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    beside: Callable[[Names, Column], Sequence[Choice]] = lambda _names, _column: ()
    opens_with: Callable[[Viewpoint], Sequence[Parameter]] | None = None

    def url(self, view: Viewpoint, query: str = "") -> str:
        """The address of the list with this query."""
        return reverse(f"web:{self.list.name}", args=[view.program.code]) + query

    def url_of(self, part: str, view: Viewpoint, *more: str, query: str = "") -> str:
        """The address of a part of the list."""
        return reverse(f"web:{self.name}-{part}", args=[view.program.code, *more]) + query

    def template(self, part: str) -> str:
        """The list's own template."""
        return f"web/{self.list.name}/{part}.html"
