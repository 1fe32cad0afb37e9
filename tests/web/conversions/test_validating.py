"""Approving and rejecting from the list: the window before, what comes of it, and who was first."""

import re
from collections.abc import Callable, Mapping

import pytest
from django.test import Client

from accredit.access.models import User
from accredit.conversions.history import Actor
from accredit.conversions.models import Change, Conversion, Way
from accredit.conversions.turnover import change_turnover
from accredit.jobs.models import Job, JobRow, State
from accredit.jobs.running import take_turn
from tests.factories.people import Shop
from tests.factories.validating import COMMAND, LATER, approve, asked_turnovers
from tests.web.conversions.test_listing import text

As = Callable[[str | None], Client]
ASK = "/programs/anvils/validation/ask"
VALIDATION = "/programs/anvils/validation"
pytestmark = pytest.mark.django_db


def said(browser: Client, address: str, shop: Shop, tokens: str, **fields: object) -> str:
    """What one reads of the answer to a form that names these orders."""
    named = {"id": [shop.keys[token] for token in tokens.split()]} if tokens else {}
    answer = browser.post(address, {**named, **fields}, headers={"HX-Request-Type": "partial"})
    assert answer.status_code == 200
    return text(answer.text)


def statuses() -> Mapping[str, str]:
    return {
        token: status for token, status in Conversion.objects.values_list("order_token", "status") if status != "open"
    }


def test_the_window_says_what_becomes_what_for_how_much_and_that_it_is_for_good(shop: Shop, as_: As) -> None:
    approve("1003")
    browser = as_("advertiser")
    read = said(browser, ASK, shop, "1001 1002 1003", status="approved")
    assert read.startswith("Approve 2 conversions")
    assert "Turnover US$197.27" in read
    assert "Commission US$26.33" in read
    assert "1 more is approved or rejected already, and stays as it is." in read
    assert "This is for good: the commission is booked in the ledger." in read
    read = said(browser, ASK, shop, "1001", status="rejected")
    assert read.startswith("Reject order 1001")
    assert "Credited to Barb Dwyer" in read
    assert "Choose a reason Returned" in read
    assert "nothing is paid" in read
    assert statuses() == {"1003": "approved"}
    # What was ticked and is done already goes along, and is told afterwards with who was first.
    keys = ",".join(shop.keys[token] for token in ("1001", "1002", "1003"))
    window = browser.post(ASK, {"id": keys, "status": "approved"}).text
    assert all(shop.keys[token] in window for token in ("1001", "1002", "1003"))
    read = said(browser, VALIDATION, shop, "1001 1002 1003", status="approved")
    assert read.startswith("2 conversions approved.")
    assert "1 did not change:" in read
    assert "1003 It was validated before. Approved: by a command" in read


def test_what_was_shown_is_approved_and_the_history_says_by_whom(shop: Shop, as_: As) -> None:
    read = said(as_("advertiser"), VALIDATION, shop, "1001 1002", status="approved", decision=["1", "1"])
    assert read.startswith("2 conversions approved.")
    assert statuses() == {"1001": "approved", "1002": "approved"}
    assert {(one.way, one.user) for one in Change.objects.all()} == {("page", shop.users["advertiser"])}


def test_a_rejection_has_a_reason_of_the_programs_and_a_comment(shop: Shop, as_: As) -> None:
    browser = as_("agency")
    for fields, sentence in (
        ({}, "A rejection needs one of the program’s reasons."),
        ({"rejection_reason": "bad-mood"}, "The program has no such rejection reason."),
        ({"rejection_reason": "returned", "comment": "x" * 1001}, "A comment has at most 1,000 characters"),
    ):
        assert sentence in said(browser, VALIDATION, shop, "1005", status="rejected", **fields)
    assert "and nothing else" in said(browser, VALIDATION, shop, "1005", status="paid")
    assert statuses() == {}
    fields = {"rejection_reason": "returned", "comment": " Parcel refused "}
    assert said(browser, VALIDATION, shop, "1005", status="rejected", **fields).startswith("1 conversion rejected.")
    one = Conversion.objects.get(order_token="1005")
    assert (one.rejection_reason, one.rejection_comment) == ("returned", "Parcel refused")


def test_whoever_comes_second_is_told_who_was_first_through_what_and_when(shop: Shop, as_: As) -> None:
    approve("1001", actor=Actor(Way.FILE, shop.users["agency"].id))
    read = said(as_("advertiser"), VALIDATION, shop, "1001 1002", status="approved")
    assert read.startswith("1 conversion approved. 1 did not change:")
    assert "1001 It was validated before. Approved: Agency, from a file, 21 Mar 2026, 04:00:00" in read
    asked = said(as_("advertiser"), ASK, shop, "1001", status="rejected")
    assert "Nothing of this is open" in asked
    assert "Approved: Agency, from a file, 21 Mar 2026, 04:00:00" in asked


def test_nobody_approves_a_commission_that_they_have_not_seen(shop: Shop, as_: As) -> None:
    change_turnover("anvils", asked_turnovers("order | turnover\n 1001 | 9000.00"), actor=COMMAND, now=LATER)
    read = said(as_("advertiser"), VALIDATION, shop, "1001", status="approved", decision="1")
    assert read.startswith("0 conversions approved. 1 did not change:")
    assert "It was changed after you looked at it: look again." in read
    assert statuses() == {}


def window_of_all(browser: Client, query: str, **fields: str) -> tuple[str, Mapping[str, str]]:
    """What one reads of the window before all that match are validated, and the form that it sends."""
    page = browser.post(f"{ASK}?{query}", {"all": "1", **fields}, headers={"HX-Request-Type": "partial"}).text
    hidden = re.findall(r'<input type="hidden" name="(?!csrf)(\w+)" value="([^"]*)">', page)
    return text(page), dict(hidden)


@pytest.mark.parametrize("fields", [{"status": "approved"}, {"status": "rejected", "rejection_reason": "returned"}])
def test_all_that_match_are_validated_as_they_were_shown(shop: Shop, as_: As, fields: Mapping[str, str]) -> None:
    agency, query = as_("agency"), "credited=partner:barb"
    first, form = window_of_all(agency, query, **fields)
    assert "3 conversions" in first
    assert "Commission US$29.96" in first
    owner = Actor(Way.PAGE, shop.users["owner"].id)
    change_turnover("anvils", asked_turnovers("order | turnover\n 1001 | 99999.99"), actor=owner, now=LATER)
    read = said(agency, f"{VALIDATION}?{query}", shop, "", **{**form, **fields})
    assert read.startswith("What matches the filters has changed since you looked: nothing was done.")
    assert statuses() == {}
    second, form = window_of_all(agency, query, **fields)
    assert "99,999.99" not in first
    assert "US$100,061.99" in second
    approve("1005", actor=owner)
    assert "nothing was done" in said(agency, f"{VALIDATION}?{query}", shop, "", **{**form, **fields})
    _read, form = window_of_all(agency, query, **fields)
    assert said(agency, f"{VALIDATION}?{query}", shop, "", **{**form, **fields}).startswith("2 conversions")
    assert statuses() == {"1001": fields["status"], "1005": "approved", "1006": fields["status"]}


def test_one_that_left_the_filters_and_another_that_came_are_not_what_was_shown(shop: Shop, as_: As) -> None:
    agency = as_("agency")
    _read, form = window_of_all(agency, "turnover.min=60&currency=USD", status="approved")
    orders = "order | turnover\n 1002 | 50.00\n 1005 | 61.00"
    change_turnover("anvils", asked_turnovers(orders), actor=COMMAND, now=LATER)
    read = said(agency, f"{VALIDATION}?turnover.min=60&currency=USD", shop, "", **form)
    assert "nothing was done" in read
    assert statuses() == {}


def test_what_changes_before_its_turn_in_the_background_stays_open(
    shop: Shop, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accredit.web.conversions.validating.TICKED", 2)
    agency, query = as_("agency"), "credited=partner:barb"
    _read, form = window_of_all(agency, query, status="approved")
    assert "3 conversions" in said(agency, f"{VALIDATION}?{query}", shop, "", **form)
    orders = asked_turnovers("order | turnover\n 1001 | 99999.99")
    change_turnover("anvils", orders, actor=Actor(Way.PAGE, shop.users["owner"].id), now=LATER)
    job = Job.objects.get(state=State.WAITING)
    take_turn(job.id, stopping=lambda: False)
    assert statuses() == {"1005": "approved", "1006": "approved"}
    assert [(row.name, row.why) for row in JobRow.objects.filter(job=job)] == [("1001", "changed_since")]


def test_a_filter_that_is_not_understood_widens_nothing(shop: Shop, as_: As) -> None:
    _read, form = window_of_all(as_("agency"), "", status="approved")
    read = said(as_("agency"), f"{VALIDATION}?customer=Nope", shop, "", **form)
    assert "nothing was done" in read
    assert statuses() == {}


def test_conversions_of_others_are_not_there(shop: Shop, as_: As) -> None:
    read = said(
        as_("agency"), VALIDATION, shop, "", status="approved", id=["cv_01km544900e00801dn397ffqxz", "x", "1001"]
    )
    assert "The program has no such conversion." in read
    assert statuses() == {}


def test_in_german(shop: Shop, as_: As) -> None:
    User.objects.update(language="de")
    browser = as_("agency")
    asked = said(browser, ASK, shop, "1001 1005", status="rejected")
    assert asked.startswith("2 Conversions stornieren")
    assert "Zurückgesandt" in asked
    assert said(browser, VALIDATION, shop, "1001", status="approved").startswith("1 Conversion bestätigt.")
    assert "1001 Sie wurde bereits validiert. Bestätigt: Agency, im Browser" in said(
        browser, VALIDATION, shop, "1001", status="approved"
    )


def test_rows_are_answered_as_they_are_now_whether_or_not_the_filters_leave_them(shop: Shop, as_: As) -> None:
    approve("1001", "1002")
    address = "/programs/anvils/conversions/rows"
    named = {"status": "open", "row": [shop.keys["1001"], shop.keys["1002"]]}
    rows = {row["token"]: row for row in as_("agency").get(address, named).json()}
    assert {token: row["status"]["code"] for token, row in rows.items()} == {"1001": "approved", "1002": "approved"}
    assert rows["1001"]["url"].startswith(f"/programs/anvils/conversions/{shop.keys['1001']}?")
    assert [row["token"] for row in as_("partner").get(address, named).json()] == ["1001"]
