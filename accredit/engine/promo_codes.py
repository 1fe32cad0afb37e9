"""Promo codes: what the orders carry, and the definition that each code belongs to at the time of its order."""

from datetime import UTC

import polars as pl

from accredit.engine.frames import INSTANT, ROW
from accredit.engine.program import Program

DEFINITIONS = {
    "definition": ROW,  # in the order in which definitions claim a code: exact before regex, then by their text
    "definition_code": pl.String(),
    "match": pl.String(),
    "owner": pl.String(),
    "policy": pl.String(),
    "starts_at": INSTANT,
    "ends_at": INSTANT,
}


def codes_of_orders(conversions: pl.DataFrame) -> pl.DataFrame:
    """The codes that each conversion carries: `conversion`, `sequence` (from 0), `text` (trimmed).

    Codes are separated by `;` or `,`; the same text twice counts once, where it stands first.
    """
    return (
        conversions.select(pl.int_range(pl.len(), dtype=ROW).alias("conversion"), text="promo_code")
        .drop_nulls("text")
        .with_columns(pl.col("text").str.replace_all(",", ";", literal=True).str.split(";"))
        .explode("text")
        .with_columns(pl.col("text").str.strip_chars())
        .filter(pl.col("text") != "")
        .unique(maintain_order=True)
        .with_columns(sequence=pl.int_range(pl.len(), dtype=pl.UInt64).over("conversion"))
    )


def definitions(program: Program) -> pl.DataFrame:
    """The program's promo codes as a frame (DEFINITIONS), in the order in which they claim a code."""
    rows = [
        (
            code.code, code.match, code.partner, code.policy,
            code.starts_at and code.starts_at.astimezone(UTC), code.ends_at and code.ends_at.astimezone(UTC),
        )
        for code in program.promo_codes
    ]  # fmt: skip
    schema = {name: dtype for name, dtype in DEFINITIONS.items() if name != "definition"}
    return (
        pl.DataFrame(rows, schema, orient="row")
        .sort(pl.col("match") != "exact", "definition_code", "starts_at", "owner")
        .with_row_index("definition")
        .cast({"definition": ROW})
    )


def definitions_of_codes(carried: pl.DataFrame, program: Program, occurred_at: pl.Series) -> pl.DataFrame:
    """`carried` (codes_of_orders) with the definition that each code belongs to: DEFINITIONS and `valid`.

    A valid definition goes before one that is not valid at the order's time; all columns are null for a code that no
    definition ever matches. Source: spec 10, rule 2.
    """
    known = definitions(program)
    matches = _matches(carried.get_column("text").unique(), known)
    at = pl.lit(occurred_at).gather(pl.col("conversion"))
    started = pl.col("starts_at").is_null() | (pl.col("starts_at") <= at)
    ended = pl.col("ends_at").is_not_null() & (pl.col("ends_at") <= at)
    return (
        carried.join(matches, on="text", how="left")
        .join(known, on="definition", how="left")
        .with_columns(valid=pl.col("definition").is_not_null() & started & ~ended)
        .sort("conversion", "sequence", ~pl.col("valid"), "definition")
        .unique(["conversion", "sequence"], keep="first", maintain_order=True)
    )


def _matches(texts: pl.Series, known: pl.DataFrame) -> pl.DataFrame:
    """Every (text, definition) that match."""
    codes = texts.to_frame("text")
    folded = pl.col("definition_code").str.strip_chars().str.to_lowercase()
    exact = codes.with_columns(folded=pl.col("text").str.to_lowercase()).join(
        known.filter(pl.col("match") == "exact").select("definition", folded=folded), on="folded"
    )
    by_pattern = [
        codes.filter(pl.col("text").str.contains(f"^(?:{pattern})$")).with_columns(definition=pl.lit(number, ROW))
        for number, pattern in known.filter(pl.col("match") == "regex").select("definition", "definition_code").rows()
    ]
    return pl.concat([exact.select("text", "definition"), *by_pattern])
