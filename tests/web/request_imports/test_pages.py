"""Importing requests: a file is uploaded, its cells are mended, what is faultless is raised, and nothing twice."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accredit.access.models import User
from accredit.conversion_requests import import_job
from accredit.conversion_requests.models import Comment, Request, Rules
from accredit.imports import operations
from accredit.imports import spreadsheet as spreadsheet_reading
from accredit.imports.formats import read_content
from accredit.imports.models import Upload
from accredit.jobs.models import Job
from accredit.jobs.running import take_turn
from accredit.web.imports import pages
from accredit.web.request_imports.page import PAGE
from accredit.web.request_imports.raising import runs
from tests.factories.people import Shop
from tests.imports.spreadsheets import spreadsheet
from tests.imports.test_reading import archive, bomb, far_away, macros, merged_title, read, sheets_of, with_entity

As = Callable[[str | None], Client]
IMPORTS = "/programs/anvils/requests/import"
HEADER = "Kind,Order number,Time,Turnover,Currency,Event type,Status,Comment\n"
FAULTLESS = "create,N-1,2026-03-01 12:00,100.00,USD,sale,,seen on 3 March\n"
FILE = f"""\
{HEADER}{FAULTLESS}create,N-2,2026-03-02 12:00,50.50,,sale,,
create,N-3,2026-03-02 13:00,"50,5o",USD,sale,vielleicht,
create,N-4,2026-03-02 14:00,20.00,USD,sale,vielleicht,
"""
CELLS = HEADER.strip().split(",")


@pytest.fixture(autouse=True)
def long_period(shop: Shop) -> None:
    """The orders of the tests are of March 2026, whenever they run."""
    Rules.objects.create(program=shop.program, period_days=36_500)
    User.objects.update(language="en")


def upload(browser: Client, content: str | bytes = FILE, **form: str) -> Any:
    data = content.encode() if isinstance(content, str) else content
    return browser.post(IMPORTS, {"file": SimpleUploadedFile("requests.csv", data), **form})


def imported(browser: Client, content: str | bytes = FILE) -> str:
    """The address of an import."""
    answer = upload(browser, content)
    assert answer.status_code == 302
    return str(answer.url)


def rows(browser: Client, url: str, query: str = "") -> Any:
    return browser.get(f"{url}/rows?{query}").json()


def correct(browser: Client, url: str, what: str = "cells", **asked: object) -> Any:
    return browser.post(f"{url}/{what}", json.dumps(asked), content_type="application/json")


def wrong(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """`4 Status: what is wrong`, cell by cell."""
    return [
        f"{row['row']} {CELLS[int(place)]}: {fault['what']}"
        for row in found
        for place, faults in row["faults"].items()
        for fault in faults
    ]


def text_of(page: Any) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page.content.decode()).split())


def test_every_cell_of_a_file_is_checked_at_once(as_: As) -> None:
    browser = as_("partner")
    url = imported(browser)
    assert wrong(rows(browser, url)["rows"]) == [
        "3 Currency: The cell is empty.",
        "4 Turnover: “50,5o” has more than an amount in it.",
        "4 Status: “vielleicht” is not known here.",
        "5 Status: “vielleicht” is not known here.",
    ]
    page = browser.get(url)
    assert "Raise 1 faultless row …" in text_of(page)
    assert "2 Status: “…” is not known here." in text_of(page)
    some = rows(browser, url, "column=status&code=choice_unknown")
    assert ([row["row"] for row in some["rows"]], some["count"]) == ([4, 5], 2)
    assert browser.get(f"{url}/next?after=3").json() == {"row": 4}
    assert "requests.csv" in text_of(browser.get(IMPORTS))  # one finds it again
    assert as_("owner").get(url).status_code == 404


def test_columns_come_first(as_: As) -> None:
    browser = as_("partner")
    url = imported(browser, "Turnover,Staus,Kommentar,Comment\n1.00,open,,\n")
    said = text_of(browser.get(url))
    assert "These headings mean the same column: Kommentar, Comment." in said
    assert "One of these columns must be there: Order number, Conversion ID." in said
    assert "The column “Staus” is not used. Is it “Status”?" in said
    assert rows(browser, url)["rows"] == []
    lacking = imported(browser, "Kind,Order number,Time,Turnover,Event type\ncreate,N-1,2026-03-01 12:00,1.00,sale\n")
    page = browser.get(lacking)
    assert "The column “Currency” is missing; 1 row needs it. It stands at the right, to be filled in." in text_of(page)
    places = {one["name"]: one["place"] for one in page.context["columns"]}
    answer = correct(browser, lacking, row=2, place=places["currency"], seen=None, text="USD")
    assert answer.json()["rows"][0]["faults"] == {}


def test_correcting_checks_what_depends_on_the_cell_and_what_was_seen(as_: As) -> None:
    browser, other = as_("partner"), as_("partner")
    url = imported(browser)
    answer = correct(browser, url, row=4, place=6, seen="vielleicht", text="open").json()
    assert (wrong(answer["rows"]), answer["equal"]) == (["4 Turnover: “50,5o” has more than an amount in it."], 1)
    assert answer["rows"][0]["originals"] == {"6": "vielleicht"}
    late = correct(other, url, row=4, place=6, seen="vielleicht", text="rejected")
    assert late.status_code == 409
    assert (late.json()["said"], late.json()["rows"][0]["cells"][6]) == (
        "The cell was changed in another window since: this is what it says now.",
        "open",
    )
    assert (
        correct(browser, url, "equal", place=6, seen="vielleicht", text="open").json()["said"]
        == "1 cell was corrected."
    )
    assert wrong(correct(browser, url, row=3, place=4, seen=None, text="USD").json()["rows"]) == []
    twice = correct(browser, url, row=3, place=1, seen="N-2", text="N-1").json()
    assert wrong(twice["rows"]) == [
        "2 Order number: The same order stands in the rows 2, 3.",
        "3 Order number: The same order stands in the rows 2, 3.",
    ]
    back = correct(browser, url, row=3, place=1, seen="N-1", text="N-2").json()
    assert ([row["row"] for row in back["rows"]], wrong(back["rows"])) == ([2, 3], [])
    assert correct(browser, url, row=99, place=1, seen="", text="x").status_code == 400
    assert browser.post(f"{url}/cells", "[]", content_type="application/json").status_code == 400


def test_columns_that_the_file_leaves_out_are_there_once_something_is_wrong_in_them(as_: As) -> None:
    """Whether a partner had a contract, or which reason a rejection has, is asked of columns that few files have."""
    browser = as_("partner")
    header = "Kind,Order number,Time,Turnover,Currency,Event type,Status\n"
    url = imported(browser, f"{header}create,N-1,2025-03-01 12:00,9.00,USD,sale,\nchange,1001,,,,,rejected\n")
    columns = {one["name"]: one for one in browser.get(url).context["columns"]}
    shown = {name for name, one in columns.items() if one["shown"]}
    assert shown - {"kind", "order_token", "occurred_at", "turnover", "currency", "event_type", "status"} == {
        "partner",
        "rejection_reason",
    }
    place = columns["rejection_reason"]["place"]
    (fault,) = rows(browser, url)["rows"][1]["faults"][str(place)]
    assert fault["what"] == "A rejection needs a reason."
    answer = correct(browser, url, row=3, place=place, seen=None, text="Returned").json()
    assert answer["rows"][0]["faults"] == {}
    correct(
        browser, url, row=2, place=columns["occurred_at"]["place"], seen="2025-03-01 12:00", text="2026-03-01 12:00"
    )
    shown = {one["name"] for one in browser.get(url).context["columns"] if one["shown"]} - shown
    assert shown == set()  # what was written in one keeps it in sight
    assert [one["name"] for one in browser.get(url).context["columns"] if one["shown"]][-1] == "rejection_reason"


def test_corrections_of_any_size_are_taken_back(as_: As) -> None:
    browser = as_("partner")
    url = imported(browser)
    before = rows(browser, url)["rows"]
    correct(browser, url, "equal", place=6, seen="vielleicht", text="open")
    correct(browser, url, "paste", rows=[4], places=[3, 6], block=[["1.00", "approved"], ["2.00", "x"]], filter={})
    answer = correct(browser, url, "back").json()
    assert (answer["row"], answer["place"], answer["said"]) == (4, 3, "4 cells say again what they said.")
    assert [row["cells"][6] for row in rows(browser, url)["rows"]] == [None, None, "open", "open"]
    assert correct(browser, url, "back").json()["said"] == "2 cells say again what they said."
    assert rows(browser, url)["rows"] == before
    answer = correct(browser, url, "back").json()
    assert (answer["row"], answer["said"]) == (None, "There is no correction to take back.")


def test_cells_beyond_the_headings_are_left_out_when_one_says_so(as_: As) -> None:
    browser = as_("partner")
    url = imported(browser, HEADER + FAULTLESS.replace("\n", ',"and more"\n'))
    (fault,) = rows(browser, url)["rows"][0]["faults"]["whole"]
    assert (fault["code"], fault["what"]) == (
        "too_many_cells",
        "The row has 9 cells, more than there are headings.",
    )
    assert correct(browser, url, "surplus", row=2).json()["rows"][0]["faults"] == {}
    assert correct(browser, url, "surplus", row=99).status_code == 400


def test_rows_are_left_out_by_one_and_by_kind(as_: As) -> None:
    browser = as_("partner")
    url = imported(browser)
    (row,) = correct(browser, url, "leave", row=3, out=True).json()["rows"]
    assert (row["left"], row["faults"], row["note"]) == (
        True, {}, "The row is left out: take it in again to correct it.",
    )  # fmt: skip
    late = correct(browser, url, row=3, place=4, seen=None, text="USD")
    assert (late.status_code, late.json()["said"]) == (409, row["note"])
    kind = {"column": "status", "code": "choice_unknown"}
    assert "Leave all of these rows out" in text_of(browser.get(url, kind))
    answer = correct(browser, url, "leave", filter=kind, out=True).json()
    assert answer["said"] == "2 rows were left out."
    page = as_("partner").get(url)  # however often one signs in
    assert "Faultless 1 With faults 0 Left out 3 Rows 4" in text_of(page)
    assert "Raise 1 request …" in text_of(page)
    assert "Take all of these rows in again" in text_of(browser.get(url, {"only": "left-out"}))
    answer = correct(browser, url, "leave", filter={"only": "left-out"}, out=False).json()
    assert answer["said"] == "3 rows were taken in again."
    answer = correct(browser, url, "back").json()
    assert (answer["place"], answer["said"]) == (None, "3 rows are again as they were.")
    browser.post(f"{url}/raise")
    assert Request.objects.count() == 1


def test_a_large_file_with_remarks_is_a_job(as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "AT_ONCE", 1)
    browser = as_("partner")
    url = imported(browser, HEADER + FAULTLESS + "create,=1+1,2026-03-02 12:00,@y,USD,sale,-5,+49\n")
    assert "file.xlsx" in browser.get(url).content.decode()
    page = browser.post(f"{url}/file.xlsx").headers["Location"]
    job = Job.objects.get(kind=PAGE.file_job)
    assert not take_turn(job.id, stopping=lambda: False)
    (address,) = re.findall(r'href="([^"]*/file[^"]*)"', browser.get(page).content.decode())
    sheet = read(browser.get(address).getvalue())
    assert sheet.cells.rows()[1][1:9] == ("create", "=1+1", "2026-03-02 12:00", "@y", "USD", "sale", "-5", "+49")


def test_a_block_is_pasted_down_the_rows_that_are_shown(as_: As) -> None:
    browser = as_("partner")
    url = imported(browser)
    asked = {
        "rows": [4, 5],
        "places": [6, 7],
        "block": [["open", "first"], ["open", "second"], ["beyond"]],
        "filter": {},
    }
    assert correct(browser, url, "paste", **asked).json()["said"] == (
        "4 cells were pasted. 1 had no place: it goes beyond the rows or columns that are shown."
    )
    found = rows(browser, url)["rows"]
    assert [row["cells"][7] for row in found] == ["seen on 3 March", None, "first", "second"]
    only = {"rows": [4], "places": [7], "block": [["a"], ["b"]], "filter": {"only": "faults"}}
    correct(browser, url, "paste", **only)
    assert [row["cells"][7] for row in rows(browser, url)["rows"]] == ["seen on 3 March", None, "a", "second"]
    refused = correct(browser, url, "paste", rows=[2], places=[0], block=[["x"] * 101] * 100, filter={}).json()
    assert (refused["refused"], rows(browser, url)["rows"][0]["cells"][0]) == (True, "create")


def test_what_is_faultless_is_raised_once_and_the_rest_stays(as_: As, shop: Shop) -> None:
    browser = as_("partner")
    url = imported(browser)
    assert "What will be raised Kind Requests Commission Claimed by an amount By the rate New 1 US$10.00" in text_of(
        browser.get(f"{url}/preview")
    )
    page = browser.post(f"{url}/raise", follow=True)
    assert "1 request was raised: 1." in text_of(page)
    again = browser.post(f"{url}/raise", follow=True)
    assert "There is nothing left to raise: it was raised already." in text_of(again)
    (raised,) = Request.objects.all()
    assert (raised.partner, raised.order_token, raised.turnover_minor, raised.source) == (
        "barb",
        "N-1",
        10_000,
        "requests.csv, row 2",
    )
    assert [one.text for one in Comment.objects.all()] == ["seen on 3 March"]
    assert rows(browser, url)["rows"][0]["note"] == "Request 1 was raised of this row."
    done = correct(browser, url, row=2, place=3, seen="100.00", text="1.00")
    assert (done.status_code, done.json()["said"]) == (409, "A request was raised of this row: it stays as it is.")
    correct(browser, url, row=3, place=4, seen=None, text="USD")
    browser.post(f"{url}/raise")
    assert sorted(Request.objects.values_list("number", "order_token")) == [(1, "N-1"), (2, "N-2")]


def test_the_same_file_again_raises_nothing_and_says_so(as_: As) -> None:
    browser = as_("partner")
    first, second = (
        imported(browser, HEADER + FAULTLESS) for _window in range(2)
    )  # both are checked before either is raised
    assert "1 request was raised: 1." in text_of(browser.post(f"{first}/raise", follow=True))
    assert "1 was raised before, and nothing twice: 1." in text_of(browser.post(f"{second}/raise", follow=True))
    assert rows(browser, second)["rows"][0]["note"] == "This was raised before: request 1."
    third = imported(browser, HEADER + FAULTLESS)
    assert [row["faults"]["whole"][0]["what"] for row in rows(browser, third)["rows"]] == [
        "This was raised before: request 1."
    ]
    assert Request.objects.count() == 1


def test_of_a_claim_the_partner_is_told_that_the_order_is_known_and_no_more(as_: As) -> None:
    browser = as_("partner")
    url = imported(browser, HEADER + "create,1002,2026-02-28 12:00,61.00,USD,sale,,\n")
    said = text_of(browser.get(f"{url}/preview"))
    assert "1 order is known already: the request claims its credit, and the advertiser decides." in said
    assert "Ann" not in said
    browser.post(f"{url}/raise")
    assert Request.objects.get().kind == "claim"


def test_what_has_become_wrong_since_the_check_is_not_raised(as_: As, shop: Shop) -> None:
    browser = as_("partner")
    url = imported(browser, HEADER + FAULTLESS)
    Rules.objects.update(period_days=1)
    said = "1 row has become wrong since it was checked: nothing was raised."
    assert said in text_of(browser.get(f"{url}/preview"))
    assert said in text_of(browser.post(f"{url}/raise", follow=True))
    assert Request.objects.count() == 0
    assert "is longer ago than the 1 days" in wrong(rows(browser, url)["rows"])[0]


def test_many_are_raised_by_a_job(as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_job, "AT_ONCE", 1)
    browser = as_("partner")
    url = imported(browser, HEADER + FAULTLESS + FAULTLESS.replace("N-1", "N-2"))
    first, second = (browser.post(f"{url}/raise").headers["Location"] for _press in range(2))
    assert first == second
    job = Job.objects.get(kind=import_job.KIND)
    assert not take_turn(job.id, stopping=lambda: False)
    assert "2 requests raised." in text_of(browser.get(first))
    assert Request.objects.count() == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x89PNG\r\n\x1a\n0000", "The file is PNG and no table."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
        (macros(), "macros"),
        (archive(a=b"0" * 1000), "The file is ZIP and no table."),
        (("x;" * 16_000).encode(), "names more than 100 columns"),
        (b"Order number\n\x81\x8d\n", "no text in any usual encoding"),
        (b"", "The file is empty"),
        (bomb(), "holds more than 10 MB once it is unpacked"),
        (spreadsheet([[], CELLS], merged_title), "has merged cells (A1:C1)"),
        (sheets_of(March=[CELLS], April=[CELLS]), "Several sheets are filled: March, April."),
        (far_away(), "takes more memory or time than a table of this size should"),
        (with_entity("xl/workbook.xml"), "is damaged"),
    ],
    ids=[
        "picture",
        "password",
        "macros",
        "archive",
        "columns",
        "encoding",
        "empty",
        "bomb",
        "merged",
        "sheets",
        "far",
        "entity",
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(
    as_: As, content: bytes, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if "unpacked" in said:  # read here, where the limit can be a small one

        def read_here(chunks: Sequence[bytes]) -> object:
            (tmp_path / "upload").write_bytes(b"".join(chunks))
            return read_content(tmp_path / "upload")

        monkeypatch.setattr(operations, "read_upload", read_here)
        monkeypatch.setattr(spreadsheet_reading, "MAX_UNPACKED_BYTES", 10 << 20)
    before = Upload.objects.count()
    answer = upload(as_("partner"), content)
    assert answer.status_code == 400
    assert said in text_of(answer)
    assert Upload.objects.count() == before


def test_a_spreadsheet_of_the_other_language_says_how_it_is_written(as_: As) -> None:
    browser = as_("partner")
    lines = [["Art", "Ordernummer", "Zeit", "Umsatz", "Währung", "Ereignistyp"]]
    lines += [["Anlegen", "N-1", "01.02.2026 12:00", "1.234", "USD", "sale"]]
    lines[0].append("Positionen")
    lines[1].append("a;1;1.234")
    url = imported(browser, spreadsheet(lines))
    assert [fault[0]["code"] for row in rows(browser, url)["rows"] for fault in row["faults"].values()] == [
        "amount_two_ways",
        "items_wrong",
    ]
    browser.post(f"{url}/check", {"decimals": "comma", "dates": ""})
    assert rows(browser, url)["rows"][0]["faults"] == {}
    assert browser.get(f"{url}/file.xlsx").content.startswith(b"PK")


def test_numbers_are_named_in_runs() -> None:
    assert runs([17, 3, 19, 18]) == "3, 17–19"
