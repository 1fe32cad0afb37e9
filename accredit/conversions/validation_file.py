"""A table of validations: what each of its rows asks for. What comes of it is for `file_validating` to say.

A row names a conversion by its order token (and event type, where several have it) or by its id, and says its status,
or its new turnover, or both.
"""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

import polars as pl
from django.utils.translation import gettext_lazy as _

from accredit.conversions.columns import PREFIX
from accredit.conversions.models import Status
from accredit.engine.frames import TEXT, Schema
from accredit.imports.checking import Checked
from accredit.imports.declaring import AnyOf, Choice, Column, Kind, Said, Table
from accredit.imports.sheets import ROW
from accredit.programs.models import EventType, Program, RejectionReason

STATUSES = (
    Choice(Status.OPEN.value, "offen", "open", ("0", "pending")),
    Choice(Status.APPROVED.value, "bestätigt", "approved", ("1", "approve", "bestätigen", "genehmigt", "confirmed")),
    Choice(Status.REJECTED.value, "storniert", "rejected",
           ("2", "reject", "stornieren", "storno", "abgelehnt", "cancelled", "canceled")),
)  # fmt: skip
"""Statuses as people write them; codes of files first."""
WANTED: Schema = {
    "row": pl.Int64(),
    "id": TEXT,  # the UUID of the conversion that the row names by its id
    "order_token": TEXT,
    "event_type": TEXT,
    "status": TEXT,  # approved, rejected, open (it stays so), or null
    "rejection_reason": TEXT,  # a code
    "comment": TEXT,
    "turnover": pl.Int128(),  # ten-thousandths of the conversion's currency
    "why": TEXT,  # a code of WHY: nothing is done then
    "detail": TEXT,  # what its sentence says besides
}
WHY = {
    "cell_error": "A cell holds an error of the spreadsheet",
    "too_many_fields": "The row has more cells than the header",
    "digits_lost": "The order number is a number that the spreadsheet has shortened",
    "no_order": "The row names no conversion",
    "key_wrong": "The conversion id is none",
    "event_type_unknown": "The program has no such event type",
    "too_long": "A cell is too long",
    "status_unknown": "The status is none",
    "reason_unknown": "The program has no such rejection reason",
    "control_characters": "The order number holds characters that are not seen",
    "turnover_wrong": "The turnover is no amount",
    "turnover_two_ways": "The turnover can be read in two ways",
    "nothing_asked": "Neither status nor turnover is filled",
}
"""Why a row cannot be understood. The codes are for programs, the sentences for people."""
_OF_FAULT = {
    "too_many_cells": "too_many_fields",
    "amount_two_ways": "turnover_two_ways",
    "too_many_decimals": "too_many_decimals",
}
"""Code of a fault → why, where it is not the code itself."""
_OF_COLUMN = {
    "event_type": "event_type_unknown",
    "status": "status_unknown",
    "rejection_reason": "reason_unknown",
    "turnover": "turnover_wrong",
}
"""Column → why, for every other fault."""


def table_of(program: Program) -> Table:
    """The table of a program, with its event types and rejection reasons."""
    codes = EventType.objects.filter(program=program).order_by("id").values_list("code", flat=True)
    reasons = RejectionReason.objects.filter(program=program).order_by("id")
    return Table(
        columns=_columns(
            [Choice(code, code, code) for code in codes],
            [Choice(*texts) for texts in reasons.values_list("code", "title_de", "title_en")],
        ),
        zone=ZoneInfo(program.timezone),
        any_of=(
            AnyOf(("order_token", "conversion"), "no_order_column", "no_order"),
            AnyOf(("status", "turnover"), "nothing_to_change", "nothing_asked"),
        ),
        words=WORDS,
    )


WORDS: Mapping[str, Said] = {
    "no_order_column": Said(
        _("No column names the conversions."),
        _("The first row that is filled must have a heading “Order number” or “Conversion ID”. It has: %(names)s."),
    ),
    "nothing_to_change": Said(
        _("No column says what to change."),
        _("There must be a heading “Status” or “Turnover”. There are: %(names)s."),
    ),
}


def _columns(event_types: Sequence[Choice], reasons: Sequence[Choice]) -> Sequence[Column]:
    return (
        Column("order_token", "Ordernummer", "Order number", ("Order token", "Order", "Order ID", "Bestellnummer",
               "Auftragsnummer", "Bestell-Nr", "Order-Nr", "Order no"),
               help_de="Die Order, wie der Shop sie nummeriert. Entweder diese oder die Conversion-ID.",
               help_en="The order as the shop numbers it. Either this or the conversion ID."),
        Column("conversion", "Conversion-ID", "Conversion ID", ("Conversion", "id"), Kind.KEY, prefix=PREFIX,
               help_de="Wie Exporte der Liste sie haben: cv_ und 26 Zeichen.",
               help_en="As exports of the list have it: cv_ and 26 characters."),
        Column("event_type", "Ereignistyp", "Event type", ("Event", "Typ", "Type"), Kind.CHOICE, choices=event_types,
               help_de="Nur wo mehrere dieselbe Ordernummer haben.",
               help_en="Only where several have the same order number."),
        Column("status", "Status", "Status", ("Neuer Status", "New status"), Kind.CHOICE, choices=STATUSES,
               help_de="In Worten oder als Code: 0 offen, 1 bestätigt, 2 storniert. Leer oder wie er ist: er bleibt.",
               help_en="In words or as a code: 0 open, 1 approved, 2 rejected. Empty or as it is: it stays."),
        Column("rejection_reason", "Stornogrund", "Rejection reason", ("Grund", "Reason", "Ablehnungsgrund"),
               Kind.CHOICE, choices=reasons,
               help_de="Nur bei einer Stornierung: Code oder Titel.", help_en="Of a rejection only: code or title."),
        Column("comment", "Kommentar", "Comment", ("Bemerkung", "Note", "Kommentar zur Stornierung",
               "Comment on the rejection"), lines=True,
               help_de="Mehr zu einer Stornierung oder einem neuen Umsatz; der Partner liest es.",
               help_en="More on a rejection or on a new turnover; the partner reads it."),
        Column("turnover", "Umsatz", "Turnover", ("Neuer Umsatz", "New turnover", "Betrag", "Amount"), Kind.AMOUNT,
               help_de="Ein neuer Umsatz, etwa 1.234,50. Leer oder wie er ist: er bleibt.",
               help_en="A new turnover, such as 1,234.50. Empty or as it is: it stays."),
    )  # fmt: skip


def wanted(checked: Checked) -> pl.DataFrame:
    """What every row of a table asks for (WANTED)."""
    own = pl.col("column").replace_strict(_OF_COLUMN, default=pl.col("code"), return_dtype=TEXT)
    kept = pl.col("code").is_in([*_OF_FAULT, "cell_error", "no_order", "nothing_asked"])
    why = pl.when(kept).then(pl.col("code").replace(_OF_FAULT)).otherwise(own)
    seen = pl.col("details").str.json_path_match("$.seen")
    detail = pl.coalesce(pl.when(pl.col("code") == "digits_lost").then("value"), seen, "value")
    first = checked.faults.select(ROW, why=why, detail=detail).unique(ROW, keep="first", maintain_order=True)
    rows = checked.values.join(first, on=ROW, how="left", maintain_order="left")
    return rows.with_columns(id="conversion").select(pl.col(name).cast(dtype) for name, dtype in WANTED.items())
