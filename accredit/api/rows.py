"""What the rows of a request have in common: which conversion each names, and what is told of it afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import polars as pl

from accredit.api.answers import wrong
from accredit.api.bodies import Fields
from accredit.api.values import instant
from accredit.conversions import file_validating, validation_file
from accredit.conversions.columns import PREFIX
from accredit.conversions.validation_file import WANTED
from accredit.database.keys import KeyTextError, key_from_text, key_to_text
from accredit.programs.models import Program

NAMING = ("id", "order_token", "event_type")
OTHER_CURRENCY = "other_currency"
WHY = {
    **validation_file.WHY,
    **file_validating.WHY,
    OTHER_CURRENCY: "The conversion is in another currency",
}
"""Why a row changed nothing. The codes are for programs, the sentences for people."""


@dataclass(frozen=True, slots=True)
class Named:
    """A row of a request: the UUID of the conversion that it names (None: there is none), and why nothing can come of
    it. `said`: how it named the conversion."""

    id: str | None
    why: str | None
    said: Mapping[str, str | None]


def named(program: Program, rows: Sequence[Fields]) -> Sequence[Named]:
    """The rows with the conversions that they name, by id or by order token."""
    said = [_said(row) for row in rows]
    wanted = [{**one, **_key(one["id"]), "row": place} for place, one in enumerate(said)]
    frame = pl.DataFrame(wanted, schema=dict(WANTED), orient="row")
    found = file_validating.named(program, frame).sort("row").select("id", "why").iter_rows()
    return [Named(key, why, one) for (key, why), one in zip(found, said, strict=True)]


def _said(row: Fields) -> Mapping[str, str | None]:
    said = {name: row.text(name) for name in NAMING}
    if not (said["id"] or said["order_token"]):
        raise wrong(row.at("id"), "Name the conversion by its id, or by its order_token.")
    if said["event_type"] and not said["order_token"]:
        raise wrong(row.at("event_type"), "An event_type goes with an order_token.")
    return said


def _key(text: str | None) -> Mapping[str, str | None]:
    try:
        return {"id": text and str(key_from_text(PREFIX, text))}
    except KeyTextError:
        return {"id": None, "why": "key_wrong"}


def changed(row: Mapping[str, Any], more: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is told of a row that changed its conversion, or would."""
    return {"changed": True, **_naming(row), **more}


def unchanged(named: Named, why: str, row: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """What is told of a row that changed nothing. `row`: the conversion as it is, where there is one."""
    told = {"changed": False, "error": why, "message": f"{WHY[why]}."}
    if row is None or row["status"] is None:
        return {**told, **named.said}
    return {
        **told,
        **_naming(row),
        "status": row["status"],
        "changed_at": instant(row["changed_at"]),
        "changed_through": row["changed_through"],
        "changed_by": row["changed_by"],
    }


def _naming(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "id": key_to_text(PREFIX, UUID(row["id"])),
        "order_token": row["order_token"],
        "event_type": row["event_type"],
    }


def summary(results: Sequence[Mapping[str, Any]], *, dry_run: bool) -> Mapping[str, Any]:
    """The answer: one result a row, in the order of the request."""
    count = sum(result["changed"] for result in results)
    return {"dry_run": dry_run, "changed": count, "unchanged": len(results) - count, "results": list(results)}
