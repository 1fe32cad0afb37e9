"""The state of a list as its address says it: filters, order, columns, place."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accredit.database.keys import KeyTextError, key_from_text
from accredit.lists.filters import MAX_VALUES, Filters, Operator, Parameter
from accredit.lists.listing import Chosen, ColumnsError, columns_text
from accredit.lists.places import Cursor, CursorError, Order
from accredit.programs.visibility import Viewpoint
from accredit.web import formats
from accredit.web.lists.declaring import ListPage
from accredit.web.naming import Names

SHOWN_CHARACTERS = 40
SHOWN_WRONG = 5
"""So many of what was not understood are named."""
VIEW_PREFIX = "lv"
EVERYTHING = "?sort=-time"
"""Of the list with nothing filtered, in the order that every list has."""


@dataclass(frozen=True, slots=True)
class ListState:
    """What the address of a list says, and the addresses of the lists beside it. `chosen`: the columns it names."""

    page: ListPage[Any]
    names: Names
    filters: Filters
    order: Order = field(default_factory=Order)
    cursor: Cursor | None = None
    chosen: Sequence[Chosen] = ()
    view_key: str = ""
    """The kept view that was opened; what is looked at may differ from it by now."""
    not_understood: Sequence[tuple[str | Promise, str]] = ()
    """Label and value of what the address says besides."""
    beyond: Mapping[str, int] = field(default_factory=dict)
    """Label → how many values more than a filter takes."""

    @property
    def view(self) -> Viewpoint:
        return self.names.view

    @property
    def columns(self) -> Sequence[Chosen]:
        """What is shown to those who chose nothing: no column that says the same in every row."""
        columns, alike = self.page.list.columns, self.page.alike(self.names)
        return self.chosen or [Chosen(columns[name]) for name in self.page.list.default if name not in alike]

    @property
    def left_out(self) -> Sequence[str]:
        """Sentences of what the address asks for and the list does not heed."""
        named = [
            gettext("%(filter)s “%(text)s”") % {"filter": label, "text": text}
            for label, text in self.not_understood[:SHOWN_WRONG]
        ]
        if more := len(self.not_understood) - len(named):
            named.append(ngettext("%(n)s more", "%(n)s more", more) % {"n": formats.number(more)})
        wrong = gettext("Not understood, so left out: %(what)s.") % {"what": ", ".join(named)}
        too_many = gettext("%(filter)s: a filter takes at most %(most)s values; the other %(n)s are left out.")
        most = formats.number(MAX_VALUES)
        return [
            *([wrong] if named else []),
            *(too_many % {"filter": label, "most": most, "n": formats.number(n)} for label, n in self.beyond.items()),
        ]

    @property
    def place(self) -> Mapping[str, str]:
        """The parameter of the place where the page starts; none at the beginning of the list."""
        if self.cursor is None:
            return {}
        return {"before" if self.cursor.backwards else "after": self.cursor.to_text()}

    def parameters(
        self, *, filters: Filters | None = None, order: Order | None = None, chosen: Sequence[Chosen] | None = None
    ) -> Sequence[Parameter]:
        """What the address of the same list says that differs by these only, at its beginning."""
        found = list((self.filters if filters is None else filters).parameters())
        order = order or self.order
        if order != Order():
            found.append(("sort", f"-{order.name}" if order.descending else order.name))
        if columns := self.chosen if chosen is None else chosen:
            found.append(("columns", columns_text(columns)))
        if self.view_key:
            found.append(("view", self.view_key))
        return found

    @property
    def kept_query(self) -> str:
        """What a view keeps."""
        return urlencode(replace(self, view_key="").parameters())

    def query(
        self,
        more: Mapping[str, str] = MappingProxyType({}),
        *,
        filters: Filters | None = None,
        order: Order | None = None,
        chosen: Sequence[Chosen] | None = None,
    ) -> str:
        """`parameters`, and more of them, as the query of an address; one that says nothing would open otherwise."""
        parameters = [*self.parameters(filters=filters, order=order, chosen=chosen), *more.items()]
        if not parameters and self.page.opens_with:
            return EVERYTHING
        return f"?{urlencode(parameters)}" if parameters else ""

    def query_sorted_by(self, name: str) -> str:
        """Sorted by another column, or the other way round where it is this one; the largest and latest come first."""
        return self.query(order=Order(name, descending=not (self.order.name == name and self.order.descending)))


def state_of(page: ListPage[Any], names: Names, data: QueryDict) -> ListState:
    """The state that an address describes. What it says that no page links to is left out, and told."""
    view = names.view
    parameters = [(name, text.strip()) for name, texts in data.lists() for text in texts if text.strip()]
    shown = {column.name: column for column in page.list.columns_for(view)}
    filters, unread = page.list.read(parameters, shown)
    wrong: list[tuple[str | Promise, str]] = []
    beyond: Counter[str] = Counter()
    for name, text in unread:
        if _is_full(page, filters, name):
            beyond[str(_label(page, name))] += 1
        else:
            wrong.append((_label(page, name), text))
    filters, unknown = _known(page, names, filters)
    wrong += unknown

    given = {name: text for name, text in parameters if name in ("sort", "columns", "after", "before", "view")}
    sort = given.get("sort", "-time")
    order = Order(sort.removeprefix("-"), descending=sort.startswith("-"))
    if order.name not in shown or not shown[order.name].sort:
        order = Order()
        wrong.append((_("Sort by"), sort))

    chosen: Sequence[Chosen] = ()
    if "columns" in given:
        try:
            chosen = page.list.columns_from_text(given["columns"], view)
        except ColumnsError:
            wrong.append((_("Columns"), given["columns"]))

    cursor = None
    place = next((name for name in ("after", "before") if name in given), None)
    if place:
        try:
            cursor = page.list.cursor_from_text(given[place], order, backwards=place == "before")
        except CursorError:
            wrong.append((_("Place in the list"), given[place]))
    told = [(label, _shown(text)) for label, text in wrong]
    return ListState(page, names, filters, order, cursor, chosen, _view_key(given.get("view", "")), told, beyond)


def _is_full(page: ListPage[Any], filters: Filters, parameter: str) -> bool:
    """Whether a filter has as many values as it takes, so that this one had no place."""
    name, _dot, operator = page.list.aliases.get(parameter, parameter).partition(".")
    return len(filters.of(name).get(Operator(operator), ())) == MAX_VALUES if operator in list(Operator) else False


def _view_key(text: str) -> str:
    try:
        key_from_text(VIEW_PREFIX, text)
    except KeyTextError:
        return ""
    return text


def _known(page: ListPage[Any], names: Names, filters: Filters) -> tuple[Filters, Sequence[tuple[str | Promise, str]]]:
    """The filters without values that the program does not have, and those beside."""
    wrong: list[tuple[str | Promise, str]] = []
    columns = page.list.columns
    for name in page.checked:
        if values := filters.of(name).get(Operator.ONE_OF):
            known = {choice.value for choice in page.choices(names, columns[name])}
            if unknown := [value for value in values if value not in known]:
                wrong += [(columns[name].title, value) for value in unknown]
                kept = [(one, text) for one, text in filters.parameters() if (one, text in unknown) != (name, True)]
                filters, _none = page.list.read(kept)
    return filters, wrong


def _label(page: ListPage[Any], parameter: str) -> str | Promise:
    return page.list.columns[page.list.aliases.get(parameter, parameter).partition(".")[0]].title


def _shown(text: str) -> str:
    """A text of an address as a page repeats it."""
    printable = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    return printable if len(printable) <= SHOWN_CHARACTERS else f"{printable[:SHOWN_CHARACTERS]}…"
