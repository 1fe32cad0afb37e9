"""Spec 20, customer status: what the shop's word means, against the engine and the reference."""

from dataclasses import replace

import pytest

from accredit.engine.program import EventType
from tests.factories.implementations import Implementation
from tests.factories.pricing import program_paying
from tests.factories.tables import Row, T, table
from tests.reference.facts import Conversion

MAPPINGS = {
    "off": None,
    "nothing listed": {},
    "listed": {"New": ("N", "first order"), "Existing": ("E",), "Re-Engaged": ("winback", "VIP"), "VIP": ("Gold ",)},
    "otherwise": {"Existing": ("new",), "ÜBER": ("existing",), "new": ("fresh",)},
}
CASES = table("""
    mapping        | word        | status
    off            | new         | New
    off            | NEW         | New
    off            | Existing    | Existing
    off            | eXISTING    | Existing
    off            | vip         | vip
    off            | N           | N
    nothing listed | new         | New
    nothing listed | existing    | Existing
    nothing listed | E           | E
    listed         | n           | New
    listed         | First Order | New
    listed         | new         | New
    listed         | E           | Existing
    listed         | existing    | Existing
    listed         | WINBACK     | Re-Engaged
    listed         | re-engaged  | Re-Engaged
    listed         | gold        | VIP
    listed         | vip         | Re-Engaged
    listed         | firstorder  | firstorder
    listed         | Stranger    | Stranger
    otherwise      | New         | Existing
    otherwise      | fresh       | new
    otherwise      | existing    | ÜBER
    otherwise      | über        | ÜBER
""")


@pytest.mark.parametrize("case", CASES, ids=lambda row: f"{row['mapping']}: {row['word']}")
def test_what_a_word_means(implementation: Implementation, case: Row) -> None:
    assert status(implementation, case["mapping"], case["word"]) == case["status"]
    if case["status"] != case["word"]:  # outer blanks do not matter where the word maps to something
        assert status(implementation, case["mapping"], f" \t{case['word']}  ") == case["status"]


def status(implementation: Implementation, mapping: str, word: str | None) -> str | None:
    program = replace(program_paying("10 %"), event_types=(EventType("sale", MAPPINGS[mapping]), EventType("lead")))
    order = Conversion(order_token="1", occurred_at=T, turnover_minor=0, customer_status_word=word)
    [mapped] = implementation.map_customer_status(program, [order])
    assert mapped == replace(order, customer_status=mapped.customer_status), "nothing else changes"
    return mapped.customer_status


def test_a_status_without_listed_words_is_understood_by_its_name(implementation: Implementation) -> None:
    program = replace(program_paying("10 %"), event_types=(EventType("sale", {"VIP": ()}),))
    order = Conversion(order_token="1", occurred_at=T, turnover_minor=0, customer_status_word="vip")
    assert implementation.map_customer_status(program, [order])[0].customer_status == "VIP"


@pytest.mark.parametrize("word", ["Stranger", " stranger  "])
def test_a_word_that_maps_to_nothing_is_kept_as_it_came(implementation: Implementation, word: str) -> None:
    assert status(implementation, "listed", word) == word


def test_no_word_no_status(implementation: Implementation) -> None:
    assert [status(implementation, mapping, None) for mapping in MAPPINGS] == [None] * len(MAPPINGS)


def test_a_mapping_holds_for_its_event_type_only(implementation: Implementation) -> None:
    program = replace(
        program_paying("10 %"),
        event_types=(EventType("sale", {"New": ("1",)}), EventType("lead", {"Existing": ("1",)}), EventType("visit")),
    )
    orders = [
        Conversion(event_type=event_type, order_token="1", occurred_at=T, turnover_minor=0, customer_status_word="1")
        for event_type in ("lead", "sale", "visit", "lead")
    ]
    mapped = implementation.map_customer_status(program, orders)
    assert [order.customer_status for order in mapped] == ["Existing", "New", "1", "Existing"]


def test_mapping_again_changes_nothing(implementation: Implementation) -> None:
    program = replace(program_paying("10 %"), event_types=(EventType("sale", MAPPINGS["otherwise"]),))
    order = Conversion(order_token="1", occurred_at=T, turnover_minor=0, customer_status_word="new")
    once = implementation.map_customer_status(program, [order])
    assert [one.customer_status for one in once] == ["Existing"]
    assert implementation.map_customer_status(program, once) == once
