"""What the tracker counts: plain numbers while it works, in the form of Prometheus when somebody asks."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

ROWS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Histogram:
    """How many values came, within which bounds, and their sum."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds, self._counts, self._sum = bounds, [0] * (len(bounds) + 1), 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def buckets(self) -> list[tuple[str, float]]:
        """Upper bound → how many values were at most that."""
        totals = accumulate(self._counts)
        return list(zip((*map(str, self._bounds), "+Inf"), totals, strict=True))

    @property
    def sum(self) -> float:
        return self._sum


class GroupFigures:
    """How large groups were, and how long they took until they were on disk."""

    def __init__(self) -> None:
        self.rows, self.seconds = Histogram(ROWS), Histogram(SECONDS)

    def add(self, rows: int, seconds: float) -> None:
        """Count a group."""
        self.rows.add(rows)
        self.seconds.add(seconds)


@dataclass(slots=True)
class Counts:
    """What was answered since the start: clicks and conversions by outcome, refused requests by reason."""

    clicks: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    conversions: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    refused: dict[str, int] = field(default_factory=lambda: defaultdict(int))


class _Figures(Collector):
    def __init__(self, counts: Counts, groups: Mapping[str, GroupFigures], ready: bool) -> None:
        self._counts, self._groups, self._ready = counts, groups, ready

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("accredit_ready", "Whether the database takes what comes", value=self._ready)
        yield _counter("accredit_clicks", "Clicks answered", "outcome", self._counts.clicks)
        yield _counter("accredit_conversions", "Conversions answered", "outcome", self._counts.conversions)
        yield _counter("accredit_refused", "Requests refused", "reason", self._counts.refused)
        rows = HistogramMetricFamily("accredit_group_rows", "Rows written together", labels=["of"])
        seconds = HistogramMetricFamily("accredit_commit_seconds", "Seconds until they were on disk", labels=["of"])
        for name, figures in self._groups.items():
            rows.add_metric([name], figures.rows.buckets(), figures.rows.sum)
            seconds.add_metric([name], figures.seconds.buckets(), figures.seconds.sum)
        yield from (rows, seconds)


def _counter(name: str, text: str, label: str, counts: Mapping[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def exposition(counts: Counts, groups: Mapping[str, GroupFigures], *, ready: bool) -> bytes:
    """All figures in the text form of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(counts, groups, ready))
    return generate_latest(registry)
