"""What was decided, as files: conversions and explanations (spec 80), the same bytes for the same input."""

import secrets
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import polars as pl

from accredit.engine.deciding import Decided
from accredit.files.values import decimals_of

INSTANT_FORMAT = "%Y-%m-%dT%H:%M:%S%.6fZ"
AMOUNT_DECIMALS = 4
"""Of amounts in Parquet: no currency has more."""

RESULT_COLUMNS = (
    "event_type", "order_token", "occurred_at", "credited_to", "partner", "channel", "click_id", "reason", "promo_code",
    "credit_group", "terms", "terms_version", "model", "customer_status", "currency", "turnover", "commission",
    "adjustments", "restriction", "status",
)  # fmt: skip
EXPLANATION_COLUMNS = (
    "event_type", "order_token", "rank", "partner", "channel", "click_id", "clicked_at", "promo_code", "credit_group",
    "outcome", "without_winner",
)  # fmt: skip
_ORDER = ("occurred_at", "event_type", "order_token")


def results(decided: Decided) -> pl.DataFrame:
    """One row a conversion: RESULT_COLUMNS, sorted by time, event type and order token. Amounts are minor units still,
    in `turnover` and `commission`."""
    columns = pl.concat(
        [
            decided.conversions.select(*_ORDER, "customer_status", "currency", turnover="turnover_minor"),
            decided.credits.select(
                "credited_to", "partner", "channel", "click_id", "reason", "promo_code", "credit_group", "terms",
                "terms_version",
            ),
            decided.summary.select("model", "adjustments", "restriction", commission="commission_minor"),
        ],
        how="horizontal",
    )  # fmt: skip
    order = columns.select(pl.arg_sort_by(_ORDER)).to_series()
    return columns.with_columns(pl.lit("open").alias("status")).select(RESULT_COLUMNS).gather(order)


def explanations(decided: Decided) -> pl.DataFrame:
    """One row a click or code: EXPLANATION_COLUMNS, the conversions in the order of the results."""
    assert decided.explanations is not None
    conversions = decided.conversions.select(_ORDER)
    place = conversions.select(pl.arg_sort_by(_ORDER).arg_sort().cast(pl.UInt32)).to_series()
    conversion = pl.col("conversion")
    return (
        decided.explanations.lazy()
        .with_columns(
            pl.lit(place).gather(conversion).alias("place"),
            *(pl.lit(conversions[name]).gather(conversion).alias(name) for name in ("event_type", "order_token")),
        )
        .sort("place", "rank")
        .select(EXPLANATION_COLUMNS)
        .collect()
    )


def write_results(tables: Mapping[Path, pl.DataFrame]) -> None:
    """Write tables as CSV or Parquet, by the files' endings: all of them or, where one cannot be written, none. In CSV
    amounts have their currency's decimals; in Parquet they are decimals with four places. Raises OSError."""
    begun: dict[Path, Path] = {}
    try:
        for path, table in tables.items():
            target = path.resolve()
            begun[target] = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
            _write(begun[target], table, parquet=path.suffix.lower() == ".parquet")
        for target, temporary in begun.items():
            temporary.replace(target)
    finally:
        for temporary in begun.values():
            temporary.unlink(missing_ok=True)


def _write(path: Path, table: pl.DataFrame, *, parquet: bool) -> None:
    enums = [pl.col(name).cast(pl.String) for name, dtype in table.schema.items() if isinstance(dtype, pl.Enum)]
    amount = pl.Decimal(38, AMOUNT_DECIMALS) if parquet else pl.String()
    amounts = [_major(table, name, amount) for name in ("turnover", "commission") if name in table.columns]
    written = table.with_columns(*enums, *amounts)
    with path.open("xb") as stream:
        if parquet:
            written.write_parquet(stream, compression="zstd")
        else:
            written.write_csv(stream, datetime_format=INSTANT_FORMAT)


def _major(table: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.Expr:
    """Minor units as amounts of their currencies: as text, with exactly the currency's decimals."""
    places = table.select(decimals_of(pl.col("currency"))).to_series()
    majors = pl.lit(None, dtype)
    for decimals in places.unique().sort():
        unit = pl.lit(Decimal(1).scaleb(-decimals), pl.Decimal(38, decimals))
        major = (pl.col(name).cast(pl.Decimal(38, 0)) * unit).cast(pl.Decimal(38, decimals))
        majors = pl.when(pl.lit(places) == decimals).then(major.cast(dtype)).otherwise(majors)
    return majors.alias(name)
