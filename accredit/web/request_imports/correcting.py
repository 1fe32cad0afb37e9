"""The grid's questions and answers: a page of rows, the next fault, and corrections, each of which is kept at once."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accredit.imports import correcting, queries
from accredit.imports.correcting import CellChanged, NoSuchCell, RowsDone
from accredit.imports.declaring import Table
from accredit.imports.models import Upload
from accredit.imports.queries import RowShown, View
from accredit.programs.visibility import Viewpoint
from accredit.web import formats
from accredit.web.request_imports import saying
from accredit.web.request_imports.pages import SIZE, declared_for, for_raising, found

MOST_CELLS = 10_000
"""Of one paste."""


def view_of(kept: Upload, asked: Mapping[str, Any]) -> View:
    """Which rows an address asks for; what it does not know is left out."""
    column, code = str(asked.get("column", "")), str(asked.get("code", ""))
    if code in kept.counts.get(column, {}):
        return View(column=column, code=code)
    return View(faulty=True if asked.get("only") == saying.FAULTS else None)


@require_safe
@for_raising
def rows(request: HttpRequest, view: Viewpoint, upload: str) -> HttpResponse:
    """A page of rows: from `start` on, or that on which `row` stands."""
    kept = found(request, view, upload)
    table, shown = declared_for(kept, view), view_of(kept, request.GET)
    row = _number(request.GET.get("row"))
    place = _number(request.GET.get("start")) if row is None else queries.position(kept, row, shown)
    start = (place or 0) // SIZE * SIZE
    found_rows = queries.page(kept, shown, start=start, size=SIZE)
    return _answer(kept, table, found_rows, start=start, count=queries.count(kept, shown))


@require_safe
@for_raising
def next_one(request: HttpRequest, view: Viewpoint, upload: str) -> HttpResponse:
    """The next row that is shown and has a fault, behind the row `after`, else from the start."""
    kept = found(request, view, upload)
    after = _number(request.GET.get("after")) or 0
    return JsonResponse({"row": queries.next_fault(kept, after=after, view=view_of(kept, request.GET))})


@require_POST
@for_raising
def cells(request: HttpRequest, view: Viewpoint, upload: str) -> HttpResponse:
    """Corrects one cell: `row`, `place`, the text that was `seen` there, and the new `text`."""

    def act(kept: Upload, table: Table, asked: Mapping[str, Any]) -> HttpResponse:
        column, seen = _column(kept, asked), str(asked["seen"] or "")
        before = queries.rows_of(kept, [int(asked["row"])])
        was_wrong = any(name == column for one in before for name, *_rest in one.faults)
        changed = correcting.correct(kept, table, int(asked["row"]), column, str(asked["text"]), seen=seen)
        alike = queries.count_holding(kept, column, seen or None, View(column=column)) if was_wrong else 0
        return _answer(kept, table, changed, equal=alike)

    return _correct(request, view, upload, act)


@require_POST
@for_raising
def equal(request: HttpRequest, view: Viewpoint, upload: str) -> HttpResponse:
    """Corrects every wrong cell of a column (`place`) that says what was `seen`."""

    def act(kept: Upload, table: Table, asked: Mapping[str, Any]) -> HttpResponse:
        column, seen, text = _column(kept, asked), str(asked["seen"] or ""), str(asked["text"])
        changed = correcting.correct_equal(kept, table, column, seen, text, view=View(column=column))
        said = ngettext("%(n)s cell was corrected.", "%(n)s cells were corrected.", changed)
        return _answer(kept, table, [], said=said % {"n": formats.number(changed)})

    return _correct(request, view, upload, act)


@require_POST
@for_raising
def paste(request: HttpRequest, view: Viewpoint, upload: str) -> HttpResponse:
    """Writes a `block` of texts over the cells from `row` and the first of `places` on, down the rows that are shown;
    `places`: the columns that are shown, from that cell on."""

    def act(kept: Upload, table: Table, asked: Mapping[str, Any]) -> HttpResponse:
        block = [[str(text) for text in line] for line in asked["block"]]
        size = sum(map(len, block))
        if size > MOST_CELLS:
            text = _("At most %(most)s cells can be pasted at once: nothing was changed.")
            return _answer(kept, table, [], said=text % {"most": formats.number(MOST_CELLS)}, refused=True)
        shown, places = view_of(kept, asked["filter"]), [int(place) for place in asked["places"]]
        column = _column(kept, {"place": places[0]})
        correcting.paste(kept, table, int(asked["row"]), column, block, view=shown, places=places)
        said = ngettext("%(n)s cell was pasted.", "%(n)s cells were pasted.", size)
        return _answer(kept, table, [], said=said % {"n": formats.number(size)})

    return _correct(request, view, upload, act)


@require_POST
@for_raising
def surplus(request: HttpRequest, view: Viewpoint, upload: str) -> HttpResponse:
    """Takes a `row` without the cells that it has beyond the headings."""

    def act(kept: Upload, table: Table, asked: Mapping[str, Any]) -> HttpResponse:
        return _answer(kept, table, correcting.drop_surplus(kept, table, int(asked["row"])))

    return _correct(request, view, upload, act)


@require_POST
@for_raising
def back(request: HttpRequest, view: Viewpoint, upload: str) -> HttpResponse:
    """Takes the last correction back: of one cell, of all equal ones, or of a block."""

    def act(kept: Upload, table: Table, _asked: Mapping[str, Any]) -> HttpResponse:
        taken = correcting.take_back(kept, table)
        if taken is None:
            return _answer(kept, table, [], row=None, said=_("There is no correction to take back."))
        said = ngettext("%(n)s cell says again what it said.", "%(n)s cells say again what they said.", taken.cells)
        text = said % {"n": formats.number(taken.cells)}
        return _answer(kept, table, [], row=taken.row, place=taken.place, said=text)

    return _correct(request, view, upload, act)


def _column(kept: Upload, asked: Mapping[str, Any]) -> str:
    """The declared column of the place that is asked for. Raises NoSuchCell where it is none."""
    place = int(asked["place"])
    for name, at in kept.places.items():
        if at == place:
            return str(name)
    raise NoSuchCell


def _correct(
    request: HttpRequest,
    view: Viewpoint,
    upload: str,
    act: Callable[[Upload, Table, Mapping[str, Any]], HttpResponse],
) -> HttpResponse:
    """Does a correction; where somebody else was first, in another window too, it says so and shows what is there."""
    kept = found(request, view, upload)
    table = declared_for(kept, view)
    try:
        asked = json.loads(request.body)
        return act(kept, table, asked)
    except (IndexError, KeyError, TypeError, ValueError):
        return _refusal(kept, table, [], _("That was not understood. Reload the page."), 400)
    except NoSuchCell:
        return _refusal(kept, table, [], _("This column is not used: what stands in it does not matter."), 400)
    except CellChanged:
        said = _("The cell was changed in another window since: this is what it says now.")
        return _refusal(kept, table, [int(asked["row"])], said, 409)
    except RowsDone as error:
        return _refusal(kept, table, error.rows, _("A request was raised of this row: it stays as it is."), 409)


def _refusal(kept: Upload, table: Table, rows: Sequence[int], said: str, status: int) -> HttpResponse:
    return _answer(kept, table, queries.rows_of(kept, rows), status=status, said=said, refused=True)


def _answer(kept: Upload, table: Table, shown: Sequence[RowShown], *, status: int = 200, **more: Any) -> HttpResponse:
    response = JsonResponse({"rows": [saying.row(kept, table, one) for one in shown], **more}, status=status)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else None
