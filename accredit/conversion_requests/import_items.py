"""Items as one cell of a table has them: `number;quantity;turnover;SKU;category`, separated by line breaks or `|`."""

import polars as pl

from accredit.conversion_requests.frames import WANTED_ITEMS
from accredit.engine.frames import TEXT
from accredit.files.values import MAX_QUANTITY, decimals_of, minor, ten_thousandths
from accredit.imports.amounts import COMMA, POINT
from accredit.imports.declaring import Decimals

FIELDS = ("item_id", "quantity", "turnover", "sku", "category")
ITEM: pl.Schema = pl.Schema({**WANTED_ITEMS, "text": TEXT, "wrong": pl.Boolean()})


def items_of(cells: pl.DataFrame, decimals: Decimals | None = None) -> pl.DataFrame:
    """The items of cells (`row`, `items`, `currency`): WANTED_ITEMS with the `text` of each, and whether it is `wrong`.
    An amount that could be read in two ways, such as 1.234, is wrong unless the user says how the file has its
    `decimals`: no other cell says how it is meant."""
    if cells["items"].null_count() == len(cells):
        return pl.DataFrame(schema=ITEM)
    texts = (
        cells.select(
            "row", "currency", pl.col("items").str.replace_all(r"\r\n|\r|\n", "|").str.split("|").alias("text")
        )
        .drop_nulls("text")
        .explode("text")
        .with_columns(pl.col("text").str.strip_chars())
        .filter(pl.col("text") != "")
    )
    parts = pl.col("text").str.split(";")
    split = texts.with_columns(
        *(
            parts.list.get(place, null_on_oob=True).str.strip_chars().replace("", None).alias(name)
            for place, name in enumerate(FIELDS)
        ),
        fields=parts.list.len(),
    )
    bare = pl.col("turnover").str.replace_all(r"[\s\x{a0}\x{202f}']", "")
    is_point = bare.str.contains(POINT) & pl.lit(decimals is not Decimals.COMMA)
    is_comma = bare.str.contains(COMMA) & pl.lit(decimals is not Decimals.POINT)
    plain = (
        pl.when(is_point & is_comma & bare.str.contains("[.,]"))
        .then(None)
        .when(is_comma)
        .then(bare.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True))
        .when(is_point)
        .then(bare.str.replace_all(",", "", literal=True))
    )
    quantity = pl.when(pl.col("quantity").str.contains("^[0-9]{1,9}$")).then("quantity").cast(pl.Int64, strict=False)
    read = split.with_columns(
        number=pl.when(quantity <= MAX_QUANTITY).then(quantity),
        turnover_minor=minor(ten_thousandths(plain), decimals_of(pl.col("currency"))),
    )
    wrong = (
        pl.col("item_id").is_null()
        | pl.col("number").is_null()
        | (pl.col("turnover").is_not_null() & pl.col("turnover_minor").is_null())
        | (pl.col("fields") > len(FIELDS))
    )
    return read.select(
        "row", "item_id", "turnover_minor", "sku", "category", "text", quantity="number", wrong=wrong.fill_null(True)
    ).select(*ITEM)
