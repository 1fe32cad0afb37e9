"""The editor's form and the version of terms that it says: there and back, in both languages."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from django.http import QueryDict
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from accredit.engine.program import NUMBER_FIELDS, Payout, Rule, Terms
from accredit.files.program_file import ValuesRefused, program_of, values_of
from accredit.web.terms.changing import change
from accredit.web.terms.drafting import TermsDraft, number_from_text
from accredit.web.terms.judging import judged, shadowed
from accredit.web.terms.sampling import Editor
from tests.cases.test_pricing import ADJUSTED, NOTHING_PAID, WORKED_BASKETS, WORKED_CASES
from tests.factories.pricing import payout, program_paying
from tests.factories.tables import table
from tests.properties import strategies
from tests.properties.examples import examples
from tests.web.terms.forms import sent_of, through_the_form

CASES = sorted({row["terms"] for rows in (WORKED_CASES, WORKED_BASKETS, ADJUSTED, NOTHING_PAID) for row in rows})


@pytest.fixture(params=["de", "en"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    with translation.override(request.param):
        yield request.param


@pytest.mark.parametrize("text", CASES)
def test_the_worked_cases_come_back_as_the_program_file_has_them(language: str, text: str) -> None:
    program = program_paying(text)
    assert program_of(values_of(program)).terms == program.terms
    assert through_the_form(program.terms[0], program) == program.terms[0]


def in_bounds(rule: Rule) -> bool:
    """Whether a program file may hold the rule; the engine's own tests go further."""
    if rule.number is not None:
        return rule.number.adjusted() < 15
    return all(value.isprintable() and (rule.field != "currency" or value == value.strip()) for value in rule.values)


@given(setup=st.binary(min_size=400, max_size=400), german=st.booleans())
@examples(12)
def test_any_terms_come_back(setup: bytes, german: bool) -> None:
    program = strategies.program(strategies.Choices(setup))
    for terms in program.terms:
        terms = replace(terms, payouts=tuple(bounded(one) for one in terms.payouts))
        with translation.override("de" if german else "en"):
            assert through_the_form(terms, program) == terms


def bounded(payout: Payout) -> Payout:
    def within(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        return tuple(rule for rule in rules if in_bounds(rule))

    return replace(
        payout,
        groups=tuple(replace(one, when=within(one.when)) for one in payout.groups),
        adjustments=tuple(replace(one, when=within(one.when)) for one in payout.adjustments),
        restrictions=tuple(replace(one, when=within(one.when)) for one in payout.restrictions),
    )


@pytest.mark.parametrize("row", table("""
    language | typed     | read
    en       | 12.5      | 12.5
    en       | 1,234.5   | 1234.5
    en       | −50 %     | -50
    en       | +5        | 5
    en       | 12,5      | no number
    en       | 0x10      | no number
    en       | 1e5       | no number
    de       | 12,5      | 12.5
    de       | 1.234,5   | 1234.5
    de       | 12.5      | no number
    de       | -0,0001   | -0.0001
    de       | 5 mal     | no number
    de       | -         |
"""), ids=lambda row: f"{row['language']} {row['typed']}")  # fmt: skip
def test_numbers_are_read_as_the_language_writes_them(row: dict[str, str]) -> None:
    with translation.override(row["language"]):
        assert number_from_text(row["typed"]) == row["read"]


WRONG = table("""
    field                        | typed    | where
    payout.0.name                | -        | payout.0.name
    payout.0.name                | a;b      | payout.0.name
    payout.0.percent             | -        | payout.0.percent
    payout.0.percent             | ten      | payout.0.percent
    payout.0.percent             | -1       | payout.0.percent
    payout.0.percent             | 1.23456  | payout.0.percent
    payout.0.event_type          | nothing  | payout.0.event_type
    payout.0.group.0.percent     | 2000     | payout.0.group.0.percent
    payout.0.group.0.when.0.number | x      | payout.0.group.0.when.0.number
    payout.0.adjustment.0.amounts.0.amount | 1.001 | payout.0.adjustment.0.amounts.0.amount
    payout.0.adjustment.0.amounts.0.currency | XXL | payout.0.adjustment.0.amounts.0.amount
    payout.0.restriction.0.name  | foreign_promo_code | payout.0.restriction.0.name
    payout.0.restriction.0.when.0.values | - | payout.0.restriction.0.when.0.values
""")
FULL = "10 %; group g: 5 % when order_total gte 200; adjust a: +1.00 USD; restrict r: category in gift-card"


@pytest.mark.parametrize("row", WRONG, ids=lambda row: f"{row['field']} {row['typed']}")
def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(row: dict[str, str]) -> None:
    program = program_paying(FULL)
    with translation.override("en"):
        sent = sent_of(TermsDraft.of(program.terms[0]), program)
        sent.setlist(row["field"], [row["typed"]])
        draft = TermsDraft.typed(sent, code="standard", version=1)
        assert judged(draft, program) is None
        assert [f"{part.path}.{name}" for part in draft.inside() for name in part.errors] == [row["where"]]
        if row["field"] != "payout.0.event_type":  # of which only those that there are can be chosen
            assert sent_of(draft, program).getlist(row["field"])[:1] == [row["typed"]]


def test_two_payouts_for_one_event_type_are_refused_at_the_second() -> None:
    program = program_paying("10 %")
    terms = replace(program.terms[0], payouts=(payout("10 %"), payout("20 %")))
    draft = TermsDraft.of(terms)
    assert judged(draft, program) is None
    assert {part.path: list(part.errors) for part in draft.inside() if part.errors} == {"payout.1": ["event_type"]}


THREE = "10 %; group a: 1 %; group b: 2 %; group c: 3 %"
CHANGED = table("""
    does                     | groups  | next
    up payout.0.group.2      | a c b   | payout.0.group.1
    up payout.0.group.0      | a b c   | payout.0.group.0
    down payout.0.group.0    | b a c   | payout.0.group.1
    down payout.0.group.2    | a b c   | payout.0.group.2
    remove payout.0.group.1  | a c     | payout.0.group.1
    remove payout.0.group.2  | a b     | payout.0.group.1
    remove payout.0.group.9  | a b c   |
    add payout.0.group       | a b c ? | payout.0.group.3
    add payout.0.nothing     | a b c   |
    show                     | a b c   |
    jump payout.0.group.1    | a b c   |
""")


@pytest.mark.parametrize("row", CHANGED, ids=lambda row: row["does"])
def test_rows_are_added_removed_and_moved(row: dict[str, str]) -> None:
    editor = Editor(draft=TermsDraft.of(program_paying(THREE).terms[0]))
    assert change(editor, row["does"]) == row["next"]
    groups = editor.draft.payouts[0].clauses["group"]
    assert " ".join(one.name or "?" for one in groups) == row["groups"]
    assert [one.path for one in groups] == [f"payout.0.group.{number}" for number in range(len(groups))]


def test_the_order_of_the_fields_is_the_order_of_the_rows() -> None:
    """As when a row was dragged over another: names stay, places change."""
    program = program_paying(THREE)
    sent = sent_of(TermsDraft.of(program.terms[0]), program)
    dragged = QueryDict(mutable=True)
    names = sorted(sent, key=lambda name: not name.startswith("payout.0.group.2."))
    for name in names:
        dragged.setlist(name, sent.getlist(name))
    terms = judged(TermsDraft.typed(dragged, code="standard", version=1), program)
    assert terms is not None
    assert [group.model for group in terms.payouts[0].groups] == ["c", "a", "b"]


def test_another_field_takes_an_operator_that_it_has_and_keeps_what_was_typed() -> None:
    program = program_paying(FULL)
    sent = sent_of(TermsDraft.of(program.terms[0]), program)
    sent.setlist("payout.0.group.0.when.0.field", ["country"])
    draft = TermsDraft.typed(sent, code="standard", version=1)
    rule = draft.payouts[0].clauses["group"][0].when[0]
    assert (rule.operator, rule.values, rule.number) == ("in", [], "200")
    assert "200" in sent_of(draft, program).getlist("payout.0.group.0.when.0.number")


@pytest.mark.parametrize(
    "name", ["payout", "payout.x", "payout.0", "payout.0.group", "payout.0.group.0.when.0", "..", ""]
)
def test_fields_that_no_form_has_do_no_harm(name: str) -> None:
    sent = sent_of(TermsDraft.of(program_paying(FULL).terms[0]), program_paying(FULL))
    sent.appendlist(name, "x")
    judged(TermsDraft.typed(sent, code="standard", version=1), program_paying(FULL))
    late = QueryDict(mutable=True)
    late.appendlist(name, "x")
    for field, texts in sent.lists():
        late.setlist(field, texts)
    judged(TermsDraft.typed(late, code="standard", version=1), program_paying(FULL))


NEVER = table("""
    terms                                                                                        | never
    10 %; group a: 1 %; group b: 2 % when country in DE                                          | b
    10 %; group a: 1 % when country in DE; group b: 2 % when device in x and country in DE       | b
    10 %; group a: 1 % when country in DE and device in x; group b: 2 % when country in DE       | -
    10 %; group a: 1 % when country in DE; group b: 2 % when country in FR                       | -
""")


@pytest.mark.parametrize("row", NEVER, ids=lambda row: row["terms"])
def test_groups_that_are_never_reached_are_pointed_out(row: dict[str, str]) -> None:
    found = payout(row["terms"])
    assert [found.groups[place].model for place, _before in shadowed(found)] == row["never"].split()


def test_every_number_field_shows_a_number() -> None:
    for name in NUMBER_FIELDS:
        terms = Terms("standard", 1, (payout(f"10 %; group g: 5 % when {name} lt 1.5"),))
        program = replace(program_paying("10 %"), terms=(terms,))
        assert through_the_form(terms, program) == terms
        assert terms.payouts[0].groups[0].when[0].number == Decimal("1.5")


def test_terms_that_history_holds_are_refused_by_the_file_not_by_the_form() -> None:
    """The form judges one version; what spans the program is the program file's."""
    program = program_paying("10 %")
    twice = replace(program, terms=(program.terms[0], program.terms[0]))
    with pytest.raises(ValuesRefused):
        program_of(values_of(twice))
