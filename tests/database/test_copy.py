"""Frames go into tables and come back as they were."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from django.db import IntegrityError, connection
from polars.testing import assert_frame_equal
from psycopg import sql

from accredit.database import copy
from accredit.database.copy import copy_in, copy_out, text_array

pytestmark = pytest.mark.django_db

SCHEMA = {
    "t": pl.String(),
    "n": pl.Int64(),
    "d": pl.Date(),
    "at": pl.Datetime("us", "UTC"),
    "e": pl.Enum(["one", "two"]),
}


@pytest.fixture(autouse=True)
def _table() -> None:
    with connection.cursor() as cursor:
        cursor.execute("create temp table kept (t text, n bigint check (n > -5), d date, at timestamptz, e text)")


def kept() -> pl.DataFrame:
    return copy_out(sql.SQL("select t, n, d, at, e from kept order by n nulls first"), SCHEMA)


def test_values_of_every_kind_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy, "BLOCK_ROWS", 2)
    frame = pl.DataFrame(
        {
            "t": [None, "", '"', "a,b\nc", "\\.", "\\N", "é\t'"],
            "n": [None, -4, 0, 1, 2, 3, 2**62],
            "d": [None, date(1, 1, 1), date(2026, 2, 28), None, date(9999, 12, 31), None, None],
            "at": [
                None,
                datetime(1970, 1, 1, tzinfo=UTC),
                datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC),
                datetime(2026, 3, 1, 12, 0, 0, 120_000, tzinfo=UTC),
                datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
                None,
                datetime(9999, 12, 31, tzinfo=UTC),
            ],
            "e": [None, "one", "two", None, None, "one", "two"],
        },
        schema=SCHEMA,
    )
    copy_in("kept", frame)
    assert_frame_equal(kept(), frame)


def test_no_rows_are_a_frame_with_its_columns() -> None:
    copy_in("kept", pl.DataFrame(schema=SCHEMA))
    assert_frame_equal(kept(), pl.DataFrame(schema=SCHEMA))


def test_what_the_table_refuses_is_an_integrity_error() -> None:
    with pytest.raises(IntegrityError, match="kept_n_check"):
        copy_in("kept", pl.DataFrame({"n": [1, -5]}))


def test_texts_of_every_kind_are_found_by_an_array() -> None:
    texts = ["", '"', "\\", "'", "{", "}", ",", "NULL", "é", " ", "%s", "\n", '\\"']
    query = sql.SQL("select text from unnest({}) texts (text)").format(text_array(pl.Series([*texts, None, *texts])))
    assert sorted(copy_out(query, {"text": pl.String()})["text"]) == sorted(texts)
    none = sql.SQL("select text from unnest({}) texts (text)").format(text_array(pl.Series([None], dtype=pl.String)))
    assert copy_out(none, {"text": pl.String()}).is_empty()
