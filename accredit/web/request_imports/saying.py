"""What an import holds and what is wrong with it, in the reader's language."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accredit.conversion_requests.importing import KNOWN, RAISED
from accredit.database.keys import key_to_text
from accredit.imports import words
from accredit.imports.declaring import Format, Table
from accredit.imports.headings import find_columns
from accredit.imports.models import PREFIX, Upload
from accredit.imports.queries import RowShown
from accredit.web import formats

FILTER = ("only", "column", "code")
"""Parameters of an address that say which rows are shown."""
FAULTS = "faults"
KINDS = 40
"""So many kinds of faults have a link of their own, the most frequent ones."""


def of_list(kept: Upload, zone: ZoneInfo) -> Mapping[str, Any]:
    """An import as the list of them has it."""
    return {
        "key": key_to_text(PREFIX, kept.id),
        "name": kept.file_name,
        "at": formats.instant(kept.created_at, zone),
        "rows": formats.number(kept.rows),
        "faulty": formats.number(kept.faulty),
        "problems": bool(kept.problems),
        "raised": formats.number((kept.summary or {}).get(RAISED, 0)),
    }


def without_contents(uploads: QuerySet[Upload]) -> QuerySet[Upload]:
    """Uploads without what a list of them does not show."""
    return uploads.defer("plan")


def figures(kept: Upload) -> Mapping[str, Any]:
    """How many rows are what."""
    came: Mapping[str, int] = kept.summary or {}
    raised, known = came.get(RAISED, 0), came.get(KNOWN, 0)
    faultless = kept.rows - kept.faulty - raised - known
    every = kept.faulty == 0
    one = ngettext("Raise %(n)s request …", "Raise %(n)s requests …", faultless)
    some = ngettext("Raise %(n)s faultless row …", "Raise %(n)s faultless rows …", faultless)
    return {
        "rows": formats.number(kept.rows),
        "faultless": formats.number(faultless),
        "faulty": formats.number(kept.faulty),
        "raised": formats.number(raised) if raised else "",
        "known": formats.number(known) if known else "",
        "has_faults": kept.faulty > 0,
        "can_raise": faultless > 0,
        "raise_text": (one if every else some) % {"n": formats.number(faultless)},
    }


def kinds(kept: Upload, table: Table) -> Sequence[Mapping[str, Any]]:
    """The kinds of rows that one may look at: all, those with faults, and each kind of fault, most frequent first."""
    shown: list[dict[str, Any]] = [{"text": _("All rows"), "filter": {}, "count": "", "fault": False}]
    if not kept.faulty:
        return shown
    count = formats.number(kept.faulty)
    shown.append({"text": _("With faults"), "filter": {"only": FAULTS}, "count": count, "fault": True})
    counts = [(n, name, code) for name, codes in kept.counts.items() for code, n in codes.items()]
    for n, name, code in sorted(counts, key=lambda one: (-one[0], *one[1:]))[:KINDS]:
        text = kind_of_fault(table, name, code)
        shown.append(
            {"text": text, "filter": {"column": name, "code": code}, "count": formats.number(n), "fault": True}
        )
    return shown


def kind_of_fault(table: Table, name: str, code: str) -> str:
    """A kind of faults: its column, and what is wrong without the cell's own text."""
    said = table.words.get(code) or words.FAULTS[code]
    if not name:
        return str(said.what) % defaultdict(lambda: "…")
    column = words.title(table.column(name))
    text = str(said.what) % defaultdict(lambda: "…", column=column)
    return f"{column}: {text}".replace("….", "…")


def row(kept: Upload, table: Table, one: RowShown) -> Mapping[str, Any]:
    """A row as the grid shows it."""
    faults: dict[str, list[Mapping[str, str]]] = {}
    for name, code, details in one.faults:
        place = kept.places.get(name)
        what, remedy = words.fault(table, name, code, details, one.cells[place] if place is not None else None)
        faults.setdefault("whole" if place is None else str(place), []).append(
            {"code": code, "what": what, "remedy": remedy}
        )
    return {
        "row": one.row,
        "cells": one.cells,
        "faults": faults,
        "originals": one.originals,
        "note": note(one),
    }


def note(one: RowShown) -> str:
    """What became of a row."""
    if one.state == RAISED:
        return _("Request %(number)s was raised of this row.") % {"number": one.note}
    if one.state == KNOWN:
        return _("This was raised before: request %(number)s.") % {"number": one.note}
    return ""


def problems(kept: Upload, table: Table) -> Sequence[tuple[str, str]]:
    """What is wrong with the columns of a file, each with what to do."""
    return [words.problem(table, one) for one in kept.problems]


def unused(kept: Upload, table: Table) -> Sequence[str]:
    """Sentences on headings that are not used, and on columns that rows lack."""
    language = formats.language()
    headed = find_columns(kept.names, table.columns)
    plain = ", ".join(f"“{name}”" for name, near in headed.unused if near is None)
    said = [_("Columns that are not used: %(names)s.") % {"names": plain}] if plain else []
    for name, near in headed.unused:
        if near is not None:
            text = _("The column “%(name)s” is not used. Is it “%(near)s”?")
            said.append(text % {"name": name, "near": near.title(language)})
    for column in table.columns:
        lacking = kept.counts.get(column.name, {}).get("required", 0)
        if column.name not in headed.places and lacking:
            text = ngettext(
                "The column “%(name)s” is missing; %(n)s row needs it. It stands at the right, to be filled in.",
                "The column “%(name)s” is missing; %(n)s rows need it. It stands at the right, to be filled in.",
                lacking,
            )
            said.append(text % {"name": column.title(language), "n": formats.number(lacking)})
    return said


def format_said(kept: Upload) -> Format:
    """What the user said about numbers and days."""
    return Format(**kept.said)
