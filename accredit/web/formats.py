"""Money, rates and times as German and English readers write them.

Every number and every instant that a page shows comes from here, as text: the browser formats nothing. The language is
the one that is active for the request. Signs, symbols and month names are Babel's; what is called for every row of a
list puts them together itself, since Babel's own functions take a hundred times as long.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import get_day_names, get_month_names
from babel.numbers import get_currency_symbol, get_decimal_symbol, get_group_symbol
from django.utils.translation import get_language

from accredit.engine.program import PPM_PER_PERCENT
from accredit.money import decimals

MINUS = "−"
EXACT = Context(prec=60)
"""Ample for every product of turnover and percentages; Python's own 28 digits are not."""
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
LOCALES = {"de": "de", "en": "en_GB"}
"""English dates put the day first: the platform's readers are European."""


@dataclass(frozen=True, slots=True)
class Signs:
    """How a language writes numbers and days."""

    group: str
    point: str
    percent: str
    months: tuple[str, ...]
    weekdays: tuple[str, ...]


@cache
def _signs(code: str) -> Signs:
    locale = Locale.parse(LOCALES[code])
    months = get_month_names("abbreviated", locale=locale)
    weekdays = get_day_names("abbreviated", locale=locale)
    return Signs(
        group=get_group_symbol(locale),
        point=get_decimal_symbol(locale),
        percent=f"{NO_BREAK_SPACE}%" if code == "de" else "%",
        months=tuple(months[number] for number in range(1, 13)),
        weekdays=tuple(weekdays[number] for number in range(7)),
    )


@cache
def _around(code: str, currency: str) -> tuple[str, str]:
    """What stands before and after an amount of a currency: its symbol, set apart where it is letters."""
    locale = Locale.parse(LOCALES[code])
    pattern = str(locale.currency_formats["standard"].pattern)
    symbol = get_currency_symbol(currency, locale)
    before, _digits, after = pattern.partition("#,##0.00")
    if before == "¤" and symbol[-1].isalpha():
        before += NO_BREAK_SPACE
    return before.replace("¤", symbol), after.replace("¤", symbol)


def language() -> str:
    """The active language, `de` or `en`."""
    return "de" if (get_language() or "").startswith("de") else "en"


def _plain(digits: int, places: int, signs: Signs) -> str:
    """Whole `digits` of which the last `places` are decimals, grouped, without a sign."""
    whole, part = divmod(abs(digits), 10**places)
    text = f"{whole:,}".replace(",", signs.group)
    return f"{text}{signs.point}{part:0{places}}" if places else text


def money(minor: int, currency: str) -> str:
    """Minor units with the decimals of ISO 4217 (CLDR's differ for some): `£1,234.50`, `1.234,50 £`."""
    code = language()
    before, after = _around(code, currency)
    sign = MINUS if minor < 0 else ""
    return f"{sign}{before}{_plain(minor, decimals(currency), _signs(code))}{after}"


def amount(minor: int, currency: str) -> str:
    """Minor units as people type them into a field: `1,234.50`. `amounts.amount_from_text` reads it."""
    return _plain(minor, decimals(currency), _signs(language()))


def exact(value: Decimal, places: int) -> str:
    """A figure on the way to a rounded one: at least `places` decimals, and every further one that it has."""
    places = max(places, -int(value.normalize(EXACT).as_tuple().exponent))
    sign = MINUS if value < 0 else ""
    return sign + _plain(int(value.scaleb(places, EXACT)), places, _signs(language()))


def number(value: int) -> str:
    """A count."""
    return _plain(value, 0, _signs(language()))


def percent(ppm: int) -> str:
    """Parts per million → `12.5%`, `12,5 %`: at most four decimals, no trailing zeros."""
    return exact(Decimal(ppm) / PPM_PER_PERCENT, 0) + _signs(language()).percent


def signed_percent(ppm: int) -> str:
    """A percentage on top of something, always with its sign."""
    return percent(ppm) if ppm < 0 else f"+{percent(ppm)}"


def instant(at: datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
    """An aware instant as the clock of `zone` shows it: `3 Jul 2011, 15:03`, `03.07.2011, 15:03`."""
    local = at.astimezone(zone)
    clock = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    return f"{_date(local)}, {clock}"


def clock_time(at: datetime, zone: ZoneInfo) -> str:
    """`15:03:12`, as the clock of `zone` shows it."""
    return f"{at.astimezone(zone):%H:%M:%S}"


def day(at: datetime, zone: ZoneInfo) -> str:
    """The weekday and date of an aware instant in `zone`."""
    local = at.astimezone(zone)
    return f"{_signs(language()).weekdays[local.weekday()]} {_date(local)}"


def calendar_day(day: date) -> str:
    """A day: `3 Jul 2011`, `03.07.2011`."""
    return _date(day)


def _date(local: date) -> str:
    if language() == "de":
        return f"{local.day:02}.{local.month:02}.{local.year:04}"
    return f"{local.day} {_signs('en').months[local.month - 1]} {local.year}"
