"""An upload is kept with its faults, shown a page at a time, and corrected in place: what depends on a cell is checked
again, and no correction is lost."""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import fastexcel
import polars as pl
import pytest
from django.db import transaction

from accredit.access.models import User
from accredit.database.keys import key_to_text, uuid7
from accredit.imports import confined, operations, queries
from accredit.imports.annotating import annotate
from accredit.imports.correcting import (
    CellChanged,
    NoSuchCell,
    RowsDone,
    TakenBack,
    correct,
    correct_equal,
    drop_surplus,
    leave_out,
    paste,
    take_back,
    take_in,
)
from accredit.imports.declaring import Decimals, Format, Table
from accredit.imports.formats import read_content
from accredit.imports.models import KEPT_DAYS, Row, Upload
from accredit.imports.operations import check_again, keep_upload, remove_old_uploads, settle, upload_of
from accredit.imports.queries import RowShown, View
from accredit.imports.sheets import NotReadable
from tests.factories.sessions import together
from tests.imports.declared import TABLE
from tests.imports.spreadsheets import spreadsheet

NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)
FAULTY = View(faulty=True)


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("ann@example.com")


@pytest.fixture(autouse=True)
def read_here(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """In this process, which is quicker; `test_reading` has the other one."""

    def read(chunks: Sequence[bytes]) -> object:
        path = tmp_path / "upload"  # type: ignore[operator]
        path.write_bytes(b"".join(chunks))
        return read_content(path)

    monkeypatch.setattr(operations, "read_upload", read)
    assert confined.read_upload is not read


def keep(user: User, text: str | bytes, said: Format = Format()) -> Upload:  # noqa: B008 - it cannot change
    """A table whose cells are separated by `|`, or a file."""
    lines = (
        [";".join(cell.strip() for cell in line.split("|")) for line in text.strip().splitlines()]
        if isinstance(text, str)
        else []
    )
    content = text if isinstance(text, bytes) else "\n".join(lines).encode()
    return keep_upload(
        [content], table=TABLE, file_name="a.csv", kind="test", program_id=uuid7(), user=user, now=NOW, said=said
    )


def seen(rows: Sequence[RowShown]) -> dict[int, list[str]]:
    """Row → `column code` of its faults."""
    return {one.row: [f"{column} {code}" for column, code, _details in one.faults] for one in rows}


def agrees(upload: Upload, table: Table = TABLE) -> None:
    """What is kept of the faults is what a check of the whole table finds, and is counted so."""
    upload.refresh_from_db()
    fresh = queries.checked_now(upload, table, View(undone=True)).faults
    kept = {(row, fault) for row, faults in seen(queries.page(upload, size=1000)).items() for fault in faults}
    assert kept == {
        (row, f"{column} {code}") for row, column, code in fresh.select("row", "column", "code").iter_rows()
    }
    counts: dict[str, dict[str, int]] = {}
    for _row, fault in kept:
        column, _blank, code = fault.partition(" ")
        counts.setdefault(column, {}).setdefault(code, 0)
        counts[column][code] += 1
    assert upload.counts == counts
    assert upload.faulty == queries.count(upload, FAULTY) == len({row for row, _fault in kept})


ORDERS = """
    colour | Ordernummer | Umsatz | Status   | Grund
    red    | 1           | 12,50  | offen    |
    "a;b"  | 2           | 1.234  | stornirt |
    -      | 2           | x      | storno   |
    =1+1   | 4711        | 5,00   |          | "so ""what"" \\\\"
"""


def test_an_upload_is_kept_as_it_is_with_its_faults(user: User) -> None:
    upload = keep(user, ORDERS)
    assert (upload.rows, upload.faulty, upload.problems) == (4, 3, [])
    assert upload.counts == {
        "order": {"twice": 2, "known": 1}, "status": {"choice_unknown": 1}, "turnover": {"amount_wrong": 1},
        "reason": {"required": 1},
    }  # fmt: skip
    rows = queries.page(upload)
    assert [row.cells[:5] for row in rows] == [
        ["red", "1", "12,50", "offen", None],
        ["a;b", "2", "1.234", "stornirt", None],
        ["-", "2", "x", "storno", None],
        ["=1+1", "4711", "5,00", None, 'so "what" \\\\'],
    ]
    assert seen(rows)[3] == ["order twice", "status choice_unknown"]
    assert rows[1].faults[0] == ("order", "twice", {"rows": "3, 4"})
    shown = [(one.place, one.heading, one.name) for one in queries.columns(upload)]
    assert shown[:3] == [(0, "colour", None), (1, "Ordernummer", "order"), (2, "Umsatz", "turnover")]
    assert ("", "quantity") in [(heading, name) for _place, heading, name in shown]
    assert queries.values(upload, TABLE)["turnover"].to_list() == [125_000, 12_340_000, None, 50_000]
    agrees(upload)


def test_wrong_columns_keep_no_row(user: User) -> None:
    upload = keep(user, "status\n1")
    assert [problem["code"] for problem in upload.problems] == ["columns_missing"]
    assert not Row.objects.exists()


def test_what_cannot_be_read_keeps_nothing(user: User) -> None:
    with pytest.raises(NotReadable):
        keep(user, b"\x89PNG")
    with pytest.raises(NotReadable) as refused:
        keep_upload(
            [b"order\n1\n2\n3"], table=replace(TABLE, most_rows=2), file_name="a.csv", kind="test", program_id=uuid7(),
            user=user, now=NOW,
        )  # fmt: skip
    assert (refused.value.code, refused.value.details) == ("too_many_rows", {"most": 2})
    assert not Upload.objects.exists()


def test_pages_and_the_next_fault(user: User) -> None:
    lines = [f"{number} | {'x' if number % 10 == 0 else '5,00'}" for number in range(1, 101)]
    upload = keep(user, "\n".join(["order | turnover", *lines]))
    assert [row.row for row in queries.page(upload, start=40, size=3)] == [42, 43, 44]
    assert [row.row for row in queries.page(upload, FAULTY, start=2, size=3)] == [31, 41, 51]
    assert (queries.count(upload), queries.count(upload, FAULTY)) == (100, 10)
    assert queries.count(upload, View(column="turnover", code="amount_wrong")) == 10
    assert queries.count(upload, View(column="turnover", code="amount_negative")) == 0
    assert [queries.next_fault(upload, after=row) for row in (0, 11, 30, 101)] == [11, 21, 31, 11]
    assert (queries.position(upload, 31), queries.position(upload, 31, FAULTY)) == (29, 2)
    assert queries.next_fault(keep(user, "order\n1"), after=0) is None


def test_a_correction_checks_what_depends_on_it(user: User) -> None:
    upload = keep(user, ORDERS)
    assert seen(correct(upload, TABLE, 3, "status", "Storniert", seen="stornirt")) == {
        3: ["order twice", "reason required"], 4: ["order twice", "turnover amount_wrong", "reason required"],
    }  # fmt: skip
    agrees(upload)
    assert seen(correct(upload, TABLE, 3, "order", "1")) == {
        2: ["order twice"], 3: ["order twice", "reason required"], 4: ["turnover amount_wrong", "reason required"],
    }  # fmt: skip
    agrees(upload)
    (row,) = [one for one in correct(upload, TABLE, 3, "order", "7") if one.row == 3]
    assert row.originals == {1: "2", 3: "stornirt"}
    assert seen(queries.page(upload))[2] == []
    agrees(upload)
    correct(upload, TABLE, 3, "order", "2")
    assert queries.rows_of(upload, [3])[0].originals == {3: "stornirt"}


def test_a_column_that_the_file_leaves_out_can_be_filled(user: User) -> None:
    upload = keep(user, "order | status\n1 | storno")
    assert seen(queries.page(upload)) == {2: ["reason required"]}
    assert seen(correct(upload, TABLE, 2, "reason", "came back")) == {2: []}
    assert queries.values(upload, TABLE)["reason"].to_list() == ["came back"]
    assert (upload.faulty, upload.counts) == (0, {})


def test_numbers_of_a_spreadsheet_stay_so_until_they_are_corrected(user: User) -> None:
    upload = keep(
        user,
        spreadsheet(
            [["order", "change", "turnover"], ["1", 1.234], ["2"]],
            lambda sheet: sheet.write_formula("C3", "=1/0", None, "#DIV/0!") and None,
        ),
    )
    assert seen(queries.page(upload)) == {2: ["change too_many_decimals"], 3: ["turnover cell_error"]}
    assert seen(correct(upload, TABLE, 2, "change", "1.230")) == {2: ["change amount_two_ways"]}
    assert seen(correct(upload, TABLE, 2, "change", "1.234")) == {2: ["change too_many_decimals"]}
    assert seen(correct(upload, TABLE, 3, "turnover", "5")) == {3: []}
    assert seen(correct(upload, TABLE, 3, "turnover", " ")) == {3: ["turnover cell_error"]}
    agrees(upload)


def test_cells_beyond_the_headings_can_be_left_out(user: User) -> None:
    upload = keep(user, "order | turnover\n1 | 5 | 00\n2 | 5")
    assert seen(queries.page(upload)) == {2: [" too_many_cells"], 3: []}
    assert seen(correct(upload, TABLE, 2, "turnover", "x")) == {2: [" too_many_cells", "turnover amount_wrong"]}
    assert seen(drop_surplus(upload, TABLE, 2)) == {2: ["turnover amount_wrong"]}
    agrees(upload)
    with pytest.raises(NoSuchCell):
        drop_surplus(upload, TABLE, 99)


def test_rows_are_left_out_and_taken_in_again(user: User) -> None:
    upload = keep(user, "order | turnover\n1 | x\n2 | 5\n2 | 6\n3 | x\n4 | 7")
    assert upload.counts == {"order": {"twice": 2}, "turnover": {"amount_wrong": 2}}
    before = queries.page(upload)
    assert leave_out(upload, TABLE, [3]) == [3, 4]
    assert seen(queries.page(upload)) == {
        2: ["turnover amount_wrong"],
        3: [],
        4: [],
        5: ["turnover amount_wrong"],
        6: [],
    }
    assert len(leave_out(upload, TABLE, View(column="turnover", code="amount_wrong"))) == 2
    assert (upload.faulty, upload.counts, upload.summary) == (0, {}, {"left_out": 3})
    agrees(upload)
    assert leave_out(upload, TABLE, [3]) == []
    with pytest.raises(RowsDone):
        correct(upload, TABLE, 3, "order", "9")
    assert queries.values(upload, TABLE, View(faulty=False, undone=True))["order"].to_list() == ["2", "4"]
    check_again(upload, TABLE, said=Format())
    agrees(upload)

    file = io.BytesIO()
    annotate(upload, TABLE, file)
    assert fastexcel.read_excel(file.getvalue()).sheet_names == ["Table", "Left out"]
    again = keep(user, file.getvalue())
    assert (again.rows, [row.cells[0] for row in queries.page(again)]) == (2, ["2", "4"])

    assert take_in(upload, TABLE, [3]) == [3, 4]
    assert upload.counts == {"order": {"twice": 2}}
    agrees(upload)
    assert [take_back(upload, TABLE) for _time in range(4)] == [
        TakenBack(3, None, 1), TakenBack(2, None, 2), TakenBack(3, None, 1), None,
    ]  # fmt: skip
    assert queries.page(upload) == before
    agrees(upload)
    leave_out(upload, TABLE, [3, 4, 5])
    take_in(upload, TABLE, View(left_out=True))
    assert queries.page(upload) == before


def test_one_correction_for_all_equal_cells(user: User) -> None:
    upload = keep(user, "order | currency\n1 | Euro\n2 | EUR\n3 | Euro\n4 | euro\n5 |")
    assert correct_equal(upload, TABLE, "currency", "Euro", "EUR") == 2
    assert [row.cells[1] for row in queries.page(upload)] == ["EUR", "EUR", "EUR", "euro", None]
    assert correct_equal(upload, TABLE, "currency", "", "CHF") == 1
    assert correct_equal(upload, TABLE, "currency", "nothing", "CHF") == 0
    assert upload.counts == {"currency": {"currency_unknown": 1}}
    agrees(upload)


def test_a_block_is_pasted_to_the_right_and_down_the_view(user: User) -> None:
    upload = keep(user, "order | turnover | status\n1 | x | open\n2 | 5 | open\n3 | x | ?\n4 | x | ?")
    block = [["1,00", "storno"], ["2,00", "0", "beyond"]]
    assert paste(upload, TABLE, [2], "turnover", block, view=FAULTY).cells == 5
    assert [row.cells[1:3] for row in queries.page(upload)] == [
        ["1,00", "storno"], ["5", "open"], ["2,00", "0"], ["x", "?"],
    ]  # fmt: skip
    agrees(upload)
    assert paste(upload, TABLE, [5], "order", [["9"], ["10"], ["11"]]).cells == 1
    assert [row.cells[0] for row in queries.page(upload)] == ["1", "2", "3", "9"]
    # A grid need not show every column: beside the order, it shows the currency and no other that the file leaves out.
    paste(upload, TABLE, [5], "order", [["9", "EUR", "beyond"]], places=[0, upload.places["currency"], 99])
    assert queries.values(upload, TABLE)["currency"].to_list() == [None, None, None, "EUR"]
    assert queries.corrected(upload) == {0, 1, 2, 3, upload.places["currency"]}
    # The row 3 is mended by now, and stands there still; behind what is shown, the view goes on.
    assert paste(upload, TABLE, [2, 3], "turnover", [["y"], ["z"], ["?"]], view=FAULTY).cells == 3
    assert [row.cells[1] for row in queries.page(upload)] == ["y", "z", "?", "x"]


def test_corrections_are_taken_back_the_last_one_first(user: User) -> None:
    upload = keep(user, "order | turnover | currency\n1 | x | Euro\n2 | 5 | Euro\n3 | 7 | EUR\n4 | 7 | Euro")
    before = queries.page(upload)
    correct(upload, TABLE, 2, "turnover", "5")
    correct(upload, TABLE, 3, "turnover", "5")  # it says so already
    assert correct_equal(upload, TABLE, "currency", "Euro", "EUR") == 3
    paste(upload, TABLE, [3], "turnover", [["1", "CHF"], ["7", "EUR"]])
    assert take_back(upload, TABLE) == TakenBack(3, 1, 2)  # two of the four cells were others before
    with transaction.atomic():
        settle(upload, pl.DataFrame({"row": [5], "state": ["raised"], "note": ["rq_1"]}))
    assert take_back(upload, TABLE) == TakenBack(2, 2, 2)
    assert [row.cells[2] for row in queries.page(upload)] == ["Euro", "Euro", "EUR", "EUR"]
    assert take_back(upload, TABLE) == TakenBack(2, 1, 1)
    agrees(upload)
    assert queries.page(upload)[:3] == before[:3]
    assert take_back(upload, TABLE) is None


def test_what_somebody_else_changed_is_told_and_not_overwritten(user: User) -> None:
    upload = keep(user, "order | turnover\n1 | x\n2 | x")
    correct(upload, TABLE, 2, "turnover", "5", seen="x")
    with pytest.raises(CellChanged) as changed:
        correct(upload, TABLE, 2, "turnover", "6", seen="x")
    assert changed.value.value == "5"
    for row, column in [(99, "turnover"), (2, "colour")]:
        with pytest.raises(NoSuchCell):
            correct(upload, TABLE, row, column, "5")


def test_what_became_something_is_corrected_no_more(user: User) -> None:
    upload = keep(user, "order | turnover\n1 | 5\n2 | x\n3 | 5")
    with transaction.atomic():
        settle(upload, pl.DataFrame({"row": [2], "state": ["raised"], "note": ["rq_1"]}))
    assert [(row.state, row.note) for row in queries.page(upload)] == [("raised", "rq_1"), (None, None), (None, None)]
    with pytest.raises(RowsDone):
        correct(upload, TABLE, 2, "turnover", "6")
    assert correct_equal(upload, TABLE, "turnover", "5", "6") == 1
    assert queries.values(upload, TABLE, View(faulty=False, undone=True))["order"].to_list() == ["3"]


def test_another_format_checks_the_whole_file_and_keeps_corrections(user: User) -> None:
    upload = keep(user, "order | turnover\n1 | 1.234\n2 | 2.345\n3 | x")
    assert upload.counts == {"turnover": {"amount_two_ways": 2, "amount_wrong": 1}}
    correct(upload, TABLE, 4, "turnover", "7.000")
    check_again(upload, TABLE, said=Format(Decimals.COMMA))
    assert queries.values(upload, TABLE)["turnover"].to_list() == [12_340_000, 23_450_000, 70_000_000]
    assert (upload.faulty, upload.said["decimals"]) == (0, "comma")
    assert queries.rows_of(upload, [4])[0].originals == {1: "x"}
    agrees(upload)


def test_uploads_are_their_users_alone_and_forgotten(user: User) -> None:
    upload = keep(user, "order\n1")
    other = User.objects.create_user("bob@example.com")
    key = key_to_text("up", upload.id)
    assert upload_of(user, upload.program_id, "test", key) == upload
    for who, kind, text in [(other, "test", key), (user, "validation", key), (user, "test", "up_1")]:
        with pytest.raises(Upload.DoesNotExist):
            upload_of(who, upload.program_id, kind, text)
    assert remove_old_uploads(NOW + timedelta(days=KEPT_DAYS)) == 0
    assert remove_old_uploads(NOW + timedelta(days=KEPT_DAYS, seconds=1)) == 1
    assert not Row.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_corrections_of_two_tabs_at_once_are_both_there(transactional_db: None) -> None:
    user = User.objects.create_user("ann@example.com")
    lines = "\n".join(f"{number} | x | y" for number in range(1, 9))
    upload = keep(user, f"order | turnover | quantity\n{lines}")

    def typing(column: str, place: int) -> Callable[[], None]:
        def one() -> None:
            kept = Upload.objects.get(id=upload.id)
            for row in range(2, 10):
                correct(kept, TABLE, row, column, str(place), seen="x" if column == "turnover" else "y")

        return one

    together([typing("turnover", 5), typing("quantity", 6)])
    assert {tuple(row.cells[1:3]) for row in queries.page(upload)} == {("5", "6")}
    agrees(upload)
    assert upload.counts == {}
