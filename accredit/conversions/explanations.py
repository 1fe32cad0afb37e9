"""Explanations as decisions keep them: compact, and without a visitor, so that they outlive the click log."""

import polars as pl

from accredit.database import json_text

KEPT_DROPPED_CLICKS = 200
_DROPPED_CLICK = ("after_conversion", "unknown_partner", "no_live_contract", "outside_referral_window")


def compact(explanations: pl.DataFrame, conversions: int) -> pl.DataFrame:
    """One row for each of so many conversions: `explanation` (JSON, see models.Decision), `explanation_more` and
    `without_winner`. `explanations`: EXPLANATIONS of them."""
    kept, more = _without_too_many(explanations)
    party = pl.when(pl.col("partner").is_not_null()).then("p:" + pl.col("partner")).otherwise("c:" + pl.col("channel"))
    rows = kept.select(
        "conversion",
        row=json_text.array(
            [
                json_text.text(party),
                json_text.text(pl.col("click_id")),
                json_text.number(pl.col("clicked_at").dt.epoch("us")),
                json_text.text(pl.col("promo_code")),
                json_text.word(pl.col("credit_group")),
                json_text.word(pl.col("outcome")),
            ]
        ),
    )
    first = explanations.filter(pl.col("rank") == 1)
    nobody = pl.repeat(None, conversions, dtype=pl.String, eager=True)
    none = pl.repeat(0, conversions, dtype=pl.UInt32, eager=True)
    return pl.DataFrame(
        {
            "explanation": json_text.arrays(rows, "conversion", "row", conversions),
            "explanation_more": none.scatter(more["conversion"], more["len"]),
            "without_winner": nobody.scatter(first["conversion"], first["without_winner"]),
        }
    )


def _without_too_many(explanations: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that are kept, and for each conversion with more of them how many (`conversion`, `len`)."""
    if explanations.filter(pl.col("rank") > KEPT_DROPPED_CLICKS).is_empty():
        return explanations, explanations.clear().group_by("conversion").len()
    dropped = pl.col("click_id").is_not_null() & pl.col("outcome").is_in(_DROPPED_CLICK)
    place = dropped.cum_sum().over("conversion")
    too_many = explanations.select(dropped & (place > KEPT_DROPPED_CLICKS)).to_series()
    return explanations.filter(~too_many), explanations.filter(too_many).group_by("conversion").len()
