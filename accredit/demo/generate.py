"""Made-up invoices of the same shape as the real file, trouble included, for a demo without it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import polars as pl

from accredit.demo.draws import Draws, Weighted
from accredit.demo.orders import COLUMNS

BEGIN = datetime(2010, 12, 1, tzinfo=UTC)
"""The wall clock of the shop: the file has no zone."""
DAYS = 374
FIRST_INVOICE = 900001
"""Beyond the numbers of the real file, so that both can be loaded into one program."""
FIRST_CUSTOMER = 30001
INVOICES_PER_CUSTOMER = 4
PRODUCTS = 1_200
GIFT_CARDS = 3
"""So many of the products are gift cards."""

STYLES = ("VINTAGE", "RETRO", "WHITE", "PINK POLKADOT", "RED SPOTTY", "ANTIQUE", "ENAMEL", "WOODEN", "GLASS", "MINI")
THINGS = (
    *("CAKE STAND", "TEA TOWEL", "MUG", "BREAD BIN", "EGG CUP", "BOTTLE OPENER", "DOORMAT", "CLOCK", "PHOTO FRAME"),
    *("T-LIGHT HOLDER", "LANTERN", "SHOPPER BAG", "LUNCH BAG", "CUSHION", "BUNTING", "WALL HOOK", "DRAWER KNOB"),
    *("GREETING CARD", "NOTEBOOK", "WRAPPING PAPER", "CHRISTMAS STAR", "CHRISTMAS BAUBLE", "WATERING CAN"),
    *("BIRD FEEDER", "DOLL", "PUZZLE", "NECKLACE", "HEART DECORATION", "STORAGE BOX", "MIRROR"),
)
PRICES = Weighted({
    "0.42": 12, "0.85": 15, "1.25": 18, "1.65": 14, "2.08": 8, "2.95": 10, "3.75": 6, "4.95": 7, "8.50": 4,
    "12.75": 2, "39.95": 1,
})  # fmt: skip
LINE_COUNTS = Weighted({1: 14, 2: 8, 3: 8, 5: 14, 8: 16, 12: 16, 17: 12, 25: 8, 40: 3, 90: 1})
QUANTITIES = Weighted({1: 26, 2: 16, 3: 8, 4: 9, 6: 12, 8: 4, 10: 6, 12: 12, 24: 5, 48: 1, 144: 1})
COUNTRIES = Weighted({
    "United Kingdom": 905, "Germany": 24, "France": 21, "EIRE": 15, "Belgium": 6, "Spain": 5, "Netherlands": 5,
    "Switzerland": 4, "Portugal": 4, "Australia": 4, "Norway": 3, "Unspecified": 1, "Japan": 3,
})  # fmt: skip
KINDS = Weighted({"order": 830, "cancellation": 130, "stock": 25, "free": 12, "bad debt": 1, "fees": 2})

_Line = tuple[str, str, str | None, str, str, str, str | None, str]


def generate_lines(*, invoices: int = 12_000, seed: str = "demo") -> pl.DataFrame:
    """The lines of so many invoices, with the columns of `orders.read_lines`; about five in six are orders."""
    draws = Draws(f"{seed}/invoices")
    countries = [draws.pick(COUNTRIES) for _ in range(invoices // INVOICES_PER_CUSTOMER + 1)]
    prices = [draws.pick(PRICES) for _ in range(PRODUCTS)]
    minutes = sorted(draws.below(DAYS) * 24 * 60 + 8 * 60 + draws.below(11 * 60) for _ in range(invoices))
    lines: list[_Line] = []
    for number, minute in enumerate(minutes, FIRST_INVOICE):
        time = f"{BEGIN + timedelta(minutes=minute):%Y-%m-%d %H:%M:%S}"
        lines += _invoice(number, time, countries, prices, draws)
    return pl.DataFrame(lines, schema=dict.fromkeys(COLUMNS, pl.String()), orient="row")


def _invoice(number: int, time: str, countries: list[str], prices: list[str], draws: Draws) -> Iterator[_Line]:
    kind = draws.pick(KINDS)
    customer = draws.below(1 + draws.below(len(countries)))  # the low numbers order most
    is_known = kind in ("order", "cancellation", "fees") and draws.chance(93)
    who = str(FIRST_CUSTOMER + customer) if is_known else None
    country = countries[customer] if is_known else "United Kingdom"
    if kind == "bad debt":
        yield (f"A{number}", "B", "Adjust bad debt", "1", time, "-1062.06", who, country)
    elif kind == "stock":
        code, description, _ = _product(prices, draws)
        yield (str(number), code, description, str(-1 - draws.below(200)), time, "0.0", who, country)
    elif kind == "free":
        code, description, _ = _product(prices, draws)
        yield (str(number), code, description, str(1 + draws.below(20)), time, "0.0", who, country)
    elif kind == "cancellation":
        for _ in range(1 + draws.below(3)):
            code, description, price = _product(prices, draws)
            yield (f"C{number}", code, description, str(-draws.pick(QUANTITIES)), time, price, who, country)
    else:
        if kind == "order":
            yield from _sold(str(number), time, who, country, prices, draws)
        if kind == "fees" or draws.chance(9):
            yield (str(number), "POST", "POSTAGE", "1", time, "18.0", who, country)


def _sold(invoice: str, time: str, who: str | None, country: str, prices: list[str], draws: Draws) -> Iterator[_Line]:
    wholesale = draws.chance(4)
    for _ in range(draws.pick(LINE_COUNTS)):
        code, description, price = _product(prices, draws)
        quantity = draws.pick(QUANTITIES) * (20 if wholesale else 1)
        line = (invoice, code, description, str(quantity), time, price, who, country)
        yield line
        if draws.chance(1):
            yield line


def _product(prices: list[str], draws: Draws) -> tuple[str, str, str]:
    number = draws.below(PRODUCTS)
    if number < GIFT_CARDS:
        return "gift_0001_20", "GIFT VOUCHER", "16.67"
    description = f"{STYLES[number % len(STYLES)]} {THINGS[number // len(STYLES) % len(THINGS)]}"
    return f"{20001 + number}", description, prices[number]
