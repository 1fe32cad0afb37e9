"""Importing conversion requests: the verdict on a file with everything looked up, beside the bare reading of it; then a
page of the grid and a correction in the largest file.

The orders are those of the demo, repeated under other numbers; one row in a hundred has a mistake.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import fastexcel
import polars as pl
import xlsxwriter

from bench.installation import PROGRAM, installation
from bench.report import Report, peak_mb, timed

SIZE, LARGEST = 100_000, 200_000
READING = 2.5
"""At most so many times the bare reading."""
ANSWER_SECONDS = 0.2
REPEATS = 20
COLUMNS = (
    "kind", "order_token", "occurred_at", "turnover", "currency", "event_type", "partner", "country", "device",
    "sub_id1", "sub_id2", "sub_id3", "promo_code", "commission", "comment",
)  # fmt: skip


def table(rows: int) -> pl.DataFrame:
    """So many requests, as texts."""
    from accredit.demo.generate import generate_lines
    from accredit.demo.orders import orders_of

    orders = orders_of(generate_lines()).conversions
    times = -(-rows // len(orders))
    number = pl.int_range(pl.len())
    amount = pl.format(
        "{}.{}", pl.col("turnover_minor") // 100, (pl.col("turnover_minor") % 100).cast(str).str.zfill(2)
    )
    wrong = number % 100 == 7
    return (
        pl.concat([orders] * times)
        .head(rows)
        .select(
            kind=pl.lit("create"),
            order_token=pl.format("{}-{}", "order_token", number),
            occurred_at=pl.col("occurred_at").dt.strftime("%Y-%m-%d %H:%M"),
            turnover=pl.when(wrong & (number % 200 == 7)).then(pl.lit("12.5o")).otherwise(amount),
            currency=pl.when(wrong & (number % 200 == 107)).then(pl.lit("EURO")).otherwise(pl.lit("USD")),
            event_type=pl.lit("sale"),
            partner=pl.lit("barb"),
            country=pl.lit("de"),
            device=pl.lit("mobile"),
            sub_id1=pl.format("s-{}", number % 977),
            sub_id2=pl.format("t-{}", number % 7),
            sub_id3=pl.lit("x"),
            promo_code=pl.lit(""),
            commission=pl.lit(""),
            comment=pl.lit("reported by a member"),
        )
        .select(COLUMNS)
    )


def write_xlsx(rows: pl.DataFrame, path: Path) -> None:
    """As a spreadsheet, its amounts as numbers."""
    place = COLUMNS.index("turnover")
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, COLUMNS)
        for number, cells in enumerate(rows.iter_rows(), 1):
            sheet.write_row(number, 0, cells)
            if cells[place].replace(".", "").isdecimal():
                sheet.write_number(number, place, float(cells[place]))


def read_bare(path: Path) -> float:
    """The yardstick: the seconds that the reader takes for the cells as texts."""
    with timed() as reading:
        if path.suffix == ".xlsx":
            fastexcel.read_excel(path).load_sheet(0, header_row=None, dtypes="string").to_polars()
        else:
            pl.read_csv(path, infer_schema=False)
    return reading.seconds


def verdict(view: Any, user: Any, path: Path) -> tuple[float, Any]:
    """The seconds from a file to its rows and faults in the database, and the import."""
    from accredit.conversion_requests.importing import UPLOAD, table_of
    from accredit.imports.operations import keep_upload

    now = datetime.now(UTC)
    with timed() as checking:
        kept = keep_upload(
            [path.read_bytes()],
            table=table_of(view, now=now),
            file_name=path.name,
            kind=UPLOAD,
            program_id=view.program.id,
            user=user,
            now=now,
        )
    return checking.seconds, kept


def ask_grid(user: Any, kept: Any) -> None:
    """Pages of the grid, the next fault, and corrections, through the pages' own addresses."""
    from django.test import Client

    from accredit.access.models import User
    from accredit.database.keys import key_to_text
    from accredit.imports.models import PREFIX

    browser = Client(HTTP_HOST="localhost")
    browser.force_login(User.objects.get(pk=user.pk))
    url = f"/programs/anvils/requests/import/{key_to_text(PREFIX, UUID(str(kept.id)))}"
    browser.get(f"{url}/rows")  # the first page of a process imports and compiles
    size = kept.rows
    place = COLUMNS.index("comment")
    asked: Mapping[str, Callable[[int], Any]] = {
        "a page of the grid": lambda turn: browser.get(f"{url}/rows?start={(turn * 9_973) % size // 100 * 100}"),
        "a page of one kind of fault": lambda turn: browser.get(
            f"{url}/rows?column=currency&code=currency_unknown&start={100 * (turn % 9)}"
        ),
        "the next fault": lambda turn: browser.get(f"{url}/next?after={(turn * 9_973) % size}"),
        "a correction": lambda turn: browser.post(
            f"{url}/cells",
            json.dumps(
                {"row": 2 + turn * 9_973 % size, "place": place, "seen": "reported by a member", "text": "mended"}
            ),
            content_type="application/json",
        ),
        "a correction of a fault": lambda turn: browser.post(
            f"{url}/cells",
            json.dumps({"row": 109 + 200 * turn, "place": COLUMNS.index("currency"), "seen": "EURO", "text": "USD"}),
            content_type="application/json",
        ),
    }
    for name, act in asked.items():
        seconds = []
        for turn in range(REPEATS):
            with timed() as timer:
                answer = act(turn)
            assert answer.status_code == 200, (name, answer.status_code, answer.content[:300])
            seconds.append(timer.seconds)
        middle = median(seconds)
        Report(f"{name} at {size:,} rows", middle, ANSWER_SECONDS, middle / ANSWER_SECONDS, "<= 1").show()
        Report("  the slowest of them", max(seconds)).show()


def main(large: bool) -> None:  # noqa: ARG001 - every benchmark is told; this one has the sizes of the specification
    """The figures of one program."""
    with installation(with_django=True) as installed:
        from accredit.access.models import Membership, Organization, Role, User
        from accredit.conversion_requests.models import Rules
        from accredit.programs.models import Program
        from accredit.programs.visibility import Viewpoint

        installed.apply(PROGRAM.replace("starts_at = 2026-01-01", "starts_at = 2000-01-01"))
        program = Program.objects.get(code="anvils")
        Rules.objects.create(program=program, period_days=36_500)
        user = User.objects.create_user("bench@example.com", name="Bench")
        Membership.objects.create(user=user, organization=Organization.objects.get(code="ACME"), role=Role.EDITOR)
        view = Viewpoint(program, None)
        folder = installed.state
        rows = table(LARGEST)
        for name, count in (("requests.xlsx", SIZE), ("requests.csv", SIZE), ("largest.csv", LARGEST)):
            path = folder / name
            if path.suffix == ".xlsx":
                write_xlsx(rows.head(count), path)
            else:
                rows.head(count).write_csv(path)
            bare = read_bare(path)
            seconds, kept = verdict(view, user, path)
            said = f"verdict on {count:,} rows of {len(COLUMNS)} columns, {path.suffix[1:].upper()}"
            target = f"<= {READING}" if path.suffix == ".xlsx" else ""
            Report(said, seconds, bare, seconds / bare, target, peak_mb()).show()
            assert kept.faulty == count // 100, (kept.faulty, kept.counts, kept.problems)
        ask_grid(user, kept)
