"""The grid's questions and answers: a page of rows, the next fault, and corrections, each of which is kept at once."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accredit.imports import correcting, queries
from accredit.imports.correcting import CellChanged, NoSuchCell, RowsDone
from accredit.imports.models import Upload
from accredit.imports.queries import RowShown, View
from accredit.web import formats
from accredit.web.imports import saying
from accredit.web.imports.opening import Opened, for_upload
from accredit.web.imports.pages import SIZE

MOST_CELLS = 10_000
"""Of one paste."""
Asked = Mapping[str, Any]
"""What a correction is asked for."""


def view_of(kept: Upload, asked: Asked) -> View:
    """Which rows an address asks for; what it does not know is left out."""
    column, code = str(asked.get("column", "")), str(asked.get("code", ""))
    if code in kept.counts.get(column, {}):
        return View(column=column, code=code)
    only = asked.get("only")
    return View(faulty=True if only == saying.FAULTS else None, left_out=only == saying.LEFT_OUT)


@require_safe
@for_upload
def rows(request: HttpRequest, opened: Opened) -> HttpResponse:
    """A page of rows: from `start` on, or that on which `row` stands."""
    kept = opened.kept
    shown = view_of(kept, request.GET)
    row = _number(request.GET.get("row"))
    place = _number(request.GET.get("start")) if row is None else queries.position(kept, row, shown)
    start = (place or 0) // SIZE * SIZE
    found_rows = queries.page(kept, shown, start=start, size=SIZE)
    return _answer(opened, found_rows, start=start, count=queries.count(kept, shown))


@require_safe
@for_upload
def next_one(request: HttpRequest, opened: Opened) -> HttpResponse:
    """The next row that is shown and has a fault, behind the row `after`, else from the start."""
    kept = opened.kept
    after = _number(request.GET.get("after")) or 0
    return JsonResponse({"row": queries.next_fault(kept, after=after, view=view_of(kept, request.GET))})


def _correction(act: Callable[[Opened, Asked], HttpResponse]) -> Callable[..., HttpResponseBase]:
    """The view of a correction, which does what is asked for. Where somebody else was first, in another window too, it
    says so and shows what is there."""

    def corrected(request: HttpRequest, opened: Opened) -> HttpResponse:
        try:
            asked = json.loads(request.body)
            return act(opened, asked)
        except (IndexError, KeyError, TypeError, ValueError):
            return _refusal(opened, [], _("That was not understood. Reload the page."), 400)
        except NoSuchCell:
            return _refusal(opened, [], _("This column is not used: what stands in it does not matter."), 400)
        except CellChanged:
            said = _("The cell was changed in another window since: this is what it says now.")
            return _refusal(opened, [int(asked["row"])], said, 409)
        except RowsDone as error:
            return _refusal(opened, error.rows, saying.why_done(opened, error.rows), 409)

    return require_POST(for_upload(wraps(act)(corrected)))


@_correction
def cells(opened: Opened, asked: Asked) -> HttpResponse:
    """Corrects one cell: `row`, `place`, the text that was `seen` there, and the new `text`."""
    kept, column, seen = opened.kept, _column(opened.kept, asked), str(asked["seen"] or "")
    before = queries.rows_of(kept, [int(asked["row"])])
    was_wrong = any(name == column for one in before for name, *_rest in one.faults)
    changed = correcting.correct(kept, opened.table, int(asked["row"]), column, str(asked["text"]), seen=seen)
    alike = queries.count_holding(kept, column, seen or None, View(column=column)) if was_wrong else 0
    return _answer(opened, changed, equal=alike)


@_correction
def equal(opened: Opened, asked: Asked) -> HttpResponse:
    """Corrects every wrong cell of a column (`place`) that says what was `seen`."""
    column, seen, text = _column(opened.kept, asked), str(asked["seen"] or ""), str(asked["text"])
    changed = correcting.correct_equal(opened.kept, opened.table, column, seen, text, view=View(column=column))
    said = ngettext("%(n)s cell was corrected.", "%(n)s cells were corrected.", changed)
    return _answer(opened, [], said=said % {"n": formats.number(changed)})


@_correction
def paste(opened: Opened, asked: Asked) -> HttpResponse:
    """Writes a `block` of texts over the cells from the first of `rows` and of `places` on, down the rows that the
    filter has; `rows` and `places`: those that are shown, from that cell on."""
    block = [[str(text) for text in line] for line in asked["block"]]
    size = sum(map(len, block))
    if size > MOST_CELLS:
        text = _("At most %(most)s cells can be pasted at once: nothing was changed.")
        return _answer(opened, [], said=text % {"most": formats.number(MOST_CELLS)}, refused=True)
    kept, places = opened.kept, [int(place) for place in asked["places"]]
    view, column = view_of(kept, asked["filter"]), _column(kept, {"place": places[0]})
    shown = [int(row) for row in asked["rows"]]
    cells = correcting.paste(kept, opened.table, shown, column, block, view=view, places=places).cells
    said = ngettext("%(n)s cell was pasted.", "%(n)s cells were pasted.", cells) % {"n": formats.number(cells)}
    if beyond := size - cells:
        text = ngettext(
            "%(n)s had no place: it goes beyond the rows or columns that are shown.",
            "%(n)s had no place: they go beyond the rows or columns that are shown.",
            beyond,
        )
        said += " " + text % {"n": formats.number(beyond)}
    return _answer(opened, [], said=said)


@_correction
def surplus(opened: Opened, asked: Asked) -> HttpResponse:
    """Takes a `row` without the cells that it has beyond the headings."""
    return _answer(opened, correcting.drop_surplus(opened.kept, opened.table, int(asked["row"])))


@_correction
def leave(opened: Opened, asked: Asked) -> HttpResponse:
    """Leaves a `row` `out` of the import, or all that the `filter` has; or takes them in again."""
    kept, act = opened.kept, correcting.leave_out if asked["out"] else correcting.take_in
    if "row" in asked:
        rows = act(kept, opened.table, [int(asked["row"])])
        return _answer(opened, queries.rows_of(kept, rows))
    before = saying.left_out(kept)
    act(kept, opened.table, view_of(kept, asked["filter"]))
    changed = abs(saying.left_out(kept) - before)
    said = (
        ngettext("%(n)s row was left out.", "%(n)s rows were left out.", changed)
        if asked["out"]
        else ngettext("%(n)s row was taken in again.", "%(n)s rows were taken in again.", changed)
    )
    return _answer(opened, [], said=said % {"n": formats.number(changed)})


@_correction
def back(opened: Opened, asked: Asked) -> HttpResponse:  # noqa: ARG001 - it is the last one, whatever is asked
    """Takes the last correction back: of one cell, of all equal ones, or of a block; or that rows were left out."""
    taken = correcting.take_back(opened.kept, opened.table)
    if taken is None:
        return _answer(opened, [], row=None, said=_("There is no correction to take back."))
    said = (
        ngettext("%(n)s row is again as it was.", "%(n)s rows are again as they were.", taken.cells)
        if taken.place is None
        else ngettext("%(n)s cell says again what it said.", "%(n)s cells say again what they said.", taken.cells)
    )
    text = said % {"n": formats.number(taken.cells)}
    return _answer(opened, [], row=taken.row, place=taken.place, said=text)


def _column(kept: Upload, asked: Asked) -> str:
    """The declared column of the place that is asked for. Raises NoSuchCell where it is none."""
    place = int(asked["place"])
    for name, at in kept.places.items():
        if at == place:
            return str(name)
    raise NoSuchCell


def _refusal(opened: Opened, rows: Sequence[int], said: str, status: int) -> HttpResponse:
    return _answer(opened, queries.rows_of(opened.kept, rows), status=status, said=said, refused=True)


def _answer(opened: Opened, shown: Sequence[RowShown], *, status: int = 200, **more: Any) -> HttpResponse:
    response = JsonResponse({"rows": [saying.row(opened, one) for one in shown], **more}, status=status)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else None
