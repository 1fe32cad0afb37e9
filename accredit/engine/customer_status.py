"""Customer status: what the words that the shop sends mean (spec 20, Customer status)."""

import polars as pl

from accredit.engine.program import EventType, Program
from accredit.engine.rules import same_text

ALWAYS_UNDERSTOOD = ("New", "Existing")


def map_customer_status(program: Program, conversions: pl.DataFrame) -> pl.DataFrame:
    """`conversions` (CONVERSIONS) with customer_status filled from customer_status_word, by event type.

    A listed word goes before a status's own name, and both before New and Existing, which are understood always. A word
    that maps to nothing is kept as it came.
    """
    meanings = pl.DataFrame(
        [(event_type.code, word, status) for event_type in program.event_types for word, status in _words(event_type)],
        schema={"event_type": pl.String, "word": pl.String, "status": pl.String},
        orient="row",
    )
    meanings = meanings.with_columns(same_text(pl.col("word"))).unique(["event_type", "word"], keep="first")
    words = conversions.select("event_type", "customer_status_word").unique()
    words = words.with_columns(word=same_text(pl.col("customer_status_word")))
    mapped = words.join(meanings, on=["event_type", "word"], how="left").select(
        "event_type", "customer_status_word", status=pl.coalesce("status", "customer_status_word")
    )
    status = conversions.select("event_type", "customer_status_word").join(
        mapped, on=["event_type", "customer_status_word"], how="left", maintain_order="left", nulls_equal=True
    )["status"]
    return conversions.with_columns(status.alias("customer_status"))


def is_mapped(program: Program) -> pl.Expr:
    """Over a frame with event_type and customer_status: whether the status is one that the event type knows, and not a
    word that was kept as it came. Null where the shop sent none."""
    known = pl.any_horizontal(
        (pl.col("event_type") == event_type.code)
        & pl.col("customer_status").is_in([*ALWAYS_UNDERSTOOD, *(event_type.customer_status or {})])
        for event_type in program.event_types
    )
    return pl.when(pl.col("customer_status").str.strip_chars() != "").then(known).alias("is_mapped")


def _words(event_type: EventType) -> list[tuple[str, str]]:
    """Every word and the status that it means, those that go before the others first."""
    listed = event_type.customer_status or {}
    return [
        *((word, status) for status, words in listed.items() for word in words),
        *((status, status) for status in (*listed, *ALWAYS_UNDERSTOOD)),
    ]
