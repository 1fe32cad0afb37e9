"""How often a key may ask, in all processes together."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.core.cache import cache
from django.db import connection

from accredit.api import limits
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
