"""Customer status where several event types and whole batches meet; each sentence of spec 20 is in `tests/cases`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl
import pytest

from accredit.engine import frames
from accredit.engine.customer_status import is_mapped, map_customer_status
from accredit.engine.program import EventType, Program
from tests.factories.frames import frame
from tests.factories.pricing import program_paying
from tests.factories.tables import T, table
from tests.reference.facts import Conversion

MAPPING = {"New": ("N", "first order"), "VIP": ("gold", "existing"), "Re-Engaged": ("winback", "vip 2"), "Gold": ()}


def program(mapping: Mapping[str, tuple[str, ...]] | None) -> Program:
    return replace(program_paying("10 %"), event_types=(EventType("sale", mapping), EventType("lead")))


def mapped(program: Program, rows: Sequence[tuple[str, str | None]]) -> pl.DataFrame:
    """customer_status and is_mapped of conversions with these event types and words."""
    conversions = [
        Conversion(
            event_type=event_type, order_token=str(n), occurred_at=T, turnover_minor=0, customer_status_word=word
        )
        for n, (event_type, word) in enumerate(rows)
    ]
    result = map_customer_status(program, frame(conversions, frames.CONVERSIONS))
    assert dict(result.schema) == dict(frames.CONVERSIONS)
    assert result["customer_status_word"].to_list() == [word for _, word in rows]
    return result.with_columns(is_mapped(program)).select("customer_status", "is_mapped")


WORDS = table("""
    event_type | word          | status     | mapped | why
    sale       | n             | New        | yes    | listed
    sale       | First Order   | New        | yes    | listed, in any case
    sale       | NEW           | New        | yes    | own name
    sale       | existing      | VIP        | yes    | listed: the mapping says otherwise
    sale       | gold          | VIP        | yes    | a listed word goes before a status's own name
    sale       | vip           | VIP        | yes    | own name
    sale       | Re-engaged    | Re-Engaged | yes    | own name
    sale       | E             | E          | no     | unknown
    sale       | First  Order  | First  Order | no   | inner blanks count
    lead       | eXisting      | Existing   | yes    | understood without a mapping
    lead       | NEW           | New        | yes    | understood without a mapping
    lead       | n             | n          | no     | the other event type's word
    lead       | VIP           | VIP        | no     | the other event type's status
    signup     | new           | New        | yes    | an event type that the program does not list
""")


def test_words_by_event_type() -> None:
    result = mapped(program(MAPPING), [(row["event_type"], row["word"]) for row in WORDS])
    assert list(result.iter_rows()) == [(row["status"], row["mapped"] == "yes") for row in WORDS]


@pytest.mark.parametrize("word", [" n", "N\t", "\u00a0n\u2003"])
def test_outer_blanks_do_not_count(word: str) -> None:
    assert mapped(program(MAPPING), [("sale", word)]).row(0) == ("New", True)


@pytest.mark.parametrize("word", [" Stammkunde ", "?", "ΝΕΟΣ"])
def test_an_unknown_word_is_kept_as_it_came(word: str) -> None:
    assert mapped(program(MAPPING), [("sale", word)]).row(0) == (word, False)


def test_lower_case_is_unicode() -> None:
    greek = program({"Known": ("πελάτησ Ό",), "ÖSTERREICH": ()})
    assert mapped(greek, [("sale", "ΠΕΛΆΤΗσ ό"), ("sale", "österreich")])["customer_status"].to_list() == [
        "Known",
        "ÖSTERREICH",
    ]


def test_no_word_is_neither_mapped_nor_unmapped() -> None:
    assert list(mapped(program(MAPPING), [("sale", None), ("sale", " ")]).iter_rows()) == [(None, None), (" ", None)]


def test_a_status_of_the_same_name_replaces_the_spelling_that_is_always_understood() -> None:
    assert mapped(program({"NEW": ()}), [("sale", "new"), ("lead", "new")])["customer_status"].to_list() == [
        "NEW",
        "New",
    ]


def test_mapping_again_changes_nothing_and_a_batch_equals_single_rows() -> None:
    words = [(row["event_type"], row["word"]) for row in WORDS] * 3
    whole = mapped(program(MAPPING), words)
    assert whole["customer_status"].to_list() == [
        mapped(program(MAPPING), [word])["customer_status"].item() for word in words
    ]


def test_nothing_is_mapped_of_nothing() -> None:
    assert len(mapped(program(None), [])) == 0
