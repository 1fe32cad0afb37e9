"""Signed calls: which are taken as the shop's own, and what is said to others."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from django.db import connection

from accredit.config import environment
from accredit.programs.models import Program, SigningKey
from accredit.programs.queries import UnknownProgram
from accredit.programs.signing_keys import KeyRefused, add_key, end_key, key_text, keys_of
from accredit.tracker.signing import signature
from tests.tracker.conftest import Answer, Client

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET_KEY = environment.secret_key(environment.state_folder())
BODY = json.dumps({"order_token": "A-1", "turnover": "12.50"}).encode()


def key_of(program: str = "anvils") -> tuple[str, bytes]:
    key, secret = add_key(program, now=datetime.now(UTC), secret_key=SECRET_KEY)
    return key_text(key), secret.encode()


def header(key: str, secret: bytes, *, at: float = 0, address: str = "/t/anvils/sale", method: str = "POST") -> str:
    moment = int(time.time() + at)
    return f"key={key}, time={moment}, sha256={signature(secret, moment, method, address, BODY)}"


def trust(program: Program) -> list[tuple[str, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select order_token, signed from tracking_conversion_event where program_id = %s order by id", [program.id]
        )
        return list(cursor.fetchall())


def test_a_signed_call_is_the_shops_own(client: Client, program: Program) -> None:
    key, secret = key_of()
    client.reread()
    signed = client.ask("POST", "/t/anvils/sale", BODY, accredit_signature=header(key, secret))
    assert signed.json["outcome"] == "recorded"
    unsigned = client.post("/t/anvils/sale", {"order_token": "A-2", "turnover": 1})
    assert unsigned.json["outcome"] == "recorded"
    in_time = header(key, secret, at=-290)
    assert client.ask("POST", "/t/anvils/sale", BODY, accredit_signature=in_time).json["outcome"] == "known"
    assert trust(program) == [("A-1", True), ("A-2", False)]


def test_a_wrong_signature_is_never_taken_as_none(client: Client, program: Program) -> None:
    key, secret = key_of()
    other, _ = key_of()
    ended, its_secret = key_of()
    now = datetime.now(UTC)
    end_key(ended, at=now, now=now)
    client.reread()
    right = header(key, secret)
    cases: Mapping[str, str] = {
        "": "bad_signature",
        "sha256=" + 64 * "0": "bad_signature",
        right.replace("sha256=", "sha256=0"): "bad_signature",
        right[:-1] + ("0" if right[-1] != "0" else "1"): "wrong_signature",
        right.replace(key, other): "wrong_signature",
        right.replace(key, "sk_" + 26 * "0"): "unknown_key",
        right.replace(key, "nonsense"): "unknown_key",
        header(key, secret, address="/t/anvils/lead"): "wrong_signature",
        header(key, secret, method="GET"): "wrong_signature",
        header(key, secret, at=-310): "wrong_time",
        header(key, secret, at=310): "wrong_time",
        header(ended, its_secret): "key_ended",
    }
    answers = {given: client.ask("POST", "/t/anvils/sale", BODY, accredit_signature=given) for given in cases}
    assert {given: answer.json["error"] for given, answer in answers.items()} == cases
    assert {answer.status for answer in answers.values()} == {401}
    changed = client.ask("POST", "/t/anvils/sale", BODY.replace(b"12.50", b"99.50"), accredit_signature=right)
    assert changed.json["error"] == "wrong_signature"
    elsewhere = client.ask("POST", "/t/unknown/sale", BODY, accredit_signature=right)
    assert elsewhere.json["error"] == "unknown_key"
    assert trust(program) == []


def signed_query(path: str, query: str, key: str, secret: bytes) -> str:
    moment = int(time.time())
    query = f"{query}&key={key}&time={moment}"
    return f"{query}&signature={signature(secret, moment, 'GET', f'{path}?{query}')}"


def test_an_address_is_signed_in_its_query(client: Client, program: Program) -> None:
    key, secret = key_of()
    client.reread()
    path = "/t/anvils/sale/ä b"
    query = signed_query(path, "order_token=A%2F1&turnover=1", key, secret)

    def ask(query: str) -> Answer:
        return client.ask("GET", f"{quote(path)}?{query}")

    assert ask(query).status == 202
    assert ask(query).json["outcome"] == "known"
    assert ask(query.replace("turnover=1", "turnover=2")).json["error"] == "wrong_signature"
    assert ask(query + "&city=X").json["error"] == "bad_signature"
    assert ask("signature=1").json["error"] == "bad_signature"
    assert ask("order_token=2&turnover=1&key=a&time=1").json["error"] == "wrong_fields"
    assert trust(program) == [("A/1", True)]
    posted = client.ask("POST", f"{quote(path)}?{query}", BODY)
    assert (posted.status, posted.json["error"]) == (401, "bad_signature")


def test_one_key_follows_another_without_a_gap(client: Client) -> None:
    first, first_secret = key_of()
    second, second_secret = key_of()
    client.reread()
    for key, secret in ((first, first_secret), (second, second_secret)):
        assert client.ask("POST", "/t/anvils/sale", BODY, accredit_signature=header(key, secret)).status in (200, 201)
    now = datetime.now(UTC)
    end_key(first, at=now, now=now)
    client.reread()
    refused = client.ask("POST", "/t/anvils/sale", BODY, accredit_signature=header(first, first_secret))
    assert refused.json["error"] == "key_ended"
    assert client.ask("POST", "/t/anvils/sale", BODY, accredit_signature=header(second, second_secret)).status == 200


def test_limits_are_for_keys_and_for_addresses(client: Client) -> None:
    key, secret = key_of()
    client.reread()
    client.tracker.address_limit._rate = 1
    outcomes = [client.ask("POST", "/t/anvils/sale", BODY).status for _ in range(8)]
    assert outcomes.count(429) >= 3
    given = header(key, secret)
    assert {client.ask("POST", "/t/anvils/sale", BODY, accredit_signature=given).status for _ in range(8)} == {200}
    wrong = given[:-1] + ("0" if given[-1] != "0" else "1")
    nobodys = given.replace(key, "sk_" + 26 * "0")
    for address, headers in (
        ("", {"accredit_signature": wrong}), ("", {"accredit_signature": nobodys}), ("", {"accredit_signature": "x"}),
        ("?signature=1", {}), (f"?order_token=1&key={key}&time=1&signature={64 * '0'}", {}),
    ):  # fmt: skip
        assert client.ask("POST", f"/t/anvils/sale{address}", BODY, **headers).status == 429, (address, headers)
    client.tracker.address_limit._rate = 0
    client.tracker.key_limit._rate = 1
    calls = [client.ask("POST", "/t/anvils/sale", BODY, accredit_signature=given).status for _ in range(8)]
    assert (calls[0], calls[-1]) == (200, 429)


@pytest.mark.django_db
def test_secrets_are_sealed_and_keys_end_once(program: Program) -> None:
    key, secret = add_key("anvils", now=NOW, secret_key=SECRET_KEY)
    assert secret not in SigningKey.objects.get().sealed_secret
    text = key_text(key)
    later = NOW + timedelta(days=7)
    assert end_key(text, at=later, now=NOW).ends_at == later
    assert end_key(text, at=NOW, now=NOW).ends_at == NOW
    assert [key_text(known) for known in keys_of("anvils")] == [text]
    with pytest.raises(KeyRefused, match="has ended already, at 2026-03-01T12:00:00Z"):
        end_key(text, at=later, now=later)
    fresh, _ = add_key("anvils", now=NOW, secret_key=SECRET_KEY)
    with pytest.raises(KeyRefused, match="ends now or later"):
        end_key(key_text(fresh), at=NOW - timedelta(seconds=1), now=NOW)
    with pytest.raises(KeyRefused, match="There is no key 'sk_none'"):
        end_key("sk_none", at=NOW, now=NOW)
    with pytest.raises(UnknownProgram):
        add_key("nails", now=NOW, secret_key=SECRET_KEY)
