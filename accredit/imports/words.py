"""Why a file cannot be read, and what to do: the sentences of `NotReadable`."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

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
    "old_spreadsheet": _("The file is a spreadsheet in the old format XLS. Save it as XLSX or CSV."),
    "open_document": _("The file is an OpenDocument spreadsheet (ODS). Save it as XLSX or CSV."),
    "other_format": _("The file is %(name)s and no table. Save the table as XLSX or CSV."),
    "damaged": _("The spreadsheet is damaged: it cannot be opened. Save it again, as XLSX or CSV."),
    "not_text": _("The file is neither a spreadsheet nor text. Save the table as XLSX or CSV."),
    "encoding": _("In row %(row)s are characters that are no text in any usual encoding. Save the file as CSV UTF-8."),
    "quotation_marks": _(
        "In row %(row)s a quotation mark is wrong: one is not closed, or stands within a cell without being doubled."
    ),
    "field_too_long": _("In row %(row)s a cell is longer than a table’s. Often a quotation mark is not closed."),
}


def sentence(error: NotReadable) -> str:
    """What is wrong and what to do, in the active language."""
    return str(NOT_READABLE[error.code]) % error.details
