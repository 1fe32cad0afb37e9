"""How often a key may ask, in all processes together."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection

from accredit.api import asking, limits
from accredit.api.limits import BURST, RATE, wait
from tests.api.conftest import Key
from tests.factories.people import Shop

ONE, OTHER = UUID(int=1), UUID(int=2)
AT_ONCE = RATE * int(BURST.total_seconds())


@pytest.fixture(autouse=True)
def forgotten(transactional_db: None) -> Iterator[None]:
    yield
    cache.clear()


def test_a_burst_then_so_many_a_second() -> None:
    now = datetime.now(UTC)
    assert [wait(ONE, now) for _ in range(AT_ONCE + 2)] == [0] * AT_ONCE + [1, 1]
    assert wait(OTHER, now) == 0
    assert [wait(ONE, now + timedelta(seconds=1)) for _ in range(RATE + 1)] == [0] * RATE + [1]


def test_requests_that_come_at_once_are_all_counted() -> None:
    now = datetime.now(UTC)

    def ask(_number: int) -> int:
        try:
            return wait(ONE, now)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(AT_ONCE + 20)))
    assert answers.count(0) == AT_ONCE


def test_who_asks_too_often_is_told_when_to_come_back(shop: Shop, key: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RATE", 0.001)
    monkeypatch.setattr(limits, "BURST", timedelta(seconds=1_000))
    asker = key("owner")
    first, second = asker.get("conversions/cv_0"), asker.get("conversions/cv_0")
    assert (first.status, second.status, second.content["error"]) == (404, 429, "too_often")
    assert 900 < int(second.headers["Retry-After"]) <= 1_000


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(ValueError("secret"), 500, "failed"), (OperationalError("secret"), 503, "unavailable")],
)
def test_what_fails_is_said_as_json(
    error: Exception, status: int, code: str, key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise error

    asker = replace(key("owner"), raises=False)
    monkeypatch.setattr(asking, "viewpoint_of_key", fail)
    answered = asker.get("conversions")
    assert (answered.status, answered.content["error"]) == (status, code)
    assert "secret" not in str(answered.content)
