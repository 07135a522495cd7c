"""W-LDA with the paper's Dirichlet noise in training: (1 - a) theta + a e is what the decoder sees.

    python -m tests.benchmarks.training.wlda_noise CORPUS [SEEDS] [A]

CORPUS is a folder of counts with labels under NEURALTOPIC_DATA; SEEDS and A are comma-separated, by default 0,1 and
0,0.1,0.3,0.5. e is a draw of the prior (Nan, Ding, Nallapati and Xiang 2019); the discrepancy and inference take theta.
Printed: the figures of `neuraltopic compare`, K = 50.
"""

import sys
import time
from dataclasses import dataclass, replace

import torch

from neuraltopic.compare.counts_folder import read_counts_folder
from neuraltopic.compare.figures import completion_figures, label_figures, top_topic_words, topic_figures, usage_figures
from neuraltopic.compare.models.recipe_model import RecipeModel
from neuraltopic.core.discrepancy import maximum_mean_discrepancy
from neuraltopic.core.objectives import Bound, MomentMatching, divergence
from neuraltopic.models.recipes import RECIPES
from tests.benchmarks.data import data_folder

K = 50
SHOWN = ("npmi_document", "diversity", "live_topics", "purity", "nmi", "precision_at_10", "perplexity_completion")


@dataclass(frozen=True)
class NoisyMatching(MomentMatching):
    """`MomentMatching`, whose reconstruction is of noisy proportions in training; its value is then no bound."""

    noise: float = 0.0

    def __call__(self, model, x, generator, kl_weight=1.0):
        q = model.posterior(x, generator)
        z = q.sample(1, generator)
        theta = model.latent.transform(z)
        prior = self._prior(model, theta, generator)
        noisy = theta
        if self.noise and model.training:
            noisy = torch.lerp(theta, self._prior(model, theta, generator)[None], self.noise)
        reconstruction = model.decoder.log_likelihood(noisy, x)[0]
        value = (reconstruction - divergence(model, q, z, x).sum(-1)).detach()
        scale = self.weight * reconstruction.detach().mean().abs()
        penalty = scale * maximum_mean_discrepancy(theta[0], prior, self.kernel)
        return Bound(value, reconstruction - kl_weight * penalty)

    def _prior(self, model, theta, generator):
        return model.latent.transform(model.sample_prior(theta.shape[1], generator)[:, 0].to(theta))


def main() -> None:
    torch.set_num_threads(1)
    corpus, seeds, noises = (*sys.argv[1:], *("", "0,1", "0,0.1,0.3,0.5")[len(sys.argv) - 1 :])
    data = read_counts_folder(data_folder() / corpus)
    recipe = RECIPES["wlda"]
    for seed in map(int, seeds.split(",")):
        for noise in map(float, noises.split(",")):
            RECIPES["wlda"] = replace(recipe, objective=NoisyMatching(noise=noise))
            model = RecipeModel("wlda", K, seed)
            start = time.process_time()
            model.fit(data.train, data.words)
            cpu = time.process_time() - start
            figures = topic_figures(top_topic_words(model), data) | usage_figures(model, data)
            figures |= label_figures(model, data) | completion_figures(model, data)
            shown = ", ".join(f"{name} {figures[name]:.3f}" for name in SHOWN)
            print(f"{corpus}, seed {seed}, a = {noise}: {shown}, {cpu:.0f} CPU s", flush=True)


if __name__ == "__main__":
    main()
