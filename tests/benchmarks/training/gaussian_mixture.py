"""Clusters of documents under a Gaussian mixture latent, beside `predict` of the default recipe.

    python -m tests.benchmarks.training.gaussian_mixture CORPUS [M] [seed]

CORPUS is a folder of counts with labels under NEURALTOPIC_DATA; M clusters of a z of 50 dimensions under the energy
softmax, and M topics of the default. Purity and NMI of the test documents' clusters with the labels.
"""

import sys
import time

import numpy as np
import torch
from scipy import sparse
from sklearn.mixture import GaussianMixture as EMMixture

from neuraltopic import DocumentVAE
from neuraltopic.core.latents.gaussian_mixture import GaussianMixture
from neuraltopic.core.training import Schedule
from neuraltopic.core.vae import VAE
from neuraltopic.evaluate.clusters import contingency, normalised_mutual_information, purity
from neuraltopic.models.decoders.energy_softmax import EnergySoftmax
from neuraltopic.models.encoders.bag import BagEncoder
from neuraltopic.models.recipes import RECIPES, Recipe
from neuraltopic.models.recipes.starts import start_at_unigram
from neuraltopic.topics.interpretation import GaussianInterpretation
from tests.benchmarks.data import data_folder

K = 50


def mixture_recipe(n_clusters: int) -> Recipe:
    """The recipe that this script is to judge."""

    def build(n_words: int, n_components: int) -> VAE:
        latent = GaussianMixture(n_components, n_clusters)
        return VAE(
            encoder=BagEncoder(n_words, 256, latent.n_parameters, masked=0.3),
            latent=latent,
            decoder=EnergySoftmax(n_components, n_words),
        )

    def initialise(model, counts, generator, seeds) -> None:
        start_at_unigram(model, counts, generator, seeds)
        model.latent.initialise(generator)

    return Recipe(
        name="gaussian_mixture",
        paper="Jiang, Zheng, Tan, Tang and Zhou (2017), Variational deep embedding",
        build=build,
        initialise=initialise,
        schedule=Schedule(),
        interpretation=GaussianInterpretation(),
        inputs=frozenset({"counts"}),
    )


def main() -> None:
    folder = data_folder() / sys.argv[1]
    train, test = (sparse.csr_array(sparse.load_npz(folder / f"{part}_bow.npz")) for part in ("train", "test"))
    labels = (folder / "test_labels.txt").read_text().split()
    kept = np.asarray(test.sum(1)).ravel() > 0
    test = test[np.flatnonzero(kept)]
    names, numbers = np.unique(np.array(labels)[kept], return_inverse=True)
    n_clusters = int(sys.argv[2]) if len(sys.argv) > 2 else len(names)
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    RECIPES["gaussian_mixture"] = mixture_recipe(n_clusters)

    def tell(name: str, clusters: np.ndarray, cpu: float) -> None:
        used = len(np.unique(clusters))
        table = contingency(numbers, clusters)[None].astype(np.float64)
        figures = f"purity {purity(table)[0]:.3f}, NMI {normalised_mutual_information(table)[0]:.3f}"
        print(f"{sys.argv[1]}, M = {n_clusters}, {name}: {figures}, {used} used, {cpu:.0f} s CPU", flush=True)

    start = time.process_time()
    model = DocumentVAE(K, recipe="gaussian_mixture", random_state=seed, device="cpu").fit(train)
    cpu = time.process_time() - start
    latents = model.transform(test)
    with torch.no_grad():
        responsibilities = model.vae_.latent.responsibilities(torch.from_numpy(np.asarray(latents)))
    tell("mixture prior, largest responsibility", responsibilities.argmax(1).numpy(), cpu)
    start = time.process_time()
    fitted = EMMixture(n_clusters, covariance_type="diag", random_state=seed).fit(model.transform(train))
    tell("the same z, mixture fitted by EM afterwards", fitted.predict(latents), cpu + time.process_time() - start)
    print(f"perplexity by the bound: {model.perplexity(test):.0f}")
    start = time.process_time()
    default = DocumentVAE(n_clusters, random_state=seed, device="cpu").fit(train)
    cpu = time.process_time() - start
    tell("default, predict", default.predict(test), cpu)


if __name__ == "__main__":
    main()
