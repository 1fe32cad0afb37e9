"""The credit that somebody gives to a partner, whatever the journey says: the contract of the conversion's time counts
all the same."""

import polars as pl

from accredit.engine.frames import CLICK_FIELDS, CREDIT_GROUP, CREDITED_TO, CREDITS
from accredit.engine.ladder import PERIODS, build_ladder
from accredit.engine.program import Program


def give_credit(program: Program, conversions: pl.DataFrame, partners: pl.Series) -> pl.DataFrame:
    """CREDITS of `conversions` (CONVERSIONS) to these partners, row by row, without a click and without a reason.
    Nobody is credited where the partner has no live contract at that time."""
    if conversions.is_empty():
        return pl.DataFrame(schema=dict(CREDITS))
    occurred_at = conversions["occurred_at"]
    earliest, latest = conversions.select(first=pl.col("occurred_at").min(), last=pl.col("occurred_at").max()).row(0)
    ladder = build_ladder(program, earliest, latest)
    party = ladder.parties(pl.DataFrame({"partner": partners, "channel": pl.repeat(None, len(partners), eager=True)}))
    places = pl.DataFrame({"party": party, "segment": ladder.segment(occurred_at)})
    period = pl.lit(ladder.period).gather(ladder.place(pl.col("party"), pl.col("segment")))
    of_period = places.select(
        **{name: pl.lit(ladder.periods[name]).gather(period).cast(dtype) for name, dtype in PERIODS.items()}
    )
    live = of_period["terms"].is_not_null()
    return of_period.select(
        credited_to=pl.when(live).then(pl.lit("partner")).otherwise(pl.lit("none")).cast(CREDITED_TO),
        partner=pl.when(live).then(partners),
        credit_group=pl.col("credit_group").cast(CREDIT_GROUP),
        terms="terms",
        terms_version="terms_version",
        blocked=pl.lit(False),
        **{name: conversions[name] for name in CLICK_FIELDS},
        **{
            name: pl.lit(None, dtype)
            for name, dtype in CREDITS.items()
            if name not in ("credited_to", "partner", "credit_group", "terms", "terms_version", "blocked")
            and name not in CLICK_FIELDS
        },
    ).select(*CREDITS)
