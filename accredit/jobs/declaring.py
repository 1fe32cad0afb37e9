"""Rooms declare the kinds of their jobs when somebody first asks for a kind: what a kind needs takes long to load, and
most commands never do."""

from collections.abc import Callable
from threading import Lock

_later: list[Callable[[], None]] = []
_lock = Lock()


def declared_by(declare: Callable[[], None]) -> None:
    """Have this called before the first kind is asked for. Call it when Django starts."""
    _later.append(declare)


def declare_all() -> None:
    """Call what was put off, each once."""
    with _lock:
        while _later:
            _later[0]()
            del _later[0]
