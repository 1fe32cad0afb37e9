"""A table of validations: what each of its rows asks for. What comes of it is for `file_validating` to say.

A row names a conversion by its order token (and event type, where several have it) or by its id, and says its status,
or its new turnover, or both.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import polars as pl

from accredit.conversions.columns import PREFIX
from accredit.conversions.models import Status
from accredit.database.keys import KeyTextError, key_from_text
from accredit.engine.frames import TEXT, Schema
from accredit.imports import sheets
from accredit.imports.amounts import read_amounts
from accredit.imports.headings import Heading, find_columns, folded
from accredit.imports.sheets import MAX_CHARACTERS, ROW, Sheet
from accredit.programs.models import EventType, RejectionReason

HEADINGS = (
    Heading("order_token", "Ordernummer", "Order number", ("Order token", "Order", "Order ID", "Bestellnummer",
            "Auftragsnummer", "Bestell-Nr", "Order-Nr", "Order no")),
    Heading("conversion", "Conversion-ID", "Conversion ID", ("Conversion", "id")),
    Heading("event_type", "Ereignistyp", "Event type", ("Event", "Typ", "Type")),
    Heading("status", "Status", "Status", ("Neuer Status", "New status")),
    Heading("rejection_reason", "Stornogrund", "Rejection reason", ("Grund", "Reason", "Ablehnungsgrund")),
    Heading("comment", "Kommentar", "Comment", ("Bemerkung", "Note")),
    Heading("turnover", "Umsatz", "Turnover", ("Neuer Umsatz", "New turnover", "Betrag", "Amount")),
)  # fmt: skip
STATUSES: Mapping[str, str] = {
    **dict.fromkeys(("0", "open", "offen", "pending"), Status.OPEN.value),
    **dict.fromkeys(("1", "approved", "approve", "bestätigt", "bestätigen", "genehmigt", "confirmed"),
                    Status.APPROVED.value),
    **dict.fromkeys(("2", "rejected", "reject", "storniert", "stornieren", "storno", "abgelehnt", "cancelled",
                     "canceled"), Status.REJECTED.value),
}  # fmt: skip
"""What people write → status, compared without regard to case."""
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
    "turnover_wrong": "The turnover is no amount",
    "nothing_asked": "Neither status nor turnover is filled",
}
"""Why a row cannot be understood. The codes are for programs, the sentences for people."""
_STATUSES = {folded(word): status for word, status in STATUSES.items()}
_SHORTENED = r"^[0-9]([.,][0-9]+)?[eE]\+[0-9]+$"


@dataclass(frozen=True, slots=True)
class FileProblem:
    """Why none of a file can be done. `code`: one of PROBLEMS."""

    code: str
    details: Mapping[str, Any] = field(default_factory=dict)


PROBLEMS = {
    "no_order_column": "No column names the conversions",
    "nothing_to_change": "No column says what to change",
    "column_twice": "A column is there twice",
    "no_rows": "There are no rows below the header",
    "turnover_two_ways": "The amounts can be read in two ways",
    "turnover_mixed": "The amounts are written in two ways",
}


def problems_of(sheet: Sheet) -> Sequence[FileProblem]:
    """What is wrong with a table as a whole; then none of its rows is looked at."""
    found = find_columns(sheet.names, HEADINGS)
    problems = [FileProblem("column_twice", {"names": list(names)}) for names in found.twice.values()]
    if not {"order_token", "conversion"} & found.places.keys():
        problems.append(FileProblem("no_order_column", {"names": list(sheet.names)}))
    elif not {"status", "turnover"} & found.places.keys():
        problems.append(FileProblem("nothing_to_change", {"names": list(sheet.names)}))
    if not problems and sheet.cells.is_empty():
        problems.append(FileProblem("no_rows"))
    if not problems and "turnover" in found.places:
        amounts = read_amounts(
            sheet.cells[str(found.places["turnover"])], _are_numbers(sheet, found.places["turnover"])
        )
        if amounts.doubt:
            rows = [sheet.cells[ROW][place] for place in amounts.examples]
            texts = [sheet.cells[str(found.places["turnover"])][place] for place in amounts.examples]
            problems.append(FileProblem(f"turnover_{amounts.doubt}", {"rows": rows, "texts": texts}))
    return problems


def wanted(sheet: Sheet, program_id: UUID) -> pl.DataFrame:
    """What every row of a table without `problems_of` asks for (WANTED)."""
    places = find_columns(sheet.names, HEADINGS).places
    texts = sheet.cells.select(
        ROW,
        *(
            (pl.col(str(places[one.name])) if one.name in places else pl.lit(None, TEXT)).alias(one.name)
            for one in HEADINGS
        ),
    )
    turnover = pl.Series(values=[None] * texts.height, dtype=pl.Int128)
    if "turnover" in places:
        turnover = read_amounts(texts["turnover"], _are_numbers(sheet, places["turnover"])).values
    event_types = {code: code for code in EventType.objects.filter(program=program_id).values_list("code", flat=True)}
    understood = texts.with_columns(
        id=_translated(texts["conversion"], _key),
        known_event=_translated(texts["event_type"], event_types.get),
        known_status=_translated(texts["status"], _STATUSES.get, fold=True),
        known_reason=_translated(texts["rejection_reason"], _reasons(program_id).get, fold=True),
        value=turnover,
    )
    marks = _marks(sheet, places)
    rows = understood.join(marks, on=ROW, how="left", maintain_order="left")
    return rows.select(
        ROW,
        "id",
        "order_token",
        event_type="known_event",
        status="known_status",
        rejection_reason="known_reason",
        comment="comment",
        turnover="value",
        why=_why(),
        detail=_detail(),
    ).cast(dict(WANTED))  # type: ignore[arg-type]


def _why() -> pl.Expr:
    """The first thing that is wrong with a row; null where nothing is."""
    token = pl.col("order_token")
    too_long = pl.any_horizontal(pl.col("order_token", "comment").str.len_chars() > MAX_CHARACTERS)
    wrong = {
        "cell_error": pl.col("error").is_not_null(),
        "too_many_fields": pl.col("fields").is_not_null(),
        "digits_lost": pl.col("lost").is_not_null() | token.str.contains(_SHORTENED),
        "no_order": token.is_null() & pl.col("conversion").is_null(),
        "key_wrong": pl.col("conversion").is_not_null() & pl.col("id").is_null(),
        "event_type_unknown": pl.col("event_type").is_not_null() & pl.col("known_event").is_null(),
        "too_long": too_long,
        "status_unknown": pl.col("status").is_not_null() & pl.col("known_status").is_null(),
        "reason_unknown": pl.col("rejection_reason").is_not_null() & pl.col("known_reason").is_null(),
        "turnover_wrong": pl.col("turnover").is_not_null() & pl.col("value").is_null(),
        "nothing_asked": pl.col("status").is_null() & pl.col("turnover").is_null(),
    }
    return pl.coalesce(pl.when(condition).then(pl.lit(code)) for code, condition in wrong.items())


def _detail() -> pl.Expr:
    """The text at which a row went wrong."""
    texts = {
        "cell_error": "error",
        "too_many_fields": "fields",
        "key_wrong": "conversion",
        "event_type_unknown": "event_type",
        "status_unknown": "status",
        "reason_unknown": "rejection_reason",
        "turnover_wrong": "turnover",
        "digits_lost": "order_token",
    }
    return pl.coalesce(pl.when(_why() == code).then(pl.col(column)) for code, column in texts.items())


def _marks(sheet: Sheet, places: Mapping[str, int]) -> pl.DataFrame:
    """By row: an error in a cell that counts, digits lost of the order token, and fields beyond the header."""
    marks = sheet.marks
    used = pl.col("column").is_in(list(places.values()))
    token = pl.col("column") == places.get("order_token", -1)
    kinds = {
        "error": used & (pl.col("mark") == sheets.ERROR),
        "lost": token & (pl.col("mark") == sheets.DIGITS_LOST),
        "fields": pl.col("mark") == sheets.FIELDS,
    }
    return marks.group_by(ROW).agg(
        *(pl.col("detail").filter(condition).first().alias(kind) for kind, condition in kinds.items())
    )


def _are_numbers(sheet: Sheet, place: int) -> pl.Series:
    numbers = sheet.marks.filter((pl.col("mark") == sheets.NUMBER) & (pl.col("column") == place))
    return sheet.cells[ROW].is_in(numbers[ROW].implode())


def _translated(texts: pl.Series, translate: Callable[[str], str | None], *, fold: bool = False) -> pl.Series:
    """What each distinct text means; null where it means nothing."""
    distinct = texts.drop_nulls().unique().to_list()
    meanings = pl.Series([translate(folded(text) if fold else text) for text in distinct], dtype=TEXT)
    return texts.replace_strict(pl.Series(distinct, dtype=TEXT), meanings, default=None, return_dtype=TEXT)


def _key(text: str) -> str | None:
    try:
        return str(key_from_text(PREFIX, text))
    except KeyTextError:
        return None


def _reasons(program_id: UUID) -> Mapping[str, str | None]:
    """Code and titles of rejection reasons, folded → code; codes go first, and a title of two reasons means neither."""
    titles: dict[str, str | None] = {}
    rows = RejectionReason.objects.filter(program=program_id).values_list("code", "title_de", "title_en")
    for code, *both in rows:
        for title in {folded(title) for title in both}:
            titles[title] = code if titles.get(title, code) == code else None
    return titles | {folded(code): code for code, *_titles in rows}
