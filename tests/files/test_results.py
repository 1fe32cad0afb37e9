"""Results as files: quoting, decimals, and all of them or none."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from accredit.files.results import write_results

AT = datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=UTC)


def test_csv_is_quoted_where_it_must_be_and_otherwise_as_it_is(tmp_path: Path) -> None:
    texts = ["plain", "a,b", 'a"b', "a\nb", "a\rb", "=1+1", " b ", "ü€", None]
    write_results({tmp_path / "a.csv": pl.DataFrame({"text": texts, "at": AT})})
    at = "2026-01-31T12:00:00.000005Z"
    assert (tmp_path / "a.csv").read_bytes().decode() == (
        f'text,at\nplain,{at}\n"a,b",{at}\n"a""b",{at}\n"a\nb",{at}\n"a\rb",{at}\n=1+1,{at}\n b ,{at}\nü€,{at}\n,{at}\n'
    )


def test_amounts_have_the_decimals_of_their_currencies(tmp_path: Path) -> None:
    minor = [0, 5, -5, 10**15 - 1]
    amounts = pl.DataFrame({"currency": ["USD", "JPY", "KWD", "UYW"]}).join(
        pl.DataFrame({"turnover": minor}), how="cross"
    )
    write_results({tmp_path / "a.csv": amounts, tmp_path / "a.parquet": amounts})
    assert (tmp_path / "a.csv").read_text().split() == [
        "currency,turnover",
        "USD,0.00", "USD,0.05", "USD,-0.05", "USD,9999999999999.99",
        "JPY,0", "JPY,5", "JPY,-5", "JPY,999999999999999",
        "KWD,0.000", "KWD,0.005", "KWD,-0.005", "KWD,999999999999.999",
        "UYW,0.0000", "UYW,0.0005", "UYW,-0.0005", "UYW,99999999999.9999",
    ]  # fmt: skip
    assert pl.read_parquet(tmp_path / "a.parquet")["turnover"].dtype == pl.Decimal(38, 4)
    as_text = pl.read_parquet(tmp_path / "a.parquet")["turnover"].cast(pl.String).to_list()
    assert as_text[:4] == ["0.0000", "0.0500", "-0.0500", "9999999999999.9900"]


def test_a_table_without_rows_has_a_header(tmp_path: Path) -> None:
    nothing = pl.DataFrame(schema={"currency": pl.String, "turnover": pl.Int64})
    write_results({tmp_path / "a.csv": nothing, tmp_path / "a.parquet": nothing})
    assert (tmp_path / "a.csv").read_text() == "currency,turnover\n"
    assert pl.read_parquet(tmp_path / "a.parquet").is_empty()


def test_all_or_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("before")
    table = pl.DataFrame({"text": ["a"]})
    with pytest.raises(FileNotFoundError):
        write_results({tmp_path / "a.csv": table, tmp_path / "none" / "b.csv": table})
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "before"
    write_results({tmp_path / "a.csv": table})
    assert (tmp_path / "a.csv").read_text() == "text\na\n"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    write_results({tmp_path / "link.csv": pl.DataFrame({"text": ["a"]})})
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "a.csv").read_text() == "text\na\n"
