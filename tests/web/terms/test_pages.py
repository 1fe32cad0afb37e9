"""The pages of terms through their addresses: a version is made, announced and accepted early."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import polars as pl
import pytest
from django.core import mail
from django.test import Client

from accredit.access.models import AuditEntry, Membership, Organization, User
from accredit.access.permissions import Permission
from accredit.programs.announcing import next_minute, version_of
from accredit.programs.models import Partner, TermsTold
from accredit.programs.queries import program_value
from accredit.programs.telling import tell_by_the_clock
from accredit.programs.visibility import viewpoint
from accredit.web.terms.editing import with_money
from tests.factories.people import Shop
from tests.factories.tables import table
from tests.web.terms.forms import Fields

As = Callable[[str | None], Client]
TERMS = "/programs/anvils/terms"
PART = {"HX-Request-Type": "partial"}


def text_of(response: Any) -> str:
    return " ".join(unescape(response.content.decode()).replace("\N{NO-BREAK SPACE}", " ").split())


def form_of(response: Any) -> Any:
    """What a browser would send of the editor that a page shows."""
    html = response.content.decode()
    return Fields(html[html.index('id="editor"') : html.index("</form>", html.index('id="editor"'))]).sent


def send(browser: Client, address: str, form: Any, do: str, *, part: bool = True) -> Any:
    form = form.copy()
    form["do"] = do
    return browser.post(address, form.urlencode(), "application/x-www-form-urlencoded", headers=PART if part else None)


def edited(browser: Client) -> tuple[str, Any]:
    """The editor of version 2 of the standard terms, with 20 % in place of 10 %."""
    address = f"{TERMS}/standard/1/next"
    form = form_of(browser.get(address))
    form["payout.0.percent"] = "20"
    return address, form


def make(browser: Client) -> None:
    address, form = edited(browser)
    response = send(browser, address, form, "save", part=False)
    assert (response.status_code, response.headers["Location"]) == (302, f"{TERMS}/standard/2")


def announce(browser: Client, **given: Any) -> Any:
    address = f"{TERMS}/standard/2/announce"
    html = browser.get(address).content.decode()
    fields: dict[str, Any] = dict(Fields(html[html.index('class="announce"') :]).sent.lists())
    day = (datetime.now(UTC) + timedelta(days=10)).date().isoformat()
    fields |= {"starts_on": day, "partners": ["barb"], "early_opt_in": "on", "comment": "More for you", **given}
    return browser.post(address, {name: value for name, value in fields.items() if value is not None})


def versions(shop: Shop) -> list[int]:
    return [one.version for one in program_value(shop.program.id).terms if one.code == "standard"]


def periods(shop: Shop, partner: str = "barb") -> list[tuple[int, bool]]:
    """Version, and whether it is open, of a partner's periods."""
    program = program_value(shop.program.id)
    [contract] = [one for one in program.contracts if one.partner == partner]
    return [(one.version, one.ends_at is None) for one in contract.periods]


def test_a_new_version_is_the_next_one_and_no_contract_uses_it(shop: Shop, as_: As) -> None:
    browser = as_("owner")
    make(browser)
    program = program_value(shop.program.id)
    first, second = (version_of(program, "standard", number) for number in (1, 2))
    assert second.payouts[0].rate.percent_ppm == 200_000
    assert second.payouts[0].groups == first.payouts[0].groups
    assert periods(shop) == [(1, False), (1, True)]
    page = text_of(browser.get(f"{TERMS}/standard/2"))
    assert "draft" in page
    assert "sale: default payout" in page
    entry = AuditEntry.objects.latest("id")
    assert (entry.actor_name, entry.action, entry.subject) == ("Owner", "set_up_changed", "anvils")


def test_a_version_that_no_contract_uses_is_edited(shop: Shop, as_: As) -> None:
    browser = as_("owner")
    make(browser)
    address = f"{TERMS}/standard/2/edit"
    form = form_of(browser.get(address))
    form["payout.0.percent"] = "30"
    response = send(browser, address, form, "save")
    assert response.headers["HX-Redirect"] == f"{TERMS}/standard/2"
    assert version_of(program_value(shop.program.id), "standard", 2).payouts[0].rate.percent_ppm == 300_000


def test_a_version_in_use_is_not_edited(shop: Shop, as_: As) -> None:
    browser = as_("owner")
    response = browser.get(f"{TERMS}/standard/1/edit")
    assert response.headers["Location"] == f"{TERMS}/standard/1"
    assert "it stays as it is" in text_of(browser.get(f"{TERMS}/standard/1"))


def test_two_at_once_the_second_keeps_what_was_typed_and_changes_nothing(shop: Shop, as_: As) -> None:
    browser = as_("owner")
    address, form = edited(browser)
    form["payout.0.percent"] = "33"
    make(as_("advertiser"))
    response = send(browser, address, form, "save")
    assert "Version 2 is there by now. What you typed is still here: saved, it becomes version 3." in text_of(response)
    assert form_of(response)["payout.0.percent"] == "33"
    assert len(versions(shop)) == 2
    assert send(browser, address, form_of(response), "save").headers["HX-Redirect"] == f"{TERMS}/standard/3"
    assert version_of(program_value(shop.program.id), "standard", 2).payouts[0].rate.percent_ppm == 200_000

    address = f"{TERMS}/standard/2/edit"
    form = form_of(browser.get(address))
    theirs = form.copy()
    theirs["payout.0.percent"] = "44"
    send(as_("advertiser"), address, theirs, "save")
    form["payout.0.percent"] = "55"
    response = send(browser, address, form, "save")
    assert "Somebody else changed these terms" in text_of(response)
    assert form_of(response)["payout.0.percent"] == "55"
    assert version_of(program_value(shop.program.id), "standard", 2).payouts[0].rate.percent_ppm == 440_000


def test_what_is_refused_stays_in_the_form(shop: Shop, as_: As) -> None:
    browser = as_("owner")
    address, form = edited(browser)
    form["payout.0.name"], form["payout.0.percent"], form["sample.turnover"] = "", "a lot", "77"
    for part, status in ((True, 200), (False, 422)):
        response = send(browser, address, form, "save", part=part)
        assert response.status_code == status
        page = text_of(response)
        assert "2 fields need another look" in page
        assert "A percentage of at most 1000" in page
        back = form_of(response)
        assert (back["payout.0.name"], back["payout.0.percent"], back["sample.turnover"]) == ("", "a lot", "77")
    assert len(program_value(shop.program.id).terms) == 2


def test_a_second_click_on_save_makes_no_second_version(shop: Shop, as_: As) -> None:
    browser = as_("owner")
    address, form = edited(browser)
    for part in (True, True, False):
        response = send(browser, address, form, "save", part=part)
        assert response.headers["HX-Redirect" if part else "Location"] == f"{TERMS}/standard/2"
    new = form_of(browser.get(f"{TERMS}/new"))
    new["code"], new["payout.0.name"], new["payout.0.percent"] = "plain", "Plain", "7"
    for _click in range(2):
        assert send(browser, f"{TERMS}/new", new, "save").headers["HX-Redirect"] == f"{TERMS}/plain/1"
    assert versions(shop) == [1, 2]
    assert AuditEntry.objects.filter(action="set_up_changed").count() == 2


def test_new_template_terms(shop: Shop, as_: As) -> None:
    browser = as_("owner")
    form = form_of(browser.get(f"{TERMS}/new"))
    form["code"], form["payout.0.name"], form["payout.0.percent"] = "standard", "Plain", "7"
    assert "There are terms of this code already." in text_of(send(browser, f"{TERMS}/new", form, "save"))
    form["code"] = "plain / simple"
    response = send(browser, f"{TERMS}/new", form, "save")
    assert browser.get(response.headers["HX-Redirect"]).status_code == 200
    assert version_of(program_value(shop.program.id), "plain / simple", 1).payouts[0].rate.percent_ppm == 70_000


EARNED = [
    ({}, "20.00", "10.00"),
    ({"sample.turnover": "250", "sample.customer_status": "new"}, "37.50", "37.50"),
    ({"sample.device": "mobile"}, "21.00", "10.50"),
    ({"sample.country": "DE"}, "21.00", "11.00"),
    ({"sample.category": "gift-card"}, "0.00", "0.00"),
]


@pytest.mark.parametrize(("changes", "then", "now"), EARNED, ids=[str(one[0]) for one in EARNED])
def test_what_the_sample_earns_while_one_edits(
    shop: Shop, as_: As, changes: dict[str, str], then: str, now: str
) -> None:
    browser = as_("owner")
    address, form = edited(browser)
    form.update(changes)
    for name, value in changes.items():
        form[name] = value
    page = text_of(send(browser, address, form, "earn"))
    under, _title, before = page.partition("Under version 1")
    assert f"US${then}" in under.rpartition("Commission")[2]
    assert f"US${now}" in before.rpartition("Commission")[2]


def test_a_sample_that_is_not_finished_is_not_wrong(shop: Shop, as_: As) -> None:
    browser = as_("owner")
    address, form = edited(browser)
    form["payout.0.percent"] = ""
    assert "As soon as every field" in text_of(send(browser, address, form, "earn"))
    form["sample.turnover"] = "x"
    assert "needs a turnover" in text_of(send(browser, address, form, "earn"))


UNREADABLE = [
    ("12,5", "“12,5”: A percentage of at most 1000 with at most four decimals, such as 12.5."),
    ("abc", "“abc”: A percentage of at most 1000"),
    ("-3", "“-3”: A percentage of at most 1000"),
    ("150", "“Standard 10 %” pays 150%, more than the whole turnover."),
]


@pytest.mark.parametrize(("typed", "said"), UNREADABLE, ids=[one[0] for one in UNREADABLE])
def test_a_figure_that_cannot_be_or_is_surprising_is_named_while_one_types(
    shop: Shop, as_: As, typed: str, said: str
) -> None:
    browser = as_("owner")
    address, form = edited(browser)
    form["payout.0.percent"] = typed
    page = text_of(send(browser, address, form, "earn"))
    assert said in page
    assert "As soon as every field" not in page


def test_a_real_conversion_as_the_sample(shop: Shop, as_: As) -> None:
    browser = as_("owner")
    address, form = edited(browser)
    form["sample.token"] = "1002"
    response = send(browser, address, form, "take")
    taken = form_of(response)
    assert (taken["sample.turnover"], taken["sample.customer_status"]) == ("61.00", "Existing")
    assert [taken[f"item.{n}.turnover"] for n in range(3)] == ["0.99", "30.01", "30.00"]
    assert taken["payout.0.percent"] == "20"
    form["sample.token"] = "nothing"
    assert "There is no conversion of this order number." in text_of(send(browser, address, form, "take"))


def test_recent_conversions_under_the_draft(shop: Shop, as_: As) -> None:
    """Barb's: 136.27 New and mobile from Germany, 50.00 New, 12.00 for a gift card."""
    browser = as_("owner")
    address, form = edited(browser)
    form["payout.0.group.0.percent"] = "30"
    page = text_of(send(browser, address, form, "replay"))
    assert "Barb Dwyer" in page
    assert "Ann Dover" not in page  # who has other terms
    #   15 %: 20.4405 × 1.05 + 1.00 → 22.46, and 7.50; 30 %: 40.881 × 1.05 + 1.00 → 43.93, and 15.00
    for amount in ("US$29.96", "US$58.93", "+US$28.97"):
        assert amount in page
    form["payout.0.percent"] = ""
    assert "Fill in every field" in text_of(send(browser, address, form, "replay"))


def test_a_currency_without_money_in_it_is_no_line() -> None:
    rows = """
        partner | currency | turnover_minor | commission_minor | proposed_minor
        ann     | EUR      | 0              | 0                | 0
        ann     | USD      | 0              | 0                | 0
        barb    | EUR      | 0              | 0                | 0
        barb    | USD      | 500            | 0                | 5
    """
    amounts = ("turnover_minor", "commission_minor", "proposed_minor")
    found = pl.DataFrame(table(rows)).with_columns(pl.col(amounts).cast(pl.Int64))
    assert with_money(found)["currency"].to_list() == ["USD", "USD"]
    nothing = found.filter(pl.col("currency") == "EUR")
    assert with_money(nothing).equals(nothing)


def test_announced_to_the_contracts_that_are_chosen(shop: Shop, as_: As) -> None:
    browser = as_("owner")
    make(browser)
    assert announce(browser).status_code == 302
    assert periods(shop) == [(1, False), (1, False), (2, True)]
    terms = version_of(program_value(shop.program.id), "standard", 2)
    assert (terms.early_opt_in, terms.comment) == (True, "More for you")
    assert terms.modification_starts_at is not None
    assert terms.modification_starts_at.hour in (4, 5)  # midnight in New York
    assert browser.get(f"{TERMS}/standard/2/announce").status_code == 302  # once
    assert "announced" in text_of(browser.get(f"{TERMS}/standard/2"))


WRONG = [
    ({"starts_on": "2026-01-01"}, 422, "This day is over"),
    ({"starts_on": "soon"}, 422, "Enter a valid date"),
    ({"partners": ["ann"]}, 422, "Select a valid choice"),
    ({"partners": None}, 422, "Choose at least one contract: the version would count for nobody."),
    ({"seen": "something else"}, 409, "Somebody else changed these terms"),
]


@pytest.mark.parametrize(("given", "status", "said"), WRONG, ids=[one[2] for one in WRONG])
def test_announcements_that_are_refused(shop: Shop, as_: As, given: dict[str, Any], status: int, said: str) -> None:
    browser = as_("owner")
    make(browser)
    response = announce(browser, **given)
    assert response.status_code == status
    page = text_of(response)
    assert said in page
    assert "More for you" in page
    assert periods(shop) == [(1, False), (1, True)]


def test_a_partner_reads_what_will_change_and_begins_early(shop: Shop, as_: As) -> None:
    make(as_("owner"))
    announce(as_("owner"))
    browser = as_("partner")
    page = text_of(browser.get(TERMS))
    for said in (
        "Your terms",
        "More for you",
        "Begin with the new terms now",
        "sale: default payout",
        "10% of the turnover",
        "20% of the turnover",
    ):
        assert said in page
    assert browser.get(f"{TERMS}/standard/2").status_code == 200
    response = browser.post(f"{TERMS}/standard/2/accept", {"partner": "barb"})
    assert response.headers["Location"] == TERMS
    page = text_of(browser.get(TERMS))
    assert "Accepted: the new terms count from" in page
    assert "Begin with the new terms now" not in page
    assert periods(shop) == [(1, False), (1, False), (2, True)]
    program = program_value(shop.program.id)
    [contract] = [one for one in program.contracts if one.partner == "barb"]
    assert contract.periods[-1].starts_at <= next_minute(datetime.now(UTC))
    entry = AuditEntry.objects.latest("id")
    assert (entry.actor_name, entry.action) == ("Partner", "set_up_changed")
    browser.post(f"{TERMS}/standard/2/accept", {"partner": "barb"})  # a second click
    assert "There is nothing to accept" in text_of(browser.get(TERMS))


def test_the_partners_people_are_told_once_in_their_language_and_can_switch_it_off(shop: Shop, as_: As) -> None:
    User.objects.filter(email="partner@example.com").update(language="de")
    make(as_("owner"))
    announce(as_("owner"))
    now = datetime.now(UTC)
    colleague = User.objects.create_user("colleague@example.com", name="Colleague")
    [own] = shop.users["partner"].memberships.all()
    own.organization.memberships.create(user=colleague, role="viewer")
    assert tell_by_the_clock(now) == 2
    assert tell_by_the_clock(now) == 0
    assert [(one.to[0], one.subject) for one in mail.outbox] == [
        ("colleague@example.com", "Anvil Shop: your terms will change"),
        ("partner@example.com", "Anvil Shop: Ihre Konditionen ändern sich"),
    ]
    body = mail.outbox[0].body
    assert "new terms for Barb Dwyer" in body
    assert "(America/New_York) on: standard, version 2." in body
    assert "> More for you" in body
    assert "You may begin with them earlier" in body
    assert "/programs/anvils/terms" in body
    TermsTold.objects.all().delete()
    browser = as_("partner")
    assert "Keine E-Mails über Konditionen mehr" in text_of(browser.get(TERMS))
    browser.post(f"{TERMS}/e-mails")
    assert "Über neue Konditionen per E-Mail informieren" in text_of(browser.get(TERMS))
    assert tell_by_the_clock(now) == 1
    browser.post(f"{TERMS}/e-mails", {"told": "on"})
    assert tell_by_the_clock(now) == 1


def test_who_may_not_accept(shop: Shop, as_: As) -> None:
    make(as_("owner"))
    announce(as_("owner"))
    address = f"{TERMS}/standard/2/accept"
    assert as_("owner").post(address, {"partner": "barb"}).status_code == 404
    assert as_("partner").post(address, {"partner": "ann"}).status_code == 404
    [membership] = User.objects.get(email="partner@example.com").memberships.all()
    another = User.objects.create_user("another@example.com", name="Another owner")
    Membership.objects.create(user=another, organization=membership.organization, role="owner")
    Membership.objects.filter(id=membership.id).update(role="viewer")
    assert as_("partner").post(address, {"partner": "barb"}).status_code == 403
    assert "An owner or editor of your organization" in text_of(as_("partner").get(TERMS))
    assert periods(shop) == [(1, False), (1, False), (2, True)]


def test_roles_of_several_partners_are_not_put_together(shop: Shop, as_: As) -> None:
    """The partner's person becomes a viewer of `barb` and owner of `ann`: for `barb` they only look."""
    make(as_("owner"))
    announce(as_("owner"))
    [own] = shop.users["partner"].memberships.all()
    own.organization.memberships.create(user=shop.users["stranger"], role="owner")
    own.organization.memberships.filter(id=own.id).update(role="viewer")
    organization = Organization.objects.create(code="ann", kind="partner", name="Ann Dover Ltd")
    organization.memberships.create(user=shop.users["partner"], role="owner")
    Partner.objects.filter(program=shop.program, code="ann").update(organization=organization)
    browser, request = as_("partner"), "/programs/anvils/requests/new?conversion="
    page = text_of(browser.get(TERMS))
    assert "An owner or editor of your organization" in page
    assert "Begin with the new terms now" not in page
    assert browser.post(f"{TERMS}/standard/2/accept", {"partner": "barb"}).status_code == 403
    assert browser.post(f"{TERMS}/standard/2/accept", {"partner": "ann"}).status_code == 302
    assert [browser.get(request + shop.keys[order]).status_code for order in ("1001", "1002")] == [404, 200]
    for order, asks in (("1001", False), ("1002", True)):
        panel = browser.get(f"/programs/anvils/conversions/{shop.keys[order]}").content.decode()
        assert (request in panel) is asks, order
    assert 'value="barb"' not in browser.get("/programs/anvils/requests/new").content.decode()
    seen = viewpoint(shop.users["partner"], "anvils")
    raising = seen.doing(Permission.RAISE_REQUESTS)
    assert seen.partners == frozenset({"ann", "barb"})
    assert raising is not None
    assert raising.partners == frozenset({"ann"})
    assert seen.doing(Permission.VALIDATE) is None


def test_suggestions_are_of_the_set_up_and_of_recent_orders(shop: Shop, as_: As) -> None:
    html = as_("owner").get(f"{TERMS}/suggestions").content.decode()
    for name, value in (("country", "de"), ("category", "gift-card"), ("device", "mobile"), ("sku", "A-1"),
                        ("ad", "banner"), ("promo_code", "ANVIL10"), ("customer_status-0", "Existing")):  # fmt: skip
        lists = html[html.index(f'id="values-{name}"') :]
        assert f'value="{value}"' in lists[: lists.index("</datalist>")], name


def test_the_pages_in_german(shop: Shop, as_: As) -> None:
    User.objects.update(language="de")
    browser = as_("owner")
    page = text_of(browser.get(f"{TERMS}/standard/1"))
    for said in ("10 % vom Umsatz", "Kundenstatus ist", "es wird nichts gezahlt", "+5 % der Provision"):
        assert said in page
    form = form_of(browser.get(f"{TERMS}/standard/1/next"))
    form["payout.0.percent"] = "12,5"
    assert "12,50 $" in text_of(send(browser, f"{TERMS}/standard/1/next", form, "earn"))
    form["payout.0.percent"] = "12.5"
    page = text_of(send(browser, f"{TERMS}/standard/1/next", form, "save"))
    assert "Ein Prozentsatz bis 1000 mit höchstens vier Nachkommastellen, etwa 12,5." in page
