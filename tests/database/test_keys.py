"""Keys inside, and their texts outside."""

import time
from uuid import UUID

import pytest

from accredit.database.keys import KeyTextError, key_from_text, key_to_text, uuid7


def test_a_key_is_a_uuid_of_version_7_that_carries_its_time() -> None:
    before, key, after = time.time_ns() // 1_000_000, uuid7(), time.time_ns() // 1_000_000
    assert key.version == 7
    assert key.variant == "specified in RFC 4122"
    assert before <= key.int >> 80 <= after


def test_later_keys_are_larger() -> None:
    keys = []
    for _ in range(100):
        keys.append(uuid7())
        time.sleep(0.000_01)
    assert keys == sorted(keys)
    assert len(set(keys)) == 100


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("00000000-0000-0000-0000-000000000000", "cv_00000000000000000000000000"),
        ("00000000-0000-0000-0000-000000000020", "cv_00000000000000000000000010"),
        ("01890a5d-ac96-774b-bcce-b302099a8057", "cv_01h455vb4pex5vsknk084sn02q"),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", "cv_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ],
)
def test_a_key_has_one_text(key: str, text: str) -> None:
    assert key_to_text("cv", UUID(key)) == text
    assert key_from_text("cv", text) == UUID(key)


def test_texts_sort_as_their_keys_do() -> None:
    keys = [UUID(int=number) for number in (0, 1, 31, 32, 2**64, 2**127, 2**128 - 1)]
    texts = [key_to_text("it", key) for key in keys]
    assert texts == sorted(texts)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cv_",
        "00000000000000000000000000",
        "it_00000000000000000000000000",
        "CV_00000000000000000000000000",
        "cv_0000000000000000000000000",
        "cv_000000000000000000000000000",
        "cv_0000000000000000000000000A",
        "cv_0000000000000000000000000u",
        "cv_0000000000000000000000000i",
        "cv_80000000000000000000000000",
        "cv_0000000000000000000000000٣",
        " cv_00000000000000000000000000",
    ],
)
def test_every_other_text_is_refused(text: str) -> None:
    with pytest.raises(KeyTextError, match="is no id: an id is cv_ followed by 26"):
        key_from_text("cv", text)
