"""Validations and turnovers that are posted: what comes of every row."""

from typing import Any

import pytest

from accredit.conversions.checking import check_ledger
from accredit.conversions.models import Change, Conversion, Way
from tests.api.conftest import Asker, Key
from tests.factories.installing import load, orders
from tests.factories.people import Shop

pytestmark = pytest.mark.django_db


def validate(asker: Asker, *rows: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    answer = asker.post("validations", {"validations": rows, **more})
    assert answer.status == 200, answer.content
    assert answer.content["changed"] + answer.content["unchanged"] == len(rows)
    return list(answer.content["results"])


def change(asker: Asker, *rows: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    answer = asker.post("turnovers", {"turnovers": rows, **more})
    assert answer.status == 200, answer.content
    return list(answer.content["results"])


def outcome(result: dict[str, Any]) -> str:
    return "changed" if result["changed"] else str(result["error"])


def status(token: str) -> str:
    return str(Conversion.objects.get(order_token=token, event_type="sale").status)


def test_every_row_has_its_outcome(shop: Shop, key: Key) -> None:
    load(shop.program, orders=orders("order | at | turnover\n 1004 | T | 1.00", "lead"))
    rows: list[tuple[dict[str, Any], str]] = [
        ({"id": shop.keys["1001"], "status": "approved"}, "changed"),
        ({"order_token": "1002", "status": "rejected", "rejection_reason": "returned", "comment": "Hm"}, "changed"),
        ({"order_token": "1004", "event_type": "sale", "status": "approved"}, "changed"),
        ({"order_token": "1004", "status": "approved"}, "ambiguous"),
        ({"order_token": "1003", "status": "paid"}, "status"),
        ({"order_token": "1005", "status": "rejected"}, "reason_missing"),
        ({"order_token": "1006", "status": "rejected", "rejection_reason": "rain"}, "reason_unknown"),
        ({"order_token": "nothing", "status": "approved"}, "unknown"),
        ({"id": "cv_" + "0" * 26, "status": "approved"}, "unknown"),
        ({"id": "1001", "status": "approved"}, "key_wrong"),
    ]
    results = validate(key("advertiser", "validate"), *(row for row, _outcome in rows))
    assert [outcome(result) for result in results] == [expected for _row, expected in rows]
    assert results[0] == {
        "changed": True, "id": shop.keys["1001"], "order_token": "1001", "event_type": "sale", "status": "approved",
    }  # fmt: skip
    assert results[5]["message"] == "A rejection needs one of the program's reasons."
    assert (results[5]["status"], results[7]["order_token"]) == ("open", "nothing")
    assert [status(token) for token in ("1001", "1002", "1003", "1004", "1005")] == [
        "approved", "rejected", "open", "approved", "open",
    ]  # fmt: skip
    assert check_ledger(shop.program).is_empty()


def test_the_history_says_whose_key_it_was(shop: Shop, key: Key) -> None:
    validate(key("owner", "validate", name="Shop system"), {"order_token": "1001", "status": "approved"})
    made = Change.objects.get()
    assert (made.way, made.user, made.source) == (Way.API_KEY, shop.users["owner"], "Shop system")


def test_what_is_sent_again_changes_nothing_more_and_says_who_was_first(shop: Shop, key: Key) -> None:
    asker = key("owner", "validate")
    row = {"order_token": "1001", "status": "approved"}
    assert [outcome(one) for one in validate(asker, row)] == ["changed"]
    (again,) = validate(asker, row)
    assert (again["error"], again["status"], again["changed_through"], again["changed_by"]) == (
        "validated", "approved", "api_key", "Owner",
    )  # fmt: skip
    assert Change.objects.count() == 1


def test_what_is_named_twice_or_changed_since_or_a_dry_run_stays(shop: Shop, key: Key) -> None:
    asker = key("owner", "validate")
    one, other = {"order_token": "1001", "status": "approved"}, {"id": shop.keys["1001"], "status": "approved"}
    assert [outcome(result) for result in validate(asker, one, other)] == ["named_twice"] * 2
    assert [outcome(result) for result in validate(asker, {**other, "order_token": "1002"})] == ["mismatch"]
    assert [outcome(result) for result in validate(asker, {**one, "decision": 7})] == ["changed_since"]
    assert [outcome(result) for result in validate(asker, {**one, "decision": 1}, dry_run=True)] == ["changed"]
    assert status("1001") == "open"


def test_turnovers_and_items_with_what_they_come_to(shop: Shop, key: Key) -> None:
    asker = key("owner", "validate")
    rows: list[dict[str, Any]] = [
        {"order_token": "1001", "turnover": "100.00", "currency": "USD", "comment": "One came back"},
        {"order_token": "1002", "items": [{"item_id": "2", "quantity": 1}]},
        {"order_token": "1003", "turnover": "80.00", "currency": "USD"},
        {"order_token": "1004", "turnover": "10.00", "currency": "EUR"},
        {"order_token": "1005", "items": [{"item_id": "9", "quantity": 1}]},
        {"order_token": "nothing", "turnover": "10.00", "currency": "USD"},
    ]
    before = change(asker, *rows, dry_run=True)
    assert not Change.objects.exists()
    results = change(asker, *rows)
    assert results == before
    assert [outcome(one) for one in results] == [
        "changed", "changed", "no_change", "other_currency", "unknown_item", "unknown",
    ]  # fmt: skip
    assert results[0] == {
        "changed": True, "id": shop.keys["1001"], "order_token": "1001", "event_type": "sale", "status": "open",
        "currency": "USD", "turnover_before": "136.27", "turnover": "100.00", "commission_before": "22.46",
        "commission": "16.75",
    }  # fmt: skip
    assert [results[1][name] for name in ("turnover_before", "turnover", "commission")] == ["61.00", "40.99", "1.37"]
    items = asker.get(f"conversions/{shop.keys['1002']}").content["items"]
    assert [(item["item_id"], item["quantity"], item["turnover"]) for item in items] == [
        ("1", 1, "0.99"), ("2", 1, "10.00"), ("3", 1, "30.00"),
    ]  # fmt: skip
    assert {made.source for made in Change.objects.all()} == {"Shop system"}
    assert [outcome(one) for one in change(asker, rows[0])] == ["no_change"]


def test_a_thousand_at_once_and_no_more(shop: Shop, key: Key) -> None:
    asker = key("owner", "validate")
    lines = [f"b{number} | T | 1.00" for number in range(1_000)]
    load(shop.program, orders=orders("order | at | turnover\n" + "\n".join(lines)))
    rows = [{"order_token": f"b{number}", "status": "approved"} for number in range(1_000)]
    assert {outcome(one) for one in validate(asker, *rows)} == {"changed"}
    answer = asker.post("validations", {"validations": [*rows, rows[0]]})
    assert (answer.status, answer.content["error"], answer.content["field"]) == (413, "too_many", "validations")
