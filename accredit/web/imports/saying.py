"""What an import holds and what is wrong with it, in the reader's language."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accredit.imports import models, queries, words
from accredit.imports.declaring import Column, Table
from accredit.imports.headings import find_columns
from accredit.imports.models import Upload
from accredit.imports.queries import RowShown
from accredit.web import formats
from accredit.web.imports.opening import Opened

FILTER = ("only", "column", "code")
"""Parameters of an address that say which rows are shown."""
FAULTS = "faults"
LEFT_OUT = "left-out"
IS_LEFT_OUT = gettext_lazy("The row is left out: take it in again to correct it.")
KINDS = 40
"""So many kinds of faults have a link of their own, the most frequent ones."""
AT_FIRST = 8
"""So many links are seen at first, and that to what is shown; the others unfold."""


def of_list(opened: Opened) -> Mapping[str, Any]:
    """An import as the list of them has it."""
    kept = opened.kept
    return {
        "url": opened.url(),
        "name": kept.file_name,
        "at": formats.instant(kept.created_at, ZoneInfo(opened.view.program.timezone)),
        "rows": formats.number(kept.rows),
        "faulty": formats.number(kept.faulty),
        "problems": bool(kept.problems),
        "done": formats.number(_came(kept).get(opened.page.aim, 0)),
    }


def _came(kept: Upload) -> Mapping[str, int]:
    """State of rows → how many have it."""
    return kept.summary or {}


def figures(opened: Opened) -> Mapping[str, Any]:
    """How many rows are what."""
    page, kept, came = opened.page, opened.kept, _came(opened.kept)
    ready = _ready(kept)
    titles = {state: outcome.title for state, outcome in page.outcomes.items()} | {models.LEFT_OUT: _("Left out")}
    return {
        "rows": formats.number(kept.rows),
        "faultless": formats.number(ready),
        "faulty": formats.number(kept.faulty),
        "outcomes": [
            {"title": title, "count": formats.number(came[state]), "is_aim": state == page.aim}
            for state, title in titles.items()
            if came.get(state)
        ],
        "has_faults": kept.faulty > 0,
        "act": act(opened) if ready else "",
    }


def _ready(kept: Upload) -> int:
    return kept.rows - kept.faulty - sum(_came(kept).values())


def act(opened: Opened) -> str:
    """What can be done with the faultless rows."""
    return opened.page.act(_ready(opened.kept), opened.kept.faulty == 0)


def kinds(kept: Upload, table: Table) -> Sequence[Mapping[str, Any]]:
    """The kinds of rows that one may look at: all, those with faults, those that are left out, and each kind of fault,
    most frequent first."""
    shown: list[dict[str, Any]] = [{"text": _("All rows"), "filter": {}, "count": "", "fault": False}]
    if kept.faulty:
        count = formats.number(kept.faulty)
        shown.append({"text": _("With faults"), "filter": {"only": FAULTS}, "count": count, "fault": True})
    if left := left_out(kept):
        only = {"only": LEFT_OUT}
        shown.append({"text": _("Left out"), "filter": only, "count": formats.number(left), "fault": False})
    counts = [(n, name, code) for name, codes in kept.counts.items() for code, n in codes.items()]
    for n, name, code in sorted(counts, key=lambda one: (-one[0], *one[1:]))[:KINDS]:
        text = kind_of_fault(table, name, code)
        shown.append(
            {"text": text, "filter": {"column": name, "code": code}, "count": formats.number(n), "fault": True}
        )
    return shown


def left_out(kept: Upload) -> int:
    """How many rows are left out."""
    return _came(kept).get(models.LEFT_OUT, 0)


def leave_all(kept: Upload, asked: Mapping[str, str]) -> Mapping[str, Any] | None:
    """What can be done with all rows that are shown: one kind of faults is left out, or what is left out taken in."""
    if asked.get("only") == LEFT_OUT and left_out(kept):
        return {"out": False, "text": _("Take all of these rows in again")}
    of_kind = asked.get("code") in kept.counts.get(asked.get("column", ""), {})
    if of_kind or (asked.get("only") == FAULTS and kept.faulty):
        return {"out": True, "text": _("Leave all of these rows out")}
    return None


def why_done(opened: Opened, numbers: Sequence[int]) -> str:
    """Why rows are not corrected."""
    if any(one.state == models.LEFT_OUT for one in queries.rows_of(opened.kept, numbers)):
        return str(IS_LEFT_OUT)
    return str(opened.page.done)


def kind_of_fault(table: Table, name: str, code: str) -> str:
    """A kind of faults: its column, and what is wrong without the cell's own text."""
    said = table.words.get(code) or words.FAULTS[code]
    if not name:
        return str(said.what) % defaultdict(lambda: "…")
    column = words.title(table.column(name))
    text = str(said.what) % defaultdict(lambda: "…", column=column)
    return f"{column}: {text}".replace("….", "…")


def row(opened: Opened, one: RowShown) -> Mapping[str, Any]:
    """A row as the grid shows it."""
    faults: dict[str, list[Mapping[str, str]]] = {}
    for name, code, details in one.faults:
        place = opened.kept.places.get(name)
        cell = one.cells[place] if place is not None else None
        what, remedy = words.fault(opened.table, name, code, details, cell)
        faults.setdefault("whole" if place is None else str(place), []).append(
            {"code": code, "what": what, "remedy": remedy}
        )
    return {
        "row": one.row,
        "cells": one.cells,
        "faults": faults,
        "originals": one.originals,
        "note": _note(opened, one),
        "left": one.state == models.LEFT_OUT,
    }


def _note(opened: Opened, one: RowShown) -> str:
    """What became of a row."""
    if one.state == models.LEFT_OUT:
        return str(IS_LEFT_OUT)
    return str(opened.page.outcomes[one.state].note) % {"note": one.note} if one.state else ""


def problems(kept: Upload, table: Table) -> Sequence[tuple[str, str]]:
    """What is wrong with the columns of a file, each with what to do."""
    return [words.problem(table, one) for one in kept.problems]


def understood(told: Mapping[str, str]) -> str:
    """How a file was read: `CSV, Windows-1252, separated by ;`."""
    if told["format"] == "XLSX":
        text = _("XLSX, sheet “%(sheet)s”") % {"sheet": told["sheet"]}
        others = int(told["other_sheets"])
        more = ngettext("%(n)s other sheet was not read", "%(n)s other sheets were not read", others)
        return f"{text}; {more % {'n': formats.number(others)}}" if others else text
    separator = _("tab") if told["separator"] == "\t" else told["separator"]
    return _("CSV, %(encoding)s, separated by %(separator)s") % {"encoding": told["encoding"], "separator": separator}


def unused(names: Sequence[tuple[str, Column | None]]) -> Sequence[str]:
    """Sentences on headings that are not used."""
    plain = ", ".join(_("“%(name)s”") % {"name": name} for name, near in names if near is None)
    said = [_("Columns that are not used: %(names)s.") % {"names": plain}] if plain else []
    for name, near in names:
        if near is not None:
            text = _("The column “%(name)s” is not used. Is it “%(near)s”?")
            said.append(text % {"name": name, "near": words.title(near)})
    return said


def remarks(kept: Upload, table: Table) -> Sequence[str]:
    """Sentences on headings that are not used, and on columns that rows lack."""
    headed = find_columns(kept.names, table.columns)
    said = list(unused(headed.unused))
    for column in table.columns:
        lacking = kept.counts.get(column.name, {}).get("required", 0)
        if column.name not in headed.places and lacking:
            text = ngettext(
                "The column “%(name)s” is missing; %(n)s row needs it. It stands at the right, to be filled in.",
                "The column “%(name)s” is missing; %(n)s rows need it. It stands at the right, to be filled in.",
                lacking,
            )
            said.append(text % {"name": words.title(column), "n": formats.number(lacking)})
    return said
