"""CPU time of an epoch on 20 Newsgroups (V = 5,000, K = 50), one thread, beside the floor of its arithmetic.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.training.training_speed

The floor of an epoch is what no implementation of the ELBO's gradient can leave out: three products of documents x
words x topics (the energies, and their gradients in z and in R) at the rate of a large float32 product on this
machine, and one exponential for each document and word at the rate of a large exponential. Both rates are measured
in the same run.
"""

import statistics
import time

import torch
from scipy import sparse

from neuraltopic.core.training import Trainer
from neuraltopic.models.batches import CountBatches
from neuraltopic.models.recipes import find_recipe
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.runs.machine import calls_per_second, matmul_rate
from tests.benchmarks.data import data_folder

EPOCHS = 7
K = 50
_LENGTH = 1 << 18  # of the vector exponentiated: 1 MiB, about a mini-batch over a vocabulary


def exp_rate(seconds: float = 0.2) -> float:
    """Float32 exponentials per second with the present number of threads."""
    exponents = torch.linspace(-20.0, 0.0, _LENGTH)
    values = torch.empty_like(exponents)
    return _LENGTH * calls_per_second(lambda: torch.exp(exponents, out=values), seconds)


def main() -> None:
    torch.set_num_threads(1)
    folder = data_folder() / "20ng-v5000"
    counts = Counts.from_scipy(sparse.load_npz(folder / "train_bow.npz"))
    D, V = counts.shape
    recipe, generator = find_recipe("nvdm"), torch.Generator().manual_seed(0)
    model = recipe.build(V, K)
    recipe.initialise(model, counts, generator, {})
    nothing = CountBatches(counts, rows=torch.arange(0).numpy())
    trainer = Trainer(model, CountBatches(counts), nothing, recipe.objective, recipe.schedule, generator)
    ratios = []
    for _ in range(EPOCHS):
        # The rates are measured beside each epoch, since the machine's speed drifts.
        products, exponentials = matmul_rate(), exp_rate()
        floor = 3 * 2 * D * V * K / products + D * V / exponentials
        start = time.process_time()
        trainer.run_epoch()
        seconds = time.process_time() - start
        ratios.append(seconds / floor)
        print(
            f"epoch {seconds:.2f} CPU s, {D / seconds:,.0f} documents/s; floor {floor:.2f} s "
            f"({products / 1e9:.0f} GFLOP/s, {exponentials / 1e9:.2f} G exp/s); ratio {seconds / floor:.2f}"
        )
    print(f"median ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
