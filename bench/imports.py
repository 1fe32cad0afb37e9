"""An uploaded table from its bytes to the full verdict: XLSX read in confinement, checked and kept with its faults,
beside the bare reading of the same file; and CSV checked column by column, beside frictionless, which checks the same
types and closed lists row by row.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import fastexcel
import polars as pl
import xlsxwriter

from bench.installation import installation
from bench.report import Report, peak_mb, timed

ROWS, CSV_ROWS, CSV_ROWS_LARGE = 100_000, 100_000, 1_000_000
FAULTY = 100
"""Each such row has a fault."""
FRICTIONLESS_ROWS = 20_000
"""It takes as long for each row, however many there are."""
XLSX_TARGET, CSV_TARGET = 2.5, 20
STATUSES = ("open", "approved", "rejected")
PARTNERS = tuple(f"p{number}" for number in range(200))
NAMES = (
    "order", "conversion", "time", "day", "turnover", "commission", "currency", "status", "event_type", "partner",
    "quantity", "category", "country", "sub_id", "comment",
)  # fmt: skip


def declared() -> Any:
    """A table of these 15 columns, of every kind, in which no order may be named twice."""
    from accredit.imports.checking import unique
    from accredit.imports.declaring import Choice, Column, Kind, Table, Together

    kinds = {
        "conversion": Kind.KEY, "time": Kind.INSTANT, "day": Kind.DATE, "turnover": Kind.AMOUNT,
        "commission": Kind.AMOUNT, "currency": Kind.CURRENCY, "status": Kind.CHOICE, "event_type": Kind.CHOICE,
        "partner": Kind.CHOICE, "quantity": Kind.NUMBER,
    }  # fmt: skip
    lists = {"status": STATUSES, "event_type": ("sale", "lead"), "partner": PARTNERS}
    return Table(
        columns=tuple(
            Column(
                name, name, name, kind=kinds.get(name, Kind.TEXT), required=name in ("order", "time", "turnover"),
                prefix="cv", choices=tuple(Choice(code, code, code) for code in lists.get(name, ())),
            )
            for name in NAMES
        ),
        zone=ZoneInfo("Europe/Berlin"),
        currency="EUR",
        checks=(unique("twice", "order"),),
        together=Together(("order",), lambda values: values.select(together="order", also=pl.lit(None))),
    )  # fmt: skip


def row(number: int, random: Random) -> Sequence[Any]:
    """One row; each FAULTY-th has a status that there is not, and an amount that is none."""
    from accredit.database.keys import key_to_text, uuid7

    wrong = number % FAULTY == 0
    # Before the hour in March that clocks leave out. A spreadsheet knows no zones.
    at = datetime(2026, 1, 1) + timedelta(minutes=number % 120_000)  # noqa: DTZ001
    return (
        f"A{number:07}", key_to_text("cv", uuid7()), at, at.date(),
        "n/a" if wrong else random.randrange(100, 20_000) / 100, random.randrange(10, 2_000) / 100, "EUR",
        "opn" if wrong else random.choice(STATUSES), "sale", random.choice(PARTNERS), random.randrange(1, 9),
        f"category {random.randrange(50)}", "de", f"sub{random.randrange(1_000)}", "bought on the telephone",
    )  # fmt: skip


def write_spreadsheet(path: Path, rows: int) -> None:
    """The table as XLSX, with numbers and dates as a spreadsheet has them."""
    random = Random(1)
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        sheet.write_row(0, 0, NAMES)
        for number in range(1, rows + 1):
            for place, value in enumerate(row(number, random)):
                if place in (2, 3):
                    sheet.write_datetime(number, place, value, day)
                else:
                    sheet.write(number, place, value)


def write_csv(path: Path, rows: int) -> None:
    """The table as CSV, as German spreadsheets write it."""
    random = Random(1)
    with path.open("w") as file:
        file.write(";".join(NAMES) + "\n")
        for number in range(1, rows + 1):
            cells = list(row(number, random))
            cells[2], cells[3] = f"{cells[2]:%d.%m.%Y %H:%M}", f"{cells[3]:%d.%m.%Y}"
            cells[4], cells[5] = str(cells[4]).replace(".", ","), str(cells[5]).replace(".", ",")
            file.write(";".join(map(str, cells)) + "\n")


def check_spreadsheet(path: Path, rows: int) -> None:
    """From the upload to stored rows with their faults, beside reading the file and nothing else."""
    from accredit.access.models import User
    from accredit.database.keys import uuid7
    from accredit.imports.models import Row
    from accredit.imports.operations import keep_upload

    user = User.objects.create_user("bench@example.com")
    bares, fulls = [], []
    for _ in range(2):
        with timed() as bare:
            fastexcel.read_excel(path).load_sheet(0, header_row=None, dtypes="string").to_polars()
        with timed() as full:
            kept = keep_upload(
                [path.read_bytes()], table=declared(), file_name="bench.xlsx", kind="bench", program_id=uuid7(),
                user=user, now=datetime.now(UTC),
            )  # fmt: skip
        bares.append(bare.seconds)
        fulls.append(full.seconds)
        assert (kept.rows, kept.faulty) == (rows, rows // FAULTY)
        assert Row.objects.filter(upload=kept).count() == rows
    name = f"XLSX of {rows:,} × {len(NAMES)}, upload to stored verdict"
    Report(name, min(fulls), min(bares), min(fulls) / min(bares), f"<= {XLSX_TARGET}", peak_mb()).show()


def check_csv(path: Path, rows: int) -> None:
    """Reading and checking a CSV file, beside frictionless on its first rows."""
    from accredit.imports.checking import check_sheet
    from accredit.imports.text_table import read_text_table

    with timed() as ours:
        found = check_sheet(declared(), read_text_table(path.read_bytes(), most=rows)).faults
    assert len(found) == 2 * (rows // FAULTY)
    rate = rows / ours.seconds
    theirs = FRICTIONLESS_ROWS / frictionless_seconds(path)
    name = f"CSV of {rows:,} × {len(NAMES)}, types and lists, rows a second"
    Report(name, rate, theirs, rate / theirs, f">= {CSV_TARGET}", peak_mb(), unit="/s").show()


def frictionless_seconds(path: Path) -> float:
    """The seconds that frictionless takes for FRICTIONLESS_ROWS of the file, with the same types and lists."""
    from frictionless import Dialect, Resource, Schema, formats

    german = {"decimalChar": ",", "groupChar": "."}
    types: dict[str, dict[str, Any]] = {
        "order": {"type": "string", "constraints": {"required": True, "unique": True}},
        "conversion": {"type": "string", "constraints": {"pattern": "cv_[0-7][0-9a-hjkmnp-tv-z]{25}"}},
        "time": {"type": "datetime", "format": "%d.%m.%Y %H:%M", "constraints": {"required": True}},
        "day": {"type": "date", "format": "%d.%m.%Y"},
        "turnover": {"type": "number", "constraints": {"required": True, "minimum": 0}, **german},
        "commission": {"type": "number", "constraints": {"minimum": 0}, **german},
        "currency": {"type": "string", "constraints": {"enum": ["EUR", "USD", "CHF"]}},
        "status": {"type": "string", "constraints": {"enum": list(STATUSES)}},
        "event_type": {"type": "string", "constraints": {"enum": ["sale", "lead"]}},
        "partner": {"type": "string", "constraints": {"enum": list(PARTNERS)}},
        "quantity": {"type": "integer", "constraints": {"minimum": 1, "maximum": 10**8}},
    }
    fields = [{"name": name, **types.get(name, {"type": "string"})} for name in NAMES]
    head = path.with_stem("head")
    with path.open() as file:
        head.write_text("".join(next(file) for _ in range(FRICTIONLESS_ROWS + 1)))
    resource = Resource(
        path=head.name,
        basepath=str(head.parent),
        schema=Schema.from_descriptor({"fields": fields}),
        dialect=Dialect(controls=[formats.CsvControl(delimiter=";")]),
    )
    with timed() as theirs:
        report = resource.validate(limit_errors=10**6)
    assert report.stats["errors"] == 2 * (FRICTIONLESS_ROWS // FAULTY), report.stats
    return theirs.seconds


def main(large: bool) -> None:
    """The figures, on an empty database."""
    with installation(with_django=True) as installed:
        spreadsheet, table = installed.state / "table.xlsx", installed.state / "table.csv"
        rows = CSV_ROWS_LARGE if large else CSV_ROWS
        write_spreadsheet(spreadsheet, ROWS)
        check_spreadsheet(spreadsheet, ROWS)
        write_csv(table, rows)
        check_csv(table, rows)
