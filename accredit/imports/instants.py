"""A column of days, with or without a time of day: `2026-12-31`, `31.12.2026`, `31/12/2026` or `12/31/2026`. What can
be read in one way only is read so; `5/6/2026` as all others of its column agree, and not at all where they do not."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl

from accredit.engine.frames import INSTANT
from accredit.files.values import FIRST_YEAR, LAST_YEAR
from accredit.imports.declaring import Dates

_CLOCK = r"(?:,?[\sT]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,6})[0-9]*)?)?\s*(Uhr|[AaPp]\.?[Mm]\.?)?)?"
ISO = rf"^([0-9]{{4}})-([0-9]{{1,2}})-([0-9]{{1,2}}){_CLOCK}\s*(Z|[+-][0-9]{{2}}:?[0-9]{{2}})?$"
DOTS = rf"^([0-9]{{1,2}})\.\s?([0-9]{{1,2}})\.\s?([0-9]{{2}}|[0-9]{{4}}){_CLOCK}$"
SLASHES = rf"^([0-9]{{1,2}})[/-]([0-9]{{1,2}})[/-]([0-9]{{2}}|[0-9]{{4}}){_CLOCK}$"
_QUICK = {
    (10, True): "%Y-%m-%d",
    (19, True): "%Y-%m-%d %H:%M:%S",
    (10, False): "%d.%m.%Y",
    (16, False): "%d.%m.%Y %H:%M",
    (19, False): "%d.%m.%Y %H:%M:%S",
}
"""Length, and whether the year comes first → form of what most files hold: several times as quick."""


def dates_of(texts: pl.Series) -> Dates | None:
    """What the days of a column with slashes agree on."""
    slashed = texts.to_frame("text").filter(pl.col("text").str.contains(r"^[0-9]{1,2}[/-]"))
    parts = slashed.select(
        former=pl.col("text").str.extract(SLASHES, 1).cast(pl.Int64),
        latter=pl.col("text").str.extract(SLASHES, 2).cast(pl.Int64),
    )
    day_first = parts.select(((pl.col("former") > 12) & (pl.col("latter") <= 12)).any()).item()
    month_first = parts.select(((pl.col("latter") > 12) & (pl.col("former") <= 12)).any()).item()
    if day_first == month_first:
        return None
    return Dates.DAY_FIRST if day_first else Dates.MONTH_FIRST


def read_instants(
    texts: pl.Series, dates: Dates | None, zone: ZoneInfo, *, stated: bool = False
) -> tuple[pl.Series, pl.Series]:
    """The instants of a column in UTC, and codes of what is wrong with cells; null where nothing is. `dates`: as the
    column has them; `stated`: the user says so, and others are wrong."""
    return _in_zone(_clocks(texts, dates, stated=stated), zone)


def readings_of(texts: pl.Series, dates: Dates | None, zone: ZoneInfo) -> Mapping[str, tuple[str, str]]:
    """The two times, with their offsets from UTC, that each of these texts may mean: those that the clock shows twice
    (`time_twice`)."""
    clocks = _clocks(texts, dates, stated=False).select("text", "clock").iter_rows()
    return {
        text: (with_offset(clock.replace(tzinfo=zone)), with_offset(clock.replace(tzinfo=zone, fold=1)))
        for text, clock in clocks
    }


def with_offset(at: datetime) -> str:
    """A time as one writes it with its offset from UTC: `2026-10-25 01:30+01:00`."""
    return at.isoformat(" ", "auto" if at.second or at.microsecond else "minutes")


def _clocks(texts: pl.Series, dates: Dates | None, *, stated: bool) -> pl.DataFrame:
    """The texts with the `clock` time and the `offset` that stand in each, and the `code` of what is wrong with it."""
    cells = pl.DataFrame({"text": texts}).with_columns(
        clock=_quick(texts.to_frame("text")), offset=pl.lit(None, pl.Int64), code=pl.lit(None, pl.String)
    )
    is_open = pl.col("text").is_not_null() & pl.col("clock").is_null()
    if cells.select(is_open.any()).item():
        cells = cells.with_row_index("place")
        slow = _slow(cells.filter(is_open).select("place", "text"), dates, stated=stated)
        cells = pl.concat([cells.filter(~is_open).select("place", "text", "clock", "offset", "code"), slow]).sort(
            "place"
        )
    return cells


def _quick(cells: pl.DataFrame) -> pl.Series:
    """Clock times of cells in one of a few forms, which are looked for in as many as there are."""
    text = pl.col("text")
    found = cells.select("text", length=text.str.len_bytes(), is_iso=text.str.contains("^[0-9]{4}-"))
    lengths = set(found["length"].unique())
    quick = [
        pl.when((pl.col("length") == length) & (pl.col("is_iso") == is_iso))
        .then(text.str.replace("T", " ", literal=True) if length == 19 and is_iso else text)
        .str.to_datetime(form, time_unit="us", strict=False, cache=False)
        for (length, is_iso), form in _QUICK.items()
        if length in lengths
    ]
    nothing = pl.repeat(None, len(cells), dtype=pl.Datetime("us"), eager=True)
    return found.select(pl.coalesce(quick)).to_series() if quick else nothing


def _slow(cells: pl.DataFrame, dates: Dates | None, *, stated: bool) -> pl.DataFrame:
    """The same from cells that are written in another way."""
    parts, rest = [], cells
    for form, order in (
        (ISO, ("year", "month", "day")),
        (DOTS, ("day", "month", "year")),
        (SLASHES, ("former", "latter", "year")),
    ):
        fits = pl.col("text").str.contains(form)
        names = [*order, "hour", "minute", "second", "fraction", "half", *(["offset"] if form is ISO else [])]
        groups = pl.col("text").str.extract_groups(form).struct.rename_fields(names).struct.unnest()
        part = rest.filter(fits).select("place", "text", groups)
        parts.append(_ordered(part, dates, stated=stated) if form is SLASHES else part)
        rest = rest.filter(~fits)
    shaped = pl.concat(parts, how="diagonal").with_columns(clock=_clock(), offset=_offset())
    other_code = pl.lit("other_format") if stated and dates is Dates.ISO else pl.lit(None, pl.String)
    code = pl.coalesce(
        pl.when(pl.col("year").str.len_chars() == 2).then(pl.lit("date_two_digit_year")),
        pl.when(~pl.col("text").str.contains(ISO)).then(pl.coalesce(other_code, "order")),
        pl.when(pl.col("clock").is_null()).then(pl.lit("date_unknown")),
    )
    nothing = {"clock": pl.lit(None, pl.Datetime("us")), "offset": pl.lit(None, pl.Int64), "code": pl.lit("date_wrong")}
    return pl.concat(
        [
            shaped.select("place", "text", "clock", "offset", code=code),
            rest.select("place", "text", **nothing),
        ]
    )


def _ordered(cells: pl.DataFrame, dates: Dates | None, *, stated: bool) -> pl.DataFrame:
    """Cells with slashes, with day and month told apart, or why they cannot be."""
    former, latter = pl.col("former").cast(pl.Int64), pl.col("latter").cast(pl.Int64)
    both = (former <= 12) & (latter <= 12) & (former != latter)
    month_first = (latter > 12) | (both & pl.lit(dates is Dates.MONTH_FIRST))
    others = {Dates.DAY_FIRST: latter > 12, Dates.MONTH_FIRST: former > 12}
    is_other = others[dates] if stated and dates in others else pl.lit(False)
    agree = dates in others
    return cells.with_columns(
        day=pl.when(month_first).then("latter").otherwise("former"),
        month=pl.when(month_first).then("former").otherwise("latter"),
        order=pl.when(is_other)
        .then(pl.lit("other_format"))
        .when(both & pl.lit(not agree))
        .then(pl.lit("date_two_ways")),
    ).drop("former", "latter")


def _clock() -> pl.Expr:
    """The parts as a time of some zone; null where there is no such day or time of day."""
    two = {part: pl.col(part).fill_null("0").str.zfill(2) for part in ("month", "day", "minute", "second")}
    hour = pl.col("hour").fill_null("0").cast(pl.Int64)
    half = pl.col("half").str.slice(0, 1).str.to_lowercase()
    of_half = pl.when(half == "p").then(hour % 12 + 12).when(half == "a").then(hour % 12).otherwise(hour)
    right = ~half.is_in(["a", "p"]).fill_null(False) | hour.is_between(1, 12)
    fraction = pl.col("fraction").fill_null("0").str.pad_end(6, "0")
    text = pl.format(
        "{}-{}-{} {}:{}:{}.{}",
        pl.col("year"), two["month"], two["day"], of_half.cast(pl.String).str.zfill(2), two["minute"], two["second"],
        fraction,
    )  # fmt: skip
    return pl.when(right).then(text).str.to_datetime("%Y-%m-%d %H:%M:%S%.6f", time_unit="us", strict=False, cache=False)


def _offset() -> pl.Expr:
    """Minutes that the text is ahead of UTC; null where it has no offset."""
    digits = pl.col("offset").str.replace(":", "", literal=True)
    minutes = digits.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + digits.str.slice(3, 2).cast(
        pl.Int64, strict=False
    )
    signed = pl.when(digits.str.starts_with("-")).then(-minutes).otherwise(minutes)
    return pl.when(digits == "Z").then(pl.lit(0, pl.Int64)).otherwise(signed)


def _in_zone(cells: pl.DataFrame, zone: ZoneInfo) -> tuple[pl.Series, pl.Series]:
    """Clock times of the zone, where they have no offset, as instants."""
    clock, offset = pl.col("clock"), pl.col("offset")
    local = pl.when(offset.is_null() & pl.col("code").is_null()).then(clock)
    once = local.dt.replace_time_zone(zone.key, ambiguous="null", non_existent="null")
    twice = pl.when(pl.col("once").is_null()).then(local)  # hardly any: each look into the zone takes a while
    any_time = twice.dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null")
    shifted = (clock - pl.duration(minutes=offset)).dt.replace_time_zone("UTC")
    cells = cells.with_columns(once=once, shifted=shifted).with_columns(exists=any_time.is_not_null())
    year = clock.dt.year()
    code = (
        pl.when(pl.col("code").is_not_null() | clock.is_null())
        .then("code")
        .when(~year.is_between(FIRST_YEAR, LAST_YEAR) | (offset.abs() > 14 * 60))
        .then(pl.lit("date_unknown"))
        .when(offset.is_null() & pl.col("once").is_null() & pl.col("exists"))
        .then(pl.lit("time_twice"))
        .when(offset.is_null() & pl.col("once").is_null())
        .then(pl.lit("time_skipped"))
    )
    value = pl.coalesce(pl.col("shifted"), pl.col("once").dt.convert_time_zone("UTC")).cast(INSTANT)
    cells = cells.with_columns(code=code).with_columns(value=pl.when(pl.col("code").is_null()).then(value))
    return cells["value"], cells["code"]
