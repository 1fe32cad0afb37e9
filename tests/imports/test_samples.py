"""Sample files: what they hold, and that LibreOffice opens them; and annotated files, which come back as they went."""

import io
import re
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils.translation import override

from accredit.access.models import User
from accredit.database.keys import uuid7
from accredit.imports import operations, queries
from accredit.imports.annotating import annotate
from accredit.imports.checking import check_sheet, problems_of
from accredit.imports.correcting import correct
from accredit.imports.declaring import Choice, Column, Kind, Table
from accredit.imports.formats import read_content
from accredit.imports.models import Upload
from accredit.imports.operations import keep_upload
from accredit.imports.samples import Example, sample
from accredit.imports.sheets import Sheet
from tests.imports.declared import COLUMNS, TABLE
from tests.imports.spreadsheets import spreadsheet
from tests.imports.test_reading import read

PARTNERS = Column(
    "partner", "Partner", "Partner", kind=Kind.CHOICE, required=True,
    choices=tuple(Choice(f"p{n}", f"Partner, {n}", f"Partner, {n}") for n in range(300)),
)  # fmt: skip
SAMPLED = Table(columns=(PARTNERS, *COLUMNS), zone=TABLE.zone, any_of=TABLE.any_of)
EXAMPLE: Example = {
    "partner": "Partner, 7", "order": "00123", "time": datetime(2026, 12, 31, 18, 30), "turnover": Decimal("1234.50"),  # noqa: DTZ001
    "currency": "EUR", "status": "Bestätigt", "quantity": 3, "comment": "=1+1",
}  # fmt: skip


def parts(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml")}


@pytest.mark.parametrize(
    ("language", "heading", "explained"), [("de", "Ordernummer", "Erklärung"), ("en", "Order number", "Explanation")]
)
def test_a_sample_has_everything_that_the_table_declares(language: str, heading: str, explained: str) -> None:
    with override(language):
        content = sample(SAMPLED, [EXAMPLE])
    xml = parts(content)
    book, table = xml["xl/workbook.xml"], xml["xl/worksheets/sheet1.xml"]
    assert f'name="{explained}"' in book
    assert re.search('name="Lists"[^>]*state="hidden"', book)
    assert heading in xml["xl/sharedStrings.xml"]
    rules = re.findall(r'<dataValidation type="(\w+)"', table)
    assert sorted(rules) == ["date", "date", "decimal", "decimal", "list", "list", "textLength", "whole"]
    assert '"Offen,Bestätigt,Storniert"' in table or '"Open,Approved,Rejected"' in table
    assert "<formula1>Lists!$A$1:$A$300</formula1>" in table
    assert "<f>" not in "".join(xml.values())
    bold_underlined = [
        style for style in re.findall(r"<font>.*?</font>", xml["xl/styles.xml"]) if "<b/>" in style and "<u/>" in style
    ]
    assert bold_underlined
    sheet = read(content)
    assert problems_of(SAMPLED, sheet) == []
    checked = check_sheet(SAMPLED, sheet)
    assert checked.faults.is_empty()
    row = checked.values.to_dicts()[0]
    assert (row["partner"], row["order"], row["turnover"], row["status"]) == ("p7", "00123", 12_345_000, "approved")
    assert row["time"] == datetime(2026, 12, 31, 17, 30, tzinfo=UTC)
    assert row["comment"] == "=1+1"


@pytest.fixture
def kept(db: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Upload:
    def read_here(chunks: list[bytes]) -> Sheet:
        (tmp_path / "upload").write_bytes(chunks[0])
        return read_content(tmp_path / "upload")

    monkeypatch.setattr(operations, "read_upload", read_here)
    table = spreadsheet(
        [["colour", "order", "turnover", "status"], ["", "1", 1.234, "storno"], ["@y", "00123", "5,00", "ofen"]],
        lambda sheet: sheet.write_string("A2", "=x") and None,
    )
    return keep_upload(
        [table], table=TABLE, file_name="a.xlsx", kind="test", program_id=uuid7(),
        user=User.objects.create_user("ann@example.com"), now=datetime.now(UTC),
    )  # fmt: skip


def test_an_annotated_file_marks_what_is_wrong_and_can_be_uploaded_again(kept: Upload) -> None:
    correct(kept, TABLE, 3, "turnover", "6,50")
    content = io.BytesIO()
    annotate(kept, TABLE, content)
    xml = parts(content.getvalue())
    comments = re.findall(r'<comment ref="(\w+)".*?<t(?: [^>]*)?>(.*?)</t>', xml["xl/comments1.xml"], re.DOTALL)
    assert comments == [
        ("C2", "“1.234” has more decimals than its currency. Write it with the decimals of the currency."),
        ("E2", "The cell is empty. “Reason” is needed here."),
        ("D3", "“ofen” is not known here. Is it “Open”?"),
    ]
    assert "FFC7CE" in xml["xl/styles.xml"]
    assert "<f>" not in xml["xl/worksheets/sheet1.xml"]
    again = read(content.getvalue())
    assert again.names == ["colour", "order", "turnover", "status", "Reason"]
    assert [row[:5] for row in again.cells.rows()] == [
        (2, "=x", "1", "1.234", "storno"), (3, "@y", "00123", "6,50", "ofen"),
    ]  # fmt: skip
    faults = queries.checked_now(kept, TABLE).faults
    assert check_sheet(TABLE, again).faults.drop("details").equals(faults.drop("details"))
