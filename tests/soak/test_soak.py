"""The short form of `make soak`: some kills under a little load, and the proof."""

from soak.__main__ import KILLS, soak


def test_what_was_answered_is_there_once_whatever_was_killed() -> None:
    found, memory, faults = soak(kills=3, minutes=30, clients=3, pause=0.02, seed=2611)
    assert found == []
    assert all(faults[kill] for kill in KILLS)
    assert any(name.startswith("signed batch 200") for name in memory.answers)
    assert len(memory.clicks) > 20
    assert sum(order.taken is not None for order in memory.orders.values()) > 10
