"""The result of an evaluation: figures with intervals and meanings, and what was left out and why."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

from neuraltopic.evaluate.metrics import METRICS

if TYPE_CHECKING:
    import pandas as pd


class Interval(NamedTuple):
    """From `low` to `high`: 95% of samples like this one would give a figure in it."""

    low: float
    high: float


@dataclass(frozen=True)
class Figure:
    """One figure of a model.

    Attributes
    ----------
    metric : str
        A name in `METRICS`.
    value : float
    interval : Interval or None
        None if the figure is not over a sample.
    n : int
        Documents or topics that it is about.
    unit : str
        What `n` counts: "documents", "topics", or "tokens".
    better : str
        "higher" or "lower".
    meaning : str
    """

    metric: str
    value: float
    interval: Interval | None
    n: int
    unit: str
    better: str
    meaning: str

    @classmethod
    def of(cls, metric: str, value: float, interval: Interval | None, n: int, unit: str, detail: str = "") -> Self:
        """A figure of one of `METRICS`; `detail` states how it was measured."""
        about = METRICS[metric]
        meaning = f"{about.meaning} ({detail})" if detail else about.meaning
        return cls(metric, value, interval, n, unit, about.better, meaning)


@dataclass(frozen=True)
class Evaluation:
    """All the figures of a model.

    Attributes
    ----------
    figures : tuple of Figure
    topics : DataFrame
        One line per topic: topic, label, and its part of each figure of topics.
    reference : str
        The documents in which coherence was counted.
    held_out : str
        The documents on which the rest was measured.
    notes : tuple of str
        The figures that were left out, and why.
    """

    figures: tuple[Figure, ...]
    topics: "pd.DataFrame"
    reference: str
    held_out: str
    notes: tuple[str, ...]

    def __getitem__(self, metric: str) -> Figure:
        """The figure of that name; KeyError when there is none."""
        for figure in self.figures:
            if figure.metric == metric:
                return figure
        raise KeyError(metric)

    def to_frame(self) -> "pd.DataFrame":
        """One line per figure: metric, value, low, high, n, unit, better, meaning; low and high are missing if
        there is no interval."""
        import pandas as pd

        lines = [asdict(figure) for figure in self.figures]
        for line in lines:
            line["low"], line["high"] = line.pop("interval") or (None, None)
        columns = ["metric", "value", "low", "high", "n", "unit", "better", "meaning"]
        return pd.DataFrame(lines, columns=columns).astype({"value": float, "low": float, "high": float, "n": "int64"})
