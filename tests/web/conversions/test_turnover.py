"""The window in which a turnover changes: figures of the plan while one types, and what came of saving."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from accredit.access.models import User
from accredit.conversions.checking import check_ledger
from accredit.conversions.history import Actor
from accredit.conversions.models import Change, Conversion, Item, Way
from accredit.conversions.turnover import change_turnover
from accredit.money import to_major
from accredit.programs.operations import apply_program
from tests.factories.installing import shop as program_of
from tests.factories.people import Shop
from tests.factories.validating import LATER, approve, asked, asked_items, asked_turnovers, validated
from tests.web.conversions.test_listing import text

As = Callable[[str | None], Client]
PART = {"HX-Request-Type": "partial"}
pytestmark = pytest.mark.django_db


def address(shop: Shop, token: str) -> str:
    return f"/programs/anvils/conversions/{shop.keys[token]}/turnover"


def fields(browser: Client, shop: Shop, token: str) -> dict[str, str]:
    """What the window would send as it opens."""
    page = browser.get(address(shop, token), headers=PART).text
    return fields_of(page)


def fields_of(page: str) -> dict[str, str]:
    found = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name, value = (re.search(rf'{name}="([^"]*)"', tag) for name in ("name", "value"))
        if name and ('type="radio"' not in tag or " checked" in tag):
            found[name[1]] = value[1] if value else ""
    return found


def preview(browser: Client, shop: Shop, token: str, **typed: str) -> str:
    sent = {**fields(browser, shop, token), **typed}
    return text(browser.post(f"{address(shop, token)}/preview", sent, headers=PART).text)


def save(browser: Client, shop: Shop, token: str, **typed: str) -> str:
    """The answer to what the window sends, with a reason."""
    sent = {**fields(browser, shop, token), "comment": "One came back", **typed}
    return browser.post(address(shop, token), sent, headers=PART).text


def holds(token: str) -> str:
    one = Conversion.objects.get(order_token=token)
    return f"{to_major(one.turnover_minor, 'USD')} {to_major(one.commission_minor, 'USD')} {one.decision}"


def test_the_commission_shows_while_one_types_and_nothing_is_changed(shop: Shop, as_: As) -> None:
    browser = as_("advertiser")
    read = preview(browser, shop, "1001", turnover="100.00")
    assert "Turnover US$136.27 US$100.00 Commission US$22.46 US$16.75" in read
    assert "New customers 15 % US$100.00 × 15% 15.00" in read
    assert "Welcome +1.00" in read
    assert "Nothing changed yet." in preview(browser, shop, "1001")
    assert "could be read in two ways" in preview(browser, shop, "1001", turnover="100,00")
    assert holds("1001") == "136.27 22.46 1"


def test_what_the_preview_shows_is_saved_with_who_and_why(shop: Shop, as_: As) -> None:
    answer = save(as_("advertiser"), shop, "1001", turnover="100.00", comment="One came back")
    assert 'data-changed="1"' in answer
    assert "its commission is US$16.75." in answer
    assert holds("1001") == "100.00 16.75 2"
    change = Change.objects.get()
    assert (change.way, change.user, change.comment) == ("page", shop.users["advertiser"], "One came back")


@pytest.mark.parametrize(
    ("token", "typed", "after"),
    [
        ("1001", {"turnover": "0"}, "0.00 1.00 2"),
        ("1001", {"turnover": "1,000.00"}, "1000.00 158.50 2"),
        ("1002", {"turnover": "30.50"}, "30.50 1.94 2"),
        ("1002", {"what": "items", "quantity-2": "1"}, "40.99 1.37 2"),
        ("1002", {"what": "items", "quantity-2": "0"}, "30.99 0.12 2"),
        ("1002", {"what": "items", "turnover-2": "20.00"}, "50.99 2.62 2"),
        ("1003", {"turnover": "10.00"}, "10.00 0.00 2"),
        ("1006", {"turnover": "10.00"}, "10.00 0.00 2"),
    ],
)
def test_orders_and_items_change(shop: Shop, as_: As, token: str, typed: dict[str, str], after: str) -> None:
    browser = as_("agency")
    shown = preview(browser, shop, token, **typed)
    assert f"US${after.split()[1]}" in shown
    assert 'data-changed="1"' in save(browser, shop, token, **typed)
    assert holds(token) == after


@pytest.mark.parametrize(
    ("token", "typed", "sentence"),
    [
        ("1001", {"turnover": "-1"}, "“-1” is below zero"),
        ("1001", {"turnover": ""}, "Write an amount, such as 1,234.56."),
        ("1001", {"turnover": "1.005"}, "more than the 2 decimals of USD"),
        ("1001", {"turnover": "10", "comment": "x" * 1001}, "at most 1,000 characters"),
        ("1001", {"turnover": "10", "comment": ""}, "Say why the turnover changes"),
        ("1002", {"what": "items", "quantity-1": "half"}, "A quantity is a whole number: “half” is none."),
        ("1002", {"what": "items", "quantity-1": "0", "turnover-1": "5"}, "what is cancelled has no turnover"),
        ("1002", {"what": "items"}, "This is what it says already."),
        ("1001", {"what": "items"}, "This is what it says already."),
    ],
)
def test_what_is_refused_stays_in_the_window(
    shop: Shop, as_: As, token: str, typed: dict[str, str], sentence: str
) -> None:
    answer = save(as_("agency"), shop, token, **typed)
    assert sentence in text(answer)
    again = fields_of(answer)
    assert {name: again[name] for name in typed if name in again} == {k: v for k, v in typed.items() if k in again}
    assert set(again) >= set(typed) - {"what"}
    assert not Change.objects.exists()


def test_by_the_rate_that_was_kept_and_not_by_todays(shop: Shop, as_: As) -> None:
    version = """
[[terms]]
code = "standard"
version = 2
  [[terms.payout]]
  event_type = "sale"
  level = "order"
  model = "Standard 5 %"
  percent = "5"
[[terms]]
code = "items\""""
    apply_program(
        program_of(
            ('[[terms]]\ncode = "items"', version.strip()),
            (
                '  starts_at = 2026-02-15T00:00:00Z\n  terms = "standard"\n  version = 1',
                '  starts_at = 2026-02-15T00:00:00Z\n  ends_at = 2026-03-02T00:00:00Z\n  terms = "standard"\n'
                '  version = 1\n  [[contract.period]]\n  starts_at = 2026-03-02T00:00:00Z\n  terms = "standard"\n'
                "  version = 2",
            ),
        )
    )
    browser = as_("advertiser")
    assert "Commission US$7.50 US$12.00" in preview(browser, shop, "1005", turnover="80.00")
    save(browser, shop, "1005", turnover="80.00")
    assert holds("1005") == "80.00 12.00 2"


def test_what_is_approved_books_the_difference_and_what_is_rejected_refuses(shop: Shop, as_: As) -> None:
    browser = as_("advertiser")
    approve("1001")
    assert "a correction of −US$5.71 is booked" in preview(browser, shop, "1001", turnover="100.00")
    save(browser, shop, "1001", turnover="100.00")
    assert holds("1001") == "100.00 16.75 2"
    assert check_ledger(shop.program).is_empty()
    validated(asked("order | to | reason\n 1005 | rejected | returned"))
    assert "It is rejected" in preview(browser, shop, "1005", turnover="1.00")
    assert "It is rejected" in text(save(browser, shop, "1005", turnover="1.00"))
    assert holds("1005") == "50.00 7.50 1"


def test_whoever_comes_second_reads_what_changed_and_decides_again(shop: Shop, as_: As) -> None:
    browser = as_("advertiser")
    opened = fields(browser, shop, "1001")
    first = Actor(Way.PAGE, shop.users["agency"].id)
    change_turnover(
        "anvils", asked_turnovers("order | turnover | comment\n 1001 | 120.00 | Voucher"), actor=first, now=LATER
    )
    sent = {**opened, "turnover": "100.00", "comment": "One came back"}
    answer = browser.post(address(shop, "1001"), sent, headers=PART).text
    read = text(answer)
    assert "It was changed after you looked at it: look again." in read
    assert "Turnover changed 21 Mar 2026, 04:00 Agency, in the browser Voucher" in read
    assert "Turnover: US$136.27 → then US$120.00" in read
    assert holds("1001") == "120.00 19.90 2"
    again = fields_of(answer)
    assert (again["turnover"], again["comment"], again["decision"]) == ("100.00", "One came back", "2")
    assert "Turnover US$120.00 US$100.00 Commission US$19.90 US$16.75" in read
    assert 'data-changed="1"' in browser.post(address(shop, "1001"), again, headers=PART).text
    assert holds("1001") == "100.00 16.75 3"


def test_a_second_click_on_save_changes_nothing_twice(shop: Shop, as_: As) -> None:
    browser = as_("advertiser")
    sent = {**fields(browser, shop, "1001"), "turnover": "100.00", "comment": "One came back"}
    assert 'data-changed="1"' in browser.post(address(shop, "1001"), sent, headers=PART).text
    assert "look again" in browser.post(address(shop, "1001"), sent, headers=PART).text
    assert Change.objects.count() == 1


def test_items_that_nobody_touched_follow_what_somebody_else_did(shop: Shop, as_: As) -> None:
    browser = as_("advertiser")
    opened = {**fields(browser, shop, "1002"), "what": "items", "quantity-1": "0", "comment": "Both came back"}
    change_turnover(
        "anvils",
        asked_turnovers("order | turnover\n 1002 | -"),
        asked_items("order | item | quantity\n 1002 | 2 | 1"),
        actor=Actor(Way.PAGE, shop.users["agency"].id),
        now=LATER + timedelta(hours=1),
    )
    again = fields_of(browser.post(address(shop, "1002"), opened, headers=PART).text)
    assert (again["quantity-1"], again["quantity-2"]) == ("0", "1")
    browser.post(address(shop, "1002"), again, headers=PART)
    one = Conversion.objects.get(order_token="1002")
    quantities = Item.objects.filter(conversion_id=one.id, decision=one.decision).order_by("item_id")
    assert [item.quantity for item in quantities] == [0, 1, 1]


def test_amounts_in_german(shop: Shop, as_: As) -> None:
    User.objects.update(language="de")
    browser = as_("advertiser")
    assert "Umsatz 136,27 $ 1.000,50 $ Provision 22,46 $ 158,58 $" in preview(
        browser, shop, "1001", turnover="1.000,50"
    )
    assert "auf zweierlei Weise" in preview(browser, shop, "1001", turnover="1,000.50")
    save(browser, shop, "1001", turnover="1.000,50")
    assert holds("1001") == "1000.50 158.58 2"
