"""Which definition a promo code belongs to: the engine's own answer, shown where codes are set up."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl

from accredit.engine.frames import ROW
from accredit.engine.program import Program
from accredit.engine.promo_codes import definitions_of_codes
from accredit.web import words


def tried_code(program: Program, text: str) -> Mapping[str, Any] | None:
    """What an order of now that carries this code would find; None where none was typed."""
    code = text.strip()
    if not code:
        return None
    carried = pl.DataFrame({"conversion": [0], "text": [code], "sequence": [0]}).cast(
        {"conversion": ROW, "sequence": pl.UInt64}
    )
    at = pl.Series([datetime.now(UTC)], dtype=pl.Datetime("us", "UTC"))
    found = definitions_of_codes(carried, program, at).row(0, named=True)
    names = {one.code: one.name for one in program.partners}
    return {
        "code": code,
        "definition": found["definition_code"],
        "partner": names.get(found["owner"] or "", found["owner"]),
        "policy": words.word(words.POLICIES, found["policy"]) if found["policy"] else "",
        "valid": found["valid"],
    }
