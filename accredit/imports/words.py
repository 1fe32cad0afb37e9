"""What is wrong with an uploaded table and what to do about it: the sentences of all codes, said here alone. A table
adds those of its own (`Table.words`)."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accredit.imports.declaring import Column, Kind, Said, Table
from accredit.imports.sheets import NotReadable

NOT_READABLE: Mapping[str, str | Promise] = {
    "empty": _("The file is empty: its first row must name the columns, and rows must follow."),
    "too_large": _("The file is larger than %(most)s MB. Split it, or leave out columns that are not needed."),
    "too_large_unpacked": _(
        "The spreadsheet holds more than %(most)s MB once it is unpacked. Leave out sheets and columns that are not"
        " needed, or save it as CSV."
    ),
    "too_many_rows": _("The file has more than %(most)s rows. Split it."),
    "too_many_columns": _("The first row names more than %(most)s columns. Leave out those that are not needed."),
    "too_much": _(
        "Reading the file takes more memory or time than a table of this size should. Often a cell far outside of the"
        " table is filled: copy the table into a new file, or save it as CSV."
    ),
    "password": _("The file is protected by a password. Save it without one."),
    "macros": _("The spreadsheet has macros (XLSM). Save it as XLSX without macros, or as CSV."),
    "old_spreadsheet": _("The file is a spreadsheet in the old format XLS. Save it as XLSX or CSV."),
    "open_document": _("The file is an OpenDocument spreadsheet (ODS). Save it as XLSX or CSV."),
    "other_format": _("The file is %(name)s and no table. Save the table as XLSX or CSV."),
    "damaged": _("The spreadsheet is damaged: it cannot be opened. Save it again, as XLSX or CSV."),
    "several_sheets": _(
        "Several sheets are filled: %(names)s. Keep the one that is meant and delete or hide the others, or save that"
        " sheet as CSV."
    ),
    "merged_headings": _(
        "Row %(row)s, which must name the columns, has merged cells (%(cells)s). Give each column a heading in a cell"
        " of its own, and delete titles above them."
    ),
    "not_text": _("The file is neither a spreadsheet nor text. Save the table as XLSX or CSV."),
    "encoding": _("In row %(row)s are characters that are no text in any usual encoding. Save the file as CSV UTF-8."),
    "quotation_marks": _(
        "In row %(row)s a quotation mark is wrong: one is not closed, or stands within a cell without being doubled."
    ),
    "field_too_long": _("In row %(row)s a cell is longer than a table’s. Often a quotation mark is not closed."),
}
"""Why a file cannot be read."""

PROBLEMS: Mapping[str, Said] = {
    "headings_below": Said(
        _("The headings seem to stand in row %(row)s."),
        _("Delete the rows above them: the first row names the columns.")
    ),
    "column_twice": Said(
        _("These headings mean the same column: %(names)s."), _("Leave all but one out.")
    ),
    "column_missing": Said(
        _("The column “%(column)s” is missing."), _("Every row needs it. The file has: %(names)s.")
    ),
    "columns_missing": Said(
        _("One of these columns must be there: %(columns)s."), _("The file has: %(names)s.")
    ),
    "no_rows": Said(_("There are headings, and no rows below them.")),
}  # fmt: skip
"""Why none of a file is looked at (`checking.Problem`)."""

FAULTS: Mapping[str, Said] = {
    "required": Said(_("The cell is empty."), _("“%(column)s” is needed here.")),
    "any_of": Said(_("None of these is filled: %(columns)s."), _("Fill one of them.")),
    "cell_error": Said(_("The cell holds an error of the spreadsheet: %(seen)s."), _("Enter the value itself.")),
    "too_many_cells": Said(
        _("The row has %(seen)s cells, more than there are headings."),
        _(
            "Often a separator stands within a cell: put that cell into quotation marks and upload the file again. If"
            " nothing is lost with them, leave the surplus cells out."
        ),
    ),
    "digits_lost": Said(
        _("The spreadsheet took “%(value)s” for a number and shortened it."),
        _("Format the column as text and enter it again."),
    ),
    "too_long": Said(_("The text is too long."), _("At most %(longest)s characters fit.")),
    "control_characters": Said(
        _("The text holds characters that are not seen, such as line breaks."), _("Type it anew instead of copying it.")
    ),
    "number_wrong": Said(_("“%(value)s” is no whole number."), _("Write figures alone, such as %(least)s.")),
    "out_of_range": Said(_("%(value)s is out of range."), _("Write a whole number from %(least)s to %(most)s.")),
    "amount_wrong": Said(
        _("“%(value)s” is no amount."), _("Write figures with decimals, such as 1,234.50 or 1.234,50.")
    ),
    "amount_has_text": Said(
        _("“%(value)s” has more than an amount in it."), _("Write figures alone; the currency has its own column.")
    ),
    "amount_two_ways": Said(
        _("“%(value)s” can be read in two ways: with thousands or with decimals."),
        _("Write it with decimals, such as 1,234.50 or 1.234,50, or say how the file’s numbers are written."),
    ),
    "amount_negative": Said(_("“%(value)s” is below zero."), _("Write an amount of zero or more.")),
    "amount_too_large": Said(_("The amount is too large."), _("Amounts stay below 10^15 of the smallest unit.")),
    "too_many_decimals": Said(
        _("“%(value)s” has more decimals than its currency."), _("Write it with the decimals of the currency.")
    ),
    "other_format": Said(
        _("“%(value)s” is written in another way than the file is said to be."),
        _("Write it in that way, or say another one."),
    ),
    "date_wrong": Said(_("“%(value)s” is no day."), _("Write it as 31.12.2026 or 2026-12-31.")),
    "date_unknown": Said(_("The calendar or the clock has no “%(value)s”."), _("Correct the day or the time of day.")),
    "date_two_digit_year": Said(_("The year of “%(value)s” has two digits."), _("Write it with four.")),
    "date_two_ways": Said(
        _("“%(value)s” can be read in two ways: day or month first."),
        _("Write it as 31.12.2026 or 2026-12-31, or say how the file’s days are written."),
    ),
    "time_twice": Said(
        _("The clock shows “%(value)s” twice that day, when it is set back."),
        _("Write which of the two it is: %(first)s or %(second)s."),
    ),
    "time_skipped": Said(
        _("The clock never shows “%(value)s”: it is set forward over that hour."), _("Correct the time of day.")
    ),
    "currency_unknown": Said(_("“%(value)s” is no currency here."), _("Write its code, such as EUR.")),
    "choice_unknown": Said(_("“%(value)s” is not known here."), _("Write one of these: %(choices)s.")),
    "choice_near": Said(_("“%(value)s” is not known here."), _("Is it “%(near)s”?")),
    "key_wrong": Said(_("“%(value)s” is no such id."), _("They begin with %(prefix)s_ and have 26 characters more.")),
}
"""What is wrong with a cell."""

MANY, MAX_LISTED = 8, 50
"""So many choices are named in a sentence, and in an explanation."""


def sentence(error: NotReadable) -> str:
    """Why a file cannot be read and what to do, in the active language."""
    return str(NOT_READABLE[error.code]) % error.details


def problem(table: Table, found: Mapping[str, Any]) -> tuple[str, str]:
    """What is wrong with a file and what to do (`checking.Problem`, as an upload keeps it), in the active language."""
    details = dict(found["details"])
    if "names" in details:
        details["names"] = ", ".join(name for name in details["names"] if name) or "–"
    return _filled(table.words.get(found["code"]) or PROBLEMS[found["code"]], _with_titles(table, details))


def fault(table: Table, column: str, code: str, details: Mapping[str, Any], value: str | None) -> tuple[str, str]:
    """What is wrong with a cell and what would be right, in the active language."""
    known = {"value": value or "", **details}
    if column:
        declared = table.column(column)
        most = declared.longest if declared.kind is Kind.TEXT else declared.most
        limits = {"least": declared.least, "most": most, "longest": declared.longest, "prefix": declared.prefix}
        known = {"column": column, **limits, **known}
        if code == "choice_unknown":
            code = _with_choices(declared, known)
    return _filled(table.words.get(code) or FAULTS[code], _with_titles(table, known))


def title(column: Column) -> str:
    """A column's heading in the active language."""
    return column.title(_language())


def help_of(column: Column) -> str:
    """What a column holds, in the active language."""
    return column.help(_language())


def meaning(column: Column) -> str:
    """What a column holds, and its choices, in the active language."""
    shown = column.choices[:MAX_LISTED]
    texts = [
        one.code if choice(column, one.code) == one.code else f"{one.code} = {choice(column, one.code)}"
        for one in shown
    ]
    listed = ", ".join(texts) + (", …" if len(column.choices) > MAX_LISTED else "")
    return f"{help_of(column)} {listed}".strip()


def choice(column: Column, code: str) -> str:
    """A choice as the active language writes it."""
    found = next(one for one in column.choices if one.code == code)
    return found.de if _language() == "de" else found.en


def _with_choices(column: Column, known: dict[str, Any]) -> str:
    """The code of the sentence: choices are named where they are few, or the one that the value resembles."""
    known["choices"] = ", ".join(choice(column, one.code) for one in column.choices[:MANY]) or "–"
    if len(column.choices) > MANY:
        known["choices"] += ", …"
    if "near" not in known or column.kind is not Kind.CHOICE:
        return "choice_unknown"
    known["near"] = choice(column, known["near"])
    return "choice_near"


def _with_titles(table: Table, details: Mapping[str, Any]) -> Mapping[str, Any]:
    """Details with the headings of the columns that they name."""
    named = dict(details)
    if "column" in named:
        named["column"] = title(table.column(named["column"]))
    if "columns" in named:
        names = named["columns"].split() if isinstance(named["columns"], str) else named["columns"]
        named["columns"] = ", ".join(title(table.column(name)) for name in names)
    return named


def _filled(said: Said, details: Mapping[str, Any]) -> tuple[str, str]:
    return str(said.what) % details, str(said.remedy) % details


def _language() -> str:
    return "de" if (get_language() or "").startswith("de") else "en"
