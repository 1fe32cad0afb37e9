"""The history of a conversion as the panel tells it: to those who run the program, and to the partner."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils.translation import override

from accredit.conversions.crediting_again import Selection, credit_again
from accredit.conversions.history import Actor
from accredit.conversions.models import Conversion, Way
from accredit.conversions.turnover import change_turnover
from accredit.programs.visibility import Viewpoint
from accredit.web.conversions.history import Happening, history_of
from accredit.web.naming import Names
from tests.factories.installing import SHOP, clicks, install, load, orders
from tests.factories.people import Shop
from tests.factories.validating import COMMAND, LATER, approve, asked, asked_turnovers, validated
from tests.web.conversions.test_listing import panel

As = Callable[[str | None], Client]
pytestmark = pytest.mark.django_db


def told(view: Viewpoint, token: str) -> list[str]:
    conversion = Conversion.objects.get(program=view.program, order_token=token)
    with override("en"):
        return [line(one) for one in history_of(Names(view), conversion)]


def line(one: Happening) -> str:
    differences = [f"{each.title} {each.before} → {each.after}".replace("  → ", " ") for each in one.differences]
    return " | ".join(part for part in (one.when, one.title, one.reason, one.comment, one.who, *differences) if part)


def test_every_change_is_told_with_who_when_through_what_before_and_after(shop: Shop) -> None:
    ann = Actor(Way.PAGE, shop.users["advertiser"].id)
    change_turnover(
        "anvils", asked_turnovers("order | turnover | comment\n 1001 | 100.00 | One came back"), actor=ann, now=LATER
    )
    approve("1001", actor=Actor(Way.FILE, shop.users["agency"].id), now=LATER + timedelta(minutes=5))
    validated(asked("order | to | reason | comment\n 1005 | rejected | returned | Parcel refused"), actor=COMMAND)
    view = Viewpoint(shop.program, None)
    assert told(view, "1001") == [
        "20 Mar 2026, 04:00 | Recorded | Credited to Barb Dwyer | Turnover US$136.27 | Commission US$22.46",
        "21 Mar 2026, 04:00 | Turnover changed | One came back | Advertiser, in the browser"
        " | Turnover US$136.27 → US$100.00 | Commission US$22.46 → US$16.75",
        "21 Mar 2026, 04:05 | Approved | Agency, from a file",
    ]
    assert told(view, "1005")[1:] == ["21 Mar 2026, 04:00 | Rejected | Returned | Parcel refused | by a command"]
    own = Viewpoint(shop.program, frozenset({"barb"}))
    assert told(own, "1001")[1:] == [
        "21 Mar 2026, 04:00 | Turnover changed | One came back | by the advertiser"
        " | Turnover US$136.27 → US$100.00 | Commission US$22.46 → US$16.75",
        "21 Mar 2026, 04:05 | Approved | by the advertiser",
    ]


def test_a_partner_reads_neither_whom_its_credit_came_from_nor_what_they_would_have_earned() -> None:
    program = install(SHOP)
    load(program, clicks("click | at | visitor | party\n a1 | T-2d | v1 | ann"), orders("""
        order | at | turnover | visitor
        1     | T  | 100.00   | v1
    """))  # fmt: skip
    comment = asked_turnovers("order | turnover | comment\n 1 | 90.00 | As Ann Dover asked")
    change_turnover("anvils", comment, actor=COMMAND, now=LATER)
    load(program, clicks("click | at | visitor | party\n b1 | T-1d | v1 | barb"))
    list(credit_again("anvils", Selection(), now=LATER + timedelta(hours=1)))
    assert told(Viewpoint(program, None), "1") == [
        "20 Mar 2026, 04:00 | Recorded | Credited to Ann Dover | Turnover US$100.00 | Commission US$12.50",
        "21 Mar 2026, 04:00 | Turnover changed | As Ann Dover asked | by a command"
        " | Turnover US$100.00 → US$90.00 | Commission US$12.50 → US$11.25",
        "21 Mar 2026, 05:00 | Credited again | by a command | Credited to Ann Dover → Barb Dwyer"
        " | Commission US$11.25 → US$9.00",
    ]
    assert told(Viewpoint(program, frozenset({"barb"})), "1") == [
        "20 Mar 2026, 04:00 | Recorded | Credited to Another partner | Turnover US$100.00",
        "21 Mar 2026, 04:00 | Turnover changed | by the advertiser | Turnover US$100.00 → US$90.00",
        "21 Mar 2026, 05:00 | Credited again | by the advertiser | Credited to Another partner → Barb Dwyer"
        " | Commission US$9.00",
    ]


def test_the_panel_says_why_it_was_rejected_in_the_readers_language(shop: Shop, as_: As) -> None:
    validated(asked("order | to | reason | comment\n 1005 | rejected | returned | Parcel refused"))
    assert "Status Rejected Reason Returned Comment Parcel refused" in panel(shop, as_("partner"), "1005")
    browser = as_("agency")
    browser.post("/preferences", {"language": "de"})
    assert "Status Storniert Grund Zurückgesandt Kommentar Parcel refused" in panel(shop, browser, "1005")
