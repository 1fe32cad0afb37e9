"""Generated invoices have the shape and the trouble of the real ones."""

import polars as pl

from accredit.demo.generate import generate_lines
from accredit.demo.orders import COLUMNS, RULES, orders_of


def test_the_same_seed_gives_the_same_lines_and_another_seed_others() -> None:
    lines = generate_lines(invoices=50)

    assert lines.columns == list(COLUMNS)
    assert lines.equals(generate_lines(invoices=50))
    assert not lines.equals(generate_lines(invoices=50, seed="another"))
    assert lines.rows()[1:3] == [
        ("C900001", "20609", "GLASS CAKE STAND", "-2", "2010-12-11 12:52:00", "1.65", "30003", "United Kingdom"),
        ("900002", "20696", "ANTIQUE T-LIGHT HOLDER", "1", "2010-12-20 15:26:00", "0.42", "30009", "United Kingdom"),
    ]


def test_most_invoices_are_orders_and_the_trouble_of_real_files_is_there() -> None:
    orders = orders_of(generate_lines(invoices=3_000))
    met = set(orders.counts.filter(pl.col("lines") > 0)["rule"])
    items = orders.items.group_by("conversion").len()["len"]
    words = orders.conversions["customer_status_word"].value_counts().sort("count")["customer_status_word"]

    assert 2_400 < orders.conversions.height < 2_600
    assert set(RULES) - met == {"zero_price", "fraction", "several_times", "several_countries"}
    assert items.min() == 1
    assert 8 <= items.median() <= 16  # type: ignore[operator]
    assert words.to_list() == [None, "first order", "returning"]
