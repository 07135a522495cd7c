"""A stated rule that chooses the number of topics, and explains the choice.

1. The documents decide first. The held-out bound per token of every K, mean over seeds, is compared with the best one:
   the K within one standard error of it describe unseen documents as well as any (the one-standard-error rule of
   Breiman, Friedman, Olshen and Stone 1984). The error is that of the best mean: over seeds, and over the held-out
   documents.
2. Of these, the K remain whose coherence and stability are not significantly below the highest among them: by less
   than the one-sided 5% point of Student's t, with the variance over seeds pooled over all K.
3. Of these the smallest is recommended, since fewer topics are quicker to read.

Axes: S seeds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

FloatArray = NDArray[np.float64]

_QUALITIES = {"npmi_document": "coherence", "stability": "stability"}
_LEVEL = 0.05


@dataclass(frozen=True)
class Sample:
    """The figures of one K.

    Attributes
    ----------
    k : int
    figures : mapping of str to (S,) array
        One value a seed, three seeds or more; of the stability the pseudo-values.
    """

    k: int
    figures: Mapping[str, FloatArray]

    def mean(self, name: str) -> float:
        """Over the seeds."""
        return float(self.figures[name].mean())

    def standard_error(self, name: str) -> float:
        """Of the mean, over the seeds."""
        values = self.figures[name]
        return float(values.std(ddof=1) / np.sqrt(len(values)))

    def half_width(self, name: str) -> float:
        """Of the 95% interval of the mean over seeds, by Student's t."""
        return float(stats.t.ppf(0.975, len(self.figures[name]) - 1)) * self.standard_error(name)


@dataclass(frozen=True)
class Recommendation:
    """The K recommended, and why.

    Attributes
    ----------
    k : int
    as_good : tuple of int
        The K that describe held-out documents as well as the best.
    below : dict of int to str
        Those among them that are significantly below in a quality, and in which.
    why : str
    """

    k: int
    as_good: tuple[int, ...]
    below: dict[int, str]
    why: str


def recommend(samples: Sequence[Sample]) -> Recommendation:
    """Choose K by the rule of this module.

    Parameters
    ----------
    samples : sequence of Sample, K ascending
        With bound_per_token and bound_per_token_error (nats; higher is better), npmi_document and stability.
    """
    best = max(samples, key=lambda sample: sample.mean("bound_per_token"))
    error = float(np.hypot(best.standard_error("bound_per_token"), best.mean("bound_per_token_error")))
    floor = best.mean("bound_per_token") - error
    as_good = [sample for sample in samples if sample.mean("bound_per_token") >= floor]
    below: dict[int, str] = {}
    for name, quality in _QUALITIES.items():
        highest = max(as_good, key=lambda sample: sample.mean(name))
        for sample in as_good:
            if sample is not highest and _significantly_below(sample, highest, name, samples):
                below[sample.k] = f"{below[sample.k]} and {quality}" if sample.k in below else quality
    left = [sample for sample in as_good if sample.k not in below]
    why = [
        f"{best.k} topics describe held-out documents best ({best.mean('bound_per_token'):.4f} nats per token, "
        f"standard error {error:.4f})"
    ]
    others = [sample.k for sample in as_good if sample is not best]
    why.append(f"{_listed(others)} within one standard error" if others else "no other K within one standard error")
    why += [f"{k} significantly below in {quality}" for k, quality in below.items()]
    if left:
        chosen = left[0]
        why.append(f"{chosen.k} the smallest left" if len(as_good) > 1 else f"so {chosen.k}")
    else:
        # No K is high in both: coherence decides, since people read the word lists.
        chosen = max(as_good, key=lambda sample: sample.mean("npmi_document"))
        why.append(f"none is high in both, so {chosen.k}, the most coherent")
    edges = {samples[0].k: "smallest", samples[-1].k: "largest"}
    if chosen.k in edges:
        why.append(f"it is the {edges[chosen.k]} K measured: widen the range")
    return Recommendation(chosen.k, tuple(sample.k for sample in as_good), below, "; ".join(why) + ".")


def _significantly_below(sample: Sample, highest: Sample, name: str, samples: Sequence[Sample]) -> bool:
    """One-sided t test of two means over seeds, the variance pooled over all samples."""
    deviations = [each.figures[name] - each.mean(name) for each in samples]
    freedom = sum(len(each) - 1 for each in deviations)
    variance = sum(float(np.square(each).sum()) for each in deviations) / freedom
    sizes = 1.0 / len(sample.figures[name]) + 1.0 / len(highest.figures[name])
    margin = float(stats.t.ppf(1.0 - _LEVEL, freedom)) * np.sqrt(variance * sizes)
    return highest.mean(name) - sample.mean(name) > margin


def _listed(ks: Sequence[int]) -> str:
    return ", ".join(map(str, ks))
