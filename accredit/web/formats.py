"""Money, rates and times as German and English readers write them.

Every number and every instant that a page shows comes from here, as text: the browser formats nothing. The language is
the one that is active for the request.
"""

from datetime import datetime
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime
from babel.numbers import NumberPattern, format_decimal, get_currency_symbol, parse_pattern
from django.utils.translation import get_language

from accredit.engine.program import PPM_PER_PERCENT
from accredit.money import decimals, to_major

MINUS = "−"
LOCALES = {"de": "de", "en": "en_GB"}
"""English dates put the day first: the platform's readers are European."""
DATE = {"de": "dd.MM.yyyy", "en": "d MMM yyyy"}


def language() -> str:
    """The active language, `de` or `en`."""
    return "de" if (get_language() or "").startswith("de") else "en"


def locale() -> Locale:
    """Babel's locale of the active language."""
    return _locale(language())


@cache
def _locale(code: str) -> Locale:
    return Locale.parse(LOCALES[code])


@cache
def _money_pattern(code: str, currency: str) -> NumberPattern:
    """The language's own order of amount and symbol, with the decimals of ISO 4217 (CLDR's differ for some)."""
    text = str(_locale(code).currency_formats["standard"].pattern)
    if get_currency_symbol(currency, _locale(code))[-1].isalpha():
        text = text.replace("¤#", "¤\N{NO-BREAK SPACE}#")
    pattern = parse_pattern(text)
    pattern.frac_prec = (decimals(currency),) * 2
    return pattern


def money(minor: int, currency: str) -> str:
    """`€1,234.50`, `1.234,50 €`."""
    text = _money_pattern(language(), currency).apply(
        to_major(minor, currency), locale(), currency=currency, currency_digits=False
    )
    return str(text).replace("-", MINUS)


def amount(minor: int, currency: str) -> str:
    """An amount without its currency, for sums that name the currency once."""
    places = decimals(currency)
    pattern = "#,##0" + ("." + "0" * places if places else "")
    return format_decimal(to_major(minor, currency), pattern, locale=locale()).replace("-", MINUS)


def exact(value: Decimal, places: int) -> str:
    """A figure on the way to a rounded one: at least `places` decimals, and every further one that it has."""
    digits = max(places, -int(value.normalize().as_tuple().exponent))
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(value, pattern, locale=locale(), decimal_quantization=False).replace("-", MINUS)


def number(value: int) -> str:
    """A count."""
    return str(format_decimal(value, locale=locale()))


def percent(ppm: int) -> str:
    """Parts per million → `12.5%`, `12,5 %`: at most four decimals, no trailing zeros."""
    text = format_decimal(Decimal(ppm) / PPM_PER_PERCENT, "#,##0.####", locale=locale()).replace("-", MINUS)
    return f"{text}\N{NO-BREAK SPACE}%" if language() == "de" else f"{text}%"


def signed_percent(ppm: int) -> str:
    """A percentage on top of something, always with its sign."""
    return percent(ppm) if ppm < 0 else f"+{percent(ppm)}"


def instant(at: datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
    """An aware instant as the clock of `zone` shows it: `3 Jul 2011, 15:03`, `03.07.2011, 15:03`."""
    clock = "HH:mm:ss" if seconds else "HH:mm"
    return str(format_datetime(at, f"{DATE[language()]}, {clock}", tzinfo=zone, locale=locale()))


def clock_time(at: datetime, zone: ZoneInfo) -> str:
    """`15:03:12`, as the clock of `zone` shows it."""
    return str(format_datetime(at, "HH:mm:ss", tzinfo=zone, locale=locale()))


def day(at: datetime, zone: ZoneInfo) -> str:
    """The weekday and date of an aware instant in `zone`."""
    return str(format_datetime(at, f"EEE {DATE[language()]}", tzinfo=zone, locale=locale()))
