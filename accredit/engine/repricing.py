"""A later change of turnover, priced by what each conversion kept and not by today's terms (spec 20)."""

import polars as pl

from accredit.engine.trace import PricingError, Trace, worked_out
from accredit.money import MAX_AMOUNT_MINOR

MAX_QUANTITY = 10**8

Parts = tuple[pl.DataFrame, pl.DataFrame]
"""Orders and items of a trace, the orders with their row number in `conversion`."""


class UnknownConversion(PricingError):
    """A change names a row that the trace does not have."""


class UnknownItem(PricingError):
    """A change names an item that its conversion does not have."""


class ChangedTwice(PricingError):
    """A conversion has two new turnovers, or a new turnover and changed items, or one item has two changes."""


class TurnoverOutOfRange(PricingError):
    """A new turnover is missing, negative, or reaches 10^15 minor units."""


class QuantityOutOfRange(PricingError):
    """A new quantity is missing, negative or above 10^8, or an item is cancelled (quantity 0) but keeps a turnover."""


class TurnoverNotScalable(PricingError):
    """Items cannot share a new turnover where the order had none."""


def reprice(trace: Trace, *, turnover: pl.DataFrame | None = None, items: pl.DataFrame | None = None) -> Trace:
    """The trace after changes of turnover; conversions that are not named stay exactly as they are.

    `turnover`: conversion (UInt32), turnover_minor (Int64), the new turnover of orders; where an order's items are paid
    one by one, theirs is scaled along. `items`: conversion, item_id, quantity, turnover_minor, the changed items, with
    quantity 0 and turnover 0 where cancelled; the order's turnover changes by the sum of the differences and is held at
    zero or above. Raises the errors of this module, and CommissionTooLarge.
    """
    parts = trace.orders.with_row_index("conversion"), trace.items
    named = pl.Series("conversion", [], dtype=pl.UInt32)
    if turnover is not None:
        _check(turnover, trace, key=["conversion"])
        parts = _with_turnovers(*parts, turnover)
        named = turnover["conversion"]
    if items is not None:
        _check(items, trace, key=["conversion", "item_id"])
        _check_items(items, trace)
        both = items["conversion"].unique().filter(items["conversion"].unique().is_in(named.implode()))
        ChangedTwice.raise_for(both, "name either the order's new turnover or changed items, not both")
        parts = _with_items(*parts, items)
        named = named.append(items["conversion"])

    orders, lines = (_in_range(part) for part in parts)
    after = worked_out(orders.drop("conversion"), lines, trace.rates)
    named = named.unique().implode()
    return Trace(
        _where(orders["conversion"].is_in(named), after.orders, trace.orders),
        _where(lines["conversion"].is_in(named), after.items, trace.items),
        trace.rates,
    )


def _check(changes: pl.DataFrame, trace: Trace, *, key: list[str]) -> None:
    conversion, turnover = changes["conversion"], changes["turnover_minor"]
    unknown = conversion.is_null() | (conversion >= len(trace.orders))
    UnknownConversion.raise_for(conversion.filter(unknown), f"the trace has rows 0 to {len(trace.orders) - 1} only")
    twice = changes.select(key).is_duplicated()
    ChangedTwice.raise_for(conversion.filter(twice), f"name each {' and '.join(key)} once only")
    TurnoverOutOfRange.raise_for(
        conversion.filter(~turnover.is_between(0, MAX_AMOUNT_MINOR).fill_null(False)),
        "a new turnover is zero or more and below 10^15 minor units",
    )


def _check_items(items: pl.DataFrame, trace: Trace) -> None:
    unknown = items.join(trace.items, on=["conversion", "item_id"], how="anti")
    UnknownItem.raise_for(unknown["conversion"], f"no item {', '.join(map(repr, unknown['item_id'].head(10)))}")
    cancelled = (pl.col("quantity") == 0) & (pl.col("turnover_minor") == 0)
    allowed = pl.col("quantity").is_between(1, MAX_QUANTITY) | cancelled
    QuantityOutOfRange.raise_for(
        items.filter(~allowed.fill_null(False))["conversion"],
        f"a quantity is a whole number from 1 to {MAX_QUANTITY}, or 0 with turnover 0 for a cancelled item",
    )


def _with_turnovers(orders: pl.DataFrame, lines: pl.DataFrame, turnover: pl.DataFrame) -> Parts:
    """Orders with their new turnover, and items that are paid one by one scaled along, by largest remainder."""
    changes = turnover.select("conversion", new="turnover_minor")
    orders = orders.join(changes, on="conversion", how="left", maintain_order="left")
    shares = (
        lines.with_row_index("line")
        .filter(pl.col("rate").is_not_null())
        .join(orders.select("conversion", "new", old="turnover_minor"), on="conversion")
        .filter(pl.col("new") != pl.col("old"))
        .with_columns(pl.col("old", "new", "turnover_minor").cast(pl.Int128))
    )
    TurnoverNotScalable.raise_for(
        shares.filter(pl.col("old") == 0)["conversion"],
        "the order's turnover was 0, so that its items have no shares in a new one; change the items instead",
    )
    due, old = pl.col("turnover_minor") * pl.col("new"), pl.col("old")
    scaled = (
        shares.with_columns(
            whole=due // old, rest=due % old, total=(2 * due.sum().over("conversion") + old) // (2 * old)
        )
        .sort("conversion", "rest", "item_id", descending=[False, True, False])
        .with_columns(
            place=pl.int_range(pl.len()).over("conversion"),
            missing=pl.col("total") - pl.col("whole").sum().over("conversion"),
        )
        .select("line", turnover_minor=pl.col("whole") + (pl.col("place") < pl.col("missing")))
    )
    exact = lines["turnover_minor"].cast(pl.Int128).scatter(scaled["line"], scaled["turnover_minor"])
    orders = orders.with_columns(turnover_minor=pl.coalesce("new", "turnover_minor")).drop("new")
    return orders, lines.with_columns(exact)


def _with_items(orders: pl.DataFrame, lines: pl.DataFrame, items: pl.DataFrame) -> Parts:
    """Items with their new figures, and orders whose turnover changes by the sum of the differences."""
    changes = items.select("conversion", "item_id", pieces="quantity", new="turnover_minor")
    lines = lines.join(changes, on=["conversion", "item_id"], how="left", maintain_order="left")
    difference = (pl.col("new").cast(pl.Int128) - pl.col("turnover_minor")).sum()
    differences = lines.filter(pl.col("new").is_not_null()).group_by("conversion").agg(difference.alias("difference"))
    orders = orders.join(differences, on="conversion", how="left", maintain_order="left")
    total = pl.col("turnover_minor") + pl.col("difference").fill_null(0)
    return (
        orders.with_columns(turnover_minor=pl.max_horizontal(total, pl.lit(0, pl.Int128))).drop("difference"),
        lines.with_columns(
            quantity=pl.coalesce("pieces", "quantity"), turnover_minor=pl.coalesce("new", "turnover_minor")
        ).drop("pieces", "new"),
    )


def _in_range(part: pl.DataFrame) -> pl.DataFrame:
    TurnoverOutOfRange.raise_for(
        part.filter(pl.col("turnover_minor") > MAX_AMOUNT_MINOR)["conversion"],
        "the turnover that follows from the change would reach 10^15 minor units",
    )
    return part.with_columns(pl.col("turnover_minor").cast(pl.Int64))


def _where(changed: pl.Series, after: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    commission = after["commission_minor"].zip_with(changed, before["commission_minor"])
    return after.with_columns(commission)
