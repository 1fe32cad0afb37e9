"""The rules for the trouble of real invoices (docs/demo.md)."""

from pathlib import Path

import polars as pl
import pytest

from accredit.demo.orders import COLUMNS, RULES, orders_of, read_lines
from accredit.files.errors import FileErrors

LINES = """
InvoiceNo | StockCode    | Description        | Quantity | InvoiceDate         | UnitPrice | CustomerID | Country
500001    | 85123A       | T-LIGHT HOLDER     | 6        | 2011-01-10 10:00:00 | 2.55      | 17850      | United Kingdom
500001    | 22423        | REGENCY CAKESTAND  | 1        | 2011-01-10 10:01:00 | 12.75     | 17850      | United Kingdom
500001    | POST         | POSTAGE            | 1        | 2011-01-10 10:00:00 | 18.0      | 17850      | United Kingdom
500002    | 22086        | CHRISTMAS CHAIN    | 2        | 2011-07-01 12:00:00 | 2.95      | 17850      | Germany
500002    | 22086        | CHRISTMAS CHAIN    | 2        | 2011-07-01 12:00:00 | 2.95      | 17850      | Germany
500002    | 22960        | JAM MAKING SET     | 1        | 2011-07-01 12:00:00 | 0.0       | 17850      | Germany
500002    | PADS         | PADS TO MATCH      | 15       | 2011-07-01 12:00:00 | 0.001     | 17850      | Germany
500003    | gift_0001_20 | Gift Voucher £20   | 1        | 2011-10-30 01:30:00 | 16.67     |            | Unspecified
500004    | 22423        | damaged            | -3       | 2011-02-01 09:00:00 | 0.0       |            | United Kingdom
500005    | 22423        |                    | 40       | 2011-02-01 09:00:00 | 0.0       |            | United Kingdom
500006    | M            | Manual             | 1        | 2011-02-02 09:00:00 | 99.99     | 13047      | United Kingdom
500006    | DOT          | DOTCOM POSTAGE     | 1        | 2011-02-02 09:00:00 | 5.0       | 13047      | United Kingdom
C500007   | 85123A       | T-LIGHT HOLDER     | -6       | 2011-01-09 09:00:00 | 2.55      | 17850      | United Kingdom
A500008   | B            | Adjust bad debt    | 1        | 2011-08-12 14:50:00 | -11062.06 |            | United Kingdom
500009    | 21212        | PACK OF CAKE CASES | 10       | 2011-01-10 10:00:00 | 0.55      | 13047      | EIRE
500010    | 23166        | GLASS VASE         | 1        | 2011-01-10 09:00:00 | 1.005     | 13048      | EIRE
"""

ORDERS = """
order_token | occurred_at               | turnover_minor | customer_status_word | country
500010      | 2011-01-10 09:00:00+00:00 | 101            | first order          | EIRE
500001      | 2011-01-10 10:00:00+00:00 | 4605           | first order          | United Kingdom
500009      | 2011-01-10 10:00:00+00:00 | 550            | first order          | EIRE
500002      | 2011-07-01 11:00:00+00:00 | 1182           | returning            | Germany
500003      | 2011-10-30 00:30:00+00:00 | 1667           |                      |
"""

ITEMS = """
order_token | item_id | quantity | turnover_minor | sku          | category
500010      | 0001    | 1        | 101            | 23166        | home
500001      | 0001    | 6        | 1530           | 85123A       | lights
500001      | 0002    | 1        | 1275           | 22423        | kitchen
500001      | 0003    | 1        | 1800           | POST         | postage
500009      | 0001    | 10       | 550            | 21212        | kitchen
500002      | 0001    | 2        | 590            | 22086        | christmas
500002      | 0002    | 2        | 590            | 22086        | christmas
500002      | 0003    | 1        | 0              | 22960        | kitchen
500002      | 0004    | 15       | 2              | PADS         | home
500003      | 0001    | 1        | 1667           | gift_0001_20 | gift-card
"""

COUNTS = """
rule              | invoices | lines
cancellation      | 1        | 1
bad_debt          | 1        | 1
stock             | 1        | 1
free              | 1        | 1
fees_only         | 1        | 2
fee               | 1        | 1
zero_price        | 1        | 1
duplicate         | 1        | 1
fraction          | 2        | 2
several_times     | 1        | 3
no_customer       | 1        | 1
several_countries | 2        | 7
no_country        | 1        | 1
"""


def table(text: str) -> list[dict[str, str]]:
    """The rows of a table written with | between the cells."""
    header, *rows = ([cell.strip() for cell in line.split("|")] for line in text.strip().splitlines())
    return [dict(zip(header, row, strict=True)) for row in rows]


def lines(text: str) -> pl.DataFrame:
    return pl.DataFrame(table(text), schema=dict.fromkeys(COLUMNS, pl.String())).with_columns(
        pl.all().replace("", None)
    )


def as_table(frame: pl.DataFrame, columns: str) -> list[dict[str, str]]:
    names = [name.strip() for name in columns.strip().splitlines()[0].split("|")]
    return [
        {name: "" if value is None else str(value) for name, value in row.items()}
        for row in frame.select(names).iter_rows(named=True)
    ]


def test_invoices_become_orders_with_items_by_the_stated_rules() -> None:
    orders = orders_of(lines(LINES))
    tokens = orders.conversions.select("order_token").with_row_index("conversion")

    assert as_table(orders.conversions, ORDERS) == table(ORDERS)
    assert as_table(orders.items.join(tokens, on="conversion", maintain_order="left"), ITEMS) == table(ITEMS)
    assert as_table(orders.counts, COUNTS) == table(COUNTS)
    assert orders.counts["rule"].to_list() == list(RULES)


def test_a_customer_is_one_pseudonym_that_does_not_show_the_customer_number() -> None:
    conversions = orders_of(lines(LINES)).conversions
    ids = dict(conversions.select("order_token", "customer_id").iter_rows())

    assert ids["500001"] == ids["500002"]
    assert len(set(ids.values())) == 4
    assert ids["500003"] is None
    assert not [text for text in ids.values() if text and "17850" in text]


def test_an_hour_that_spring_skips_is_read_as_greenwich_time() -> None:
    skipped = LINES.replace("2011-01-10 09:00:00", "2011-03-27 01:30:00")

    conversions = orders_of(lines(skipped)).conversions.filter(pl.col("order_token") == "500010")

    assert str(conversions["occurred_at"].item()) == "2011-03-27 01:30:00+00:00"


def test_the_order_of_orders_with_their_items_is_told_by_time_and_token_alone() -> None:
    first, second = orders_of(lines(LINES)), orders_of(lines(LINES).sort("InvoiceNo", maintain_order=True))

    assert first.conversions.equals(second.conversions)
    assert first.items.equals(second.items)


@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
def test_a_file_is_read_as_it_stands(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"orders{ending}"
    lines(LINES).write_csv(path, compression="gzip" if ending.endswith("gz") else "uncompressed")

    assert read_lines(path).equals(lines(LINES))


def test_every_cell_that_cannot_be_read_is_named_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "1,A,,2,2010-12-01 08:26:00,1.5,,\n"
        "2,A,,1.5,2010-13-01 08:26:00,1e400,,\n"
        ",A,,2,2010-12-01 08:26:00,,,\n"
    )

    with pytest.raises(FileErrors) as errors:
        read_lines(path)

    assert str(errors.value).splitlines() == [
        f"{path}:3:Quantity: '1.5' is not a whole number of at most 7 digits.",
        f"{path}:3:InvoiceDate: '2010-13-01 08:26:00' is not a time like 2010-12-01 08:26:00.",
        f"{path}:3:UnitPrice: '1e400' is not a price like 2.55.",
        f"{path}:4:InvoiceNo: Nothing is not an invoice number.",
        f"{path}:4:UnitPrice: Nothing is not a price like 2.55.",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"InvoiceNo,Quantity\n1,2\n", "1:StockCode: The column is missing; the file has: InvoiceNo, Quantity."),
        (b"", "1:1: This is no CSV file of invoices"),
        (b"\xff\xfe\x00", "1:"),
    ],
)
def test_another_file_is_refused_with_a_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)

    with pytest.raises(FileErrors) as errors:
        read_lines(path)

    assert str(errors.value).startswith(f"{path}:{message}")
