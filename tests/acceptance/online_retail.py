"""The real file worked out another way: plain Python over its rows, without anything of Accredit.

Its own reading of the rules of docs/demo.md; tests/acceptance compares the database with it.
"""

import csv
import gzip
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

PATH = Path(__file__).resolve().parents[3] / "shared" / "data" / "online_retail" / "online_retail.csv.gz"

FEES = {"POST", "DOT", "C2", "M", "D", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK"}
PENNY = Decimal("0.01")


@dataclass
class Order:
    """One invoice that is an order."""

    token: str
    occurred_at: datetime
    customer: str | None
    country: str | None
    pence: list[int]
    word: str | None = None


@dataclass
class Retail:
    """What the file amounts to: its orders by invoice number, and how many invoices and lines each rule met."""

    orders: dict[str, Order] = field(default_factory=dict)
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)


def work_out(path: Path) -> Retail:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    met: dict[str, list[str]] = defaultdict(list)
    invoices: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        number = row["InvoiceNo"]
        if number[0] == "C":
            met["cancellation"].append(number)
        elif number[0] == "A":
            met["bad_debt"].append(number)
        elif int(row["Quantity"]) < 1 or Decimal(row["UnitPrice"]) < 0:
            met["stock"].append(number)
        else:
            invoices[number].append(row)
    retail = Retail()
    sold: dict[str, list[dict[str, str]]] = {}
    for number, lines in invoices.items():
        if sum(_pence(line) for line in lines) == 0:
            met["free"] += [number] * len(lines)
        elif all(line["StockCode"].upper() in FEES for line in lines):
            met["fees_only"] += [number] * len(lines)
        else:
            sold[number] = lines
            retail.orders[number] = _order(number, lines)
    _say_who_is_new(retail.orders)
    _note(sold, met)
    retail.counts = {rule: (len(set(numbers)), len(numbers)) for rule, numbers in met.items()}
    return retail


def _pence(line: dict[str, str]) -> int:
    return int((_worth(line)).quantize(PENNY, ROUND_HALF_UP) * 100)


def _worth(line: dict[str, str]) -> Decimal:
    return int(line["Quantity"]) * Decimal(line["UnitPrice"])


def _order(number: str, lines: list[dict[str, str]]) -> Order:
    local = min(datetime.fromisoformat(line["InvoiceDate"]) for line in lines)
    country = lines[0]["Country"]
    return Order(
        token=number,
        occurred_at=local.replace(tzinfo=ZoneInfo("Europe/London")).astimezone(UTC),
        customer=lines[0]["CustomerID"] or None,
        country=None if country == "Unspecified" else country,
        pence=[_pence(line) for line in lines],
    )


def _say_who_is_new(orders: dict[str, Order]) -> None:
    seen: set[str] = set()
    for order in sorted(orders.values(), key=lambda order: (order.occurred_at, order.token)):
        if order.customer:
            order.word = "returning" if order.customer in seen else "first order"
            seen.add(order.customer)


def _note(sold: dict[str, list[dict[str, str]]], met: dict[str, list[str]]) -> None:
    countries: dict[str, set[str]] = defaultdict(set)
    for lines in sold.values():
        countries[lines[0]["CustomerID"]].add(lines[0]["Country"])
    for number, lines in sold.items():
        met["fee"] += [number for line in lines if line["StockCode"].upper() in FEES]
        met["zero_price"] += [number for line in lines if Decimal(line["UnitPrice"]) == 0]
        repeated = Counter(tuple(line.values()) for line in lines)
        met["duplicate"] += [number] * sum(count - 1 for count in repeated.values())
        met["fraction"] += [number for line in lines if _worth(line) % PENNY]
        if len({line["InvoiceDate"] for line in lines}) > 1:
            met["several_times"] += [number] * len(lines)
        if not lines[0]["CustomerID"]:
            met["no_customer"] += [number] * len(lines)
        elif len(countries[lines[0]["CustomerID"]]) > 1:
            met["several_countries"] += [number] * len(lines)
        if lines[0]["Country"] == "Unspecified":
            met["no_country"] += [number] * len(lines)
