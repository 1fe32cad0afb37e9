"""Where a key begins: the programs that it sees, and as what."""

from typing import Any

import pytest

from tests.api.conftest import Asker, Key
from tests.factories.installing import install
from tests.factories.people import Shop
from tests.web.setup.test_setup import EMPTY

pytestmark = pytest.mark.django_db
ANVILS = {"code": "anvils", "name": "Anvil Shop", "currency": "USD", "timezone": "America/New_York"}
TINS = {"code": "tins", "name": "Tin Shop", "currency": "EUR", "timezone": "Europe/Berlin", "partners": None}
EVERYTHING = {**ANVILS, "partners": None}
SEEN: list[tuple[str, list[dict[str, Any]]]] = [
    ("agency", [EVERYTHING]),
    ("owner", [EVERYTHING, TINS]),
    ("viewer", [EVERYTHING, TINS]),
    ("partner", [{**ANVILS, "partners": ["barb"]}]),
    ("stranger", []),
]


def test_every_key_lists_what_it_sees(shop: Shop, key: Key) -> None:
    install(EMPTY)
    for who, programs in SEEN:
        answer = key(who).get("/api/v1/programs")
        assert (answer.status, answer.content) == (200, {"programs": programs}), who
        for program in programs:
            assert key(who).get(f"/api/v1/programs/{program['code']}/conversions").status == 200


def test_the_interface_begins_in_json(shop: Shop, key: Key) -> None:
    assert key("viewer").get("/api/v1/").content == {"programs": "/api/v1/programs", "described_in": "docs/api.md"}
    for address in ("/api/v1/", "/api/v1/programs"):
        assert Asker().get(address).status == 401
        assert key("owner", "validate").post(address, {}).status == 405
    assert key("owner").get("/api/v1/program").content["error"] == "not_found"
