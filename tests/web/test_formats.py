"""Figures and times as each language writes them."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import override

from accredit.web import formats
from tests.factories.tables import table

AT = datetime(2026, 3, 29, 0, 59, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "row",
    table("""
        minor            | currency | en                    | de
        0                | EUR      | €0.00                 | 0,00 €
        5                | EUR      | €0.05                 | 0,05 €
        -5               | EUR      | −€0.05                | −0,05 €
        123456           | GBP      | £1,234.56             | 1.234,56 £
        999              | JPY      | JP¥999                | 999 ¥
        1234567          | KWD      | KWD 1,234.567         | 1.234,567 KWD
        100000           | ISK      | ISK 100,000           | 100.000 ISK
        999999999999999  | USD      | US$9,999,999,999,999.99 | 9.999.999.999.999,99 $
    """),
    ids=lambda row: f"{row['minor']} {row['currency']}",
)
def test_money(row: dict[str, str]) -> None:
    for language in ("en", "de"):
        with override(language):
            text = formats.money(int(row["minor"]), row["currency"])
        assert text.replace("\N{NO-BREAK SPACE}", " ") == row[language]


@pytest.mark.parametrize(
    "row",
    table("""
        value                         | places | en                              | de
        22.85125                      | 2      | 22.85125                        | 22,85125
        10                            | 2      | 10.00                           | 10,00
        -1E+3                         | 0      | −1,000                          | −1.000
        999999999999999.999999999999  | 2      | 999,999,999,999,999.999999999999 | 999.999.999.999.999,999999999999
    """),
    ids=lambda row: row["value"],
)
def test_exact_figures_keep_every_decimal(row: dict[str, str]) -> None:
    for language in ("en", "de"):
        with override(language):
            assert formats.exact(Decimal(row["value"]), int(row["places"])) == row[language]


def test_percentages() -> None:
    shown = {}
    for language in ("en", "de"):
        with override(language):
            shown[language] = [formats.percent(100_000), formats.percent(2_345), formats.signed_percent(50_000),
                               formats.signed_percent(-1_500_000)]  # fmt: skip
    assert shown["en"] == ["10%", "0.2345%", "+5%", "−150%"]
    assert [text.replace("\N{NO-BREAK SPACE}", " ") for text in shown["de"]] == ["10 %", "0,2345 %", "+5 %", "−150 %"]


def test_times_are_the_clock_of_the_zone_also_around_a_change_of_clocks() -> None:
    berlin, new_york = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
    after = AT.replace(hour=1)
    with override("de"):
        assert [formats.instant(at, berlin) for at in (AT, after)] == ["29.03.2026, 01:59", "29.03.2026, 03:59"]
        assert formats.day(AT, new_york) == "Sa. 28.03.2026"
    with override("en"):
        assert formats.instant(AT, new_york, seconds=True) == "28 Mar 2026, 20:59:07"
        assert formats.clock_time(AT, berlin) == "01:59:07"
