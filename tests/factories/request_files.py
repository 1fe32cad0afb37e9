"""Tables of conversion requests out of the real "Online Retail" file, with the mistakes that people make in them.

Orders that are withheld from tracking are asked to be created; cancellations that name no order ask for a change of the
order that they must belong to: the latest one of that customer with all their articles, in at least that quantity.
"""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import xlsxwriter

from accredit.demo.orders import CURRENCY, EVENT_TYPE, TIMEZONE

HEADER = (
    "Kind",
    "Order number",
    "Time",
    "Turnover",
    "Currency",
    "Event type",
    "Partner",
    "Status",
    "Rejection reason",
    "Comment",
)
Line = dict[str, str]
MISTAKES: Mapping[str, tuple[str, Callable[[Line], str]]] = {
    "unit": ("Turnover", lambda line: f"{line['Turnover']} GBP"),
    "sign": ("Turnover", lambda line: f"-{line['Turnover']}"),
    "status": ("Status", lambda _line: "vielleicht"),
    "future": ("Time", lambda line: f"2199{line['Time'][4:]}"),
    "currency": ("Currency", lambda _line: ""),
    "shortened": ("Order number", lambda line: f"{float(line['Order number']):.1E}"),
    "partner": ("Partner", lambda _line: "nobody we know"),
}
"""Mistake → the column that it is made in, and what stands there then. `twice`, beside these, is a row that repeats an
earlier one."""


@dataclass(frozen=True, slots=True)
class RequestFile:
    """`lines`: the cells by heading. `wrong`: the row, as a spreadsheet numbers it, and heading of each mistake; of a
    row that is there twice, the later one."""

    lines: list[Line]
    wrong: dict[tuple[int, str], str]

    def csv(self) -> bytes:
        """As CSV."""
        text = io.StringIO()
        writer = csv.DictWriter(text, HEADER)
        writer.writeheader()
        writer.writerows(self.lines)
        return text.getvalue().encode()

    def xlsx(self, path: Path) -> Path:
        """As a spreadsheet, with amounts as numbers where they are some."""
        with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_numbers": False}) as book:
            sheet = book.add_worksheet()
            for place, heading in enumerate(HEADER):
                sheet.write_string(0, place, heading)
            for row, line in enumerate(self.lines, 1):
                for place, heading in enumerate(HEADER):
                    text = line[heading]
                    if heading == "Turnover" and text.replace(".", "").isdecimal():
                        sheet.write_number(row, place, float(text))
                    elif text:
                        sheet.write_string(row, place, text)
        return path


def creates(withheld: pl.DataFrame, partner: str) -> list[Line]:
    """Requests to create the orders (`order_token`, `occurred_at`, `turnover_minor`); some amounts are written as
    Germans do, and each of them can be read in one way only."""
    local = pl.col("occurred_at").dt.convert_time_zone(TIMEZONE).dt.strftime("%Y-%m-%d %H:%M")
    rows = withheld.select("order_token", local, "turnover_minor").iter_rows()
    return [
        {**_blank("Create", token, partner), "Time": at, "Turnover": _amount(minor, number), "Currency": CURRENCY}
        for number, (token, at, minor) in enumerate(rows, 1)
    ]


def changes(lines: pl.DataFrame, orders: pl.DataFrame) -> list[Line]:
    """Requests to change the turnover of `orders` (`order_token`, `turnover_minor`, `partner`) by the cancellations in
    the file's lines (`read_lines`); an order that is cancelled as a whole is to be rejected."""
    typed = lines.select(
        pl.col("InvoiceNo").alias("invoice"),
        pl.col("StockCode").alias("article"),
        pl.col("Quantity").cast(pl.Int64).alias("quantity"),
        pl.col("InvoiceDate").alias("at"),
        pl.col("CustomerID").alias("customer"),
        (pl.col("Quantity").cast(pl.Int64) * (pl.col("UnitPrice").cast(pl.Decimal(20, 4)) * 100).cast(pl.Int64)).alias(
            "minor"
        ),
    ).drop_nulls("customer")  # fmt: skip
    cancelled = typed.filter(pl.col("invoice").str.starts_with("C"))
    whole = cancelled.group_by("invoice").agg(pl.len().alias("articles"), pl.col("minor").sum().alias("back"))
    sold = typed.filter(pl.col("invoice").is_in(orders["order_token"].implode()) & (pl.col("quantity") > 0))
    matches = (
        cancelled.join(sold, on=["customer", "article"], suffix="_sold")
        .filter((pl.col("at_sold") < pl.col("at")) & (pl.col("quantity_sold") >= -pl.col("quantity")))
        .group_by("invoice", "invoice_sold")
        .agg(pl.col("article").n_unique().alias("matched"), pl.col("at_sold").max())
        .join(whole, on="invoice")
        .filter(pl.col("matched") == pl.col("articles"))
        .sort("at_sold", "invoice_sold", descending=True)
        .unique("invoice", keep="first", maintain_order=True)
        .unique("invoice_sold", keep="first", maintain_order=True)
        .join(orders.select("order_token", "turnover_minor", "partner"), left_on="invoice_sold", right_on="order_token")
        .sort("invoice")
    )
    made = []
    for cancellation, token, back, minor, partner in matches.select(
        "invoice", "invoice_sold", "back", "turnover_minor", "partner"
    ).iter_rows():
        left = minor + back
        rejected = {"Status": "rejected", "Rejection reason": "cancelled"}
        asked = {"Turnover": _amount(left), "Currency": CURRENCY} if left > 0 else rejected
        made.append({**_blank("Change", token, partner), **asked, "Comment": f"Cancelled by {cancellation}"})
    return made


def with_mistakes(lines: list[Line], every: int) -> RequestFile:
    """The lines with a mistake in every so many of the creates, of each sort in turn."""
    made, wrong = [], {}
    sorts = [*MISTAKES, "twice"]
    count = 0
    for place, line in enumerate(lines):
        made.append(line)
        row = len(made) + 1  # the header is the first one
        if line["Kind"] != "Create" or place % every != every - 1:
            continue
        sort = sorts[count % len(sorts)]
        count += 1
        if sort == "twice":
            made.append(line)
            wrong[row + 1, "Order number"] = sort
        else:
            heading, change = MISTAKES[sort]
            made[-1] = {**line, heading: change(line)}
            wrong[row, heading] = sort
    return RequestFile(made, wrong)


def _blank(kind: str, token: str, partner: str) -> Line:
    return {
        **dict.fromkeys(HEADER, ""),
        "Kind": kind,
        "Order number": token,
        "Event type": EVENT_TYPE,
        "Partner": partner,
    }


def _amount(minor: int, number: int = 0) -> str:
    return f"{minor // 100}{',' if number % 10 == 9 else '.'}{minor % 100:02}"
