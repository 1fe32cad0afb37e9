"""Changing the turnover of conversions, or their items."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from django.http import HttpResponse

from accredit.api.answers import answer, wrong
from accredit.api.asking import Asked, changing
from accredit.api.bodies import Fields, body_of
from accredit.api.rows import NAMING, OTHER_CURRENCY, Named, changed, named, summary, unchanged
from accredit.api.values import amount
from accredit.conversions.models import Conversion
from accredit.conversions.turnover import ASKED, ASKED_ITEMS, Planned, change_turnover
from accredit.programs.models import Program

FIELDS = (*NAMING, "currency", "turnover", "items", "comment", "decision")
ITEM_FIELDS = ("item_id", "quantity", "turnover")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a row asks for: fields of ASKED, and of ASKED_ITEMS, without the id."""

    currency: str | None
    order: Mapping[str, Any]
    items: Sequence[Mapping[str, Any]]


@changing
def turnovers(asked: Asked) -> HttpResponse:
    """Changes each conversion that is named, or says why not; sent again, it says so already."""
    body = body_of(asked.http)
    body.only(("turnovers", "dry_run"))
    dry_run, rows = body.flag("dry_run"), body.rows("turnovers")
    wanted = [_wanted(row) for row in rows]
    program = asked.view.program
    names = _in_their_currency(program, named(program, rows), wanted)
    good = [(name.id, row) for name, row in zip(names, wanted, strict=True) if name.why is None]
    orders = [{**row.order, "id": key, "source": asked.key.name} for key, row in good]
    items = [{**item, "id": key} for key, row in good for item in row.items]
    planned = change_turnover(
        program.code,
        pl.DataFrame(orders, schema=dict(ASKED), orient="row"),
        pl.DataFrame(items, schema=dict(ASKED_ITEMS), orient="row"),
        actor=asked.actor,
        now=asked.now,
        dry_run=dry_run,
    )
    return answer(summary(_results(names, planned), dry_run=dry_run))


def _wanted(row: Fields) -> Wanted:
    row.only(FIELDS)
    currency = row.text("currency")
    turnover_minor = row.amount("turnover", currency)
    lines = row.rows("items") if row.values.get("items") is not None else []
    if (turnover_minor is None) == (not lines):
        raise wrong(row.at("turnover"), "Say either the new turnover or the items that change.")
    order = {"turnover_minor": turnover_minor, "comment": row.text("comment"), "decision": row.number("decision")}
    return Wanted(currency, order, [_item(line, currency) for line in lines])


def _item(line: Fields, currency: str | None) -> Mapping[str, Any]:
    line.only(ITEM_FIELDS)
    item_id, quantity = line.text("item_id"), line.number("quantity")
    if item_id is None:
        raise wrong(line.at("item_id"), "Name the item.")
    if quantity is None:
        raise wrong(line.at("quantity"), "Say how many stay: 0 cancels the item.")
    return {"item_id": item_id, "quantity": quantity, "turnover_minor": line.amount("turnover", currency)}


def _in_their_currency(program: Program, names: Sequence[Named], wanted: Sequence[Wanted]) -> Sequence[Named]:
    """The rows; those that say another currency than their conversion's change nothing."""
    keys = [name.id for name in names if name.id]
    found = Conversion.objects.filter(program=program, id__in=keys).values_list("id", "currency")
    currencies = {str(key): currency for key, currency in found}
    return [
        Named(name.id, name.why or OTHER_CURRENCY, name.said)
        if name.id and row.currency and currencies.get(name.id, row.currency) != row.currency
        else name
        for name, row in zip(names, wanted, strict=True)
    ]


def _results(names: Sequence[Named], planned: Planned) -> Sequence[Mapping[str, Any]]:
    changes = {row["id"]: row for row in planned.changes.iter_rows(named=True)}
    others = {row["id"]: row for row in planned.unchanged.iter_rows(named=True)}
    results = []
    for name in names:
        if name.why is not None or name.id is None:
            results.append(unchanged(name, str(name.why)))
        elif name.id in changes:
            results.append(changed(changes[name.id], _amounts(changes[name.id])))
        else:
            results.append(unchanged(name, others[name.id]["why"], others[name.id]))
    return results


def _amounts(row: Mapping[str, Any]) -> Mapping[str, Any]:
    fields = ("turnover_before", "turnover", "commission_before", "commission")
    found = {name: amount(row[f"{name}_minor"], row["currency"]) for name in fields}
    return {"status": row["status"], "currency": row["currency"], **found}
