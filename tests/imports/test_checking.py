"""Every fault of every cell, in whatever way the file is written; what can be read in two ways is never guessed."""

from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest
from django.utils.translation import override
from xlsxwriter.worksheet import Worksheet

from accredit.imports import words
from accredit.imports.checking import check_sheet, problems_of
from accredit.imports.declaring import AS_READ, Dates, Decimals, Format, Said
from accredit.imports.sheets import NotReadable
from tests.imports.declared import TABLE, checked, faults, sheet
from tests.imports.spreadsheets import spreadsheet
from tests.imports.test_reading import read

KEY = "cv_01m811g6xhe8msz7t8vwbrr6k6"


def column(name: str, *cells: str) -> str:
    """A table of one column beside orders."""
    return "\n".join([f"order | {name}", *(f"{number} | {cell}" for number, cell in enumerate(cells, 1))])


def values(name: str, *cells: str, said: Format = AS_READ) -> list[object]:
    """What is read of the cells of a column, or what is wrong with them."""
    came = checked(column(name, *cells), said)
    wrong = dict(came.faults.filter(pl.col("column") == name).select("row", "code").iter_rows())
    return [wrong.get(row, value) for row, value in came.values.select("row", name).iter_rows()]


def test_all_faults_of_all_cells_are_told_at_once() -> None:
    assert faults(
        f"""
        Ordernummer | Conversion-ID | Datum      | Umsatz | Währung | Status    | Grund | Menge
        1           | {KEY}         | 31.12.2026 | 12,50  | EUR     | offen     |       | 1
        2           | 17            | 31.12.26   | 1,505  | eur     | stornirt  |       | 0
                    |               | 1.1.2019   | -5,00  | Euro    |           |       | x
        4711        |               |            |        |         | STORNO    |       |
        1           |               |            | 5 EUR  |         |           |       | 5,5
        """
    ) == [
        "2 order twice",
        "3 key key_wrong", "3 time date_two_digit_year", "3 turnover too_many_decimals", "3 status choice_unknown",
        "3 quantity out_of_range",
        "4 order any_of", "4 time too_early", "4 turnover amount_negative", "4 currency currency_unknown",
        "4 quantity number_wrong",
        "5 order known", "5 reason required",
        "6 order twice", "6 turnover amount_has_text", "6 quantity number_wrong",
    ]  # fmt: skip


def test_a_fault_says_where_it_stands_and_what_would_be_right() -> None:
    found = checked(
        "order | status | turnover | time\n1 | stornirt | -5 |\n1 | vielleicht | 5 | 25.10.2026 02:30"
    ).faults
    english = [words.fault(TABLE, *row) for row in parts(found)]
    assert english == [
        ("Rows 2, 3 have the same order.", "Leave all but one out."),
        ("“-5” is below zero.", "Write an amount of zero or more."),
        ("“stornirt” is not known here.", "Is it “Rejected”?"),
        ("Rows 2, 3 have the same order.", "Leave all but one out."),
        (
            "The clock shows “25.10.2026 02:30” twice that day, when it is set back.",
            "Write which of the two it is: 2026-10-25 02:30+02:00 or 2026-10-25 02:30+01:00.",
        ),
        ("“vielleicht” is not known here.", "Write one of these: Open, Approved, Rejected."),
    ]
    with override("de"):
        assert words.fault(TABLE, *parts(found)[2])[1] == "Ist „Storniert“ gemeint?"
    own = replace(TABLE, words={"too_long": Said("Too long.", "At most %(most)s.")})
    assert words.fault(own, "reason", "too_long", {}, "x")[1] == f"At most {own.column('reason').longest}."
    assert words.fault(own, "reason", "too_long", {"most": "20"}, "x")[1] == "At most 20."


def parts(found: pl.DataFrame) -> list[tuple[str, str, dict[str, str], str]]:
    decoded = found.with_columns(pl.col("details").fill_null("{}"))
    return [
        (name, code, pl.Series([details]).str.json_decode(infer_schema_length=1)[0] or {}, value)
        for name, code, details, value in decoded.select("column", "code", "details", "value").iter_rows()
    ]


@pytest.mark.parametrize(
    ("cells", "read_as"),
    [
        ("12.50 5 0", [125_000, 50_000, 0]),
        ("1,234.50 7.1", [12_345_000, 71_000]),
        ("12,50 5 1.234.567,89", [125_000, 50_000, 12_345_678_900]),
        ("1.234 12,5", [12_340_000, 125_000]),
        ("1,234 12.5", [12_340_000, 125_000]),
        ("1.234 5", ["amount_two_ways", 50_000]),
        ("1.50 1,50", [15_000, 15_000]),
        ("1.50 1,50 1,505", [15_000, 15_000, "amount_two_ways"]),
        ("0.50 0,500", [5_000, 5_000]),
        ("-1 1- −1,0", ["amount_negative"] * 3),
        ("x 1.2.3 (5) --5", ["amount_wrong"] * 4),
        ("5€ 5,00€ 5%", ["amount_has_text"] * 3),
        ("1,2E+10 12e34", ["digits_lost"] * 2),
        ("1.005,00 1.005", [10_050_000, 10_050_000]),
        ("12345678901234567,00", ["amount_too_large"]),
        ("9999999999999999", ["amount_too_large"]),
        ("5,001 1,00", ["too_many_decimals", 10_000]),
    ],
)
def test_amounts(cells: str, read_as: list[object]) -> None:
    assert values("turnover", *cells.split()) == read_as


def test_amounts_below_zero_where_they_may_be() -> None:
    assert values("change", "-1,50", "1,50-", "+2", "−0,00") == [-15_000, -15_000, 20_000, 0]


@pytest.mark.parametrize(("currency", "fits"), [("EUR", False), ("JPY", False), ("KWD", True), ("", False)])
def test_an_amount_has_no_more_decimals_than_its_currency(currency: str, fits: bool) -> None:
    found = faults(f"order | turnover | currency\n1 | 1,005 | {currency}\n2 | 1.000,0 |")
    assert (found == []) is fits


def test_what_the_user_says_of_the_file_decides() -> None:
    german, english = Format(Decimals.COMMA), Format(Decimals.POINT)
    assert values("turnover", "1.234", "5,00", said=german) == [12_340_000, 50_000]
    assert values("turnover", "1.234", "5.00", said=english) == ["too_many_decimals", 50_000]
    assert values("turnover", "5,00", "1,234", said=english) == ["other_format", 12_340_000]


def test_numbers_of_a_spreadsheet_have_a_point_whatever_stands_beside_them() -> None:
    table = read(spreadsheet([["order", "turnover"], ["1", 1.5], ["2", "1.234,50"], ["3", 1.234]]))
    assert problems_of(TABLE, table) == []
    came = check_sheet(replace(TABLE, currency="KWD"), table)
    assert came.values["turnover"].to_list() == [15_000, 12_345_000, 12_340]


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("cells", "read_as"),
    [
        (["2026-12-31", "31.12.2026", "1.2.2026"], [at(2026, 12, 30, 23), at(2026, 12, 30, 23), at(2026, 1, 31, 23)]),
        (["2026-07-01 12:30", "2026-07-01T12:30:15", "1.7.2026 9:05"],
         [at(2026, 7, 1, 10, 30), at(2026, 7, 1, 10, 30, 15), at(2026, 7, 1, 7, 5)]),
        (["2026-07-01T12:30Z", "2026-07-01T12:30:00+05:30", "2026-07-01 12:30:00.250-0100"],
         [at(2026, 7, 1, 12, 30), at(2026, 7, 1, 7), at(2026, 7, 1, 13, 30, 0, 250_000)]),
        (["31.12.2026, 18:30 Uhr", "12/31/2026 6:30 PM", "12/31/2026 12:00 am"],
         [at(2026, 12, 31, 17, 30), at(2026, 12, 31, 17, 30), at(2026, 12, 30, 23)]),
        (["5/6/2026", "3/3/2026"], ["date_two_ways", at(2026, 3, 2, 23)]),
        (["5/6/2026", "31/12/2026"], [at(2026, 6, 4, 22), at(2026, 12, 30, 23)]),
        (["5/6/2026", "12/31/2026"], [at(2026, 5, 5, 22), at(2026, 12, 30, 23)]),
        (["5/6/2026", "12/31/2026", "31/12/2026"], ["date_two_ways", at(2026, 12, 30, 23), at(2026, 12, 30, 23)]),
        (["29.3.2026 02:30", "25.10.2026 02:30", "2026-10-25 02:30+01:00"],
         ["time_skipped", "time_twice", at(2026, 10, 25, 1, 30)]),
        (["31.2.2026", "2026-13-01", "1.1.2026 25:00", "1.1.2026 13:00 PM", "0001-01-01", "2026-01-01T00:00+15:00"],
         ["date_unknown"] * 6),
        (["31.12.26", "1/2/26"], ["date_two_digit_year"] * 2),
        (["gestern", "46082", "2026", "31.12.", "2026-1"], ["date_wrong"] * 5),
    ],
)  # fmt: skip
def test_times(cells: list[str], read_as: list[object]) -> None:
    assert values("time", *cells) == read_as


def test_days_as_the_user_says_they_are_written() -> None:
    day_first, month_first, iso = (Format(dates=dates) for dates in (Dates.DAY_FIRST, Dates.MONTH_FIRST, Dates.ISO))
    assert values("day", "5/6/2026", "12/31/2026", said=day_first) == [date(2026, 6, 5), "other_format"]
    assert values("day", "5/6/2026", "31/12/2026", said=month_first) == [date(2026, 5, 6), "other_format"]
    assert values("day", "5/6/2026", "5.6.2026", "2026-06-05", said=iso)[:2] == ["other_format"] * 2
    assert values("day", "2026-06-05 00:00", "2026-06-05 10:00") == [date(2026, 6, 5), "date_wrong"]


def test_words_of_a_closed_list_in_either_language() -> None:
    cells = ["open", "OFFEN", "bestätigt", "Bestaetigt", "2", "Storno", "rejectd", "x"]
    assert values("status", *cells) == [
        "open", "open", "approved", "approved", "rejected", "rejected", "choice_unknown", "choice_unknown",
    ]  # fmt: skip


def test_texts() -> None:
    assert faults("order\n" + "x" * 20) == []
    assert faults("order\n" + "x" * 21) == ["2 order too_long"]
    assert faults("order\n1.2E+34\n12e34\n1\u200b2") == ["2 order digits_lost", "4 order control_characters"]
    assert checked('order | comment\n1 | "two words"').values["comment"].to_list() == ["two words"]


def test_cells_beyond_the_header_and_errors_of_a_spreadsheet() -> None:
    assert faults("order | status\n1 | 0 | 7") == ["2  too_many_cells"]

    def errors(page: Worksheet) -> None:
        for cell in ("B2", "C2"):
            page.write_formula(cell, "=1/0", None, "#DIV/0!")

    table = read(spreadsheet([["order", "turnover", "colour"], ["1"]], errors))
    came = check_sheet(TABLE, table).faults
    assert came.select("column", "code", "details").rows() == [("turnover", "cell_error", '{"seen":"#DIV/0!"}')]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("status\n1", ["columns_missing"]),
        ("order | Ordernummer\n1 | 1", ["column_twice"]),
        ("order | status", ["no_rows"]),
        ("March | 2026\n | \nstatus | order\n1 | 1", ["headings_below", "columns_missing"]),
    ],
)
def test_wrong_columns_come_first(text: str, codes: list[str]) -> None:
    found = problems_of(TABLE, sheet(text))
    assert [problem.code for problem in found] == codes
    for problem in found:
        assert words.problem(TABLE, {"code": problem.code, "details": problem.details})[0]


def test_a_required_column_must_be_there() -> None:
    needed = replace(TABLE, columns=tuple(replace(one, required=one.name == "currency") for one in TABLE.columns))
    (problem,) = problems_of(needed, sheet("order | turnover\n1 | 5"))
    said = words.problem(needed, {"code": problem.code, "details": problem.details})
    assert said == ("The column “Currency” is missing.", "Every row needs it. The file has: order, turnover.")


def test_every_code_has_its_sentence() -> None:
    details = {"seen": "x", "columns": "order key", "near": "open", "first": "1", "second": "2"}
    for code in words.FAULTS:
        for language in ("de", "en"):
            with override(language):
                what, remedy = words.fault(
                    TABLE, "status" if code.startswith("choice") else "quantity", code, details, "5"
                )
                assert what
                assert remedy
                assert "%(" not in what + remedy
    for code in words.PROBLEMS:
        details = {"column": "order", "columns": ["order", "key"], "names": ["a"], "row": 3}  # type: ignore[dict-item]
        assert words.problem(TABLE, {"code": code, "details": details})[0]
    for code, text in words.NOT_READABLE.items():
        assert words.sentence(NotReadable(code, most=1, name="x", names="x", row=1, cells="A1:B1")), text
