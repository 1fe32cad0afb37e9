"""Reading conversions: the list page by page, and one with its items and history."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest

from accredit.conversions.crediting_again import Selection, credit_again
from accredit.conversions.history import Actor
from accredit.conversions.models import Conversion, Way
from accredit.conversions.turnover import change_turnover
from tests.api.conftest import Asker, Key
from tests.factories.installing import clicks, load
from tests.factories.people import Shop
from tests.factories.tables import table
from tests.factories.validating import COMMAND, LATER, approve, asked_turnovers

pytestmark = pytest.mark.django_db


def tokens(asker: Asker, query: str) -> list[str]:
    """The order tokens of all pages, one after the other."""
    found: list[str] = []
    address: str | None = f"/api/v1/programs/anvils/conversions?{query}"
    while address:
        parts = urlsplit(address)
        answer = asker.get(parts.path, **dict(parse_qsl(parts.query)))
        assert answer.status == 200, answer.content
        found += [one["order_token"] for one in answer.content["conversions"]]
        address = answer.content["next"]
    return found


LISTS = """
    query                                 | owner                              | partner
    limit=2                               | 1001 1006 1005 1003 1004 1002      | 1001 1006 1005
    sort=time&limit=1                     | 1002 1004 1003 1005 1006 1001      | 1005 1006 1001
    sort=-turnover                        | 1001 1003 1002 1005 1004 1006      | 1001 1005 1006
    turnover.from=60&limit=1              | 1001 1003 1002                     | 1001
    order=1001                            | 1001                               | 1001
    credited=partner:ann                  | 1002                               | -
    status=approved                       | -                                  | -
    time.from=2026-03-01&time.until=2026-03-01&sort=time | 1004 1003 1005 1006 1001 | 1005 1006 1001
    columns=time.order&view=x&order=1001  | 1001                               | 1001
"""


def test_filters_order_and_pages_are_those_of_the_list(shop: Shop, key: Key) -> None:
    askers = {who: key(who) for who in ("owner", "partner")}
    for row in table(LISTS):
        for who, asker in askers.items():
            assert tokens(asker, row["query"]) == row[who].split(), f"{row['query']} by {who}"


def test_a_conversion_has_codes_decimal_texts_and_times_in_utc(shop: Shop, key: Key) -> None:
    (one,) = key("owner").get("conversions", order="1001").content["conversions"]
    assert one["id"] == shop.keys["1001"]
    expected = {
        "order_token": "1001", "event_type": "sale", "occurred_at": "2026-03-01T12:00:00Z", "currency": "USD",
        "turnover": "136.27", "commission": "22.46", "status": "open", "credited_to": "partner", "partner": "barb",
        "terms": "standard", "terms_version": 1, "device": "mobile", "decision": 1, "item_count": 0,
    }  # fmt: skip
    assert {name: one[name] for name in expected} == expected


def test_a_partner_reads_nothing_that_the_list_does_not_show_it(shop: Shop, key: Key) -> None:
    (own,) = key("partner").get("conversions", order="1005").content["conversions"]
    (all_of_it,) = key("owner").get("conversions", order="1005").content["conversions"]
    assert all_of_it.keys() - own.keys() >= {"promo_code", "recorded_at", "signed", "decision"}
    assert own.keys() < all_of_it.keys()
    assert not own.keys() & {"visitor_id", "customer_id", "click_id", "customer_status_word"}


REFUSED = """
    parameter   | value     | field
    statsu      | open      | statsu
    status      | paid      | status
    time.from   | yesterday | time.from
    sort        | nothing   | sort
    sort        | order_codes | sort
    limit       | 0         | limit
    limit       | 1001      | limit
    limit       | many      | limit
    after       | 1.2.3     | after
    before      | 1         | before
    order_codes | WOW       | order_codes
"""


def test_a_parameter_that_says_nothing_is_refused(shop: Shop, key: Key) -> None:
    """Also by a column that partners do not have: whether it finds something would tell of what it holds."""
    asker = key("partner")
    for row in table(REFUSED):
        answer = asker.get("conversions", **{row["parameter"]: row["value"]})
        assert (answer.status, answer.content["error"], answer.content["field"]) == (400, "invalid", row["field"])


def test_one_conversion_with_items_and_history(shop: Shop, key: Key) -> None:
    change = asked_turnovers("order | turnover | comment\n 1001 | 100.00 | One came back")
    change_turnover("anvils", change, actor=Actor(Way.PAGE, shop.users["advertiser"].id), now=LATER)
    approve("1001")
    owner = key("owner")
    items = owner.get(f"conversions/{shop.keys['1002']}").content["items"]
    assert [(item["item_id"], item["quantity"], item["turnover"], item["commission"]) for item in items] == [
        ("1", 1, "0.99", "0.12"), ("2", 3, "30.01", "3.75"), ("3", 1, "30.00", "0.00"),
    ]  # fmt: skip
    recorded, changed, approved = owner.get(f"conversions/{shop.keys['1001']}").content["history"]
    assert (recorded["cause"], recorded["through"], recorded["commission"]) == ("recorded", None, "22.46")
    expected = {
        "at": "2026-03-21T08:00:00Z", "through": "page", "by": "Advertiser", "comment": "One came back",
        "turnover_before": "136.27", "turnover": "100.00", "commission_before": "22.46", "commission": "16.75",
    }  # fmt: skip
    assert {name: changed[name] for name in expected} == expected
    assert (approved["status_before"], approved["status"], approved["through"]) == ("open", "approved", "command")
    own = key("partner").get(f"conversions/{shop.keys['1001']}").content["history"]
    assert [(one["by"], one["source"], one["through"]) for one in own] == [(None, None, None)] * 3
    assert (own[1]["comment"], own[1]["commission"]) == ("One came back", "16.75")


def test_a_partner_reads_neither_whom_its_credit_came_from_nor_what_they_would_have_earned(
    shop: Shop, key: Key
) -> None:
    change = asked_turnovers("order | turnover | comment\n 1002 | 60.00 | As Ann Dover asked")
    change_turnover("anvils", change, actor=COMMAND, now=LATER)
    load(shop.program, clicks("click | at | visitor | party\n b1 | T-36h | v2 | barb"))
    list(credit_again("anvils", Selection(), now=datetime.now(UTC)))
    assert Conversion.objects.get(order_token="1002").partner == "barb"
    read = key("partner").get(f"conversions/{shop.keys['1002']}").content["history"]
    assert len(read) == 3
    before = [(one["partner"], one["commission"], one["comment"], one["turnover"]) for one in read[:2]]
    assert before == [(None, None, None, "61.00"), (None, None, None, "60.00")]
    assert (read[2]["partner_before"], read[2]["partner"], read[2]["commission_before"]) == (None, "barb", None)
    assert "'ann'" not in str(read)
