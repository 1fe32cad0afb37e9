"""How the shop is connected with Accredit: what `accredit demo ensure` wrote down for it, and its signed calls."""

import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from accredit.demo.shop.goods import Order

FILE_NAME = "shop.json"
"""In the state folder, for its owner's eyes only: it holds the key."""
CALL_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Link:
    """How people come to the shop: the link of a partner or a channel."""

    name: str
    url: str
    is_channel: bool
    labels: Sequence[str]
    promo_codes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Connection:
    """`tracker`: its address; `click_parameter`: under which it hands on the id of a click."""

    tracker: str
    program: str
    click_parameter: str
    key: str
    secret: str
    links: Sequence[Link]
    pages: str = ""
    """Where Accredit's pages answer; empty: nobody knows."""

    @classmethod
    def read(cls, folder: Path) -> "Connection":
        found = json.loads((folder / FILE_NAME).read_text())
        return cls(**{**found, "links": [Link(**link) for link in found["links"]]})

    def address(self, event_type: str) -> str:
        """Where the tracker takes orders of this type."""
        return f"{self.tracker}/t/{quote(self.program, safe='')}/{quote(event_type, safe='')}"

    def conversion_url(self, order: Order) -> str | None:
        """Where Accredit shows the order; None where nobody knows its pages."""
        listed = f"/programs/{quote(self.program)}/conversions?{urlencode({'q': order.token})}"
        return f"{self.pages}{listed}" if self.pages else None

    def send(self, order: Order) -> str:
        """Report an order from server to server, signed; what the tracker says of it. A real shop would keep what the
        tracker did not take, and send it again: the same order twice is one."""
        address, body = self.address(order.event_type), json.dumps(order.reported()).encode()
        request = urllib.request.Request(  # noqa: S310 - the demo's own tracker
            address,
            data=body,
            headers={"Content-Type": "application/json", "Accredit-Signature": self._signature(address, body)},
        )
        try:
            with urllib.request.urlopen(request, timeout=CALL_SECONDS) as answer:  # noqa: S310
                return f"{answer.status} {answer.read(1000).decode()}"
        except urllib.error.HTTPError as error:
            return f"{error.code} {error.read(1000).decode(errors='replace')}"
        except OSError as error:
            return f"the tracker does not answer: {error}"

    def _signature(self, address: str, body: bytes) -> str:
        moment = int(time.time())
        signed = f"{moment}.POST.{urlsplit(address).path}.".encode() + body
        digest = hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()
        return f"key={self.key}, time={moment}, sha256={digest}"
