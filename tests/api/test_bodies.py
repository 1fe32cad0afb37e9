"""What cannot be read is refused with the place where it stands, and nothing of the request is done."""

import pytest

from accredit.conversions.models import Change
from tests.api.conftest import Key
from tests.factories.people import Shop
from tests.factories.tables import table

pytestmark = pytest.mark.django_db
BODIES = r"""
    address     | body | status | error | field
    validations | {                               | 400 | bad_json | -
    validations | {"validations": NaN}            | 400 | bad_json | -
    validations | {"validations": 1, "validations": 2} | 400 | bad_json | -
    validations | []                              | 400 | invalid | body
    validations | {}                              | 400 | invalid | validations
    validations | {"validations": []}             | 400 | invalid | validations
    validations | {"validations": {}}             | 400 | invalid | validations
    validations | {"validations": ["1001"]}       | 400 | invalid | validations[0]
    validations | {"rows": []}                    | 400 | invalid | rows
    validations | {"dry_run": "no", "validations": []} | 400 | invalid | dry_run
    validations | {"validations": [GOOD, {"status": "approved"}]} | 400 | invalid | validations[1].id
    validations | {"validations": [GOOD, {"id": 7, "status": "approved"}]} | 400 | invalid | validations[1].id
    validations | {"validations": [GOOD, {"order_token": "1002"}]} | 400 | invalid | validations[1].status
    validations | {"validations": [GOOD, {"order_token": "\u0000", "status": "approved"}]} | 400 | invalid | validations[1].order_token
    validations | {"validations": [GOOD, {"order_token": "\ud800", "status": "approved"}]} | 400 | invalid | validations[1].order_token
    validations | {"validations": [GOOD, {"id": "x", "event_type": "sale", "status": "approved"}]} | 400 | invalid | validations[1].event_type
    validations | {"validations": [GOOD, {"order_token": "1002", "status": "approved", "decision": true}]} | 400 | invalid | validations[1].decision
    validations | {"validations": [GOOD, {"order_token": "1002", "status": "approved", "decision": 1.0}]} | 400 | invalid | validations[1].decision
    validations | {"validations": [GOOD, {"order_token": "1002", "status": "approved", "reason": "x"}]} | 400 | invalid | validations[1].reason
    turnovers   | {"turnovers": [{"order_token": "1001", "turnover": 10.5, "currency": "USD"}]} | 400 | invalid | turnovers[0].turnover
    turnovers   | {"turnovers": [{"order_token": "1001", "turnover": 10, "currency": "USD"}]} | 400 | invalid | turnovers[0].turnover
    turnovers   | {"turnovers": [{"order_token": "1001", "turnover": "1,50", "currency": "USD"}]} | 400 | invalid | turnovers[0].turnover
    turnovers   | {"turnovers": [{"order_token": "1001", "turnover": "-1", "currency": "USD"}]} | 400 | invalid | turnovers[0].turnover
    turnovers   | {"turnovers": [{"order_token": "1001", "turnover": "1.505", "currency": "USD"}]} | 400 | invalid | turnovers[0].turnover
    turnovers   | {"turnovers": [{"order_token": "1001", "turnover": "1.50", "currency": "XYZ"}]} | 400 | invalid | turnovers[0].turnover
    turnovers   | {"turnovers": [{"order_token": "1001", "turnover": "1.50"}]} | 400 | invalid | turnovers[0].currency
    turnovers   | {"turnovers": [{"order_token": "1001"}]} | 400 | invalid | turnovers[0].turnover
    turnovers   | {"turnovers": [{"order_token": "1001", "items": [{"item_id": "1"}]}]} | 400 | invalid | turnovers[0].items[0].quantity
    turnovers   | {"turnovers": [{"order_token": "1001", "items": [{"quantity": 1}]}]} | 400 | invalid | turnovers[0].items[0].item_id
    turnovers   | {"turnovers": [{"order_token": "1001", "items": [{"item_id": "1", "quantity": "1"}]}]} | 400 | invalid | turnovers[0].items[0].quantity
"""  # noqa: E501
GOOD = '{"order_token": "1001", "status": "approved"}'


def test_what_cannot_be_read_is_refused_with_its_place(shop: Shop, key: Key) -> None:
    asker = key("owner", "validate")
    for row in table(BODIES):
        answer = asker.send(row["address"], row["body"].replace("GOOD", GOOD))
        told = (answer.status, answer.content["error"], answer.content.get("field", ""))
        assert told == (int(row["status"]), row["error"], row["field"]), row["body"]
    assert not Change.objects.exists()


def test_what_is_no_json_of_a_fair_size_is_refused(shop: Shop, key: Key) -> None:
    asker = key("owner", "validate")
    sent: list[tuple[str | bytes, str, int, str]] = [
        (GOOD, "text/plain", 415, "not_json"),
        (GOOD, "application/x-www-form-urlencoded", 415, "not_json"),
        (b"\xff", "application/json", 400, "bad_json"),
        ("[" * 100_000, "application/json", 400, "bad_json"),
        (" " * 3_000_000, "application/json", 413, "too_large"),
        ('{"validations": ' + "9" * 5_000 + "}", "application/json", 400, "bad_json"),
    ]
    for body, content_type, status, error in sent:
        answer = asker.send("validations", body, content_type)
        assert (answer.status, answer.content["error"]) == (status, error)
