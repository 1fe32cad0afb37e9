"""Every key, with every scope, at its own and at others' conversions. 1001 is credited to the partner, 1002 to another
one, 1003 to a channel, 1004 to nobody."""

from datetime import UTC, datetime, timedelta

import pytest

from accredit.access.models import ApiKey, Membership
from tests.api.conftest import Asker, Key
from tests.factories.people import Shop
from tests.factories.tables import table

pytestmark = pytest.mark.django_db
MATRIX = """
    key        | scope    | list | 1001 | 1002 | 1003 | 1004 | validations | turnovers | elsewhere
    agency     | read     | 200  | 200  | 200  | 200  | 200  | 403         | 403       | 404
    agency     | validate | 200  | 200  | 200  | 200  | 200  | 200         | 200       | 404
    owner      | read     | 200  | 200  | 200  | 200  | 200  | 403         | 403       | 404
    owner      | validate | 200  | 200  | 200  | 200  | 200  | 200         | 200       | 404
    advertiser | read     | 200  | 200  | 200  | 200  | 200  | 403         | 403       | 404
    advertiser | validate | 200  | 200  | 200  | 200  | 200  | 200         | 200       | 404
    viewer     | read     | 200  | 200  | 200  | 200  | 200  | 403         | 403       | 404
    partner    | read     | 200  | 200  | 404  | 404  | 404  | 403         | 403       | 404
    stranger   | validate | 404  | 404  | 404  | 404  | 404  | 404         | 404       | 404
    nobody     | -        | 401  | 401  | 401  | 401  | 401  | 401         | 401       | 401
"""


def test_every_key_everywhere(shop: Shop, key: Key) -> None:
    wrong = []
    for row in table(MATRIX):
        asker = Asker() if row["key"] == "nobody" else key(row["key"], row["scope"])
        one = shop.keys["1001"]
        answers = {
            "list": asker.get("conversions"),
            **{token: asker.get(f"conversions/{shop.keys[token]}") for token in ("1001", "1002", "1003", "1004")},
            "validations": asker.post("validations", {"dry_run": True, "validations": [approval(one)]}),
            "turnovers": asker.post("turnovers", {"dry_run": True, "turnovers": [turnover(one)]}),
            "elsewhere": asker.get("/api/v1/programs/nowhere/conversions"),
        }
        for name, answer in answers.items():
            if answer.status != int(row[name]):
                wrong.append(f"{name} by {row['key']} to {row['scope']}: {answer.status}, not {row[name]}")
            assert answer.status == 200 or set(answer.content) >= {"error", "message"}
    assert wrong == []


def approval(key: str) -> dict[str, object]:
    return {"id": key, "status": "approved"}


def turnover(key: str) -> dict[str, object]:
    return {"id": key, "turnover": "1.00", "currency": "USD"}


def test_what_is_no_key_is_told_how_to_send_one(shop: Shop) -> None:
    for text in ("", "ak_wrong", "sk_wrong", "ak_\x7f"):
        answer = Asker(text).get("conversions")
        assert (answer.status, answer.content["error"], answer.headers["WWW-Authenticate"]) == (401, "key", "Bearer")


@pytest.mark.parametrize(
    "change", [{"ended_at": timedelta()}, {"expires_at": timedelta(), "created_at": timedelta(-9)}]
)
def test_a_key_that_ended_or_expired_opens_nothing(shop: Shop, key: Key, change: dict[str, timedelta]) -> None:
    asker = key("owner")
    assert asker.get("conversions").status == 200
    ApiKey.objects.update(**{name: datetime.now(UTC) + by for name, by in change.items()})
    assert asker.get("conversions").status == 401


def test_a_key_may_do_no_more_than_its_maker_today(shop: Shop, key: Key) -> None:
    asker = key("advertiser", "validate")
    Membership.objects.filter(user=shop.users["advertiser"]).update(role="viewer")
    assert asker.post("validations", {"validations": [approval(shop.keys["1001"])]}).status == 403
    Membership.objects.filter(user=shop.users["advertiser"]).delete()
    assert asker.get("conversions").status == 401


def test_another_programs_and_a_missing_conversion_look_the_same(shop: Shop, key: Key) -> None:
    partner = key("partner")
    foreign, missing, senseless = (
        partner.get(f"conversions/{one}") for one in (shop.keys["1002"], "cv_" + "0" * 26, "1002")
    )
    assert foreign.content == missing.content == senseless.content


def test_what_an_address_does_not_answer(shop: Shop, key: Key) -> None:
    asker = key("owner", "validate")
    read, wrote, none = asker.get("validations"), asker.post("conversions", {}), asker.get("/api/v1/program")
    assert (read.status, read.headers["Allow"]) == (405, "POST")
    assert (wrote.status, wrote.headers["Allow"]) == (405, "GET, HEAD")
    assert (none.status, none.content["error"]) == (404, "not_found")
