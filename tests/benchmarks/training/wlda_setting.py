"""W-LDA by the settings that its authors published for 20 Newsgroups, beside the recipe `wlda`, on the same counts.

    python -m tests.benchmarks.training.wlda_setting [EPOCHS]

Nan, Ding, Nallapati and Xiang (2019), and the settings file of their code (awslabs/w-lda): K = 50, a point encoder of
two layers of 100 softplus units, batches of 100, Adam at 0.002, a Dirichlet of 0.1, reconstruction divided by the mean
length times log V, Dirichlet noise mixed into the shares in training. The counts are the 2,000 words of Miao, Yu and
Blunsom (2016); theirs are the 1,995 of Srivastava and Sutton (2017). Printed: topic uniqueness of ten words, NPMI of
their pairs in the documents of the training and the test part (theirs is in documents of Wikipedia), CPU seconds.
"""

import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from neuraltopic import DocumentVAE
from neuraltopic.core.discrepancy import information_diffusion, maximum_mean_discrepancy
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.topics.coherence import document_npmi
from neuraltopic.topics.diversity import diversity
from neuraltopic.topics.words.ranking import top_words
from tests.benchmarks.data import data_folder
from tests.benchmarks.training.nvdm_perplexity import read_counts

K, HIDDEN, BATCH, RATE, CONCENTRATION = 50, 100, 100, 0.002, 0.1


def dirichlet(rows: int, generator: torch.Generator) -> torch.Tensor:
    draws = torch._standard_gamma(torch.full((rows, K), CONCENTRATION), generator).clamp_min(1e-30)
    return draws / draws.sum(1, keepdim=True)


def fit_as_published(counts, noise: float, epochs: int) -> np.ndarray:
    """Decoder's rows with its bias, (K, V): by these the authors rank words."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    x = torch.from_numpy(counts.toarray().astype(np.float32))
    V = x.shape[1]
    encoder = nn.Sequential(
        nn.Linear(V, HIDDEN), nn.Softplus(), nn.Linear(HIDDEN, HIDDEN), nn.Softplus(), nn.Linear(HIDDEN, K)
    )
    decoder = nn.Linear(K, V)
    for module in [*encoder, decoder]:
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    scale = 1.0 / (float(x.sum(1).mean()) * np.log(V))
    optimiser = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=RATE)
    for _ in range(epochs):
        order = torch.randperm(len(x), generator=generator)
        for rows in order.split(BATCH):
            theta = torch.softmax(encoder(x[rows]), 1)
            mixed = (1.0 - noise) * theta + noise * dirichlet(len(rows), generator) if noise else theta
            reconstruction = -(x[rows] * F.log_softmax(decoder(mixed), 1)).sum(1).mean()
            matched = maximum_mean_discrepancy(theta, dirichlet(len(rows), generator), information_diffusion)
            optimiser.zero_grad()
            (scale * reconstruction + matched).backward()
            optimiser.step()
    return (decoder.weight.T + decoder.bias).detach().numpy()


def main() -> None:
    torch.set_num_threads(1)
    epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    folder = data_folder() / "20news-nvdm"
    train, test = read_counts(folder / "train.feat"), read_counts(folder / "test.feat")
    parts = [Counts.from_scipy(part) for part in (train, test)]

    def show(name: str, energies: np.ndarray, seconds: float) -> None:
        lists = top_words(energies, 10)
        npmi = [document_npmi(lists, part).mean() for part in parts]
        print(f"{name}: uniqueness {diversity(lists):.3f}, NPMI {npmi[0]:.3f} {npmi[1]:.3f}, {seconds:.0f} CPU s")

    for noise in (0.0, 0.1, 0.3, 0.5):
        start = time.process_time()
        energies = fit_as_published(train, noise, epochs)
        show(f"as published, noise {noise}, {epochs} epochs", energies, time.process_time() - start)
    start = time.process_time()
    model = DocumentVAE(K, recipe="wlda", random_state=0).fit(train)
    seconds = time.process_time() - start
    show(f"wlda, {model.n_iter_} epochs, by its energies", model.components_, seconds)
    bias = model.vae_.decoder.topics()[1].detach().numpy()
    show(f"wlda, {model.n_iter_} epochs, by the decoder's output", model.components_ + bias, seconds)


if __name__ == "__main__":
    main()
