"""Holding a conversion back from approving itself, in its panel."""

import re
from collections.abc import Callable

from django.test import Client

from accredit.conversions.models import Hold
from accredit.programs.models import EventType
from tests.factories.people import Shop
from tests.factories.validating import approve, pay
from tests.web.conversions.test_listing import text

As = Callable[[str | None], Client]


def test_a_conversion_is_held_back_and_released(shop: Shop, as_: As) -> None:
    EventType.objects.update(approve_after_days=14)
    panel = f"/programs/anvils/conversions/{shop.keys['1001']}"
    browser = as_("advertiser")
    assert "Approves itself from 15 Mar 2026 on" in browser.get(panel).content.decode()
    assert browser.post(f"{panel}/hold", {"reason": " "}).headers["Location"] == panel
    assert "Say why it is held back" in browser.get(panel).content.decode()

    assert browser.post(f"{panel}/hold", {"reason": "Is it real?", "next": f"{panel}?status=open"}).status_code == 302
    page = as_("owner").get(panel).content.decode()
    assert "Is it real?" in page
    assert "by Advertiser" in page
    as_("owner").post(f"{panel}/hold", {"reason": "Me too"})
    assert Hold.objects.count() == 1
    assert "Release</button>" not in as_("viewer").get(panel).content.decode()
    assert "Is it real?" not in as_("partner").get(panel).content.decode()

    as_("owner").post(f"{panel}/release")
    assert Hold.objects.get().released_by == shop.users["owner"]
    history = text(as_("viewer").get(panel).content.decode()).partition("What happened")[2]
    held, _word, released = history.partition("Released: it may approve itself")
    assert re.search(r"Held back from approving itself .*? Advertiser Is it real\?", held)
    assert "Owner" in released
    assert "Held back" not in as_("partner").get(panel).content.decode()

    # What is paid is in it for the partner as well, and offers no other turnover.
    approve("1001")
    assert 'id="panel-turnover"' in browser.get(panel).content.decode()
    pay("1001")
    assert 'id="panel-turnover"' not in browser.get(panel).content.decode()
    window = browser.get(f"{panel}/turnover").content.decode()
    assert "It is paid, and its turnover stays" in window
    assert "turnover-form" not in window
    assert re.search(r"Paid out .*? Commission: US\$22\.46", text(as_("partner").get(panel).content.decode()))


def test_where_nothing_approves_itself_nothing_is_said(shop: Shop, as_: As) -> None:
    page = as_("advertiser").get(f"/programs/anvils/conversions/{shop.keys['1001']}").content.decode()
    assert "Hold back" not in page
