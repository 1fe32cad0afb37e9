"""Conversions approve themselves after the days of their event type, once, announced before, and not while held."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db.models import F

from accredit.access.models import User
from accredit.conversions.approving import HoldRefused, approve_due, hold, holds_of, release
from accredit.conversions.checking import check_ledger
from accredit.conversions.history import timeline
from accredit.conversions.models import ApprovalNotice, Conversion
from accredit.conversions.reminding import approve_by_the_clock
from accredit.programs.models import EventType, Program
from tests.factories.installing import load, orders
from tests.factories.people import Shop, open_shop
from tests.factories.sessions import together
from tests.factories.tables import instant

ORDERED = instant("T")
LEAD = 3


@pytest.fixture
def shop(db: None) -> Shop:
    opened = open_shop()
    EventType.objects.filter(program=opened.program, code="sale").update(approve_after_days=14)
    Conversion.objects.update(recorded_at=F("occurred_at"))
    return opened


def after(days: float) -> datetime:
    """So many days after the morning in New York on which the orders were placed, one of them the day before."""
    return ORDERED.replace(hour=16) + timedelta(days=days)


def run(*days: float) -> None:
    for day in days:
        approve_by_the_clock(after(day))


def approved() -> set[str]:
    return set(Conversion.objects.filter(status="approved").values_list("order_token", flat=True))


def test_approved_on_its_day_and_never_twice(shop: Shop) -> None:
    run(*range(10, 14))
    assert approved() == {"1002"}  # ordered a day before the others
    run(14, 14.1, 15)
    assert approved() == {"1001", "1002", "1003", "1004", "1005", "1006"}
    one = Conversion.objects.get(order_token="1001")
    kept = timeline(shop.program.id, one.id)
    assert kept.select("way", "user", "status").rows()[1:] == [("automatic", None, "approved")]
    assert check_ledger(shop.program).is_empty()


def test_days_are_those_of_the_programs_zone(shop: Shop) -> None:
    run(10, 11)
    approve_by_the_clock(datetime(2026, 3, 15, 3, 30, tzinfo=UTC))  # still the 14th in New York
    assert "1001" not in approved()
    approve_by_the_clock(datetime(2026, 3, 15, 4, 30, tzinfo=UTC))
    assert "1001" in approved()


def test_nothing_is_approved_that_was_not_announced_before(shop: Shop) -> None:
    run(40)  # the worker was away, or the setting is new
    assert approved() == set()
    run(40 + LEAD)
    assert len(approved()) == 6


def test_what_comes_late_is_announced_first(shop: Shop) -> None:
    run(11, 14)
    before = approved()
    load(shop.program, orders=orders("order | at | turnover\n1007 | T | 5.00"))
    Conversion.objects.filter(order_token="1007").update(recorded_at=after(14.2))
    run(14.3)
    assert approved() == before
    run(15, 15 + LEAD)
    assert approved() == {*before, "1007"}


def test_a_held_one_waits_until_it_is_released(shop: Shop) -> None:
    one = Conversion.objects.get(order_token="1001")
    user = shop.users["advertiser"]
    hold(shop.program, one.id, reason="Is the customer real?", user=user, now=after(1))
    with pytest.raises(HoldRefused, match="held"):
        hold(shop.program, one.id, reason="Again", user=user, now=after(1))
    run(11, 14, 15)
    assert "1001" not in approved()
    assert len(approved()) == 5
    release(shop.program, one.id, user=shop.users["owner"], now=after(16))
    with pytest.raises(HoldRefused, match="not_held"):
        release(shop.program, one.id, user=user, now=after(16))
    run(16)
    assert "1001" in approved()
    (held,) = holds_of(shop.program, one.id)
    assert (held.reason, held.held_by, held.released_by) == ("Is the customer real?", user, shop.users["owner"])
    with pytest.raises(HoldRefused, match="not_open"):
        hold(shop.program, one.id, reason="Too late", user=user, now=after(17))


def test_one_e_mail_a_day_to_those_who_may_hold_in_their_language(shop: Shop) -> None:
    User.objects.filter(email="advertiser@example.com").update(language="de")
    run(11, 11.1, 11.2)
    assert sorted(message.to[0] for message in mail.outbox) == [
        "advertiser@example.com", "agency@example.com", "owner@example.com",
    ]  # fmt: skip
    english = next(message for message in mail.outbox if message.to == ["agency@example.com"])
    assert english.subject == "Anvil Shop: 6 conversions will approve themselves"
    assert "sale: 6 conversions" in english.body
    assert "/programs/anvils/conversions?status=open" in english.body
    german = next(message for message in mail.outbox if message.to == ["advertiser@example.com"])
    assert german.subject != english.subject
    run(12, 13)
    assert len(mail.outbox) == 3  # nothing new to tell


def test_the_e_mail_can_be_switched_off(shop: Shop) -> None:
    Program.objects.update(approval_reminder_days=0)
    run(14)
    assert len(approved()) == 6
    assert mail.outbox == []
    assert not ApprovalNotice.objects.exists()


def test_event_types_without_days_are_left(shop: Shop) -> None:
    EventType.objects.update(approve_after_days=None)
    run(40, 50)
    assert approved() == set()


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_approve_once() -> None:
    opened = open_shop()
    EventType.objects.filter(program=opened.program, code="sale").update(approve_after_days=14)
    Program.objects.update(approval_reminder_days=0)
    opened.program.refresh_from_db()

    def approve() -> int:
        return approve_due(opened.program, now=after(20))

    counts = together([approve, approve])
    assert sorted(counts) == [0, 6]
    assert check_ledger(opened.program).is_empty()
