"""A table with a column of every kind, for tests."""

from zoneinfo import ZoneInfo

import polars as pl

from accredit.imports.checking import Checked, check_sheet, found, problems_of, unique
from accredit.imports.declaring import AS_READ, AnyOf, Choice, Column, Format, Kind, Rule, Said, Table, Together
from accredit.imports.sheets import Sheet
from accredit.imports.text_table import read_text_table

KNOWN = ("4711",)
"""Orders that are there already."""
STATUSES = (
    Choice("open", "Offen", "Open", ("0",)),
    Choice("approved", "Bestätigt", "Approved", ("1",)),
    Choice("rejected", "Storniert", "Rejected", ("2", "storno")),
)


def known(values: pl.DataFrame) -> pl.DataFrame:
    """A lookup."""
    return found(values, "order", "known", pl.col("order").is_in(KNOWN), {"order": pl.col("order")})


COLUMNS = (
    Column("order", "Ordernummer", "Order number", longest=20, help_de="Die Order.", help_en="The order."),
    Column("key", "Conversion-ID", "Conversion ID", kind=Kind.KEY, prefix="cv"),
    Column("time", "Zeit", "Time", ("Datum",), kind=Kind.INSTANT),
    Column("day", "Tag", "Day", kind=Kind.DATE),
    Column("turnover", "Umsatz", "Turnover", kind=Kind.AMOUNT),
    Column("change", "Differenz", "Difference", kind=Kind.AMOUNT, signed=True),
    Column("currency", "Währung", "Currency", kind=Kind.CURRENCY),
    Column("status", "Status", "Status", kind=Kind.CHOICE, choices=STATUSES),
    Column("reason", "Grund", "Reason", required=pl.col("status") == "rejected"),
    Column("quantity", "Menge", "Quantity", kind=Kind.NUMBER, least=1, most=50),
    Column("comment", "Kommentar", "Comment", lines=True),
)
TABLE = Table(
    columns=COLUMNS,
    zone=ZoneInfo("Europe/Berlin"),
    currency="EUR",
    any_of=(AnyOf(("order", "key")),),
    rules=(Rule("time", "too_early", pl.col("time").dt.year() < 2020),),
    checks=(unique("twice", "order"), known),
    together=Together(("order",), lambda values: values.select(together="order", also=pl.lit(None))),
    words={
        "too_early": Said("“%(value)s” is too early."),
        "twice": Said("Rows %(rows)s have the same order.", "Leave all but one out."),
        "known": Said("Order %(order)s is there already."),
    },
)


def sheet(text: str) -> Sheet:
    """A table whose cells are separated by `|`."""
    lines = [";".join(cell.strip() for cell in line.split("|")) for line in text.strip().splitlines()]
    return read_text_table("\n".join(lines).encode())


def checked(text: str, said: Format = AS_READ, table: Table = TABLE) -> Checked:
    """What is wrong with the cells of such a table."""
    read = sheet(text)
    assert problems_of(table, read) == []
    return check_sheet(table, read, said)


def faults(text: str, said: Format = AS_READ) -> list[str]:
    """`row column code` of each."""
    rows = checked(text, said).faults.select("row", "column", "code").iter_rows()
    return [" ".join(map(str, row)) for row in rows]
