"""Validating by file in the browser's terms: a file goes in, what it would do is shown, and it is done once."""

import csv
import io
from collections.abc import Callable
from unittest.mock import patch

import fastexcel
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.utils.translation import override

from accredit.access.models import User
from accredit.conversions import file_validating, validation_file
from accredit.conversions.models import Conversion
from accredit.conversions.validation_file_job import KIND
from accredit.database.keys import key_to_text
from accredit.imports.models import Upload
from accredit.jobs.models import Job
from accredit.jobs.running import take_turn
from accredit.web import uploading
from accredit.web.validation import saying
from tests.factories.people import Shop
from tests.imports.spreadsheets import spreadsheet
from tests.web.conversions.test_listing import text

FILES = "/programs/anvils/validation-files"
MARCH = (
    "Ordernummer;Status;Grund;Umsatz;Farbe\n1001;1;;100,00;rot\n1002;storniert;zurückgesandt;;\n1003;vielleicht;;;\n"
)
As = Callable[[str | None], Client]


def send(browser: Client, content: bytes, name: str = "März.csv") -> HttpResponse:
    return browser.post(FILES, {"file": SimpleUploadedFile(name, content)})  # type: ignore[return-value]


def plan_of(browser: Client, address: str) -> str:
    return browser.get(f"{address}/plan", headers={"HX-Request-Type": "partial"}).content.decode()


def planned_at() -> str:
    at = Upload.objects.latest("id").planned_at
    assert at
    return at.isoformat()


def test_from_the_file_to_what_became_of_it(shop: Shop, as_: As) -> None:
    browser = as_("advertiser")
    went = send(browser, MARCH.encode("cp1252"))
    assert went.status_code == 302
    address = went.headers["Location"]
    page = browser.get(address).content.decode()
    assert "The rows are being checked" in page
    assert "CSV, Windows-1252, separated by ;" in page
    assert "“Farbe”" in page
    part = plan_of(browser, address)
    assert "Carry out 2 rows for good" in part
    assert "1 row does two things: a new turnover first, then the status." in part
    assert "“vielleicht” is no status" in part
    assert "New turnover, then approved" in browser.get(f"{address}?rows=changes").content.decode()
    assert not Conversion.objects.exclude(status="open").exists()

    at = planned_at()
    first = browser.post(f"{address}/apply", {"planned_at": at})
    second = browser.post(f"{address}/apply", {"planned_at": at})
    assert first.status_code == second.status_code == 302
    assert first.headers["Location"] == second.headers["Location"]
    job = Job.objects.get(kind=KIND)
    while take_turn(job.id, stopping=lambda: False):
        pass
    watched = browser.get(first.headers["Location"]).content.decode()
    assert "1 conversion approved." in watched
    assert "“vielleicht” is no status" in watched
    assert "This file was carried out." in browser.get(address).content.decode()

    User.objects.update(language="de")
    done = Conversion.objects.get(order_token="1001")
    panel = text(browser.get(f"/programs/anvils/conversions/{key_to_text('cv', done.id)}").content.decode())
    assert "Advertiser, aus einer Datei, März.csv, Zeile 2" in panel
    assert ", row " not in panel
    assert "März.csv, Zeile 4" in text(browser.get(first.headers["Location"]).content.decode())
    assert "März.csv, Zeile 4" in b"".join(browser.get(f"{first.headers['Location']}/rows")).decode()
    User.objects.update(language="en")

    lines = list(csv.reader(io.StringIO(browser.get(f"{address}/rows/csv").content.decode("utf-8-sig"))))
    assert lines[0][-3:] == ["Row", "Outcome", "Why"]
    assert [line[-2] for line in lines[1:]] == ["New turnover, then approved", "Rejected", "Nothing changed"]


def test_a_file_is_seen_by_who_sent_it_alone(shop: Shop, as_: As) -> None:
    address = send(as_("advertiser"), b"order;status\n1001;1\n").headers["Location"]
    assert as_("advertiser").get(address).status_code == 200
    assert as_("owner").get(address).status_code == 404
    assert as_("agency").post(f"{address}/apply").status_code == 404


def test_a_plan_that_is_older_than_the_last_check_is_not_done(shop: Shop, as_: As) -> None:
    browser = as_("advertiser")
    address = send(browser, b"order;status\n1001;1\n").headers["Location"]
    plan_of(browser, address)
    old = planned_at()
    browser.post(f"{address}/check")
    plan_of(browser, address)
    answer = browser.post(f"{address}/apply", {"planned_at": old})
    assert answer.status_code == 409
    assert "checked again since" in answer.content.decode()
    assert not Job.objects.filter(kind=KIND).exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n", "is PNG and no table"),
        (b'a;b\n"1;2', "quotation mark is wrong"),
    ],
)
def test_what_is_no_table_is_told_in_the_form(shop: Shop, as_: As, content: bytes, said: str) -> None:
    answer = send(as_("advertiser"), content)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert not Upload.objects.filter(kind="validation").exists()


def test_too_large_a_file_is_not_stored(shop: Shop, as_: As) -> None:
    with patch.object(uploading, "MAX_BYTES", 100_000):
        answer = send(as_("advertiser"), b"x" * 3_000_000)
    assert answer.status_code == 400
    assert "larger than 50" in answer.content.decode()


def test_headings_that_lack_or_stand_twice_are_told(shop: Shop, as_: As) -> None:
    browser = as_("advertiser")
    for content, said in [
        (b"colour;status\nred;1\n", "No column names the conversions"),
        (b"order;colour\n1001;red\n", "No column says what to change"),
        (b"order;status;Status\n1001;1;1\n", "mean the same column: status, Status"),
        (b"order;status\n", "no rows below"),
        (b"March;2026\norder;status\n1001;1\n", "seem to stand in row 2"),
    ]:
        page = browser.get(send(browser, content).headers["Location"]).content.decode()
        assert said in page
        assert "Carry out" not in page


@pytest.mark.parametrize(
    ("language", "heading", "status"), [("de", "Ordernummer", "bestätigt"), ("en", "Order number", "approved")]
)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_sample_does_what_it_says(shop: Shop, as_: As, language: str, heading: str, status: str, kind: str) -> None:
    browser = as_("advertiser")
    content = browser.get(f"{FILES}/sample/{language}.{kind}").content
    if kind == "csv":
        assert content.decode("utf-8-sig").startswith(heading)
    else:
        assert fastexcel.read_excel(content).load_sheet(0).to_polars()["Status"][0] == status
    address = send(browser, content, f"sample.{kind}").headers["Location"]
    assert "Carry out 3 rows" in plan_of(
        browser, address
    )  # an approval has no comment; the third one's is of its turnover


def test_cells_that_are_formulas_come_back_as_texts(shop: Shop, as_: As) -> None:
    browser = as_("advertiser")
    content = spreadsheet(
        [["order", "status", "note"], ["=1+1", 1, "@x"]], lambda sheet: sheet.write_string("A2", "=cmd()") and None
    )
    address = send(browser, content, "a.xlsx").headers["Location"]
    plan_of(browser, address)
    line = browser.get(f"{address}/rows/csv").content.decode("utf-8-sig").splitlines()[1]
    assert not line.startswith(("=", '"='))
    sheet = fastexcel.read_excel(browser.get(f"{address}/rows/xlsx").content).load_sheet(0, dtypes="string").to_polars()
    assert sheet["order"][0] == "=cmd()"


def test_every_code_has_its_sentence() -> None:
    assert set(saying.REFUSED) == {*validation_file.WHY, *file_validating.WHY}
    with override("de"):
        assert str(saying.OUTCOMES["open"]) != "Stays as it is"
