"""Exporting the list: as CSV beside a bare COPY of the same rows, as XLSX beside bare XlsxWriter with the same cells.

Each export runs in a process of its own, so that its memory is its own: it must not grow with the rows.
"""

import csv
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import psycopg
import xlsxwriter

from accredit.database import embedded
from bench.installation import Installation, installation
from bench.pages import PROGRAM, fill, without_indexes
from bench.report import Report, peak_mb, timed

CODE = "bench"
SMALL, SIZE, LARGE = 100_000, 300_000, 1_000_000
XLSX_ROWS = 20_000
TARGET = 100_000
GROWTH_MB = 100
COLUMNS = (
    "time",
    "order",
    "event",
    "credited",
    "reason",
    "status",
    "customer",
    "turnover",
    "commission",
    "model",
    "sub1",
)
COPIED = """
copy (select occurred_at, order_token, event_type, credited_to, partner, channel, reason, status, customer_status,
    turnover_minor, currency, commission_minor, model, restriction, sub_id1
    from conversions_conversion order by occurred_at desc, id desc limit {}) to stdout (format csv)
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """`processor_seconds`: of the export's own process, without the database's."""

    rows: int
    seconds: float
    processor_seconds: float
    peak_mb: int


def export_as(format_name: str, path: Path, rows: int) -> Exported:
    """An export of about so many rows, the latest ones; for a process of its own."""
    import django

    django.setup()
    from accredit.conversions.columns import COLUMNS as ALL
    from accredit.conversions.listing import CONVERSIONS
    from accredit.conversions.models import Conversion
    from accredit.lists.exporting import Export, Format, export
    from accredit.lists.places import Order
    from accredit.programs.models import Program
    from accredit.programs.visibility import Viewpoint
    from accredit.web.conversions.cells import Cells
    from accredit.web.conversions.page import PAGE
    from accredit.web.naming import Names

    view = Viewpoint(Program.objects.get(code=CODE), None)
    newest = Conversion.objects.order_by("-occurred_at").values_list("occurred_at", flat=True)
    parameters = [("time.from", f"{newest[rows - 1]:%Y-%m-%d}")] if newest.count() > rows else []
    asked = Export(
        CONVERSIONS, "Conversions", view, CONVERSIONS.filters_from(parameters), Order(), [ALL[name] for name in COLUMNS]
    )
    began = process_time()
    with timed() as exporting:
        written = export(asked, Format(format_name), path, Cells(PAGE, Names(view)).text)
    return Exported(written, exporting.seconds, process_time() - began, peak_mb())


def apart(format_name: str, path: Path, rows: int) -> Exported:
    """`export_as`, in a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(export_as, format_name, path, rows).result()


def copy_bare(installed: Installation, path: Path, rows: int) -> float:
    """The yardstick of CSV: the seconds that a COPY of as many rows into a file takes."""
    query = COPIED.format(rows).encode()
    with psycopg.connect(installed.url()) as reader, path.open("wb") as file, timed() as copying:  # noqa: SIM117
        with reader.cursor().copy(query) as lines:
            file.writelines(lines)
    return copying.seconds


def write_bare(source: Path, path: Path) -> float:
    """The yardstick of XLSX: the seconds that XlsxWriter takes for the cells of a CSV file, already read."""
    with source.open() as file:
        rows = list(csv.reader(file))
    amounts = {place for place, title in enumerate(rows[0]) if title in ("Turnover", "Commission")}
    with timed() as writing, xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for place, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if place and column in amounts:
                    sheet.write_number(place, column, float(cell))
                elif cell:
                    sheet.write_string(place, column, cell)
    return writing.seconds


def sizes(large: bool) -> Iterator[int]:
    """Rows of the exports, the smallest first."""
    yield from (SMALL, LARGE if large else SIZE)


def measure(installed: Installation, large: bool) -> None:
    """Print the figures."""
    folder = installed.state
    peaks = []
    for size in sizes(large):
        made = apart("csv", folder / f"{size}.csv", size)
        bare = copy_bare(installed, folder / "bare.csv", made.rows)
        rate = made.rows / made.seconds
        name = f"export {made.rows:,} conversions as CSV, a second"
        Report(name, rate, TARGET, rate / TARGET, ">= 1", made.peak_mb, "/s").show()
        Report("  a second of its own processor", made.rows / made.processor_seconds, unit="/s").show()
        Report("  beside a bare COPY of these rows", made.seconds, bare, bare / made.seconds).show()
        peaks.append(made.peak_mb)
    growth = peaks[-1] - peaks[0]
    Report("  memory that the larger one takes more", growth, GROWTH_MB, growth / GROWTH_MB, "<= 1", unit=" MB").show()
    show(apart("parquet", folder / "file.parquet", size), "Parquet")
    made = apart("xlsx", folder / "file.xlsx", XLSX_ROWS)
    show(made, "XLSX")
    apart("csv", folder / "cells.csv", XLSX_ROWS)
    bare = write_bare(folder / "cells.csv", folder / "bare.xlsx")
    Report("  beside bare XlsxWriter with these cells", made.seconds, bare, bare / made.seconds).show()


def show(made: Exported, format_title: str) -> None:
    """Print how fast one was."""
    name = f"export {made.rows:,} conversions as {format_title}, a second"
    Report(name, made.rows / made.seconds, peak_mb=made.peak_mb, unit="/s").show()


def main(large: bool) -> None:
    """The figures of two sizes."""
    with installation() as installed:
        installed.apply(PROGRAM.replace("CODE", CODE))
        owner_url = installed.url(embedded.ADMINISTRATOR)
        with psycopg.connect(owner_url, autocommit=True) as owner:
            definitions = without_indexes(owner, "conversions_conversion")
            fill(owner_url, CODE, LARGE if large else SIZE)
            for definition in definitions:
                owner.execute(definition.encode())
            owner.execute("vacuum analyze conversions_conversion")
        measure(installed, large)
