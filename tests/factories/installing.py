"""A small program installed in the database, and text tables of what happens in it as the engine's frames."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import polars as pl

from accredit.conversions.operations import Loaded, load_frames
from accredit.engine import frames
from accredit.engine.program import Program as ProgramValue
from accredit.files import parse_program
from accredit.programs.models import Program
from accredit.programs.operations import apply_program
from accredit.programs.queries import program_by_code
from tests.factories.tables import instant, minor, table

NOW = datetime(2026, 3, 20, 8, tzinfo=UTC)
SHOP = """
format = 1
[program]
code = "anvils"
name = "Anvil Shop"
advertiser = "ACME"
currency = "USD"
timezone = "America/New_York"
referral_window_days = 30
[program.tracking]
allowed_hosts = ["anvils.example", "shop.example:8080"]
click_parameter = "ref"
fallback_page = "https://anvils.example/"
retention_days = 500
[[event_type]]
code = "sale"
[event_type.customer_status]
New = ["N", "first order"]
Existing = ["E"]
[[event_type]]
code = "lead"
[[partner]]
code = "barb"
name = "Barb Dwyer"
[[partner]]
code = "ann"
name = "Ann Dover"
[[channel]]
code = "email"
name = "E-mail"
credit_group = "standard"
[[channel]]
code = "display"
name = "Display"
credit_group = "non-preferred"
referral_window_days = 7
  [[channel.period]]
  starts_at = 2026-01-01T00:00:00Z
  credit_group = "non-preferred"
[[promo_code]]
code = "ANVIL10"
match = "exact"
partner = "barb"
policy = "always"
starts_at = 2026-01-01T00:00:00Z
[[promo_code]]
code = "ANN-[0-9]+"
match = "regex"
partner = "ann"
policy = "winner"
[[ad]]
code = "banner"
name = "Banner"
landing_page = "https://anvils.example/sale"
[[project]]
code = "spring"
name = "Spring"
partner = "barb"
[[rejection_reason]]
code = "returned"
title_de = "Zurückgesandt"
title_en = "Returned"
[[terms]]
code = "standard"
version = 1
comment = "First version"
  [[terms.payout]]
  event_type = "sale"
  level = "order"
  model = "Standard 10 %"
  percent = "10"
    [[terms.payout.group]]
    model = "New customers 15 %"
    percent = "15"
    when = [{ field = "customer_status", in = ["New"] }]
    [[terms.payout.adjustment]]
    name = "Mobile"
    percent = "5"
    when = [{ field = "device", in = ["mobile"] }, { field = "order_total", gte = "50" }]
    [[terms.payout.adjustment]]
    name = "Welcome"
    amount = { USD = "1.00", EUR = "0.90" }
    when = [{ field = "country", in = ["de"] }]
    [[terms.payout.restriction]]
    name = "No gift cards"
    when = [{ field = "category", in = ["gift-card"] }]
[[terms]]
code = "items"
version = 1
modification_starts_at = 2026-02-01T00:00:00Z
early_opt_in = true
  [[terms.payout]]
  event_type = "sale"
  level = "item"
  model = "Items 12.5 %"
  percent = "12.5"
    [[terms.payout.restriction]]
    name = "No gift cards"
    when = [{ field = "category", in = ["gift-card"] }]
[[contract]]
partner = "barb"
labels = ["Preferred", "Old friend"]
  [[contract.period]]
  starts_at = 2026-01-01T00:00:00Z
  ends_at = 2026-02-15T00:00:00Z
  terms = "standard"
  version = 1
  credit_group = "standard"
  [[contract.period]]
  starts_at = 2026-02-15T00:00:00Z
  terms = "standard"
  version = 1
[[contract]]
partner = "ann"
  [[contract.period]]
  starts_at = 2026-01-01T00:00:00Z
  terms = "items"
  version = 1
  credit_group = "standard"
  referral_window_days = 14
"""


def shop(*changes: tuple[str, str]) -> ProgramValue:
    """The program of SHOP, with texts replaced where they stand first."""
    text = SHOP
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return parse_program("program.toml", text.encode())


def install(text: str = SHOP) -> Program:
    """The program of a program file's text, installed."""
    program = parse_program("program.toml", text.encode())
    apply_program(program)
    return program_by_code(program.code)


def clicks(text: str) -> pl.DataFrame:
    """`click | at | visitor | party`, with `c:` before the code of a channel; other columns as in CLICKS."""
    rows = []
    for row in table(text):
        party = row.pop("party")
        rows.append(
            {
                "click_id": row.pop("click"),
                "clicked_at": instant(row.pop("at")),
                "visitor_id": row.pop("visitor"),
                "partner": None if party.startswith("c:") else party,
                "channel": party.removeprefix("c:") if party.startswith("c:") else None,
                **_filled(row),
            }
        )
    return _frame(rows, frames.CLICKS)


def orders(text: str, event_type: str = "sale") -> pl.DataFrame:
    """`order | at | turnover` in USD, `visitor`, `click`, `codes`, `status` (the shop's word); other columns as in
    CONVERSIONS."""
    names = {"visitor": "visitor_id", "click": "click_id", "codes": "promo_code", "status": "customer_status_word"}
    rows = []
    for row in table(text):
        currency = row.pop("currency", "USD")
        rows.append(
            {
                "event_type": event_type,
                "order_token": row.pop("order"),
                "occurred_at": instant(row.pop("at")),
                "currency": currency,
                "turnover_minor": minor(row.pop("turnover"), currency),
                **{names.get(name, name): value for name, value in _filled(row).items()},
            }
        )
    return _frame(rows, frames.CONVERSIONS)


def items(text: str, of: pl.DataFrame) -> pl.DataFrame:
    """`order | item | quantity | turnover` of these orders, with `sku` and `category`."""
    places = {token: place for place, token in enumerate(of["order_token"])}
    rows = [
        {
            "conversion": places[row.pop("order")],
            "item_id": row.pop("item"),
            "quantity": int(row.pop("quantity")),
            "turnover_minor": minor(row.pop("turnover"), "USD"),
            **_filled(row),
        }
        for row in table(text)
    ]
    return _frame(rows, frames.ITEMS)


NO_CLICKS = pl.DataFrame(schema=dict(frames.CLICKS))
NO_ORDERS = pl.DataFrame(schema=dict(frames.CONVERSIONS))
NO_ITEMS = pl.DataFrame(schema=dict(frames.ITEMS))


def load(
    program: Program,
    clicks: pl.DataFrame = NO_CLICKS,
    orders: pl.DataFrame = NO_ORDERS,
    items: pl.DataFrame = NO_ITEMS,
    *,
    batch_orders: int = 1000,
) -> Loaded:
    """Load frames at NOW."""
    return load_frames(program.id, clicks, orders, items, now=NOW, source="orders.csv", batch_orders=batch_orders)


def _filled(row: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in row.items() if value}


def _frame(rows: Sequence[Mapping[str, object]], schema: frames.Schema) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(schema), orient="row")
