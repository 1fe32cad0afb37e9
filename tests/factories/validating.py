"""Conversions of the shop `anvils`, named by their order tokens, validated."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import polars as pl
from django.db import transaction

from accredit.conversions import turnover
from accredit.conversions.history import Actor
from accredit.conversions.models import Conversion, Payment, Status, Way
from accredit.conversions.validating import ASKED, Planned, validate
from accredit.engine.frames import Schema
from accredit.ledger.frames import POSTINGS
from accredit.ledger.operations import post
from tests.factories.installing import NOW
from tests.factories.tables import minor, table

LATER = NOW + timedelta(days=1)
COMMAND = Actor(Way.COMMAND)
FIELDS = {"to": "status", "reason": "rejection_reason"}


def asked(text: str) -> pl.DataFrame:
    """`order | to`, with `reason`, `comment`, `decision` and `source`."""
    rows = [{FIELDS.get(name, name): value or None for name, value in row.items()} for row in table(text)]
    return _of_orders(rows, ASKED)


def asked_turnovers(text: str) -> pl.DataFrame:
    """`order | turnover` in USD, with `decision`, `comment` and `source`."""
    return _of_orders([_with_amount(row) for row in table(text)], turnover.ASKED)


def asked_items(text: str) -> pl.DataFrame:
    """`order | item | quantity | turnover` in USD."""
    return _of_orders([{"item_id": row.pop("item"), **_with_amount(row)} for row in table(text)], turnover.ASKED_ITEMS)


def approve(*tokens: str, now: datetime = LATER, actor: Actor = COMMAND) -> Planned:
    """Approve orders."""
    rows = asked("order | to\n" + "\n".join(f"{token} | approved" for token in tokens))
    return validated(rows, now=now, actor=actor)


def validated(rows: pl.DataFrame, *, now: datetime = LATER, actor: Actor = COMMAND, dry_run: bool = False) -> Planned:
    """What validating came to, all batches together."""
    parts = list(validate("anvils", rows, actor, now=now, dry_run=dry_run))
    return Planned(pl.concat([part.changes for part in parts]), pl.concat([part.unchanged for part in parts]))


def pay(*tokens: str, now: datetime = LATER) -> None:
    """Pay orders out, as payouts are to do it: one transaction posts what each partner is paid, and keeps a payment of
    each conversion that names the entry."""
    with transaction.atomic():
        for one in Conversion.objects.filter(order_token__in=tokens).order_by("order_token"):
            paid = Payment.objects.filter(conversion_id=one.id)
            earned = one.commission_minor if one.status == Status.APPROVED else 0
            amount = earned - sum(payment.amount_minor for payment in paid)
            accounts = [("partner_earned", one.partner), ("partner_paid", one.partner)]
            (from_kind, from_partner), (to_kind, to_partner) = accounts if amount > 0 else accounts[::-1]
            key = f"payout {one.order_token} {len(paid) + 1}"
            row = {
                "key": key, "occurred_at": now, "kind": "payout", "cause": key, "currency": one.currency,
                "from_kind": from_kind, "from_partner": from_partner, "to_kind": to_kind, "to_partner": to_partner,
                "amount_minor": abs(amount),
            }  # fmt: skip
            entry = post(one.program_id, pl.DataFrame([row], schema=dict(POSTINGS)), now=now)["entry"].item()
            Payment.objects.create(
                program_id=one.program_id, conversion_id=one.id, number=len(paid) + 1, paid_at=now,
                partner=one.partner or "", currency=one.currency, amount_minor=amount, entry=entry,
            )  # fmt: skip


def _with_amount(row: dict[str, str]) -> dict[str, object]:
    amount = row.pop("turnover", "")
    filled = {name: value or None for name, value in row.items()}
    return {**filled, "turnover_minor": minor(amount, "USD") if amount else None}


def _of_orders(rows: Sequence[Mapping[str, object]], schema: Schema) -> pl.DataFrame:
    ids = {token: str(key) for token, key in Conversion.objects.values_list("order_token", "id")}
    unknown = "00000000-0000-7000-8000-000000000000"
    named = [
        {
            "id": ids.get(str(row["order"]), unknown),
            **{name: row.get(name) for name in schema if name != "id"},
        }
        for row in rows
    ]
    return pl.DataFrame(named, schema=dict.fromkeys(schema, pl.String), orient="row", strict=False).cast(dict(schema))  # type: ignore[arg-type]
