"""People are told what happened since the last e-mail: once, in their language, and nothing of their own doing."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import translation

from accredit.access.models import User
from accredit.conversion_requests import notifying
from accredit.conversion_requests.discussing import Side, comment
from accredit.conversion_requests.models import Request, Told
from accredit.conversion_requests.notifying import tell_again, tell_by_the_clock
from accredit.conversion_requests.raising import withdraw
from accredit.conversions.history import Actor
from accredit.conversions.models import Way
from accredit.programs.models import Program, Topic
from accredit.programs.silence import be_silent
from accredit.programs.visibility import viewpoint
from tests.factories.installing import load, orders
from tests.factories.people import Shop, open_shop
from tests.factories.requesting import accepted, decided, processed, raised
from tests.factories.validating import LATER

SOON = LATER + timedelta(minutes=2)
MISSING = "kind | partner | order | at | turnover\n create | barb | {} | T | 100.00"


@pytest.fixture
def shop(db: None) -> Iterator[Shop]:
    yield open_shop()
    translation.deactivate()


def ask(shop: Shop, order: str, *, now: datetime = LATER) -> Request:
    """The partner asks for an order that is missing."""
    raised(shop.program, MISSING.format(order), by=shop.users["partner"].name, partners=("barb",), now=now)
    return Request.objects.get(program=shop.program, order_token=order)


def sent() -> Sequence[str]:
    """To whom and what, since it was looked at last."""
    found = [f"{one.to[0].partition('@')[0]}: {one.subject}" for one in mail.outbox]
    mail.outbox.clear()
    return found


def test_owners_are_told_what_was_raised_once_and_partners_what_became_of_it(shop: Shop) -> None:
    ask(shop, "10")
    ask(shop, "11")
    assert tell_by_the_clock(LATER) == 0  # perhaps not everything of this moment is to be seen yet
    assert tell_by_the_clock(SOON) == 3
    text = mail.outbox[0].body
    assert sent() == [
        "advertiser: Anvil Shop: 2 conversion requests raised",
        "agency: Anvil Shop: 2 conversion requests raised",
        "owner: Anvil Shop: 2 conversion requests raised",
    ]
    assert "2 conversion requests raised: number 1, 2" in text
    assert "2 requests wait for an answer of yours." in text
    assert "/programs/anvils/requests/e-mails" in text
    assert tell_by_the_clock(SOON + timedelta(hours=1)) == 0
    accepted(shop.program, 1, now=SOON)
    decided(shop.program, "number | verdict | reason | comment\n 2 | rejected | returned | Not yours", now=SOON)
    processed(shop.program, now=SOON)
    assert tell_by_the_clock(SOON + timedelta(minutes=3)) == 1
    text = mail.outbox[0].body
    assert "Request 2, order 11, was rejected: Returned. “Not yours”\n/programs/anvils/requests/rq_" in text
    assert sent() == ["partner: Anvil Shop: 1 conversion request rejected, 1 conversion request processed"]


def test_thousands_are_one_e_mail_and_owners_are_told_what_failed_or_was_withdrawn(shop: Shop) -> None:
    rows = "\n".join(f"create | barb | m-{order} | T | 1.00" for order in range(10, 2_010))
    raised(shop.program, f"kind | partner | order | at | turnover\n{rows}", by="partner", partners=("barb",))
    assert tell_by_the_clock(SOON) == 3
    assert "2,000 conversion requests raised: number 1, 2, 3, 4, 5 …" in mail.outbox[0].body
    assert sent()[0] == "advertiser: Anvil Shop: 2,000 conversion requests raised"
    placed = orders("order | at | turnover | codes\n m-10 | T | 1.00 | anvil10")
    accepted(shop.program, 1, now=SOON)
    load(shop.program, orders=placed)
    processed(shop.program, now=SOON)
    view, key = viewpoint(shop.users["partner"], "anvils"), Request.objects.get(number=2).id
    withdraw(view, [key], actor=Actor(Way.PAGE, shop.users["partner"].id), now=SOON)
    tell_by_the_clock(SOON + timedelta(minutes=20))
    told = sent()
    assert "owner: Anvil Shop: 1 conversion request withdrawn, 1 conversion request failed" in told
    assert "partner: Anvil Shop: 1 conversion request failed" in told  # and not what they withdrew themselves


def test_at_most_one_in_a_quarter_of_an_hour(shop: Shop) -> None:
    ask(shop, "10")
    assert tell_by_the_clock(SOON) == 3
    ask(shop, "11", now=SOON)
    assert tell_by_the_clock(SOON + timedelta(minutes=10)) == 0
    assert tell_by_the_clock(SOON + timedelta(minutes=20)) == 3
    assert [subject for subject in sent() if "owner" in subject] == [
        "owner: Anvil Shop: 1 conversion request raised"
    ] * 2


def test_comments_are_quoted_to_the_other_side_in_its_language(shop: Shop) -> None:
    about = ask(shop, "10")
    tell_by_the_clock(SOON)
    sent()
    User.objects.filter(pk=shop.users["partner"].pk).update(language="de")
    advertiser = shop.users["advertiser"]
    comment(about, "Where is\nthe receipt?", [], user=advertiser, side=Side.ADVERTISER, now=SOON)
    assert Request.objects.get(id=about.id).answer_from == "partner"
    assert tell_by_the_clock(SOON + timedelta(minutes=20)) == 1
    text = mail.outbox[0].body
    assert sent() == ["partner: Anvil Shop: 1 Kommentar"]
    assert "Kommentar zu Request 1, Order 10: „Where is the receipt?“" in text
    assert "1 Request wartet auf eine Antwort von Ihnen." in text


def test_it_can_be_switched_off(shop: Shop) -> None:
    program: Program = shop.program
    for who in ("agency", "owner"):
        be_silent(shop.users[who], program, Topic.REQUESTS)
        be_silent(shop.users[who], program, Topic.REQUESTS)
    ask(shop, "10")
    assert tell_by_the_clock(SOON) == 1
    assert sent() == ["advertiser: Anvil Shop: 1 conversion request raised"]
    later = SOON + timedelta(hours=1)
    tell_again(shop.users["owner"], program, now=later)
    ask(shop, "11", now=later + timedelta(seconds=1))
    tell_by_the_clock(later + timedelta(minutes=20))
    assert "owner: Anvil Shop: 1 conversion request raised" in sent()


def test_a_worker_that_dies_while_sending_tells_nobody_twice(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(shop, "10")

    def die(*args: object, **kwargs: object) -> bool:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(notifying, "deliver", die)
        with pytest.raises(SystemExit):
            tell_by_the_clock(SOON)
    assert tell_by_the_clock(SOON + timedelta(minutes=20)) == 2  # but for the one whose e-mail was under way
    assert sent() == [
        "agency: Anvil Shop: 1 conversion request raised",
        "owner: Anvil Shop: 1 conversion request raised",
    ]


def test_what_the_server_did_not_take_is_told_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(shop, "10")

    def refuse(*args: object, **kwargs: object) -> int:
        raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr(EmailBackend, "send_messages", refuse)
        assert tell_by_the_clock(SOON) == 0
    assert tell_by_the_clock(SOON) == 3
    assert Told.objects.filter(through__gte=LATER).count() == 3
