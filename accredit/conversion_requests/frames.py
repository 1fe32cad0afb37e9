"""The columns of the frames that go into and come out of conversion requests, and the codes that they hold."""

import polars as pl

from accredit.conversion_requests.models import WANTED as WANTED_COLUMNS
from accredit.engine.frames import INSTANT, MINOR, TEXT, Schema

_TYPES: Schema = {
    **{name: TEXT for name in WANTED_COLUMNS if name != "items"},
    "occurred_at": INSTANT,
    "turnover_minor": MINOR,
    "claimed_minor": MINOR,
}

WANTED: Schema = {  # what somebody wants to raise; null: nothing is asked
    "row": pl.Int64(),  # unique: the number by which whoever asks is answered
    "kind": TEXT,  # create or change; a claim is made of a create
    "partner": TEXT,  # null: the one that the viewer has
    "event_type": TEXT,  # null: the one that the program has
    "order_token": TEXT,
    "conversion_id": TEXT,  # of a change that names no order: the conversion's UUID
    **_TYPES,  # currency null: the conversion's, or else the program's
    "source": TEXT,  # where it stood, such as the file and its row
}

WANTED_ITEMS: Schema = {  # of a create all of them; of a change those that change, with quantity 0 where cancelled
    "row": pl.Int64(),
    "item_id": TEXT,
    "quantity": pl.Int64(),
    "turnover_minor": MINOR,  # of the whole line; null in a change: in proportion to the quantity
    "sku": TEXT,
    "category": TEXT,
}

REQUESTED: Schema = {  # requests as they are planned: as they were raised, or as they would be
    "row": pl.Int64(),  # unique in the frame
    "number": pl.Int64(),  # null where it is not raised yet
    "kind": TEXT,
    "partner": TEXT,
    "event_type": TEXT,
    "order_token": TEXT,
    "conversion_id": TEXT,
    "changes": pl.Int64(),  # how many the conversion had had when it was looked at; null: it was not there
    **_TYPES,
}

PLANNED: Schema = {  # one row a request, in their order
    "row": pl.Int64(),
    "kind": TEXT,
    "why": TEXT,  # a code of WHY where nothing can be done; then what is "after" is as before
    "field": TEXT,  # the column of WANTED that is the cause of `why`; "" where it is all of it
    "conversion_id": TEXT,
    "changes": pl.Int64(),  # how many the conversion had; null where there is no conversion
    "currency": TEXT,
    "partner_before": TEXT,  # who is credited now: not for the eyes of other partners
    "channel_before": TEXT,
    "partner": TEXT,
    "status_before": TEXT,
    "status": TEXT,
    "turnover_before_minor": MINOR,
    "turnover_minor": MINOR,
    "commission_before_minor": MINOR,  # what is paid, and so 0 where it is rejected; of a claim: to whoever has it
    "commission_minor": MINOR,  # what would be paid then
    "by_rate_minor": MINOR,  # where a commission is claimed: what the rate would give; else null
    "difference_minor": MINOR,
    "model_before": TEXT,
    "model": TEXT,
    "restriction": TEXT,  # why nothing would be paid then
    "before": TEXT,  # JSON: the fields that change, as they are; items as a list; of a claim also who is credited
}
"""Totals are taken by currency: `commission_before_minor`, `commission_minor` and `difference_minor`."""

ASKED: Schema = {  # decisions on requests
    "id": TEXT,  # the UUID of a request
    "stages": pl.Int64(),  # the number of its last stage that was looked at; null: whichever it is
    "changes": pl.Int64(),  # how many the conversion had had when it was looked at (PLANNED); null: however it is
    "verdict": TEXT,  # accepted or rejected
    "reason": TEXT,  # of a rejection: one of the program's rejection reasons
    "comment": TEXT,
}

DECIDED: Schema = {"id": TEXT, "number": pl.Int64(), "stage": TEXT}
"""Requests that were decided (or withdrawn): the stage that they came to."""

UNDECIDED: Schema = {
    "id": TEXT,
    "number": pl.Int64(),
    "why": TEXT,  # a code of `deciding.WHY`
    "stage": TEXT,  # the last that somebody's decision brought it to: accepted, where it is processed by now
    "changed_at": INSTANT,  # since when
    "changed_by": TEXT,  # the name of who did; null: nobody in particular
}
