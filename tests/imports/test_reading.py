"""Uploads of every kind: what they hold as texts, and clear words for what is no table."""

import io
import signal
import socket
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from accredit import child
from accredit.imports import confined, reading, sheet_xml, sheets, text_table, words
from accredit.imports import spreadsheet as spreadsheet_reading
from accredit.imports.confined import read_upload
from accredit.imports.formats import read_content
from accredit.imports.sheets import NotReadable, Sheet
from accredit.imports.text_table import read_text_table
from tests.imports.spreadsheets import spreadsheet

HEADER = ["Ordernummer", "Status"]


def read(content: bytes) -> Sheet:
    """In this process, which is quicker."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        return read_content(Path(file.name))


def marks(sheet: Sheet) -> list[tuple[int, int, str, str]]:
    return sheet.marks.sort("row", "column").rows()


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("cp1252", "Windows-1252"), ("utf-16", "UTF-16"),
     ("utf-16-le", "UTF-16"), ("utf-16-be", "UTF-16")],
)  # fmt: skip
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_text_of_every_country(encoding: str, told: str, separator: str) -> None:
    text = 'Ordernummer;Status\r\n1001;bestätigt\r\n"10;02";"Größe ""L"""\r\n'.replace(";", separator)
    sheet = read(text.encode(encoding))
    assert sheet.names == HEADER
    assert sheet.cells.rows() == [(2, "1001", "bestätigt"), (3, f"10{separator}02", 'Größe "L"')]
    assert sheet.told["encoding"] == told
    assert sheet.told["separator"] == separator


def test_rows_are_numbered_as_the_spreadsheet_shows_them() -> None:
    sheet = read(b'\n;\nOrdernummer;Status\n1;"two\nlines"\n;\n\n 2 ;x;\n3\n4;x;y\n')
    assert sheet.names == HEADER
    assert sheet.cells.rows() == [(4, "1", "two\nlines"), (7, "2", "x"), (8, "3", None), (9, "4", "x")]
    assert marks(sheet) == [(9, 2, "fields", "3")]


@pytest.mark.parametrize(
    "text",
    ["a;b\n1;2\n", "a;b\n1;2", "a;b\r\n1;2\r\n", "a;b\n1\n;2\n", "a;b\n;\n1;2", "a;b\n1;2;\n", "a;b\n1;2;3\n4;5",
     "a;b;\n1;2;\n", "a;b\n1;2\n\n3;4", "a\n1\n2", "a\n\n1", "a;b\r1;2\r", "a;b", "a;b\n 1 ;\t2", "ä;b\n1;2",
     "a,b\n1,5;2"],
)  # fmt: skip
def test_plain_tables_are_read_as_all_others(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = read_text_table(text.encode())
    monkeypatch.setattr(text_table, "_plain", lambda *parts: None)
    slow = read_text_table(text.encode())
    assert (quick.names, quick.told) == (slow.names, slow.told)
    assert quick.cells.equals(slow.cells)
    assert quick.marks.equals(slow.marks)


def test_excel_says_its_separator_in_a_line_that_it_does_not_show() -> None:
    sheet = read(b"sep=|\r\nOrdernummer|Status\r\n1;2|3,4\r\n")
    assert sheet.cells.rows() == [(2, "1;2", "3,4")]


def test_a_spreadsheet_as_its_user_sees_it() -> None:
    def more(sheet: Worksheet) -> None:
        sheet.write_formula("B2", '="app"&"roved"', None, "approved")
        sheet.write_formula("B3", "=1/0", None, "#DIV/0!")
        sheet.write_number("A4", 12345678901234567890)
        sheet.write_number("C2", 59.970000000000006)
        sheet.write_number("C3", 7)
        sheet.write_string("A6", "00123")
        sheet.write_string("A7", "12345678901234567890")
        sheet.write_number("A8", 1001)

    sheet = read(spreadsheet([[*HEADER, "Umsatz"], ["1001"], ["1002"]], more))
    assert sheet.names == [*HEADER, "Umsatz"]
    assert sheet.cells.rows() == [
        (2, "1001", "approved", "59.97"),
        (3, "1002", None, "7"),
        (4, "12345678901234569216", None, None),
        (6, "00123", None, None),
        (7, "12345678901234567890", None, None),
        (8, "1001", None, None),
    ]
    kinds = {(row, column, mark) for row, column, mark, _ in marks(sheet)}
    assert kinds == {(2, 2, "number"), (3, 1, "error"), (4, 0, "digits_lost")}
    assert sheet.told["sheet"] == "Orders"


def test_a_table_that_begins_further_down_and_to_the_right_with_days_in_it() -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        book.add_worksheet("Hidden").hide()
        sheet = book.add_worksheet("Bestellungen")
        sheet.activate()
        sheet.write_row("C3", [*HEADER, "Day"])
        sheet.write_row("C4", ["1001", 1])
        day = datetime(2026, 3, 1, 13, 7, 9)  # noqa: DTZ001 - a spreadsheet knows no zones
        sheet.write_datetime("E4", day, book.add_format({"num_format": "dd.mm.yyyy"}))
        sheet.write_formula("D5", "=NA()", None, "#N/A")
        sheet.write("C5", "1002")
        book.add_worksheet("Notes")
    read_sheet = read(content.getvalue())
    assert read_sheet.names == [*HEADER, "Day"]
    assert read_sheet.cells.rows()[0] == (4, "1001", "1", "2026-03-01 13:07:09")
    assert [mark for mark in marks(read_sheet) if mark[2] == sheets.ERROR] == [(5, 1, "error", "#N/A")]
    assert (read_sheet.told["sheet"], read_sheet.told["other_sheets"]) == ("Bestellungen", "1")


@pytest.mark.parametrize("flat", [True, False])
def test_texts_that_look_like_numbers_are_told_from_numbers(flat: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"constant_memory": flat}) as book:  # texts in the cells, or apart from them
        sheet = book.add_worksheet()
        sheet.write_row("B2", ["order", "turnover"])
        for row, (text, number) in enumerate([("1.5", 1.5), ("2.5", 3.5), ("1.5", 4), ("12345678901234567", 1.25)], 2):
            sheet.write_string(row, 1, text)
            sheet.write_number(row, 2, number)
        sheet.write_formula(6, 1, '="1"&".25"', None, "1.25")
        sheet.write_rich_string(7, 1, "1", book.add_format({"bold": True}), ".25")
        sheet.write_string(8, 1, "#N/A")
        sheet.write_formula(8, 2, "=NA()", None, "#N/A")
    read_sheet = read(content.getvalue())
    assert read_sheet.names == ["order", "turnover"]
    assert marks(read_sheet) == [
        (3, 1, "number", "1.5"), (4, 1, "number", "3.5"), (6, 1, "number", "1.25"), (9, 1, "error", "#N/A"),
    ]  # fmt: skip
    monkeypatch.setattr(sheet_xml, "LARGE_BYTES", 0)  # then another process looks into it
    assert marks(read(content.getvalue())) == marks(read_sheet)


def sheets_of(**rows: list[list[str]]) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        for name, lines in rows.items():
            sheet = book.add_worksheet(name)
            for number, line in enumerate(lines):
                sheet.write_row(number, 0, line)
    return content.getvalue()


def test_the_explanations_of_a_sample_are_no_second_table() -> None:
    sheet = read(sheets_of(Erklärung=[["Spalte", "Nötig"]], Orders=[HEADER, ["1001", "1"]]))
    assert sheet.cells.rows() == [(2, "1001", "1")]


def macros(part: str = "xl/vbaProject.bin") -> bytes:
    content = io.BytesIO(spreadsheet([HEADER, ["1001", "1"]]))
    with zipfile.ZipFile(content, "a") as file:
        file.writestr(part, b"Sub Auto_Open()")
    return content.getvalue()


def with_entity(part: str) -> bytes:
    """A spreadsheet one of whose parts declares an entity."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(spreadsheet([HEADER, ["1001", "1"]]))) as right,
        zipfile.ZipFile(made, "w") as file,
    ):
        for name in right.namelist():
            content = right.read(name)
            if name == part:
                start, end = content.split(b"?>", 1)
                content = start + b'?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + end
            file.writestr(name, content)
    return made.getvalue()


def merged_title(sheet: Worksheet) -> None:
    sheet.merge_range("A1:C1", "Orders of March")


def test_nul_characters_and_endless_cells_do_no_harm() -> None:
    for content in (
        spreadsheet([HEADER, ["1" * 5000, "a\0b"]]),
        f"{';'.join(HEADER)}\n{'1' * 5000};a\0b\n".encode("utf-16"),
    ):
        sheet = read(content)
        assert len(sheet.cells["0"][0]) == sheets.MAX_CHARACTERS + 1
        assert sheet.cells["1"][0] == "a\N{REPLACEMENT CHARACTER}b"


def archive(**parts: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in parts.items():
            file.writestr(name.replace("__", "/"), part)
    return content.getvalue()


def far_away() -> bytes:
    """A sheet whose corners are filled: a table of 17 thousand million cells."""
    return spreadsheet([["a"]], lambda sheet: sheet.write_string(1_048_575, 16_383, "z") and None)


def encrypted() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\n \r\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\0" * 100_000, "empty"),
        (spreadsheet([]), "empty"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "other_format"),
        (b"%PDF-1.7", "other_format"),
        (b"<!doctype html><table>", "other_format"),
        (archive(**{"word/document.xml": b"<x/>"}), "other_format"),
        (archive(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), "open_document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old_spreadsheet"),
        (encrypted(), "password"),
        (b"PK\x03\x04 and no more", "damaged"),
        (spreadsheet([HEADER])[:-200], "damaged"),
        (archive(**{"xl/workbook.xml": b"<x"}), "damaged"),
        (macros(), "macros"),
        (macros("xl/macrosheets/sheet1.xml"), "macros"),
        (with_entity("xl/workbook.xml"), "damaged"),
        (with_entity("xl/_rels/workbook.xml.rels"), "damaged"),
        (sheets_of(March=[HEADER, ["1", "1"]], April=[HEADER]), "several_sheets"),
        (spreadsheet([[], HEADER, ["1", "1"]], merged_title), "merged_headings"),
        (spreadsheet([[f"c{n}" for n in range(16_000)], ["x"]]), "too_many_columns"),
        (b"a;b\0;c" * 500, "not_text"),
        (b"Ordernummer\n1\n\x81\n", "encoding"),
        (b'a;b\n1;2\n"3;4\n5;6\n', "quotation_marks"),
        (b'a;b\n"1"2;3\n', "quotation_marks"),
        (b'a\n"' + b"x" * 200_000 + b'"', "field_too_long"),
        (b";".join([b"a"] * 101), "too_many_columns"),
        (b"a\n" + b"1\n" * (sheets.MAX_ROWS + 1), "too_many_rows"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_table(content: bytes, code: str) -> None:
    with pytest.raises(NotReadable) as refused:
        read(content)
    assert refused.value.code == code
    assert words.sentence(refused.value)


@pytest.mark.parametrize("content", [b"Ordernummer;Status\n1001;1\n", spreadsheet([HEADER, [1001, 1]])])
def test_another_process_reads_the_same(content: bytes) -> None:
    there, here = read_upload([content[:10], content[10:]]), read(content)
    assert there.cells.equals(here.cells)
    assert there.marks.equals(here.marks)
    assert (there.names, there.told) == (here.names, here.told)


def test_what_kills_the_other_process_is_told_and_kills_nothing_else() -> None:
    for content, code in [(far_away(), "too_much"), (b"\x89PNG", "other_format")]:
        with pytest.raises(NotReadable) as refused:
            read_upload([content])
        assert refused.value.code == code


def bomb() -> bytes:
    """A file of some kilobytes that unfolds to eleven megabytes."""
    return archive(**{"xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": b" " * (11 << 20)})


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(bomb()) < 20_000
    monkeypatch.setattr(spreadsheet_reading, "MAX_UNPACKED_BYTES", 10 << 20)
    with pytest.raises(NotReadable) as refused:
        read(bomb())
    assert refused.value.code == "too_large_unpacked"


def test_an_endless_upload_ends_at_the_limit() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1 << 20
            yield b"\0" * (1 << 20)

    with pytest.raises(NotReadable) as refused:
        read_upload(endless())
    assert refused.value.code == "too_large"
    assert taken <= sheets.MAX_BYTES + (1 << 20)


def test_every_refusal_has_its_sentence() -> None:
    codes = {"empty", "too_large", "too_large_unpacked", "too_many_rows", "too_many_columns", "too_much", "password",
             "old_spreadsheet", "open_document", "other_format", "damaged", "not_text", "encoding", "quotation_marks",
             "field_too_long", "macros", "several_sheets", "merged_headings"}  # fmt: skip
    assert set(words.NOT_READABLE) == codes


def test_the_process_that_reads_has_no_network_and_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCREDIT_SECRET_KEY", "secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        program = (
            "import os, resource, socket\n"
            "from accredit.imports.reading import confine\n"
            "is_offline = confine()\n"
            "assert 'ACCREDIT_SECRET_KEY' not in os.environ\n"
            f"assert resource.getrlimit(resource.RLIMIT_AS)[0] == {reading.MEMORY_BYTES}\n"
            "try:\n"
            f"    socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), timeout=1)\n"
            "except OSError:\n"
            "    assert is_offline\n"
            "else:\n"
            "    assert not is_offline\n"
            "    print('network')\n"
        )
        process = child.start(
            [sys.executable, "-c", program], ends_on=signal.SIGKILL, output=subprocess.PIPE, environment={}
        )
        output, _none = process.communicate(timeout=60)
    assert process.returncode == 0
    if output:
        pytest.skip("this machine lets nobody have a network namespace of their own")


def test_where_the_network_cannot_be_taken_away_it_is_said(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    (tmp_path / reading.UPLOAD).write_bytes(b"Ordernummer\n1001\n")
    for is_offline, told in [(True, 0), (False, 1)]:
        reading.read(tmp_path, is_offline=is_offline)
        assert confined._read(tmp_path).names == ["Ordernummer"]
        assert len(caplog.records) == told
    assert "unshare was refused" in caplog.text
