"""The history of conversions: who changed what, when and through what, kept for good."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import polars as pl
from psycopg import sql

from accredit.conversions.models import CreditedTo, Way
from accredit.database.copy import copy_in, copy_out, text_array
from accredit.engine.frames import INSTANT, MINOR, TEXT, Schema
from accredit.programs.visibility import Viewpoint

Row = Mapping[str, Any]
COMMENT_CHARACTERS = 1_000
"""That people may write about a change."""
CHANGED: Schema = {
    "id": TEXT,
    "changes": pl.Int64(),  # how many the conversion had before
    "status_before": TEXT,
    "status": TEXT,
    "decision_before": pl.Int64(),
    "decision": pl.Int64(),
    "rejection_reason": TEXT,
    "comment": TEXT,
    "source": TEXT,  # where it stood, such as the file and its row
}
LAST_CHANGE: Schema = {"changed_at": INSTANT, "changed_through": TEXT, "changed_by": TEXT}
STORED: Schema = {
    "id": TEXT,
    "event_type": TEXT,
    "order_token": TEXT,
    "status": TEXT,
    "decision": pl.Int64(),
    "changes": pl.Int64(),
    "partner": TEXT,
    "currency": TEXT,
    "turnover_minor": MINOR,
    "commission_minor": MINOR,
    "paid": TEXT,  # t or f
    **LAST_CHANGE,
}
TIMELINE: Schema = {  # as it happened; `number` 0 is how the conversion was recorded
    "number": pl.Int64(),
    "changed_at": INSTANT,
    "way": TEXT,  # null for the recording
    "user": TEXT,  # name; null where nobody in particular did it
    "source": TEXT,
    "cause": TEXT,  # of the new decision; null where only the status changed
    "status_before": TEXT,
    "status": TEXT,
    "rejection_reason": TEXT,
    "comment": TEXT,
    "decision": pl.Int64(),
    "currency": TEXT,
    "partner_before": TEXT,
    "partner": TEXT,
    "channel_before": TEXT,
    "channel": TEXT,
    "turnover_before_minor": MINOR,
    "turnover_minor": MINOR,
    "commission_before_minor": MINOR,
    "commission_minor": MINOR,
}
CHANGES = sql.SQL("""
(select coalesce(max(number), 0) from conversions_change
 where program_id = conversion.program_id and conversion_id = conversion.id)
""")
"""How many changes a `conversion` had."""
PAID = sql.SQL("""
exists (select from conversions_payment where program_id = conversion.program_id and conversion_id = conversion.id)
""")
"""Whether a payout took a `conversion` in."""
VALIDATION = sql.SQL("change.status_before <> change.status")
ANYTHING = sql.SQL("true")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something, and through what. Nobody in particular: a command, or Accredit by itself."""

    way: Way
    user_id: UUID | None = None


def keep(program_id: UUID, changed: pl.DataFrame, actor: Actor, *, now: datetime) -> None:
    """Add to the history of locked conversions what changes (CHANGED), before it is changed."""
    rows = changed.select(
        pl.lit(str(program_id)).alias("program_id"),
        pl.col("id").alias("conversion_id"),
        (pl.col("changes") + 1).alias("number"),
        pl.lit(now).alias("changed_at"),
        pl.lit(actor.way.value).alias("way"),
        pl.lit(actor.user_id and str(actor.user_id), TEXT).alias("user_id"),
        *(name for name in CHANGED if name not in ("id", "changes")),
    )
    copy_in("conversions_change", rows)


def stored(program_id: UUID, ids: pl.Series, *, last: sql.SQL, lock: bool) -> pl.DataFrame:
    """Conversions of these ids as they are (STORED), with the last of their changes that is a VALIDATION, or ANYTHING.
    `lock`: they are held until the end of the transaction."""
    query = sql.SQL("""
        select id, event_type, order_token, status, decision, {changes}, partner, currency, turnover_minor,
            commission_minor, {paid}, last.changed_at, last.way, last.name
        from conversions_conversion conversion left join lateral (
            select changed_at, way, name
            from conversions_change change left join access_user on access_user.id = change.user_id
            where change.program_id = conversion.program_id and change.conversion_id = conversion.id and {last}
            order by number desc limit 1
        ) last on true
        where program_id = {program_id} and id = any({ids}::uuid[]) order by id {lock}
    """).format(
        program_id=sql.Literal(program_id),
        ids=text_array(ids),
        changes=CHANGES,
        paid=PAID,
        last=last,
        lock=sql.SQL("for update of conversion" if lock else ""),
    )
    return copy_out(query, STORED)


def timeline(program_id: UUID, conversion_id: UUID) -> pl.DataFrame:
    """Everything that happened to a conversion (TIMELINE); empty where the program has no such conversion."""
    query = sql.SQL("""
        select 0 as number, decided_at, null, null, null, cause, null, 'open', null, null, number as decision, currency,
            null, partner, null, channel, null, turnover_minor, null, commission_minor
        from conversions_decision where program_id = {program_id} and conversion_id = {conversion_id} and number = 1
        union all
        select change.number, changed_at, way, access_user.name, source,
            case when change.decision <> decision_before then after.cause end,
            status_before, change.status, rejection_reason, comment, change.decision, after.currency,
            before.partner, after.partner, before.channel, after.channel,
            before.turnover_minor, after.turnover_minor, before.commission_minor, after.commission_minor
        from conversions_change change left join access_user on access_user.id = change.user_id
        join conversions_decision before on before.program_id = change.program_id
            and before.conversion_id = change.conversion_id and before.number = decision_before
        join conversions_decision after on after.program_id = change.program_id
            and after.conversion_id = change.conversion_id and after.number = change.decision
        where change.program_id = {program_id} and change.conversion_id = {conversion_id}
        order by number
    """).format(program_id=sql.Literal(program_id), conversion_id=sql.Literal(conversion_id))
    return copy_out(query, TIMELINE)


def told_to(view: Viewpoint, line: pl.DataFrame) -> Sequence[Row]:
    """A time line (TIMELINE) as the viewer may read it, with `credited_to_before` and `credited_to`. A partner reads
    neither others' names, commissions and comments, nor who of the advertiser's people did something."""
    return [_told(view, row) for row in line.iter_rows(named=True)]


def _told(view: Viewpoint, row: Row) -> Row:
    told = {**row}
    for when in ("_before", ""):
        partner, channel = row[f"partner{when}"], row[f"channel{when}"]
        told[f"credited_to{when}"] = (
            CreditedTo.PARTNER
            if partner is not None
            else CreditedTo.CHANNEL
            if channel is not None
            else CreditedTo.NONE
        )
        if not view.may_read(partner):
            told.update(dict.fromkeys((f"partner{when}", f"channel{when}", f"commission{when}_minor")))
    told["comment"] = row["comment"] if view.may_read(row["partner"]) else None
    told["way"], told["user"], told["source"] = who_did(view, row["way"], row["user"], row["source"])
    return told


def who_did(
    view: Viewpoint, way: str | None, user: str | None, source: str | None
) -> tuple[str | None, str | None, str | None]:
    """Through what, who and from where, as far as the viewer may read it: a partner only that Accredit did it by
    itself, or by which conversion request it was, else nothing: it was the advertiser."""
    if view.sees_everything:
        return way, user, source
    if way == Way.REQUEST:
        return way, None, source
    return (way if way == Way.AUTOMATIC else None), None, None
