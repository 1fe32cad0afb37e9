"""What the shop's word for a customer means, as spec 20 says it."""

from collections.abc import Sequence
from dataclasses import replace

from accredit.engine.program import Program
from tests.reference.facts import Conversion


def map_customer_status(program: Program, conversions: Sequence[Conversion]) -> list[Conversion]:
    return [
        replace(one, customer_status=status_of(program, one.event_type, one.customer_status_word))
        for one in conversions
    ]


def status_of(program: Program, event_type: str, word: str | None) -> str | None:
    if word is None:
        return None
    mapping = next((one.customer_status for one in program.event_types if one.code == event_type), None) or {}
    wanted = word.strip().lower()
    for status, listed in mapping.items():
        if wanted in [one.strip().lower() for one in listed]:
            return status
    for status in (*mapping, "New", "Existing"):
        if wanted == status.strip().lower():
            return status
    return word
