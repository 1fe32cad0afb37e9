"""The cells of one declared column as values, and what is wrong with them by themselves."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import polars as pl

from accredit.database.keys import ALPHABET, DIGITS
from accredit.imports.amounts import SHORTENED, decimals_of, read_amounts
from accredit.imports.declaring import TYPES, Column, Dates, Decimals, Format, Kind, Table
from accredit.imports.headings import folded
from accredit.imports.instants import dates_of, read_instants, readings_of
from accredit.money import MAX_AMOUNT_MINOR, decimals_by_currency

CONTROL = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]"
CONTROL_BUT_LINES = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
SHORTENED_TEXT = r"^[0-9]([.,][0-9]+)?[eE]\+[0-9]+$"
"""A text may well be `12e34`, but hardly `1,2E+35`."""
WHOLE = r"^\+?[0-9]{1,18}$"
MAX_SUGGESTIONS = 200
"""So many distinct words of a column get the one that they resemble: looking for it takes a while."""


@dataclass(frozen=True, slots=True)
class Cells:
    """`values` as TYPES has them, null where a cell is empty or wrong; `codes`: what is wrong with a cell;
    `details`: what its sentence says besides, by what stands there. An unknown word may be `near` a choice, and a time
    that comes twice has a `first` and a `second` reading."""

    values: pl.Series
    codes: pl.Series
    details: Mapping[str, Mapping[str, str]]


def written_in(column: Column, texts: pl.Series, are_numbers: pl.Series, said: Format) -> str | None:
    """How the amounts or days of a column are written: what the user said, or what all its cells agree on."""
    match column.kind:
        case Kind.AMOUNT:
            return said.decimals or decimals_of(texts, are_numbers)
        case Kind.INSTANT | Kind.DATE:
            return said.dates or dates_of(texts)
    return None


def read_cells(
    table: Table, column: Column, texts: pl.Series, are_numbers: pl.Series, written: str | None, said: Format
) -> Cells:
    """Read a column. `are_numbers`: cells that a spreadsheet holds as numbers."""
    details: Mapping[str, Mapping[str, str]] = {}
    match column.kind:
        case Kind.TEXT:
            values, codes = _texts(column, texts)
        case Kind.NUMBER:
            values, codes = _numbers(column, texts)
        case Kind.AMOUNT:
            decimals = Decimals(written) if written else None
            stated = said.decimals is not None
            values, codes = read_amounts(texts, are_numbers, decimals, stated=stated, signed=column.signed)
        case Kind.INSTANT:
            dates = Dates(written) if written else None
            values, codes = read_instants(texts, dates, table.zone, stated=said.dates is not None)
            details = _readings(texts.filter((codes == "time_twice").fill_null(False)), dates, table)
        case Kind.DATE:
            dates, distinct = Dates(written) if written else None, texts.unique()  # days come many times
            days = _days(*read_instants(distinct, dates, table.zone, stated=said.dates is not None), table)
            place = texts.replace_strict(distinct, pl.int_range(len(distinct), eager=True))
            values, codes = (found.gather(place) for found in days)
            details = _readings(texts.filter((codes == "time_twice").fill_null(False)), dates, table)
        case Kind.CURRENCY:
            known = {choice.code for choice in column.choices} or decimals_by_currency().keys()
            values = _meant(texts, lambda text: text.upper() if text.upper() in known else None)
            codes = _unless(texts, values, "currency_unknown")
        case Kind.CHOICE:
            meanings = meanings_of(column)
            codes_themselves = {choice.code for choice in column.choices}
            values = _meant(texts, lambda text: text if text in codes_themselves else meanings.get(folded(text)))
            codes = _unless(texts, values, "choice_unknown")
            details = _near(texts.filter(codes.is_not_null()), meanings)
        case Kind.KEY:
            values = _keys(column.prefix, texts)
            codes = _unless(texts, values, "key_wrong")
    return Cells(values.cast(TYPES[column.kind]), codes, details)


def meanings_of(column: Column) -> Mapping[str, str]:
    """Every word of a choice, folded → its code. Codes go first, and what means two choices means neither."""
    words: dict[str, str | None] = {}
    codes: dict[str, str | None] = {}
    for choice in column.choices:
        for found, texts in ((words, (choice.de, choice.en, *choice.also)), (codes, (choice.code,))):
            for word in set(map(folded, texts)):
                found[word] = choice.code if found.get(word, choice.code) == choice.code else None
    return {word: code for word, code in (words | codes).items() if word and code is not None}


def too_fine(table: Table, values: pl.DataFrame, name: str) -> pl.Series:
    """Codes of amounts that have more decimals than their currency, or too many digits."""
    currency = next((pl.col(one.name) for one in table.columns if one.kind is Kind.CURRENCY), pl.lit(None, pl.String))
    if table.currency:
        currency = currency.fill_null(table.currency)
    amount, unit = pl.col(name).abs(), currency.replace_strict(_units(), default=None, return_dtype=pl.Int128)
    code = (
        pl.when(amount % unit != 0)
        .then(pl.lit("too_many_decimals"))
        .when(amount > unit * MAX_AMOUNT_MINOR)
        .then(pl.lit("amount_too_large"))
    )
    return values.select(code).to_series()


@cache
def _units() -> Mapping[str, int]:
    """Currency → the ten-thousandths of its smallest unit."""
    return {code: 10 ** (4 - decimals) for code, decimals in decimals_by_currency().items()}


def _texts(column: Column, texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    text = pl.col("text")
    control = CONTROL_BUT_LINES if column.lines else CONTROL
    cells = pl.DataFrame({"text": texts}).select(
        "text",
        code=pl.when(text.str.len_chars() > column.longest)
        .then(pl.lit("too_long"))
        .when(text.str.contains(control))
        .then(pl.lit("control_characters"))
        .when(text.str.contains(SHORTENED_TEXT))
        .then(pl.lit("digits_lost")),
    )
    return cells.select(pl.when(pl.col("code").is_null()).then("text")).to_series(), cells["code"]


def _numbers(column: Column, texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    text = pl.col("text")
    cells = pl.DataFrame({"text": texts}).with_columns(
        value=pl.when(text.str.contains(WHOLE)).then(text.str.strip_prefix("+")).cast(pl.Int64, strict=False)
    )
    is_in = pl.col("value").is_between(column.least, column.most)
    return cells.select(pl.when(is_in).then("value")).to_series(), cells.select(
        pl.when(text.str.contains(SHORTENED))
        .then(pl.lit("digits_lost"))
        .when(pl.col("value").is_null() & text.is_not_null())
        .then(pl.lit("number_wrong"))
        .when(~is_in)
        .then(pl.lit("out_of_range"))
    ).to_series()


def _days(instants: pl.Series, codes: pl.Series, table: Table) -> tuple[pl.Series, pl.Series]:
    """Instants that are whole days of the zone, as those."""
    local = pl.col("at").dt.convert_time_zone(table.zone.key)
    has_time = local.dt.time() != pl.time(0, 0, 0)
    cells = pl.DataFrame({"at": instants, "code": codes}).with_columns(
        code=pl.when(has_time).then(pl.lit("date_wrong")).otherwise("code"), day=local.dt.date()
    )
    return cells.select(pl.when(pl.col("code").is_null()).then("day")).to_series(), cells["code"]


def _meant(texts: pl.Series, meaning: Callable[[str], str | None]) -> pl.Series:
    """What each distinct text means; null where it means nothing."""
    distinct = texts.drop_nulls().unique()
    meant = pl.Series([meaning(text) for text in distinct.to_list()], dtype=pl.String)
    return texts.replace_strict(distinct, meant, default=None, return_dtype=pl.String)


def _unless(texts: pl.Series, values: pl.Series, code: str) -> pl.Series:
    """The code, where a cell is filled and means nothing."""
    cells = pl.DataFrame({"text": texts, "value": values})
    wrong = pl.col("text").is_not_null() & pl.col("value").is_null()
    return cells.select(pl.when(wrong).then(pl.lit(code))).to_series()


def _readings(twice: pl.Series, dates: Dates | None, table: Table) -> Mapping[str, Mapping[str, str]]:
    if twice.is_empty():
        return {}
    found = readings_of(twice.unique(), dates, table.zone)
    return {text: {"first": first, "second": second} for text, (first, second) in found.items()}


def _near(unknown: pl.Series, meanings: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
    found = {}
    for text in unknown.unique(maintain_order=True).head(MAX_SUGGESTIONS).to_list():
        if near := difflib.get_close_matches(folded(text), meanings, n=1, cutoff=0.7):
            found[text] = {"near": meanings[near[0]]}
    return found


def _keys(prefix: str, texts: pl.Series) -> pl.Series:
    """The UUIDs behind the texts of keys, as `keys.key_from_text` has them one by one."""
    is_key = texts.str.contains(rf"^{prefix}_[0-7][{ALPHABET}]{{{DIGITS - 1}}}$").fill_null(False)
    digits = texts.filter(is_key).str.slice(len(prefix) + 1)
    # All of them as one number: Python reads and writes those of a power of two in no time. Six zeros before each, so
    # that its 160 bits are whole bytes, of which the first four are none of the key's.
    joined = ("0" * (32 - DIGITS) + digits).str.join("").item() or "0"
    number = int(joined.encode().translate(_BASE_32), 32).to_bytes(20 * len(digits), "big")
    lines = pl.read_csv(number.hex("\n", 20).encode(), has_header=False, schema={"key": pl.String()})
    cuts = ((8, 8), (16, 4), (20, 4), (24, 4), (28, 12))
    parts = [pl.col("key").str.slice(start, length) for start, length in cuts]
    keys = lines.select(pl.concat_str(parts, separator="-")).to_series()
    places = pl.DataFrame({"is_key": is_key}).select(pl.when("is_key").then(pl.col("is_key").cum_sum() - 1))
    return keys.gather(places.to_series())


_BASE_32 = bytes.maketrans(ALPHABET.encode(), b"0123456789abcdefghijklmnopqrstuv")
"""Crockford's digits as Python's."""
