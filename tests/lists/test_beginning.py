"""Texts that begin with something: the range has just those that do."""

import pytest
from django.db.models import F
from hypothesis import given
from hypothesis import strategies as st

from accredit.conversions.models import Conversion
from accredit.lists.beginning import Begins, next_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
LAST = "\U0010ffff"


@given(TEXTS, TEXTS)
def test_what_lies_between_a_text_and_the_next_begins_with_it(beginning: str, text: str) -> None:
    beyond = next_text(beginning)
    for one in (text, beginning + text, beginning):
        assert (beginning <= one and (beyond is None or one < beyond)) == one.startswith(beginning)


def test_the_next_text_is_one_that_the_database_can_have() -> None:
    assert next_text("Az") == "A{"
    assert next_text("\ud7ff") == "\ue000"
    assert next_text(f"a{LAST}{LAST}") == "b"
    assert next_text(LAST) is None


@pytest.mark.django_db
def test_columns_of_the_database_are_asked_as_their_order_allows() -> None:
    for field, is_range in (("order_token", True), ("sub_id1", False)):
        for text in ("a%_\\b", LAST):
            found = Conversion.objects.filter(Begins(F(field), text))
            assert ("LIKE" not in str(found.query)) == is_range
            assert not found.exists()
