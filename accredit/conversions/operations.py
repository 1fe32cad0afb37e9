"""Loading clicks and orders: recorded, credited and priced, each exactly once."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import polars as pl
from django.db import transaction

from accredit.conversions.received import received
from accredit.conversions.recording import record
from accredit.engine.deciding import decide
from accredit.engine.frames import ITEMS, TEXT
from accredit.engine.trace import TOO_LARGE, CommissionTooLarge
from accredit.files.errors import FileErrors
from accredit.files.inputs import read_clicks, read_items, read_orders
from accredit.programs.models import Program
from accredit.programs.operations import lock_program
from accredit.programs.queries import program_by_code, program_value
from accredit.tracking.operations import Appended, Progress, append_clicks, incoming, make_partitions, receive
from accredit.tracking.queries import journeys

BATCH_ORDERS = 100_000
NAMED_ORDERS = 10
ORDER = ["event_type", "order_token"]


class OrdersNotPriced(ValueError):
    """Orders whose commission cannot be worked out. Their batch is not recorded; what was before it is.

    `conversions`: their row numbers in the batch."""

    def __init__(self, batch: pl.DataFrame, conversions: list[int]) -> None:
        tokens = batch["order_token"].gather(conversions[:NAMED_ORDERS])
        more = f" and {len(conversions) - NAMED_ORDERS:,} more" if len(conversions) > NAMED_ORDERS else ""
        super().__init__(f"Not priced: {', '.join(tokens)}{more}. Of each, {TOO_LARGE}")
        self.conversions = conversions


@dataclass(frozen=True, slots=True)
class Loaded:
    """`conflicting_orders` (event_type, order_token): recorded with other content, which stays."""

    clicks: Appended
    new_conversions: int
    known_conversions: int
    conflicting_orders: pl.DataFrame


def load(
    code: str,
    clicks: Path,
    orders: Path,
    items: Path | None = None,
    *,
    now: datetime,
    progress: Progress | None = None,
) -> Loaded:
    """Load files (spec 80) into an installed program. Raises UnknownProgram, FileErrors with the errors of all files
    (nothing is loaded then), and what `load_frames` raises."""
    program = program_by_code(code)
    frames = _read(program, clicks, orders, items)
    return load_frames(program.id, *frames, now=now, source=orders.name, progress=progress)


def _read(
    program: Program, clicks: Path, orders: Path, items: Path | None
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    value = program_value(program.id)
    errors = []
    try:
        clicks_frame = read_clicks(clicks, value)
    except FileErrors as error:
        errors.append(error.frame)
    try:
        orders_frame = read_orders(orders, value)
        items_frame = pl.DataFrame(schema=dict(ITEMS)) if items is None else read_items(items, value, orders_frame)
    except FileErrors as error:
        errors.append(error.frame)
    if errors:
        raise FileErrors(pl.concat(errors))
    return clicks_frame, orders_frame, items_frame


def load_frames(
    program_id: UUID,
    clicks: pl.DataFrame,
    conversions: pl.DataFrame,
    items: pl.DataFrame,
    *,
    now: datetime,
    source: str = "",
    progress: Progress | None = None,
    batch_orders: int = BATCH_ORDERS,
) -> Loaded:
    """Append clicks (CLICKS) to the log, and record conversions (CONVERSIONS, not mapped yet) with their items (ITEMS),
    credited by all clicks of their visitors in the log; one transaction for each batch.

    Orders that are recorded already are left as they are; those that came with other content are kept as events and
    reported. So a load that was cut off is finished by loading again. Raises TooManyDays and OrdersNotPriced.
    """
    program = Program.objects.get(id=program_id)
    now = now.astimezone(UTC)
    appended = append_clicks(program, clicks, progress=progress)
    make_partitions("tracking_conversion_event", [now.date()])
    batches = _Batches(conversions, items)
    counts: list[_Counts] = []
    for start in range(0, len(conversions), batch_orders):
        batch, batch_items = batches.batch(start, batch_orders)
        counts.append(_load_batch(program, batch, batch_items, now=now, source=source))
        if progress:
            progress("orders", start + len(batch), len(conversions))
    return Loaded(
        appended,
        sum(one.new for one in counts),
        sum(one.known for one in counts),
        pl.concat([pl.DataFrame(schema=dict.fromkeys(ORDER, TEXT)), *(one.conflicting for one in counts)]),
    )


class _Batches:
    """Orders by time, with their items, cut into batches: neighbours in time are neighbours in the indexes."""

    def __init__(self, conversions: pl.DataFrame, items: pl.DataFrame) -> None:
        ordered = conversions.with_row_index("conversion").sort("occurred_at", *ORDER)
        self.conversions = ordered.drop("conversion")
        self.items = _renumbered(items, ordered["conversion"])

    def batch(self, start: int, rows: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        within = pl.col("conversion").is_between(start, start + rows, closed="left")
        return (
            self.conversions[start : start + rows],
            self.items.filter(within).with_columns(pl.col("conversion") - start),
        )


def _renumbered(items: pl.DataFrame, taken: pl.Series) -> pl.DataFrame:
    """The items of the conversions `taken` (row numbers), renumbered to their places there, in the order of places."""
    places = pl.DataFrame({"conversion": taken}).with_row_index("place")
    return (
        items.join(places, on="conversion", maintain_order="left")
        .sort("place", "item_id")
        .with_columns(conversion=pl.col("place"))
        .select(*ITEMS)
    )


@dataclass(frozen=True, slots=True)
class _Counts:
    new: int
    known: int
    conflicting: pl.DataFrame


def _load_batch(
    program: Program, conversions: pl.DataFrame, items: pl.DataFrame, *, now: datetime, source: str
) -> _Counts:
    with transaction.atomic():
        # No set-up changes between crediting and recording.
        lock_program(program.code)
        came = received(conversions, items)
        rows = incoming(program.id, program.code, conversions, came, now=now, source=source, signed=None)
        events = receive(rows, for_worker=False)
        outcome = events["outcome"]
        new = outcome.eq("recorded").arg_true()
        if len(new):
            book(program.id, conversions[new], _renumbered(items, new), events["id"][new], now=now)
    conflicting = conversions.filter(outcome == "conflict").select(ORDER)
    return _Counts(len(new), len(outcome.eq("known").arg_true()), conflicting)


def book(
    program_id: UUID,
    conversions: pl.DataFrame,
    items: pl.DataFrame,
    event_ids: pl.Series,
    *,
    now: datetime,
    signed: pl.Series | None = None,
) -> None:
    """Credit, price and record what came in as these events: conversions (CONVERSIONS, not mapped yet) with their items
    (ITEMS). Call it in a transaction that holds the program's lock. Raises OrdersNotPriced."""
    value = program_value(program_id)
    try:
        decided = decide(value, conversions, journeys(program_id, conversions), items)
    except CommissionTooLarge as error:
        raise OrdersNotPriced(conversions, error.conversions) from error
    record(program_id, value, decided, items, event_ids=event_ids, signed=signed, now=now)
