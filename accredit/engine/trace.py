"""The trace: what each conversion keeps so that its commission can be worked out again without the terms (spec 20).

`worked_out` is the only place where commissions are computed: pricing and every later change of turnover end in it. All
sums are exact in units of 10^-12 minor units, in 128 bits, and rounded once.
"""

from dataclasses import dataclass

import polars as pl

from accredit.engine.program import PPM_PER_PERCENT
from accredit.money import MAX_AMOUNT_MINOR, round_to_minor

PPM = 100 * PPM_PER_PERCENT
SUMMARY = ("model", "adjustments", "restriction")

UNITS = PPM * PPM
"""Exact sums count in parts of a minor unit: a percentage of turnover, and a percentage of that."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Frames PRICED_ORDERS, PRICED_ITEMS and RATES of `engine.frames`."""

    orders: pl.DataFrame
    items: pl.DataFrame
    rates: pl.DataFrame


class PricingError(ValueError):
    """Conversions that cannot be priced as asked; `conversions` has their row numbers, in order."""

    def __init__(self, problem: str, conversions: pl.Series) -> None:
        self.conversions: list[int] = conversions.unique().sort().to_list()
        named = ", ".join(str(row) for row in self.conversions[:10])
        more = len(self.conversions) - 10
        super().__init__(f"conversions {named}{f' and {more} more' if more > 0 else ''}: {problem}")

    @classmethod
    def raise_for(cls, conversions: pl.Series, problem: str) -> None:
        """Raises unless `conversions` is empty."""
        if len(conversions):
            raise cls(problem, conversions)


class CommissionTooLarge(PricingError):
    """A commission reaches 10^15 minor units."""


TOO_LARGE = "the commission would reach 10^15 minor units; check the amounts and percentages of the terms"


def worked_out(orders: pl.DataFrame, items: pl.DataFrame, rates: pl.DataFrame) -> Trace:
    """The commissions of orders and items by the rates that they name.

    `orders` and `items` as PRICED_ORDERS and PRICED_ITEMS, without or with (then replaced) commission_minor; an item of
    quantity 0 is cancelled and paid nothing. Raises CommissionTooLarge.
    """
    per = rates.select(_factors())
    turnover, once, piece = (pl.lit(per[name]).gather(pl.col("rate")) for name in ("turnover", "once", "piece"))
    of_turnover = pl.col("turnover_minor").cast(pl.Int128) * turnover
    of_pieces = pl.col("quantity").cast(pl.Int128) * piece
    is_live = pl.col("quantity").clip(upper_bound=1)

    items = items.with_columns(_rounded((of_turnover + of_pieces + once) * is_live))
    orders = orders.with_row_index("conversion").with_columns(_rounded(of_turnover + piece + once).fill_null(0))
    if items["rate"].null_count() < len(items):
        orders = _with_sums_of_items(orders, items)
    CommissionTooLarge.raise_for(
        orders["conversion"].filter(orders["commission_minor"] > MAX_AMOUNT_MINOR),
        TOO_LARGE,
    )
    return Trace(orders.drop("conversion").with_columns(pl.col("commission_minor").cast(pl.Int64)), items, rates)


def summarize(trace: Trace) -> pl.DataFrame:
    """What the result says of each order, row by row: commission_minor, and model, adjustments and restriction as the
    distinct names that applied, in the order of the item ids, joined by `;` (null where there are none)."""
    names = trace.rates.select(
        "rate",
        pl.concat_list("model").list.drop_nulls(),
        pl.col("adjustments").list.eval(pl.element().struct.field("name")).list.unique(maintain_order=True),
        pl.concat_list("restriction").list.drop_nulls(),
    )
    paid = trace.items.filter(pl.col("rate").is_not_null())
    of_items = paid.group_by("conversion").agg(rate_of_items=pl.col("rate").min(), mixed=pl.col("rate").n_unique() > 1)
    mixed = paid.join(of_items.filter("mixed"), on="conversion", how="semi").sort("conversion", "item_id")
    names_of_mixed = (
        mixed.join(names, on="rate", how="left", maintain_order="left")
        .group_by("conversion")
        .agg(pl.col(*SUMMARY).list.explode(keep_nulls=False, empty_as_null=False).unique(maintain_order=True))
    )
    orders = trace.orders.with_row_index("conversion").join(
        of_items, on="conversion", how="left", maintain_order="left"
    )
    return (
        orders.with_columns(pl.coalesce("rate", "rate_of_items").alias("rate"))
        .join(_joined(names), on="rate", how="left", maintain_order="left")
        .join(_joined(names_of_mixed), on="conversion", how="left", maintain_order="left", suffix="_of_mixed")
        .select(
            "commission_minor",
            *(pl.when("mixed").then(f"{column}_of_mixed").otherwise(column).alias(column) for column in SUMMARY),
        )
    )


def _joined(names: pl.DataFrame) -> pl.DataFrame:
    return names.with_columns(pl.col(*SUMMARY).list.join(";").replace("", None))


def _factors() -> list[pl.Expr]:
    """What a rate pays for each minor unit of turnover, for each piece and once, in exact units."""

    def total(figure: str) -> pl.Expr:
        return (
            pl.col("adjustments").list.eval(pl.element().struct.field(figure).cast(pl.Int128)).list.sum().fill_null(0)
        )

    adjusted = PPM + total("percent_ppm")
    return [
        (pl.col("percent_ppm").cast(pl.Int128).fill_null(0) * adjusted).alias("turnover"),
        (pl.col("fixed_minor").cast(pl.Int128).fill_null(0) * PPM * adjusted).alias("piece"),
        (total("amount_minor") * UNITS).alias("once"),
    ]


def _rounded(exact: pl.Expr) -> pl.Expr:
    """commission_minor of exact units: held at zero or above, rounded once. What is too large stays so."""
    too_large = pl.lit((MAX_AMOUNT_MINOR + 1) * UNITS, pl.Int128)
    return round_to_minor(exact.clip(0, too_large), UNITS).alias("commission_minor")


def _with_sums_of_items(orders: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Orders whose items are paid one by one with the sum of these, in 128 bits."""
    of_items = pl.col("commission_minor").cast(pl.Int128).sum().alias("of_items")
    sums = items.filter(pl.col("rate").is_not_null()).group_by("conversion").agg(of_items)
    orders = orders.join(sums, on="conversion", how="left", maintain_order="left")
    return orders.with_columns(commission_minor=pl.coalesce("of_items", "commission_minor")).drop("of_items")
