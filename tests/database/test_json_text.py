"""JSON written by columns reads back as the values."""

import json

import polars as pl

from accredit.database import json_text

TEXTS = ['"', "\\", "a\nb", "\x00\x1f\x7f", "é漢", "", "null", None]


def test_texts_numbers_arrays_and_objects_read_back() -> None:
    frame = pl.DataFrame({"text": TEXTS, "number": [*range(7), None]})
    text, number = json_text.text(pl.col("text")), json_text.number(pl.col("number"))
    arrays = frame.select(json_text.array([text, number])).to_series()
    assert [json.loads(array) for array in arrays] == [[one, n] for one, n in frame.rows()]
    objects = frame.select(json_text.object_of({"text": text, "number": number})).to_series()
    assert [json.loads(one) for one in objects] == [
        {name: value for name, value in (("text", one), ("number", n)) if value is not None} for one, n in frame.rows()
    ]


def test_values_are_gathered_by_their_owner() -> None:
    rows = pl.DataFrame({"owner": [1, 1, 3], "value": ["1", "2", "3"]}, schema_overrides={"owner": pl.UInt32})
    assert json_text.arrays(rows, "owner", "value", 4).to_list() == ["[]", "[1,2]", "[]", "[3]"]
    assert json_text.arrays(rows.clear(), "owner", "value", 2).to_list() == ["[]", "[]"]
