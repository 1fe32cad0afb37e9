"""Amounts as people type them: each language its own way, and nothing that could be read in two."""

import pytest
from django.utils.translation import override

from accredit.money import AmountError
from accredit.web import formats
from accredit.web.amounts import amount_from_text
from tests.factories.tables import table

READ = """
    typed         | currency | en      | de
    80            | USD      | 8000    | 8000
    80.00         | USD      | 8000    | refused
    80,00         | USD      | refused | 8000
    1,234.56      | USD      | 123456  | refused
    1.234,56      | USD      | refused | 123456
    1 234,56      | EUR      | refused | 123456
    1,234         | USD      | 123400  | decimals
    1.234         | USD      | decimals | 123400
    1,234         | KWD      | 1234000 | 1234
    1,234         | JPY      | 1234    | decimals
    0             | USD      | 0       | 0
    12,34,567     | USD      | refused | refused
    1.2.3         | USD      | refused | refused
    -5            | USD      | below   | below
    − 5.00        | USD      | below   | below
    5-            | USD      | refused | refused
    1e5           | USD      | refused | refused
    12_3          | USD      | refused | refused
    ١٢            | USD      | refused | refused
    $5            | USD      | refused | refused
    9999999999999 | USD      | 999999999999900 | 999999999999900
    10000000000000 | USD     | large   | large
"""
SENTENCES = {
    "refused": "could be read in two ways",
    "decimals": "decimals of",
    "large": "too large",
    "below": "below zero",
}
GERMAN = {"refused": "zweierlei Weise", "decimals": "Nachkommastellen", "large": "zu groß", "below": "unter null"}


@pytest.mark.parametrize("row", table(READ), ids=lambda row: f"{row['typed']} {row['currency']}")
@pytest.mark.parametrize("language", ["en", "de"])
def test_an_amount_is_read_as_its_language_writes_it(row: dict[str, str], language: str) -> None:
    expected = row[language]
    with override(language):
        if expected.isdigit():
            read = amount_from_text(row["typed"], row["currency"])
            assert read == int(expected)
            assert amount_from_text(formats.amount(read, row["currency"]), row["currency"]) == read
            return
        with pytest.raises(AmountError) as refused:
            amount_from_text(row["typed"], row["currency"])
    assert (SENTENCES if language == "en" else GERMAN)[expected] in str(refused.value)


def test_an_empty_text_is_no_amount() -> None:
    with override("en"), pytest.raises(AmountError, match=r"^Write an amount, such as 1,234\.56\.$"):
        amount_from_text("  ", "USD")
    with override("de"), pytest.raises(AmountError, match=r"^Schreiben Sie einen Betrag, etwa 1\.234,56\.$"):
        amount_from_text("", "USD")
