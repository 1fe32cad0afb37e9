"""The shop of `tests.factories.people`, asked through keys of its people."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http.response import HttpResponseBase
from django.test import Client

from accredit.access.api_keys import add_key
from tests.factories.people import Shop, open_shop

PROGRAM = "/api/v1/programs/anvils"


@pytest.fixture
def shop(db: None) -> Shop:
    return open_shop()


@dataclass(frozen=True, slots=True)
class Answer:
    """`content`: the JSON."""

    status: int
    content: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody's program, with a key or without."""

    text: str = ""
    raises: bool = True
    """What fails in a view is raised here, not answered."""

    def get(self, address: str, **parameters: str | int) -> Answer:
        return self._answer("GET", address, query_params=parameters)

    def post(self, address: str, content: object) -> Answer:
        return self.send(address, json.dumps(content))

    def send(self, address: str, body: str | bytes, content_type: str = "application/json") -> Answer:
        """As it stands."""
        return self._answer("POST", address, data=body, content_type=content_type)

    def _answer(self, method: str, address: str, **more: Any) -> Answer:
        headers = {"Authorization": f"Bearer {self.text}"} if self.text else {}
        full = address if address.startswith("/api/") else f"{PROGRAM}/{address}"
        browser = Client(enforce_csrf_checks=True, raise_request_exception=self.raises)
        response: HttpResponseBase = browser.generic(method, full, headers=headers, **more)
        assert not browser.cookies
        assert response.headers["Cache-Control"] == "no-store"
        return Answer(response.status_code, response.json(), response.headers)  # type: ignore[attr-defined]


Key = Callable[..., Asker]


@pytest.fixture
def key(shop: Shop) -> Key:
    """`key("owner", "validate")`: a program with a new key of this person."""

    def made(who: str, scope: str = "read", name: str = "Shop system") -> Asker:
        user = shop.users[who]
        now = datetime.now(UTC)
        organization = user.organizations.get()
        _key, text = add_key(
            organization=organization, user=user, name=name, scope=scope, ends_at=now + timedelta(days=1), now=now
        )
        return Asker(text)

    return made
