"""A program as rows, and back."""

from dataclasses import replace

from accredit.programs.queries import TABLES
from accredit.programs.rows import from_rows, to_rows
from tests.factories.installing import shop


def test_a_program_comes_back_from_its_rows() -> None:
    assert from_rows("anvils", to_rows(shop())) == shop()


def test_a_mapping_that_is_on_without_words_is_not_one_that_is_off() -> None:
    event_types = tuple(replace(one, customer_status={}) for one in shop().event_types)
    program = replace(shop(), event_types=event_types)
    assert from_rows("anvils", to_rows(program)) == program


def test_rows_have_the_values_that_the_tables_keep() -> None:
    rows = to_rows(shop())
    assert [*rows] == ["program", *TABLES]
    for name, table in TABLES.items():
        for key, row in rows[name].items():
            assert len(key) == len(table.key)
            assert set(row) == set(table.values), name
