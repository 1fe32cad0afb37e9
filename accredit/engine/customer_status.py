"""Customer status: what the words that the shop sends mean (spec 20, Customer status)."""

from collections.abc import Mapping

import polars as pl

from accredit.engine.program import Program
from accredit.engine.rules import same_text

ALWAYS_UNDERSTOOD = ("New", "Existing")

_WORD, _STATUS = pl.col("customer_status_word"), pl.col("customer_status")


def map_customer_status(program: Program, conversions: pl.DataFrame) -> pl.DataFrame:
    """`conversions` (CONVERSIONS) with customer_status filled from customer_status_word, by event type.

    A listed word goes before a status's own name, and both before New and Existing, which are understood always. A word
    that maps to nothing is kept as it came.
    """
    words = conversions.select(_WORD.drop_nulls().unique())
    mapped = _WORD
    for event_type in conversions["event_type"].unique():
        known = words.join(_meanings(_mapping(program, event_type)), left_on=same_text(_WORD), right_on="word")
        status = _WORD.replace_strict(known["customer_status_word"], known["status"], default=_WORD)
        mapped = pl.when(pl.col("event_type") == event_type).then(status).otherwise(mapped)
    return conversions.with_columns(mapped.alias("customer_status"))


def is_mapped(program: Program) -> pl.Expr:
    """Over a frame with event_type and customer_status: whether the status is one that the event type knows, and not a
    word that was kept as it came. Null where the shop sent none."""
    known = _STATUS.is_in(ALWAYS_UNDERSTOOD)
    for event_type in program.event_types:
        known |= (pl.col("event_type") == event_type.code) & _STATUS.is_in(list(event_type.customer_status or {}))
    return pl.when(_STATUS.str.strip_chars() != "").then(known).alias("is_mapped")


def _mapping(program: Program, code: str) -> Mapping[str, tuple[str, ...]]:
    return next((one.customer_status for one in program.event_types if one.code == code), None) or {}


def _meanings(mapping: Mapping[str, tuple[str, ...]]) -> pl.DataFrame:
    """word (as texts are compared), status: one row a word, those that go before others first."""
    meanings = [(word, status) for status, words in mapping.items() for word in words]
    meanings += [(status, status) for status in (*mapping, *ALWAYS_UNDERSTOOD)]
    frame = pl.DataFrame(meanings, schema={"word": pl.String, "status": pl.String}, orient="row")
    return frame.with_columns(same_text(pl.col("word"))).unique("word", keep="first", maintain_order=True)
