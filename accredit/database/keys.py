"""Keys of rows: UUIDv7 inside; outside a prefix and Crockford base32, which no spreadsheet takes for a number."""

import secrets
import time
from uuid import NAMESPACE_URL, UUID, uuid5

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's digits in their own order: texts of one prefix sort as their keys do."""
DIGITS = 26
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
_EIGHT_DIGITS = (1 << 40) - 1
VALUES = {digit: value for value, digit in enumerate(ALPHABET)}


class KeyTextError(ValueError):
    """A text that is no key of the wanted kind. The message says what would be right."""


def uuid7() -> UUID:
    """A new UUIDv7 (RFC 9562): milliseconds, then the fraction of the millisecond in 12 bits, then 62 random bits."""
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    fraction = (nanoseconds << 12) // 1_000_000
    return UUID(int=milliseconds << 80 | 7 << 76 | fraction << 64 | 2 << 62 | secrets.randbits(62))


def key_to_text(prefix: str, key: UUID) -> str:
    """The form of a key for pages, files and API, such as `cv_06f4m…`: the prefix, `_` and 26 digits."""
    return f"{prefix}_{digits_of(key.int)}"


def digits_of(value: int) -> str:
    """The 26 digits of a number of 128 bits."""
    return ten_digits(value >> 80) + eight_digits(value >> 40 & _EIGHT_DIGITS) + eight_digits(value & _EIGHT_DIGITS)


def ten_digits(value: int) -> str:
    """The digits of a number of 48 bits, the first ones of a key."""
    return _PAIRS[value >> 40] + eight_digits(value & _EIGHT_DIGITS)


def eight_digits(value: int) -> str:
    """The digits of a number of 40 bits."""
    pairs = _PAIRS
    return pairs[value >> 30] + pairs[value >> 20 & 1023] + pairs[value >> 10 & 1023] + pairs[value & 1023]


def key_from_text(prefix: str, text: str) -> UUID:
    """The key behind `text`. Raises KeyTextError for everything that `key_to_text` never writes, so that one key has
    one text."""
    digits = text.removeprefix(f"{prefix}_")
    if digits == text or len(digits) != DIGITS or digits[0] > "7" or not VALUES.keys() >= set(digits):
        wanted = f"{prefix}_ followed by {DIGITS} of the characters {ALPHABET}, the first at most 7"
        raise KeyTextError(f"{text[:60]!r} is no id: an id is {wanted}")
    value = 0
    for digit in digits:
        value = value << 5 | VALUES[digit]
    return UUID(int=value)


def key_of_unknown_program(code: str) -> UUID:
    """Under which the intake keeps what comes for a program that there is not yet."""
    return uuid5(NAMESPACE_URL, f"accredit:program:{code}")
