"""What the demo consists of: its program, and orders, items and clicks as the engine takes them, or as files."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import polars as pl

from accredit.demo.generate import generate_lines
from accredit.demo.journeys import add_journeys
from accredit.demo.leads import leads_of
from accredit.demo.orders import orders_of, read_lines
from accredit.engine.frames import CLICK_FIELDS

PROGRAM_FILE = Path(str(files("accredit.demo") / "program.toml"))
PROGRAM_CODE = "hearth"


@dataclass(frozen=True, slots=True)
class DemoInput:
    clicks: pl.DataFrame
    """CLICKS, all synthetic."""
    conversions: pl.DataFrame
    """CONVERSIONS: the orders, then subscriptions to the newsletter."""
    items: pl.DataFrame
    """ITEMS."""
    counts: pl.DataFrame
    """`rule`, `invoices`, `lines`: how often each rule of `orders.RULES` met the invoices."""


def demo_input(orders_path: Path | None) -> DemoInput:
    """The invoices of a file in the shape of "Online Retail", or generated ones, with synthetic journeys.

    Raises FileErrors where the file cannot be read.
    """
    orders = orders_of(generate_lines() if orders_path is None else read_lines(orders_path))
    conversions, clicks = add_journeys(orders.conversions)
    # Behind the orders, so that the items' numbers stay right.
    return DemoInput(clicks, pl.concat([conversions, leads_of(conversions)]), orders.items, orders.counts)


def write_files(demo: DemoInput, folder: Path) -> None:
    """Write program.toml, clicks.csv, orders.csv and items.csv, as spec 80 describes them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PROGRAM_FILE.name).write_bytes(PROGRAM_FILE.read_bytes())
    tokens = demo.conversions.select("event_type", "order_token", conversion=pl.int_range(pl.len(), dtype=pl.UInt32))
    tables = {
        "clicks": demo.clicks.select(
            *("click_id", _instant("clicked_at"), "visitor_id", "partner", "channel"), *CLICK_FIELDS
        ),
        "orders": demo.conversions.select(
            *("event_type", "order_token", _instant("occurred_at"), "currency", _turnover()),
            *("visitor_id", "click_id", "promo_code", pl.col("customer_status_word").alias("customer_status")),
            *("customer_id", "country", "device"),
        ),
        "items": demo.items.join(tokens, on="conversion", maintain_order="left").select(
            *("event_type", "order_token", "item_id", "quantity", _turnover(), "sku", "category")
        ),
    }
    for name, table in tables.items():
        table.write_csv(folder / f"{name}.csv")


def _instant(name: str) -> pl.Expr:
    return pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")


def _turnover() -> pl.Expr:
    """In pounds; written from whole pennies, without a float."""
    minor = pl.col("turnover_minor")
    return pl.format("{}.{}", minor // 100, (minor % 100).cast(pl.String).str.zfill(2)).alias("turnover")
