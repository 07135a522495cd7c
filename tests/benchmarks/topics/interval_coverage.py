"""How often the intervals of over-time, per-class and effects hold what is known: 95 of 100 times is right.

    python -m tests.benchmarks.topics.interval_coverage [RUN] [--repetitions 60]

Shares of groups: documents of three topics, drawn from a population whose mean shares are known. Effects: shares
softmax(z) of z with a known effect, of which noise tells. With a run folder of the default recipe also effects on
documents that are drawn from its decoder: z from the posterior of a document of the run chosen at random, plus 1 on the
coordinate of the topic with the largest share in half of the documents; as many words as documents of the run have,
drawn independently from p(w | z), or repeated within a document as in those of the run (a Dirichlet compound
multinomial about p(w | z)), which is what the default takes into account.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import softmax

from neuraltopic.models.overdispersion import token_correlation
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.runs.editing import corpus_of, open_with_documents
from neuraltopic.runs.effects import _prior_of, _shares
from neuraltopic.runs.groups import counts_of_fit
from neuraltopic.topics.groups.effects import composed_effects, posterior_given_metadata
from neuraltopic.topics.groups.group_shares import group_shares

Z = 1.959963984540054


def of_groups(n: int, repetitions: int, rng: np.random.Generator) -> float:
    """Share of the intervals of groups of n documents that hold the mean of the population."""

    def shares(n: int) -> NDArray[np.float64]:
        about = rng.choice(3, size=n, p=[0.05, 0.2, 0.75])
        return rng.dirichlet([0.1, 0.1, 0.1], n) * 0.2 + 0.8 * np.eye(3)[about]

    mean = shares(400_000).mean(0)
    held = []
    for _ in range(repetitions):
        found = group_shares(np.vstack([shares(n), shares(1000)]), np.repeat([0, 1], [n, 1000]), 2)
        held.append((found.low[0] <= mean) & (mean <= found.high[0]))
    return float(np.mean(held))


def of_gaussians(repetitions: int, rng: np.random.Generator) -> tuple[float, float]:
    """Share of the intervals of effects that hold the effect; and the effects found over the true ones."""
    D, K, noise, prior = 400, 5, 0.5, np.full(5, 4.0)
    effect = np.array([1.0, 0.0, 0.0, 0.0, -0.5])
    population = rng.standard_normal((1_000_000, K))
    true = softmax(population + effect, axis=1).mean(0) - softmax(population, axis=1).mean(0)
    held, estimates = [], []
    for _ in range(repetitions):
        group = rng.integers(2, size=D)
        z = rng.standard_normal((D, K)) + group[:, None] * effect
        observed = z + np.sqrt(noise) * rng.standard_normal((D, K))
        precision = 1.0 / noise + 1.0 / prior
        design = np.column_stack([np.ones(D), group])
        mean, variance = observed / noise / precision, np.broadcast_to(1.0 / precision, (D, K))
        given = posterior_given_metadata(mean, variance, np.zeros(K), prior, design)
        found = composed_effects(lambda z: softmax(z, axis=1), *given, design, 20, rng)
        held.append(np.abs(found.estimate[1] - true) <= Z * found.error[1])
        estimates.append(found.estimate[1])
    return float(np.mean(held)), float(np.mean(estimates, 0)[0] / true[0])


def of_documents(run: Path, repetitions: int, rng: np.random.Generator, *, repeating: bool) -> dict[str, float]:
    """The same of documents drawn from the decoder of a run, whose words may repeat as in those of the run."""
    model = open_with_documents(run)
    counts = counts_of_fit(model, corpus_of(run))
    mean, variance = model.document_vae_.posterior(counts)
    spread = np.sqrt(variance)
    precision = 1.0 / token_correlation(counts) - 1.0
    lengths = counts.to_scipy().sum(1)
    K, D = len(model.components_), 400
    topic = int(model.statistics_.share.argmax())
    effect = np.eye(K)[topic]
    vae = model.document_vae_.vae_

    def latents(n: int) -> NDArray[np.float64]:
        rows = rng.integers(len(mean), size=n)
        return np.asarray(mean[rows] + spread[rows] * rng.standard_normal((n, K)), np.float64)

    population = latents(50_000)
    both = [_shares(model, z, counts).astype(np.float64).mean(0) for z in (population + effect, population)]
    true = both[0] - both[1]
    held, estimates = [], []
    for _ in range(repetitions):
        group = rng.integers(2, size=D)
        z = latents(D) + group[:, None] * effect
        with torch.no_grad():
            of_z = vae.latent.transform(torch.from_numpy(z.astype(np.float32)))
            p = vae.decoder.log_probabilities(of_z).double().exp().numpy()
        if repeating:
            gammas = rng.standard_gamma(np.maximum(precision * p, 1e-12)) + 1e-300
            p = gammas / gammas.sum(1, keepdims=True)
        drawn = [rng.multinomial(n, row / row.sum()) for n, row in zip(rng.choice(lengths, D), p, strict=True)]
        texts = Counts.from_scipy(sparse.csr_array(np.array(drawn)))
        design = np.column_stack([np.ones(D), group])
        given = posterior_given_metadata(*model.document_vae_.posterior(texts), *_prior_of(model), design)
        found = composed_effects(lambda z: _shares(model, z, texts), *given, design, 50, rng)  # noqa: B023
        held.append(np.abs(found.estimate[1] - true) <= Z * found.error[1])
        estimates.append(found.estimate[1][topic])
    return {
        "all topics": float(np.mean(held)),
        "the topic with the effect": float(np.mean(held, 0)[topic]),
        "its effect, found over true": float(np.mean(estimates) / true[topic]),
    }


def main() -> None:
    """Measure, and print a line a figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("--repetitions", type=int, default=60)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    for n in (5, 10, 20, 50, 100, 300):
        print(f"{f'groups of {n} documents':<50}{of_groups(n, 1000, rng):8.1%}")
    held, ratio = of_gaussians(300, rng)
    print(f"{'effects on softmax(z)':<50}{held:8.1%}")
    print(f"{'the effect, found over true':<50}{ratio:8.3f}")
    if options.run:
        for words, repeating in (("independent words", False), ("repeating words", True)):
            for name, value in of_documents(options.run, options.repetitions, rng, repeating=repeating).items():
                print(f"{f'{words}: {name}':<50}{value:8.3f}")


if __name__ == "__main__":
    main()
