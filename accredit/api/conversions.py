"""Reading conversions: pages of the list, and one with its items and history."""

from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import urlencode

from django.http import HttpResponse

from accredit.api.answers import Refused, answer, wrong
from accredit.api.asking import Asked, reading
from accredit.api.values import conversion_value, fields_of, history_value, items_value
from accredit.conversions.columns import COLUMNS, PREFIX
from accredit.conversions.listing import CONVERSIONS
from accredit.conversions.models import Conversion
from accredit.database.keys import KeyTextError, key_from_text
from accredit.lists.filters import Filters, Parameter
from accredit.lists.listing import ROWS
from accredit.lists.patience import TakesTooLong
from accredit.lists.places import Cursor, CursorError, Order
from accredit.programs.visibility import Viewpoint

MAX_ROWS = 1_000
OWN = ("sort", "limit", "after")
OF_PAGES = ("columns", "view")
"""What else the address of the list says: how a page shows it."""


@reading
def conversions(asked: Asked) -> HttpResponse:
    """A page of the list that the parameters describe, as the address of the list does, and where the next one is."""
    parameters = [(name, text.strip()) for name, texts in asked.http.GET.lists() for text in texts]
    filters = _filters(asked.view, parameters)
    given = {name: text for name, text in parameters if name in OWN}
    order, limit = _order(asked.view, given.get("sort", "-time")), _limit(given.get("limit", str(ROWS)))
    cursor = _cursor(given["after"], order) if "after" in given else None
    try:
        page = CONVERSIONS.page(
            asked.view, filters, order, cursor, rows=limit, columns=CONVERSIONS.columns_for(asked.view)
        )
    except TakesTooLong:
        message = "Too many conversions to look through: narrow `time.from`, or sort by time or an amount."
        raise Refused(HTTPStatus.BAD_REQUEST, "takes_too_long", message) from None
    again = [*filters.parameters(), *((name, given[name]) for name in ("sort", "limit") if name in given)]
    fields = fields_of(asked.view)
    return answer(
        {
            "conversions": [conversion_value(one, fields) for one in page.rows],
            "next": page.after and f"{asked.http.path}?{urlencode([*again, ('after', page.after.to_text())])}",
        }
    )


def _filters(view: Viewpoint, parameters: Sequence[Parameter]) -> Filters:
    for name, _text in parameters:
        if CONVERSIONS.aliases.get(name, name).partition(".")[0] not in COLUMNS and name not in (*OWN, *OF_PAGES):
            raise wrong(name[:80], "There is no such parameter.")
    filters, unread = CONVERSIONS.read(parameters, {column.name: column for column in CONVERSIONS.columns_for(view)})
    for name, text in unread:
        raise wrong(name[:80], f"{text[:80]!r} filters nothing here.")
    return filters


def _order(view: Viewpoint, text: str) -> Order:
    order = Order(text.removeprefix("-"), descending=text.startswith("-"))
    sortable = [column.name for column in CONVERSIONS.columns_for(view) if column.sort]
    if order.name not in sortable:
        raise wrong("sort", f"Sort by one of {', '.join(sortable)}; with - before it, the largest come first.")
    return order


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= MAX_ROWS):
        raise wrong("limit", f"A page has 1 to {MAX_ROWS:,} conversions.")
    return int(text)


def _cursor(text: str, order: Order) -> Cursor:
    try:
        return CONVERSIONS.cursor_from_text(text, order, backwards=False)
    except CursorError:
        raise wrong("after", "This is no place in the list: take the address of `next` as it is.") from None


@reading
def conversion(asked: Asked, conversion: str) -> HttpResponse:
    """One conversion, with its items and its history."""
    try:
        found = CONVERSIONS.one(asked.view, key_from_text(PREFIX, conversion))
    except (KeyTextError, Conversion.DoesNotExist):
        raise Refused(HTTPStatus.NOT_FOUND, "not_found", "This key sees no such conversion.") from None
    items = items_value(found)
    fields = [name for name in fields_of(asked.view) if name != "item_count"]
    return answer(
        {
            **conversion_value(found, fields),
            "item_count": len(items),
            "items": items,
            "history": history_value(asked.view, found),
        }
    )
