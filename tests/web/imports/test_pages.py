"""The pages of any import: one of two columns, declared here, which knows nothing of those that there are."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.test import Client
from django.urls import include, path

from accredit.access.models import User
from accredit.access.permissions import Permission
from accredit.config import urls
from accredit.imports import queries
from accredit.imports.declaring import Column, Format, Kind, Table
from accredit.imports.models import Upload
from accredit.imports.operations import settle
from accredit.imports.queries import View
from accredit.jobs import kinds
from accredit.jobs.models import Job
from accredit.jobs.running import take_turn
from accredit.programs.visibility import Viewpoint
from accredit.web.conversions.page import PAGE as CONVERSIONS
from accredit.web.imports import downloads
from accredit.web.imports.declaring import ImportPage, Outcome
from accredit.web.imports.opening import Opened, for_upload
from accredit.web.imports.urls import addresses
from accredit.web.jobs import saying
from accredit.web.urls import urlpatterns as pages
from tests.imports.test_reading import read

COLUMNS = (
    Column("order", "Ordernummer", "Order number", required=True, help_en="The order."),
    Column("stars", "Sterne", "Stars", kind=Kind.NUMBER, least=1, most=5, required=True),
)


def ratings(view: Viewpoint, _said: Format) -> Table:
    return Table(COLUMNS, ZoneInfo(view.program.timezone), most_rows=9_000)


PAGE = ImportPage(
    "rating-import",
    kind="rating_import",
    table=ratings,
    permission=Permission.VALIDATE,
    list=CONVERSIONS,
    title="Import ratings",
    lead="What people thought of their orders.",
    sample="ratings",
    outcomes={"rated": Outcome("Rated", "Rated with %(note)s stars.")},
    done="The order is rated: the row stays as it is.",
    show="Show the conversions",
    act=lambda faultless, every: f"Rate {faultless}{'' if every else ' faultless'} …",
)


@for_upload
def preview(_request: HttpRequest, opened: Opened) -> HttpResponse:
    return HttpResponse(f"{queries.count(opened.kept, View(faulty=False, undone=True))} will be rated.")


@for_upload
def rate(_request: HttpRequest, opened: Opened) -> HttpResponse:
    ready = View(faulty=False, undone=True)
    with transaction.atomic():
        held = Upload.objects.select_for_update().get(id=opened.kept.id)
        values = queries.values(held, opened.table, ready)
        settle(held, values.select("row", state=pl.lit("rated"), note=pl.col("stars").cast(pl.String)))
    return redirect(opened.url())


AT = "programs/<path:code>/ratings/import"
OWN = [
    *addresses(AT, PAGE),
    path(f"{AT}/<str:upload>/preview", preview, {"page": PAGE}, name="rating-import-preview"),
    path(f"{AT}/<str:upload>/rate", rate, {"page": PAGE}, name="rating-import-rate"),
]
urlpatterns = [path("", include(([*OWN, *pages], "web"))), *urls.urlpatterns]
IMPORTS = "/programs/anvils/ratings/import"
FILE = b"Order number,Stars\nA-1,5\nA-2,six\n,3\n"
pytestmark = pytest.mark.urls(__name__)


def main(page: Any) -> str:
    """The text of a page without what stands around every page."""
    (part,) = re.findall(r"<main.*?</main>", page.content.decode(), re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", part).split())


@pytest.fixture
def declared() -> Iterator[None]:
    """The kind of job is there while the test runs."""
    downloads.declare([PAGE])
    yield
    del kinds.KINDS[PAGE.file_job], saying.SAID[PAGE.file_job]


@pytest.mark.usefixtures("declared")
def test_any_table_is_uploaded_mended_settled_and_taken_along(as_: Callable[[str | None], Client]) -> None:
    User.objects.update(language="en")
    browser = as_("advertiser")
    assert [as_(who).get(IMPORTS).status_code for who in ("viewer", "partner")] == [403, 404]
    start = main(browser.get(IMPORTS))
    assert (
        "Conversions Import ratings What people thought of their orders. File (XLSX or CSV, up to 9,000 rows)" in start
    )
    assert "Order number Ordernummer The order." in start
    sample = browser.get(f"{IMPORTS}/sample/en.xlsx")
    assert sample.headers["Content-Disposition"] == 'attachment; filename="ratings-anvils-en.xlsx"'
    assert read(sample.content).names == ["Order number", "Stars"]

    url = browser.post(IMPORTS, {"file": SimpleUploadedFile("ratings.csv", FILE)}).headers["Location"]
    page = main(browser.get(url))
    assert "Faultless 1 With faults 2 Rows 3" in page
    assert "Rate 1 faultless …" in page
    assert browser.get(f"{url}/preview").content == b"1 will be rated."
    rows = browser.get(f"{url}/rows?only=faults").json()["rows"]
    assert [(row["row"], row["cells"], list(row["faults"])) for row in rows] == [
        (3, ["A-2", "six"], ["1"]),
        (4, [None, "3"], ["0"]),
    ]

    def correct(**asked: object) -> Any:
        return browser.post(f"{url}/cells", json.dumps(asked), content_type="application/json")

    assert correct(row=3, place=1, seen="six", text="4").json()["rows"][0]["faults"] == {}
    page = main(browser.get(browser.post(f"{url}/rate").headers["Location"]))
    assert "Faultless 0 With faults 1 Rated 2 Rows 3" in page
    assert [row["note"] for row in browser.get(f"{url}/rows").json()["rows"]] == [
        "Rated with 5 stars.",
        "Rated with 4 stars.",
        "",
    ]
    late = correct(row=2, place=1, seen="5", text="1")
    assert (late.status_code, late.json()["said"]) == (409, "The order is rated: the row stays as it is.")
    start = main(browser.get(IMPORTS))
    assert re.search(r"With faults Rated ratings\.csv .* 3 1 2 ", start)
    assert "request" not in (start + page).lower()

    file = browser.get(f"{url}/file.xlsx")
    assert (read(file.content).names, read(file.content).cells.rows()) == (["Order number", "Stars"], [(2, None, "3")])
    job_page = browser.post(f"{url}/file.xlsx").headers["Location"]
    assert not take_turn(Job.objects.get(kind="rating_import_file").id, stopping=lambda: False)
    (address,) = re.findall(r'href="([^"]*/file[^"]*)"', browser.get(job_page).content.decode())
    assert read(browser.get(address).getvalue()).cells.rows() == [(2, None, "3")]
