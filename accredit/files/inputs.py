"""Clicks, orders and items of a program, as the engine's frames (spec 80)."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from accredit.engine.frames import CLICKS, CONVERSIONS, ITEMS
from accredit.engine.program import Program
from accredit.files import values
from accredit.files.columns import CLICK_COLUMNS, ORDER_COLUMNS, item_columns
from accredit.files.errors import FileError, FileErrors, errors_frame
from accredit.files.program_file import read_program
from accredit.files.tables import ROW_NUMBER, Check, Checked, open_table, read_table, written


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that `accredit credit` reads: columns CONVERSIONS, CLICKS and ITEMS. `order_rows` are the rows in the
    file of the orders that the conversions come from."""

    program: Program
    conversions: pl.DataFrame
    order_rows: pl.Series
    clicks: pl.DataFrame
    items: pl.DataFrame


def read_inputs(program: Path, clicks: Path, orders: Path, items: Path | None = None) -> Inputs:
    """Read all files. Raises FileErrors with the errors of all of them; where the program file is wrong, the tables are
    still checked for whatever does not depend on it."""
    errors = []
    known = None
    try:
        known = read_program(program)
    except FileErrors as found:
        errors.append(found.frame)
    with ThreadPoolExecutor() as pool:  # some checks keep one core busy only
        reading_clicks = pool.submit(_read_clicks, clicks, known)
        checked_orders = _read_orders(orders, known)
        checked_clicks = reading_clicks.result()
    checked_items = Checked(pl.DataFrame(schema=dict(ITEMS)), errors_frame([]))
    if items is not None:
        checked_items = _read_items(items, known, checked_orders)
    together = pl.concat([*errors, checked_clicks.errors, checked_orders.errors, checked_items.errors])
    if known is None or not together.is_empty():
        raise FileErrors(together)
    return Inputs(
        program=known,
        conversions=checked_orders.frame.select(*CONVERSIONS),
        order_rows=checked_orders.frame[ROW_NUMBER],
        clicks=checked_clicks.frame.select(*CLICKS),
        items=checked_items.frame.select(*ITEMS),
    )


def read_clicks(path: Path | str, program: Program) -> pl.DataFrame:
    """Clicks, with the columns CLICKS. Raises FileErrors."""
    return _whole(_read_clicks(Path(path), program)).select(*CLICKS)


def read_orders(path: Path | str, program: Program) -> pl.DataFrame:
    """Orders as conversions, with the columns CONVERSIONS; the customer status is not mapped yet. Raises FileErrors."""
    return _whole(_read_orders(Path(path), program)).select(*CONVERSIONS)


def read_items(path: Path | str, program: Program, orders: pl.DataFrame) -> pl.DataFrame:
    """Items of these conversions (columns CONVERSIONS), with the columns ITEMS. Raises FileErrors."""
    return _whole(_read_items(Path(path), program, Checked(orders, errors_frame([])))).select(*ITEMS)


def _whole(table: Checked) -> pl.DataFrame:
    if not table.errors.is_empty():
        raise FileErrors(table.errors)
    return table.frame


def _read_clicks(path: Path, program: Program | None) -> Checked:
    table = open_table(path, CLICK_COLUMNS)
    partner, channel = pl.col("partner"), pl.col("channel")
    neither = pl.lit("Neither partner nor channel is filled; fill one of them.")
    both = pl.lit("Both partner and channel are filled; leave one of them empty.")
    checks = [
        Check("partner", partner.is_not_null() & channel.is_not_null(), both),
        _repeated("click_id", ["click_id"]),
    ]
    if {"partner", "channel"} & set(table.names):
        checks.append(Check("partner", partner.is_null() & channel.is_null(), neither))
    elif table.names:
        message = "The columns 'partner' and 'channel' are both missing; one of them is needed."
        table.errors.append(FileError(str(path), 1, "partner", message))
    if program is not None:
        checks += [
            _unknown("partner", [one.code for one in program.partners]),
            _unknown("channel", [one.code for one in program.channels]),
        ]
    return read_table(table, CLICK_COLUMNS, checks)


def _read_orders(path: Path, program: Program | None) -> Checked:
    table = open_table(path, ORDER_COLUMNS)
    no_currency = pl.format("{} is no currency of ISO 4217, such as EUR, USD or JPY.", written("currency"))
    unknown_currency = values.decimals_of(pl.col("currency")).is_null() & pl.col("currency").is_not_null()
    checks = [
        Check("currency", unknown_currency, no_currency),
        _repeated("order_token", ["event_type", "order_token"]),
        *_amount_checks("turnover"),
    ]
    if program is not None:
        checks.append(_unknown("event_type", [one.code for one in program.event_types]))
    decimals = values.decimals_of(pl.col("currency"))
    checked = read_table(
        table,
        ORDER_COLUMNS,
        checks,
        lambda frame: frame.with_columns(
            turnover_minor=values.minor(pl.col("turnover"), decimals), customer_status_word="customer_status"
        ),
    )
    return replace(checked, frame=checked.frame.with_columns(customer_status=pl.lit(None, pl.String)))


def _read_items(path: Path, program: Program | None, conversions: Checked) -> Checked:
    """Items are checked against their orders where all of these are known, and the program, which says whether items
    name an event type."""
    event_types = [one.code for one in program.event_types] if program else []
    columns = item_columns(several_event_types=len(event_types) > 1)
    table = open_table(path, columns)
    keys = ["event_type", "order_token"]
    orders = conversions.frame.select(*keys, "currency").with_row_index("conversion").unique(keys, keep="first")

    def with_orders(frame: pl.DataFrame) -> pl.DataFrame:
        if len(event_types) == 1:
            frame = frame.with_columns(pl.col("event_type").fill_null(event_types[0]))
        decimals = values.decimals_of(pl.col("currency"))
        return frame.join(orders, on=keys, how="left", maintain_order="left").with_columns(
            turnover_minor=values.minor(pl.col("turnover"), decimals)
        )

    checks = []
    if program is not None and conversions.is_complete:
        strange = pl.col("conversion").is_null() & pl.all_horizontal(pl.col(keys).is_not_null())
        no_order = pl.format("There is no order {} of this event type in the orders.", written("order_token"))
        checks = [
            Check("order_token", strange, no_order),
            _repeated("item_id", ["conversion", "item_id"]),
            *_amount_checks("turnover"),
        ]
    return read_table(table, columns, checks, with_orders)


def _repeated(column: str, keys: Sequence[str]) -> Check:
    """The same keys in a row before. Where all hashes differ, so do all keys."""
    key = pl.struct(keys)
    whole = pl.all_horizontal(pl.col(keys).is_not_null())
    first = pl.col(ROW_NUMBER).first().over(keys)
    return Check(
        column,
        whole & ~key.is_first_distinct(),
        pl.format("{} is there already, in row {}.", written(column), first),
        suspect=pl.struct(keys).hash().n_unique() < pl.len(),
    )


def _unknown(column: str, codes: Sequence[str]) -> Check:
    """A code that the program does not define."""
    few = ", ".join(codes[:10]) + (" …" if len(codes) > 10 else "")
    what = column.replace("_", " ")
    message = pl.format(f"The program has no {what} {{}}; it has: {{}}.", written(column), pl.lit(few or "none"))
    return Check(column, pl.col(column).is_not_null() & ~pl.col(column).is_in(codes), message)


def _amount_checks(column: str) -> list[Check]:
    """An amount that its currency cannot have."""
    decimals = values.decimals_of(pl.col("currency"))
    known = pl.col(column).is_not_null() & decimals.is_not_null()
    finer = known & (pl.col(column) % values.unit(decimals) != 0)
    too_many = pl.format("{} has more decimals than {}, which has {}.", written(column), pl.col("currency"), decimals)
    too_large = pl.format("{} is too large: amounts stay below 10^15 minor units.", written(column))
    suspect = (known & pl.col(f"{column}_minor").is_null()).any()
    return [
        Check(column, finer, too_many, suspect),
        Check(column, known & ~finer & pl.col(f"{column}_minor").is_null(), too_large, suspect),
    ]
