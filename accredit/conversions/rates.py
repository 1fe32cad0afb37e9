"""Rates as the database keeps them: each distinct one once in a program, named by a digest of what it says."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

import polars as pl

from accredit.conversions.models import Rate
from accredit.engine.frames import RATES

COLUMNS = tuple(name for name in RATES if name != "rate")


def rate_ids(rates: pl.DataFrame) -> list[UUID]:
    """The id of each row of RATES."""
    return [_digest(row) for row in rates.select(COLUMNS).iter_rows(named=True)]


def keep_rates(program_id: UUID, rates: pl.DataFrame) -> pl.Series:
    """Have all of these rates (RATES) in the database, and return their ids, in order, as texts."""
    ids = rate_ids(rates)
    rows = rates.select(COLUMNS).iter_rows(named=True)
    Rate.objects.bulk_create(
        [Rate(program_id=program_id, id=key, **row) for key, row in zip(ids, rows, strict=True)],
        ignore_conflicts=True,
        batch_size=1000,
    )
    return pl.Series("rate_id", [str(key) for key in ids], dtype=pl.String)


def kept_rates(program_id: UUID, ids: Sequence[UUID]) -> pl.DataFrame:
    """The rates (RATES) of these ids, in this order. Raises KeyError for an id that there is not."""
    found = {
        row.pop("id"): row for row in Rate.objects.filter(program_id=program_id, id__in=ids).values("id", *COLUMNS)
    }
    return pl.DataFrame(
        [{"rate": number, **found[key]} for number, key in enumerate(ids)], schema=dict(RATES), orient="row"
    )


def _digest(row: Mapping[str, Any]) -> UUID:
    text = json.dumps(row, sort_keys=True, separators=(",", ":"))
    return UUID(bytes=sha256(text.encode()).digest()[:16])
