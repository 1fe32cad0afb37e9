"""Amounts as people type them, in their language: `1,234.56`, `1.234,56`. What could be read in two ways is refused."""

import re

from babel.numbers import NumberFormatError, parse_decimal
from django.utils.translation import gettext as _

from accredit.money import AmountError, decimals, to_minor
from accredit.web import formats

SHAPE = re.compile(r"[0-9.,]{1,24}")
BELOW_ZERO = re.compile(rf"[-−–]{SHAPE.pattern}")


def amount_from_text(text: str, currency: str) -> int:
    """Minor units of an amount of zero or more, written in the active language. Raises AmountError with a sentence in
    that language."""
    places = decimals(currency)
    example = formats.amount(1_234 * 10**places + 56 % 10**places, currency)
    told = {"text": text.strip()[:40], "example": example, "currency": currency, "places": places}
    bare = re.sub(r"\s", "", text)
    if not bare:
        raise AmountError(_("Write an amount, such as %(example)s.") % told)
    if BELOW_ZERO.fullmatch(bare):
        raise AmountError(_("“%(text)s” is below zero: an amount is zero or more.") % told)
    try:
        if not SHAPE.fullmatch(bare):
            raise NumberFormatError(bare)
        amount = parse_decimal(bare, locale=formats.LOCALES[formats.language()], strict=True)
    except NumberFormatError:
        sentence = _("“%(text)s” is no amount, or could be read in two ways: write it like %(example)s.")
        raise AmountError(sentence % told) from None
    try:
        return to_minor(amount, currency)
    except AmountError:
        if -int(amount.as_tuple().exponent) > places:
            sentence = _("“%(text)s” has more than the %(places)s decimals of %(currency)s: write it like %(example)s.")
        else:
            sentence = _("“%(text)s” is too large for an amount.")
        raise AmountError(sentence % told) from None
