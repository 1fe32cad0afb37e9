"""Clients that click and order, and remember every answer that they got."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from accredit.tracker.signing import signature

PARTNERS = ("ann", "barb", "carl")
TIMEOUT_SECONDS = 15
PATIENCE_SECONDS = 0.02


@dataclass(slots=True)
class Order:
    """What was sent for one order token, and what was answered. `contents[0]` was sent first."""

    contents: list[dict[str, Any]]
    taken: str | None = None
    """The outcome of the first answer that says it is on disk."""
    signed: bool = False
    """Whether a signed call brought it: its answer says that it is recorded."""
    conflicts: set[str] = field(default_factory=set)
    """Turnovers of the contents that were answered to be in conflict."""


@dataclass(slots=True)
class Memory:
    """Everything that was answered. `clicks`: click id → visitor, partner."""

    clicks: dict[str, tuple[str, str]] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """Answers that should not be."""

    def merge(self, other: "Memory") -> None:
        """Add what another client remembers."""
        self.clicks |= other.clicks
        self.orders |= other.orders
        self.answers += other.answers
        self.wrong += other.wrong


class Client(threading.Thread):
    """One visitor after another, on one connection to one of the trackers, until `stop` is set. Only what it got an
    answer for counts. It signs some of the lists of orders with the key: id and secret."""

    def __init__(
        self,
        name: str,
        ports: Sequence[int],
        key: tuple[str, str],
        seed: int,
        stop: threading.Event,
        pause_seconds: float,
    ) -> None:
        super().__init__(name=name)
        self.ports, self.key, self.stop, self.pause_seconds = ports, key, stop, pause_seconds
        self.chance = random.Random(seed)
        self.memory = Memory()
        self.connection: http.client.HTTPConnection | None = None
        self.visitor: str | None = None
        self.click: str | None = None
        self.unanswered: list[str] = []
        self.number = 0

    def run(self) -> None:
        """Click and order."""
        steps = [self.clicks] * 6 + [self.orders] * 2 + [self.batch, self.comes_again]
        while not self.stop.is_set():
            self.chance.choice(steps)()
            time.sleep(self.pause_seconds)
        if self.connection:
            self.connection.close()

    def clicks(self) -> None:
        """A click, of a new visitor or of the one before."""
        if self.chance.random() < 0.3:
            self.visitor = self.click = None
        partner = self.chance.choice(PARTNERS)
        headers = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
        if self.visitor:
            headers["Cookie"] = f"accredit_visitor={self.visitor}"
        answer = self._ask("GET", f"/c/soak:{partner}/banner?s1={self.name}", None, headers)
        if answer is None:
            return
        status, received, _body = answer
        self.memory.answers[f"click {status}"] += 1
        if status == 302:
            cookie = received.get("set-cookie", "")
            visitor = cookie.partition("accredit_visitor=")[2].partition(";")[0] or self.visitor
            (click,) = parse_qs(urlsplit(received["location"]).query)["ck"]
            assert visitor is not None, "a new visitor gets a cookie"
            self.memory.clicks[click] = (visitor, partner)
            self.visitor, self.click = visitor, click
        elif status not in (503, 429):
            self.memory.wrong.append(f"click answered {status}")

    def _new_order(self) -> dict[str, Any]:
        self.number += 1
        token = f"{self.name}-{self.number}"
        content: dict[str, Any] = {"order_token": token, "turnover": f"{self.chance.randrange(1, 50_000) / 100:.2f}"}
        if self.visitor and self.chance.random() < 0.7:
            content["visitor_id"] = self.visitor
        elif self.click:
            content["click_id"] = self.click
        if self.chance.random() < 0.1:
            content["promo_code"] = "ANN"
        if self.chance.random() < 0.2:
            content["items"] = [
                {"item_id": f"i{n}", "quantity": n + 1, "turnover": "1.00"} for n in range(self.chance.randrange(1, 4))
            ]
        self.memory.orders[token] = Order([content])
        return content

    def orders(self) -> None:
        """A new order."""
        self._send(self._new_order())

    def comes_again(self) -> None:
        """An order comes again: one that was not answered, or an answered one, with the same or other content."""
        if self.unanswered and self.chance.random() < 0.6:
            self._send(self.memory.orders[self.unanswered.pop()].contents[0])
            return
        taken = [token for token, order in self.memory.orders.items() if order.taken]
        if not taken:
            return
        order = self.memory.orders[self.chance.choice(taken)]
        if self.chance.random() < 0.5:
            self._send(order.contents[0])
        else:
            other = {**order.contents[0], "turnover": f"{self.chance.randrange(50_001, 90_000) / 100:.2f}"}
            order.contents.append(other)
            self._send(other)

    def _send(self, content: dict[str, Any]) -> None:
        token = content["order_token"]
        answer = self._ask("POST", "/t/soak/sale", content, {})
        if answer is None:
            self.unanswered.append(token)
            return
        status, _headers, body = answer
        self.memory.answers[f"order {status}"] += 1
        if status in (429, 503):
            self.unanswered.append(token)
        elif status in (200, 201, 202, 409):
            self._remember(content, json.loads(body)["outcome"])
        else:
            self.memory.wrong.append(f"order {token} answered {status}: {body[:200]!r}")

    def batch(self) -> None:
        """Several new orders in one call, signed or not."""
        contents = [self._new_order() for _ in range(self.chance.randrange(2, 60))]
        signed = self.chance.random() < 0.5
        answer = self._ask("POST", "/t/soak/sale", contents, self._signature(contents) if signed else {})
        if answer is None or answer[0] in (429, 503):
            self.memory.answers[f"batch {answer and answer[0]}"] += 1
            self.unanswered += [content["order_token"] for content in contents]
            return
        status, _headers, body = answer
        self.memory.answers[f"{'signed batch' if signed else 'batch'} {status}"] += 1
        results = json.loads(body)["results"] if status in (200, 207) else []
        if len(results) != len(contents):
            self.memory.wrong.append(f"batch answered {status}: {body[:200]!r}")
            return
        for content, result in zip(contents, results, strict=True):
            self._remember(content, result["outcome"])
            self.memory.orders[content["order_token"]].signed = signed and result["outcome"] == "recorded"

    def _signature(self, contents: object) -> dict[str, str]:
        key, secret = self.key
        moment = int(time.time())
        digest = signature(secret.encode(), moment, "POST", "/t/soak/sale", json.dumps(contents).encode())
        return {"Accredit-Signature": f"key={key}, time={moment}, sha256={digest}"}

    def _remember(self, content: dict[str, Any], outcome: str) -> None:
        order = self.memory.orders[content["order_token"]]
        is_first = content is order.contents[0]
        if outcome in ("recorded", "known"):
            if not is_first:
                self.memory.wrong.append(f"{content['order_token']} answered {outcome} for other content")
            elif outcome == "recorded" and order.taken:
                self.memory.wrong.append(f"{content['order_token']} answered recorded twice")
            order.taken = order.taken or outcome
        elif outcome == "conflict":
            order.conflicts.add(content["turnover"])
            if is_first:
                self.memory.wrong.append(f"{content['order_token']} answered conflict for the first content")
        else:
            self.memory.wrong.append(f"{content['order_token']} answered {outcome}")

    def _ask(
        self, method: str, path: str, body: object, headers: dict[str, str]
    ) -> tuple[int, http.client.HTTPMessage, bytes] | None:
        """The answer, or None where there was none."""
        data = None if body is None else json.dumps(body).encode()
        if data:
            headers = {**headers, "Content-Type": "application/json"}
        try:
            if self.connection is None:
                port = self.chance.choice(self.ports)
                self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
            self.connection.request(method, path, data, headers)
            response = self.connection.getresponse()
            return response.status, response.headers, response.read()
        except (OSError, http.client.HTTPException):
            self.memory.answers["none"] += 1
            if self.connection:
                self.connection.close()
            self.connection = None
            time.sleep(PATIENCE_SECONDS)
            return None
