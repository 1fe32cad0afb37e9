"""Approving and rejecting conversions."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from django.http import HttpResponse

from accredit.api.answers import answer, wrong
from accredit.api.asking import Asked, changing
from accredit.api.bodies import Fields, body_of
from accredit.api.rows import NAMING, changed, named, summary, unchanged
from accredit.conversions.validating import ASKED, validate

FIELDS = (*NAMING, "status", "rejection_reason", "comment", "decision")


@changing
def validations(asked: Asked) -> HttpResponse:
    """Validates each conversion that is named, or says why not; sent again, it changes nothing more."""
    body = body_of(asked.http)
    body.only(("validations", "dry_run"))
    dry_run, rows = body.flag("dry_run"), body.rows("validations")
    wanted = [{**_wanted(row), "source": asked.key.name} for row in rows]
    program = asked.view.program
    names = named(program, rows)
    frame = pl.DataFrame(
        [{**row, "id": name.id} for row, name in zip(wanted, names, strict=True) if name.why is None],
        schema=dict(ASKED),
        orient="row",
    )
    parts = list(validate(program.code, frame, asked.actor, now=asked.now, dry_run=dry_run))
    changes = {row["id"]: row for part in parts for row in part.changes.iter_rows(named=True)}
    others = {row["id"]: row for part in parts for row in part.unchanged.iter_rows(named=True)}
    results = []
    for name in names:
        if name.why is not None or name.id is None:
            results.append(unchanged(name, str(name.why)))
        elif name.id in changes:
            results.append(changed(changes[name.id], {"status": changes[name.id]["status"]}))
        else:
            results.append(unchanged(name, others[name.id]["why"], others[name.id]))
    return answer(summary(results, dry_run=dry_run))


def _wanted(row: Fields) -> Mapping[str, Any]:
    row.only(FIELDS)
    status = row.text("status")
    if status is None:
        raise wrong(row.at("status"), "Say the status: approved or rejected.")
    return {
        "status": status,
        "rejection_reason": row.text("rejection_reason"),
        "comment": row.text("comment"),
        "decision": row.number("decision"),
    }
