"""How often somebody may ask: so many times a second, and a few seconds' worth at once. And how much may wait."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Generic, TypeVar

Asker = TypeVar("Asker", bound=Hashable)

BURST_SECONDS = 4
MAX_ASKERS = 100_000
"""In each of two halves; beyond that the older half is forgotten early, in favour of those who ask."""


class Limit(Generic[Asker]):
    """At most `rate` a second for everybody who asks, and BURST_SECONDS' worth of that at once; 0: no limit.

    Of each asker one instant is kept: when all that was taken will have been earned."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._earned: dict[Asker, float] = {}
        self._earlier: dict[Asker, float] = {}
        self._turned_at = 0.0

    def allows(self, asker: Asker, now: float | None = None) -> bool:
        """Whether `asker` may have one more now (monotonic seconds)."""
        if not self._rate:
            return True
        now = monotonic() if now is None else now
        if now - self._turned_at > BURST_SECONDS or len(self._earned) >= MAX_ASKERS:
            # Whoever did not ask for so long has earned everything, and need not be remembered.
            self._earlier = self._earned if now - self._turned_at <= 2 * BURST_SECONDS else {}
            self._earned, self._turned_at = {}, now
        earned = max(self._earned.get(asker) or self._earlier.get(asker, now), now) + 1 / self._rate
        if earned > now + BURST_SECONDS:
            return False
        self._earned[asker] = earned
        return True


class Room:
    """Bytes of bodies that are being read, checked and written: so many, of all requests together."""

    def __init__(self, size: int) -> None:
        self.left = size

    @contextmanager
    def share(self) -> Iterator["Share"]:
        """What one request takes of it, for as long as the request lasts."""
        share = Share(self)
        try:
            yield share
        finally:
            self.left += share.taken


class Share:
    """The part of a room that a request takes."""

    def __init__(self, room: Room) -> None:
        self._room, self.taken = room, 0

    def takes(self, size: int) -> bool:
        """Take so many more; whether there is room for them."""
        if size > self._room.left:
            return False
        self._room.left -= size
        self.taken += size
        return True
