"""Reproducible draws.

Python promises the same sequence on every machine and version only for `Random.random()` with a given seed, so every
draw is made of it, and of integers from there on.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Weighted(Generic[T]):
    """Values to pick from, each as often as its weight says."""

    def __init__(self, weights: Mapping[T, int]) -> None:
        self.values: Sequence[T] = tuple(weights)
        self.bounds: Sequence[int] = tuple(accumulate(weights.values()))


class Draws:
    """A stream of draws named by its key: another key gives an independent stream, the same key the same one."""

    def __init__(self, key: str) -> None:
        self._random = Random(key).random  # noqa: S311 (made-up data, nothing secret)

    def below(self, bound: int) -> int:
        """A whole number from 0 to below `bound`, at most 2^53."""
        return int(self._random() * bound)

    def chance(self, percent: int) -> bool:
        return self.below(100) < percent

    def one_of(self, values: Sequence[T]) -> T:
        return values[self.below(len(values))]

    def pick(self, choices: Weighted[T]) -> T:
        return choices.values[bisect_right(choices.bounds, self.below(choices.bounds[-1]))]
