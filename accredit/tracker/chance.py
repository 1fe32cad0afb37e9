"""Random bytes of the operating system, asked for in large pieces: asking costs more than what a click needs."""

import os

BLOCK_BYTES = 8192


class _Block:
    """What was asked for, and how much of it was given out."""

    content = b""
    used = 0


def chance(count: int) -> bytes:
    """So many bytes, which nobody was given before."""
    start = _Block.used
    end = start + count
    if end > len(_Block.content):
        _Block.content, start, end = os.urandom(BLOCK_BYTES), 0, count
    _Block.used = end
    return _Block.content[start:end]


def _forget() -> None:
    _Block.content = b""


os.register_at_fork(after_in_child=_forget)
