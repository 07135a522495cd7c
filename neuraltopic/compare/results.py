"""The results of a comparison of models and of a sweep over the number of topics."""

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from neuraltopic.compare.recommendation import Recommendation, Sample
from neuraltopic.evaluate.metrics import METRICS, Metric

if TYPE_CHECKING:
    import pandas as pd

# The metrics that are shown; the recommendation uses the bound per token and its error.
SHOWN = ("perplexity_bound_corpus", "npmi_document", "diversity", "stability")


@dataclass(frozen=True)
class Comparison:
    """The results of a comparison.

    Attributes
    ----------
    folder : Path
    name : str
        Of the documents.
    models : tuple of str
        In the given order.
    results : list of dict
        The result of each fit, models in order and seeds within them; with "error" for a failed fit.
    sizes : dict
        Of the data.
    """

    folder: Path
    name: str
    models: tuple[str, ...]
    results: list[dict[str, Any]]
    sizes: dict[str, Any]

    @property
    def failures(self) -> list[dict[str, Any]]:
        """The fits that gave nothing: model, n_components, seed, error."""
        return [result for result in self.results if "error" in result]

    @property
    def metrics(self) -> list[Metric]:
        """The metrics that some model has, in the order of the table."""
        found = {name for result in self.results for name in result.get("figures", {})}
        return [metric for metric in METRICS.values() if metric.name in found]

    def finished(self, model: str) -> list[dict[str, Any]]:
        """The results of a model, seeds in order, without failures."""
        return [result for result in self.results if result["model"] == model and "error" not in result]

    def values(self, model: str, metric: str) -> list[float]:
        """A figure of each finished fit of a model; empty where it has none."""
        figures = [result["figures"] for result in self.finished(model)]
        return [figure[metric] for figure in figures if figure.get(metric) is not None]

    def median(self, model: str, metric: str) -> float | None:
        """Median over the seeds; None if the model does not have the figure."""
        values = self.values(model, metric)
        return median(values) if values else None

    def best(self, metric: Metric) -> set[str]:
        """The models with the best median: several where equal as printed, none where one alone has the figure."""
        found = ((model, self.median(model, metric.name)) for model in self.models)
        medians = {model: value for model, value in found if value is not None}
        if len(medians) < 2:
            return set()
        best = format((max if metric.better == "higher" else min)(medians.values()), metric.format)
        return {model for model, value in medians.items() if format(value, metric.format) == best}

    def to_frame(self) -> "pd.DataFrame":
        """One line per model, seed and metric: model, n_components, seed, metric, value, better."""
        import pandas as pd

        return pd.DataFrame(
            [
                (result["model"], result["n_components"], result["seed"], name, value, METRICS[name].better)
                for result in self.results
                for name, value in result.get("figures", {}).items()
                if name in METRICS and value is not None
            ],
            columns=["model", "n_components", "seed", "metric", "value", "better"],
        )


@dataclass(frozen=True)
class ChoiceOfK:
    """The results of a sweep over K.

    Attributes
    ----------
    folder : Path
    name : str
        Of the documents.
    recipe : str
    samples : tuple of Sample
        One per K with three fits or more, ascending.
    results : list of dict
        The result of each fit, K ascending and seeds within; with "error" for a failed fit.
    recommendation : Recommendation
    """

    folder: Path
    name: str
    recipe: str
    samples: tuple[Sample, ...]
    results: list[dict[str, Any]]
    recommendation: Recommendation

    @property
    def failures(self) -> list[dict[str, Any]]:
        """The fits that gave nothing: model, n_components, seed, error."""
        return [result for result in self.results if "error" in result]

    @property
    def metrics(self) -> list[Metric]:
        """What is shown."""
        return [METRICS[name] for name in SHOWN]

    def to_frame(self) -> "pd.DataFrame":
        """One line per K, seed and metric: n_components, seed, metric, value."""
        import pandas as pd

        return pd.DataFrame(
            [
                (result["n_components"], result["seed"], name, value)
                for result in self.results
                for name, value in result.get("figures", {}).items()
                if value is not None
            ],
            columns=["n_components", "seed", "metric", "value"],
        )
