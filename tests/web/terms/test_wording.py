"""Terms in words, in both languages."""

# ruff: noqa: E501 the tables are wide

from dataclasses import replace

import pytest
from django.utils import translation

from accredit.engine.program import NUMBER_OPERATORS, RULE_FIELDS, TEXT_OPERATORS, EventType, Terms
from accredit.web.terms.comparing import differences
from accredit.web.terms.wording import FIELDS, OPERATORS, rule_words, words_of
from tests.factories.pricing import payout, program_paying, rule
from tests.factories.tables import table

SAID = table("""
    language | terms                                                            | said
    en       | 10 %                                                             | 10% of the turnover [default]
    de       | 10 %                                                             | 10 % vom Umsatz [default]
    en       | 12.5 %; level item                                               | 12.5% of the item’s turnover [default]
    de       | 12.5 %; level item                                               | 12,5 % vom Umsatz der Position [default]
    en       | fixed 5.00 USD                                                   | US$5.00 per order [default]
    de       | fixed 5.00 USD; level item                                       | 5,00 $ je Stück [default]
    en       | fixed 5.00 USD 4.60 EUR                                          | €4.60 or US$5.00 (by the order’s currency) per order [default]
    en       | 1 %; group n: 15 % when customer_status in New                   | 15% of the turnover [n] Customer status is New
    de       | 1 %; group n: 15 % when customer_status in New                   | 15 % vom Umsatz [n] Kundenstatus ist Neukunde
    en       | 1 %; group n: 2 % when country in DE/AT/CH and order_total gte 200.5 | 2% of the turnover [n] Country is DE, AT or CH + Order total is at least 200.5
    de       | 1 %; group n: 2 % when country in DE/AT/CH and order_total gte 200.5 | 2 % vom Umsatz [n] Land ist DE, AT oder CH + Bestellwert ist mindestens 200,5
    en       | 1 %; adjust m: +5 % when device in mobile                        | +5% of the commission [m] Device is mobile
    de       | 1 %; adjust m: -50 % when device in mobile                       | −50 % der Provision [m] Gerät ist mobile
    en       | 1 %; adjust m: +1.00 USD -0.90 EUR                               | −€0.90 or +US$1.00 (by the order’s currency) [m]
    en       | 1 %; adjust m: +1.00 USD; level item                             | +US$1.00 per item [m]
    de       | 1 %; adjust m: +1.00 USD; level item                             | +1,00 $ je Position [m]
    en       | 1 %; restrict c: category in gift-card                           | nothing is paid [c] Category of at least one item is gift-card
    de       | 1 %; restrict c: category in gift-card                           | es wird nichts gezahlt [c] Kategorie mindestens einer Position ist gift-card
    en       | 1 %; restrict c: category in gift-card; level item               | nothing is paid for the item [c] Category is gift-card
    de       | 1 %; restrict c: category in gift-card; level item               | für die Position wird nichts gezahlt [c] Kategorie ist gift-card
""")


@pytest.mark.parametrize("row", SAID, ids=lambda row: f"{row['language']} {row['terms']}")
def test_clauses(row: dict[str, str]) -> None:
    program = program_paying(row["terms"])
    with translation.override(row["language"]):
        clause = words_of(program.terms[0], program).payouts[0].clauses[-1]
    said = f"{clause.says} [{clause.name}] {' + '.join(clause.when)}".strip()
    assert said.replace("\N{NO-BREAK SPACE}", " ") == row["said"]


RULES = table("""
    rule                       | level | en                                                   | de
    country not_in DE          | order | Country is not DE                                    | Land ist nicht DE
    country not_in DE/AT/CH    | item  | Country is neither DE nor AT nor CH                  | Land ist weder DE noch AT noch CH
    category not_in x/y        | order | Category of no item is x or y                        | Kategorie keiner Position ist x oder y
    category not_in x          | item  | Category is not x                                    | Kategorie ist nicht x
    promo_code in A10/B20      | order | the order carries the promo code A10 or B20          | die Order trägt den Promo-Code A10 oder B20
    promo_code not_in A10      | item  | the order carries none of the promo codes A10        | die Order trägt keinen der Promo-Codes A10
    order_total gt 99.99       | order | Order total is more than 99.99                       | Bestellwert ist mehr als 99,99
    order_total lt 1000        | item  | Order total is less than 1,000                       | Bestellwert ist weniger als 1.000
    item_total lte 5           | order | Item total of at least one item is at most 5         | Positionswert mindestens einer Position ist höchstens 5
    item_total lte 5           | item  | Item total is at most 5                              | Positionswert ist höchstens 5
    quantity gte 3             | order | Quantity of at least one item is at least 3          | Menge mindestens einer Position ist mindestens 3
    sub_id3 in a,b             | order | Sub id 3 is “a,b”                                    | Sub-ID 3 ist “a,b”
""")


@pytest.mark.parametrize("row", RULES, ids=lambda row: f"{row['rule']} {row['level']}")
@pytest.mark.parametrize("language", ["en", "de"])
def test_rules(row: dict[str, str], language: str) -> None:
    with translation.override(language):
        assert rule_words(rule(row["rule"]), row["level"]) == row[language]


def test_every_operator_has_a_word() -> None:
    assert set(OPERATORS) == {*TEXT_OPERATORS, *NUMBER_OPERATORS}
    assert set(FIELDS) == set(RULE_FIELDS)


def test_event_types_that_are_not_paid() -> None:
    program = program_paying("10 %")
    assert words_of(program.terms[0], program).unpaid == ("lead",)


OLD = "10 %; group a: 5 % when country in DE; group b: 6 %; adjust m: +5 %; restrict c: category in card"
DIFFERENT = table("""
    after                                                                                                    | different
    10 %; group a: 5 % when country in DE; group b: 6 %; adjust m: +5 %; restrict c: category in card          | -
    12 %; group a: 5 % when country in DE; group b: 6 %; adjust m: +5 %; restrict c: category in card          | changed default default
    10 %; group a: 5 % when country in AT; group b: 6 %; adjust m: +5 %; restrict c: category in card          | changed group a
    10 %; group b: 6 %; group a: 5 % when country in DE; adjust m: +5 %; restrict c: category in card          | changed order
    10 %; group b: 6 %; adjust m: +5 %; restrict c: category in card                                           | gone group a
    10 %; group a: 5 % when country in DE; group b: 6 %; adjust m: +5 %; adjust n: +1 %                        | new adjustment n, gone restriction c
    10 %; group a: 5 % when country in DE; group b: 6 %; group b: 7 %; adjust m: +5 %; restrict c: category in card | new group b
    10 %; level item; group a: 5 % when country in DE; group b: 6 %; adjust m: +5 %                            | changed level, changed default default, changed group a, changed group b, gone restriction c
""")


@pytest.mark.parametrize("row", DIFFERENT, ids=lambda row: row["different"] or "nothing")
def test_differences(row: dict[str, str]) -> None:
    with translation.override("en"):
        old, new = (program_paying(text) for text in (OLD, row["after"]))
        found = differences(words_of(old.terms[0], old), words_of(new.terms[0], new))
    assert ", ".join(f"{one.change} {one.kind} {one.name}".strip() for one in found) == row["different"]


def test_an_event_type_that_comes_or_goes() -> None:
    program = replace(program_paying("10 %"), event_types=(EventType("sale"), EventType("lead")))
    one, both = (
        words_of(Terms("t", 1, payouts), program)
        for payouts in ((payout("10 %"),), (payout("10 %"), payout("fixed 3.00 USD; adjust x: +1 %", "lead")))
    )
    with translation.override("en"):
        told = [(d.change, d.event_type, d.kind) for d in differences(one, both)]
        assert told == [("new", "lead", "payout"), ("new", "lead", "adjustment")]
        assert [d.change for d in differences(both, one)] == ["gone", "gone"]
