"""Many keys at once are UUIDv7, in order."""

from datetime import UTC, datetime
from uuid import UUID

import polars as pl

from accredit.database.new_keys import keys_at, new_keys

NOW = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)


def test_keys_carry_their_milliseconds() -> None:
    instants = [0, 1, 1_772_366_400_123, 2**48 - 1]
    keys = [UUID(key) for key in new_keys(pl.Series(instants))]
    assert [key.int >> 80 for key in keys] == instants
    assert {(key.version, key.variant) for key in keys} == {(7, UUID(int=2 << 62).variant)}


def test_keys_of_one_instant_are_different_and_in_the_order_of_rows() -> None:
    keys = keys_at(NOW, 100_000)
    assert keys.is_sorted()
    assert keys.n_unique() == 100_000
    assert UUID(keys[0]).int >> 80 == int(NOW.timestamp() * 1000)
    assert keys_at(NOW, 3).is_in(keys.implode()).sum() == 0
