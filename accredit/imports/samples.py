"""Sample files: the columns of a table to be filled in, with drop-downs, checks and explanations."""

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import xlsxwriter
from django.utils import translation
from django.utils.translation import gettext as _
from xlsxwriter.format import Format as CellFormat
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from accredit.imports import words
from accredit.imports.declaring import Column, Kind, Table
from accredit.imports.sheets import EXPLANATIONS

OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
"""Every text stays one, whatever it begins with."""
LISTS = "Lists"
"""The hidden sheet of choices that are too long to stand within a check."""
INLINE_CHARACTERS = 255
TITLE_CHARACTERS = 32
WIDTHS = {Kind.INSTANT: 18, Kind.DATE: 12, Kind.KEY: 31}
LINE_POINTS = 15
EARLIEST = datetime(1990, 1, 1)  # noqa: DTZ001 - a spreadsheet knows no zones
Example = Mapping[str, str | Decimal | int | datetime]


def sample(table: Table, examples: Sequence[Example] = ()) -> bytes:
    """An XLSX file in the active language: the headings, what is required bold and underlined, with `examples` below;
    on a second sheet each column is explained in German and English."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, **OPTIONS}) as book:
        sheet = book.add_worksheet(_("Table"))
        _explain(book, book.add_worksheet(EXPLANATIONS[translation.get_language() or "en"]), table)
        lists = book.add_worksheet(LISTS)
        lists.hide()
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(table.columns):
            title = words.title(column)
            sheet.set_column(place, place, max(WIDTHS.get(column.kind, 14), len(title) + 3), cell_format(book, column))
            needed = column.required is not False
            sheet.write_string(0, place, title, book.add_format({"bold": needed, "underline": int(needed)}))
            sheet.data_validation(1, place, table.most_rows, place, _checked(column, lists, place))
        for row, example in enumerate(examples, 1):
            for place, column in enumerate(table.columns):
                if column.name in example:
                    sheet.write(row, place, example[column.name], cell_format(book, column))
    return content.getvalue()


def cell_format(book: Workbook, column: Column) -> CellFormat:
    """How a spreadsheet shows the cells of a column."""
    german = (translation.get_language() or "").startswith("de")
    day = "dd.mm.yyyy" if german else "yyyy-mm-dd"
    shapes = {Kind.INSTANT: f"{day} hh:mm", Kind.DATE: day, Kind.AMOUNT: "#,##0.00", Kind.NUMBER: "0"}
    return book.add_format({"num_format": shapes.get(column.kind, "@")})


def _checked(column: Column, lists: Worksheet, place: int) -> Mapping[str, Any]:
    """What a spreadsheet lets into the cells of a column, and says beside them."""
    told = {"input_title": words.title(column)[:TITLE_CHARACTERS], "input_message": words.help_of(column)[:255]}
    refused = {"error_title": _("This does not fit here")[:TITLE_CHARACTERS]}
    match column.kind:
        case Kind.CHOICE if column.choices:
            texts = [words.choice(column, one.code) for one in column.choices]
            source: Any = texts
            if len(",".join(texts)) > INLINE_CHARACTERS or any("," in text for text in texts):
                lists.write_column(0, place, texts)
                letters = xlsxwriter.utility.xl_col_to_name(place)
                source = f"={LISTS}!${letters}$1:${letters}${len(texts)}"
            return {**told, **refused, "validate": "list", "source": source,
                    "error_message": _("Choose one from the list.")}  # fmt: skip
        case Kind.INSTANT | Kind.DATE:
            return {**told, **refused, "validate": "date", "criteria": ">=", "value": EARLIEST,
                    "error_message": _("Enter a day, such as 31.12.2026 or 2026-12-31.")}  # fmt: skip
        case Kind.AMOUNT:
            least = -(10**15) if column.signed else 0
            return {**told, **refused, "validate": "decimal", "criteria": ">=", "value": least,
                    "error_message": _("Enter an amount in figures alone.")}  # fmt: skip
        case Kind.NUMBER:
            return {**told, **refused, "validate": "integer", "criteria": "between", "minimum": column.least,
                    "maximum": column.most, "error_message": _("Enter a whole number from %(least)s to %(most)s.")
                    % {"least": column.least, "most": column.most}}  # fmt: skip
        case Kind.CURRENCY:
            return {**told, **refused, "validate": "length", "criteria": "==", "value": 3,
                    "error_message": _("Enter the three letters of a currency, such as EUR.")}  # fmt: skip
    return {**told, "validate": "any"}


def _explain(book: Workbook, sheet: Worksheet, table: Table) -> None:
    bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    needed = book.add_format({"text_wrap": True, "valign": "top", "bold": True, "underline": 1})
    headings = ("Spalte", "Column", "Nötig", "Required", "Erklärung", "Explanation", "Name")
    widths = (22, 22, 24, 24, 60, 60, 20)
    for place, (heading, width) in enumerate(zip(headings, widths, strict=True)):
        sheet.set_column(place, place, width, wrapped)
        sheet.write_string(0, place, heading, bold)
    sheet.freeze_panes(1, 2)
    for row, column in enumerate(table.columns, 1):
        texts = [column.de, column.en, "", "", "", "", column.name]
        for place, language in enumerate(("de", "en")):
            with translation.override(language):
                texts[2 + place], texts[4 + place] = _needed(table, column), words.meaning(column)
        for place, text in enumerate(texts):
            sheet.write_string(row, place, text, needed if place < 2 and column.required is not False else wrapped)
        lines = max(-(-len(text) // width) for text, width in zip(texts, widths, strict=True))
        sheet.set_row(row, LINE_POINTS * lines)


def _needed(table: Table, column: Column) -> str:
    """Whether a column is required, in a word or two."""
    if column.required is True:
        return _("yes")
    if column.required is not False:
        return _("depends on the row")
    for group in table.any_of:
        if column.name in group.columns:
            names = ", ".join(words.title(table.column(name)) for name in group.columns)
            return _("one of these: %(columns)s") % {"columns": names}
    return _("no")
