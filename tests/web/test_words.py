"""Every code that a page can meet has its word, and every word its German."""

import re
from collections.abc import Iterable
from gettext import GNUTranslations

import pytest
from django.utils.translation import override

from accredit.conversions import turnover, validating
from accredit.conversions.columns import REASONS
from accredit.conversions.models import Cause, Status, Way
from accredit.engine import frames
from accredit.engine.program import CreditGroup
from accredit.tracking import pending
from accredit.web import translations, words

PLACE = r"%\(\w+\)s|\{\w+(?:!r)?\}"
"""For values, in texts of pages and in sentences of checks."""


@pytest.mark.parametrize(
    ("known", "codes"),
    [
        (words.STATUSES, Status.values),
        (words.OUTCOMES, frames.OUTCOME.categories),
        (words.REASONS, REASONS),
        (words.HELD, pending.REASONS),
        (words.HELD_REMEDIES, words.HELD),
        (words.HAPPENINGS, {*Cause.values, *Status.values, "held", "released", "paid"}),
        (words.CHANGE_WAYS, Way.values),
        (words.NOT_VALIDATED, validating.WHY),
        (words.TURNOVER_NOT_CHANGED, turnover.WHY),
        (words.CREDIT_GROUPS, [group.value for group in CreditGroup]),
        (
            words.RESTRICTIONS,
            [frames.EVENT_TYPE_NOT_PAID, frames.FOREIGN_PROMO_CODE, frames.NO_AMOUNT_IN_CURRENCY],
        ),
    ],
    ids=[
        "statuses", "outcomes", "reasons", "held", "remedies", "happenings", "ways", "not validated", "not changed",
        "credit groups", "restrictions",
    ],
)  # fmt: skip
def test_every_code_has_a_word(known: words.Words, codes: Iterable[str]) -> None:
    assert set(known) == set(codes)


def test_no_text_lacks_its_german() -> None:
    catalog = translations.read()
    assert translations.missing(translations.updated(catalog)) == []


def test_catalog_holds_what_is_marked_and_the_compiled_file_is_of_today() -> None:
    catalog = translations.read()
    remedy = "run: python -m accredit.web.translations"
    assert translations.PO.read_bytes() == translations.po_bytes(translations.updated(catalog)), remedy
    with translations.MO.open("rb") as file:
        compiled = GNUTranslations(file)
    for message in catalog:
        one, *many = translations.forms(message.id)
        if message.context:
            german = [compiled.pgettext(message.context, one)]
        elif many:
            german = [compiled.ngettext(one, many[0], count) for count in (1, 2)]
        else:
            german = [compiled.gettext(one)]
        assert not one or german == translations.forms(message.string), remedy


def test_german_keeps_the_places_for_values() -> None:
    wrong = [
        message.id
        for message in translations.read()
        for english, german in zip(translations.forms(message.id), translations.forms(message.string), strict=True)
        if sorted(re.findall(PLACE, english)) != sorted(re.findall(PLACE, german))
    ]
    assert wrong == []


def test_texts_are_found_in_templates_and_in_code() -> None:
    found = {text for _where, text, _context in translations.marked()}
    assert {"Sign in", "Conversions", "Lower credit group", ("%(n)s further item", "%(n)s further items")} <= found
    with override("de"):
        assert words.word(words.OUTCOMES, "lower_credit_group") == "Niedrigere Credit-Gruppe"
        assert words.word(words.CREDIT_GROUPS, "non-preferred") == "nicht bevorzugt"
        assert words.word(words.CUSTOMER_STATUSES, "VIP") == "VIP"
