"""Jobs in the browser, in both languages: started from the list, found again, cancelled, continued, downloaded."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from accredit.access.models import User
from accredit.conversions import validating
from accredit.conversions.validation_job import asked_of, matching, start_validation
from accredit.jobs.models import Job
from accredit.jobs.running import take_turn
from accredit.lists.filters import Filters
from accredit.programs.visibility import viewpoint
from tests.browser.test_accessibility import NARROW, WIDE, serious
from tests.factories.people import Shop
from tests.factories.validating import approve

pytestmark = pytest.mark.xdist_group("browser")
Visit = Callable[..., Page]
PROGRAM = "/programs/anvils"
ONE_JOB = re.compile(r"/jobs/jb_\w+$")


def state(page: Page, code: str) -> None:
    expect(page.locator("#job")).to_have_attribute("data-state", code)


@pytest.mark.parametrize(
    ("language", "scheme", "size", "left", "jobs"),
    [
        ("en", "light", WIDE, "You can leave this page", "Jobs"),
        ("de", "dark", NARROW, "Sie können diese Seite verlassen", "Aufträge"),
    ],
    ids=["en-light-wide", "de-dark-narrow"],
)
def test_an_export_is_watched_found_again_and_downloaded(
    visit: Visit,
    shop: Shop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    scheme: str,
    size: dict[str, int],
    left: str,
    jobs: str,
) -> None:
    monkeypatch.setattr(settings, "JOB_FOLDER", tmp_path)
    User.objects.update(language=language)
    page = visit("owner", f"{PROGRAM}/conversions", color_scheme=scheme, viewport=size, bypass_csp=True)
    expect(page.locator(".tabulator-row")).to_have_count(6)
    page.locator("#export-open").click()
    expect(page.locator("#export")).to_be_visible()
    assert serious(page) == []
    page.locator("#export button[value=csv]").click()
    expect(page).to_have_url(ONE_JOB)
    state(page, "waiting")
    expect(page.locator("#job")).to_contain_text(left)
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]

    take_turn(Job.objects.latest("id").id, stopping=lambda: False)
    state(page, "done")  # by itself
    with page.expect_download() as download:
        page.locator("#job-file").click()
    assert len(Path(download.value.path()).read_text().splitlines()) == 7
    assert serious(page) == []
    page.goto(f"{PROGRAM}/jobs")
    expect(page.get_by_role("heading", level=1)).to_have_text(jobs)
    expect(page.locator("tbody a[download]")).to_have_text(download.value.suggested_filename)
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    assert serious(page) == []


def test_a_job_is_cancelled_continued_and_tells_what_did_not_change(
    visit: Visit, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validating, "BATCH_CONVERSIONS", 2)
    user, view = shop.users["owner"], viewpoint(shop.users["owner"], "anvils")
    asked = asked_of(matching(view, Filters()), status="approved", rejection_reason=None, comment=None)
    approve("1001")
    job = start_validation(view, user, asked, said={"status": "approved"})
    take_turn(job.id, stopping=lambda: True)
    page = visit("owner", f"{PROGRAM}/jobs", bypass_csp=True)
    page.get_by_role("link", name="Approve 6 conversions").click()
    expect(page).to_have_url(ONE_JOB)
    state(page, "running")
    expect(page.locator("#job-state")).to_contain_text("2 / 6")
    page.get_by_role("button", name="Cancel").click()
    state(page, "cancelled")
    assert serious(page) == []
    page.get_by_role("button", name="Continue").click()
    state(page, "waiting")
    take_turn(job.id, stopping=lambda: False)
    state(page, "done")
    page.reload()
    expect(page.locator("#job")).to_contain_text("5 conversions approved.")
    expect(page.locator("table.rows tbody tr")).to_have_count(1)
    expect(page.locator("table.rows tbody tr")).to_contain_text("1001")
    assert serious(page) == []
