"""CSV as it comes: encodings, line ends, quotation marks, broken rows, fields beyond all measure."""

import csv
import io
import threading
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit.files import FileErrors, read_clicks, read_orders
from tests.files.test_tables import PROGRAM, errors_of, expect
from tests.properties.examples import examples

HEADER = b"event_type,order_token,occurred_at,currency,turnover\n"
ROW = b"sale,1,2026-01-31T12:00:00Z,USD,1.00\n"


def row(order_token: bytes, turnover: bytes = b"1.00") -> bytes:
    return b"sale," + order_token + b",2026-01-31T12:00:00Z,USD," + turnover + b"\n"


READ = [
    ("as it is", HEADER + ROW, ["1"]),
    ("without a last line end", HEADER + ROW[:-1], ["1"]),
    ("byte order mark", b"\xef\xbb\xbf" + HEADER + ROW, ["1"]),
    ("byte order mark and quotation marks", b'\xef\xbb\xbf"event_type"' + HEADER[10:] + ROW, ["1"]),
    ("CRLF", (HEADER + ROW + row(b"2")).replace(b"\n", b"\r\n"), ["1", "2"]),
    ("some CRLF", HEADER + ROW.replace(b"\n", b"\r\n") + row(b"2"), ["1", "2"]),
    ("everything quoted", HEADER + b'"sale","1","2026-01-31T12:00:00Z","USD","1.00"\n', ["1"]),
    ("separators and marks in quotes", HEADER + row(b'"a,""b"",c"') + row(b'"""x"""'), ['a,"b",c', '"x"']),
    ("line breaks in quotes", HEADER + row(b'"a\nb"') + row(b'"c\r\nd"') + row(b"2"), ["a\nb", "c\r\nd", "2"]),
    ("empty rows", HEADER + b"\n" + ROW + b",,,,\n\n" + row(b"2") + b"\n\n", ["1", "2"]),
    ("other letters", HEADER + row("Ä€😀".encode()), ["Ä€😀"]),
    ("blanks stay", HEADER + row(b" 1 "), [" 1 "]),
    ("formulas stay", HEADER + row(b"=1+1"), ["=1+1"]),
    (
        "what others take for nothing or numbers",
        HEADER + row(b"NA") + row(b"null") + row(b"007"),
        ["NA", "null", "007"],
    ),
    ("as long as may be", HEADER + row("ä".encode() * 500), ["ä" * 500]),
]


@pytest.mark.parametrize(("content", "tokens"), [case[1:] for case in READ], ids=[case[0] for case in READ])
def test_what_is_read(write: Callable[..., Path], content: bytes, tokens: list[str]) -> None:
    assert read_orders(write(content), PROGRAM)["order_token"].to_list() == tokens


QUOTE = "A quotation mark is wrong: "
REFUSED = [
    ("UTF-16", (HEADER + ROW).decode().encode("utf-16"), ["1:1: The file is UTF-16 or UTF-32; it must be"]),
    ("UTF-16 unmarked", (HEADER + ROW).decode().encode("utf-16-le"), ["1:1: The file is UTF-16 or UTF-32; it must be"]),
    ("UTF-16 big-endian", (HEADER + ROW).decode().encode("utf-16-be"), ["1:1: The file is UTF-16 or UTF-32; it must"]),
    ("UTF-32", (HEADER + ROW).decode().encode("utf-32"), ["1:1: The file is UTF-16 or UTF-32; it must be CSV"]),
    ("gzip", b"\x1f\x8b\x08\x00", ["1:1: The file is compressed; it must be"]),
    ("a spreadsheet", b"PK\x03\x04\x14", ["1:1: The file is a spreadsheet or an archive; it must be"]),
    ("Parquet", b"PAR1abc", ["1:1: The file is Parquet; it must be"]),
    ("CR", (HEADER + ROW).replace(b"\n", b"\r"), ["1:1: The first row ends in CR alone."]),
    ("a CR", HEADER + ROW[:-1] + b"\r" + row(b"2"), ["2:1: The row ends in CR alone. Save the file with line ends"]),
    ("Latin-1", HEADER + ROW + row(b"\xe4\xf6") + row(b"3", b"x"), ["3:order_token: The value is not UTF-8.", "4:t"]),
    ("Latin-1 in the header", b"ev\xe4nt,\n", ["1:1: The header is not UTF-8."]),
    ("NUL", HEADER + row(b"a\0b") + row(b"2", b"x"), ["2:order_token: 'a\ufffdb' holds a NUL character", "3:turnover"]),
    ("short rows", HEADER + ROW + b"sale,2\n" + row(b"3") + b"sale,4,2026-01-31T12:00:00Z,USD\n",
     ["3:occurred_at: The row has 2 fields; the header names 5.", "5:turnover: The row has 4 fields; the header"]),
    ("long rows", HEADER + row(b"1", b"1,2") + row(b"2") + row(b"3", b","),
     ["2:6: The row has 6 fields; the header names 5.", "4:6: The row has 6 fields; the header names 5."]),
    ("a decimal comma", HEADER + row(b"1", b"1,50"), ["2:6: The row has 6 fields; the header names 5."]),
    ("broken rows and wrong values", HEADER + row(b"1", b"x") + b"sale,2\n" + row(b"3", b"x"),
     ["2:turnover: 'x' is wrong", "3:occurred_at: The row has 2", "4:turnover: 'x' is wrong"]),
    ("quotes and short rows", HEADER + row(b'"1,\n"') + b"sale,2\n", ["3:occurred_at: The row has 2 fields"]),
    ("never closed", HEADER + ROW + row(b'"2') + ROW, [f"3:1: {QUOTE}unexpected end of data."]),
    ("after the closing one", HEADER + row(b'"1"x'), [f"2:1: {QUOTE}',' expected after '\"'."]),
    ("an inch", HEADER + ROW + row(b'5" nail') + row(b"2"), [f"3:1: {QUOTE}it stands within a field that has none"]),
    ("two inches", HEADER + ROW + row(b'5" 6"') + row(b"2"), [f"3:1: {QUOTE}it stands within a field that has none"]),
    ("after a blank", HEADER + ROW + row(b' "2"'), [f"3:1: {QUOTE}it stands within a field that has none"]),
    ("rows are records", HEADER + row(b'"a\nb\n"') + row(b"2", b"x"), ["3:turnover: 'x' is wrong"]),
    ("too long", HEADER + row(b"x" * 501), ["2:order_token: 'xxx"]),
    ("tabs", (HEADER + ROW).replace(b",", b"\t"), ["1:1: There is no column", *[f"1:{name}:" for name in (
        "event_type", "order_token", "occurred_at", "currency", "turnover")]]),
    ("control characters", HEADER + row(b"1", "\x1b[31m\u202ex\u2028".encode()),
     ["2:turnover: '\ufffd[31m\ufffdx\ufffd' is wrong"]),
]  # fmt: skip


@pytest.mark.parametrize(("content", "expected"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_is_refused(write: Callable[..., Path], content: bytes, expected: list[str]) -> None:
    expect(errors_of(read_orders, write(content), PROGRAM), expected)


def test_a_field_of_200_megabytes(write: Callable[..., Path]) -> None:
    path = write(HEADER + row(b"x" * 200_000_000) + row(b"2", b"x"))
    expect(errors_of(read_orders, path, PROGRAM), [
        f"2:order_token: '{'x' * 60}…' has 200000000 characters; order_token has at most 500.",
        "3:turnover: 'x' is wrong",
    ])  # fmt: skip
    expect(errors_of(read_orders, write(HEADER[:-1] + b"x" * 2_000_000 + b"\n"), PROGRAM), [
        "1:1: The first row is longer than a megabyte"
    ])  # fmt: skip


def test_a_hundred_thousand_errors_are_all_reported(write: Callable[..., Path]) -> None:
    path = write(HEADER + b"".join(row(b"%d" % number, b"x") for number in range(100_000)))
    with pytest.raises(FileErrors) as caught:
        read_orders(path, PROGRAM)
    assert len(caught.value) == 100_000
    assert [error.row for error in caught.value] == list(range(2, 100_002))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    expect(errors_of(read_orders, tmp_path / "none.csv", PROGRAM), ["1:1: The file cannot be read: No such file"])
    expect(errors_of(read_orders, tmp_path / "none.parquet", PROGRAM), ["1:1: The file cannot be read: No such file"])
    expect(errors_of(read_orders, tmp_path, PROGRAM), ["1:1: "])


def test_a_name_with_wildcards_is_that_file_alone(write: Callable[..., Path]) -> None:
    write(HEADER + row(b"other"), "o1.csv")
    assert read_orders(write(HEADER + ROW, "o[0-9*?].csv"), PROGRAM)["order_token"].to_list() == ["1"]


pieces = st.sampled_from(['"', ",", "\n", "\r\n", "a", "ü", " ", "=", ";", "\t"])
texts = st.lists(pieces, max_size=6).map("".join)
clicks = st.lists(st.tuples(texts, texts, texts, texts), min_size=1, max_size=12)


@given(clicks, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.sampled_from(["\n", "\r\n"]))
@examples(100)
def test_any_text_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, ...]], quoting: int, line_end: str
) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, quoting=quoting, lineterminator=line_end)  # type: ignore[arg-type]
    names = ["sub_id1", "sub_id2", "click_id", "clicked_at", "visitor_id", "partner", "sub_id3", "sub_id4"]
    writer.writerow(names)
    for number, (one, two, three, four) in enumerate(cells):
        writer.writerow([one, two, f"k{number}", "2026-01-31T12:00:00Z", "v", "barb", three, four])
    path = tmp_path_factory.getbasetemp() / f"clicks-{threading.get_ident()}.csv"
    path.write_bytes(stream.getvalue().encode())
    read = read_clicks(path, PROGRAM).select("sub_id1", "sub_id2", "sub_id3", "sub_id4")
    assert read.rows() == [tuple(text or None for text in row) for row in cells]


def test_the_order_of_a_large_file_stays(write: Callable[..., Path]) -> None:
    path = write(HEADER + b"".join(row(b"%d" % number) for number in range(300_000)))
    tokens = read_orders(path, PROGRAM)["order_token"].cast(pl.Int64)
    assert tokens.equals(pl.int_range(300_000, eager=True, dtype=pl.Int64).alias("order_token"))
