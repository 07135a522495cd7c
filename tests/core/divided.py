"""Fits that torchrun starts in several processes.

`divided.py FOLDER train` leaves the checkpoint of the training function, `divided.py FOLDER fit` what rank 0 ends in.
"""

import os
import sys
from pathlib import Path

import numpy as np
import torch
from scipy import sparse
from torch import distributed

from neuraltopic import DocumentVAE
from neuraltopic.core.objectives import ELBO, ImportanceWeighted
from neuraltopic.core.training import Schedule, Trainer
from neuraltopic.estimators.divided_training import train
from neuraltopic.models.batches import CountBatches
from neuraltopic.models.recipes import find_recipe
from neuraltopic.preprocessing.counts import Counts

COUNTS = sparse.random_array((101, 30), density=0.3, rng=np.random.default_rng(0), format="csr")
COUNTS.data = np.ceil(4 * COUNTS.data)
_random = np.random.default_rng(0)
# Documents of three topics, fewer than are asked for: some are reinitialised.
PLANTED = sparse.csr_array(
    np.stack([_random.multinomial(30, topic) for topic in np.repeat(_random.dirichlet(np.full(120, 0.05), 3), 150, 0)])
)
OBJECTIVES = {"elbo": ELBO(2, free_bits=0.05), "importance": ImportanceWeighted(3)}


class Precise(CountBatches):
    def batch(self, rows, generator=None):
        return super().batch(rows).to(torch.float64)


def trained(objective):
    """Weights and history after two epochs of batches that two processes cannot halve, in float64."""
    counts, generator = Counts.from_scipy(COUNTS), torch.Generator().manual_seed(0)
    recipe = find_recipe("semi_amortised_prodlda")
    model = recipe.build(30, 4)
    recipe.initialise(model, counts, generator, {})
    model.double()
    rows = np.arange(101)
    schedule = Schedule(max_epochs=2, batch_size=15, patience=9)
    trainer = Trainer(
        model, Precise(counts, rows[11:]), Precise(counts, rows[:11]), OBJECTIVES[objective], schedule, generator
    )
    trainer.run()
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    bounds = [[entry["train_bound"], entry["held_out_bound"]] for entry in trainer.history]
    return weights | {"bounds": np.array(bounds)}


def fitted():
    """Topics and vectors of a whole fit."""
    model = DocumentVAE(4, max_epochs=2, random_state=0).fit(COUNTS)
    return {"components": model.components_, "vectors": model.transform(COUNTS)}


def reinitialised():
    """Topics and bounds of a fit with more topics than its documents have."""
    model = DocumentVAE(16, max_epochs=12, random_state=0).fit(PLANTED)
    bounds = [[entry["train_bound"], entry["held_out_bound"]] for entry in model.history_]
    return {"components": model.components_, "bounds": np.array(bounds)}


def model():
    return DocumentVAE(4, max_epochs=2, random_state=0)


def main(folder, what):
    if what == "train":  # joins the processes itself, and leaves them
        train(model(), Counts.from_scipy(COUNTS), checkpoint=folder / f"checkpoint-{os.environ['RANK']}")
        return
    distributed.init_process_group("gloo")
    found = {
        "elbo": trained("elbo"),
        "importance": trained("importance"),
        "fit": fitted(),
        "reinitialised": reinitialised(),
    }
    if distributed.get_rank() == 0:
        for name, arrays in found.items():
            np.savez(folder / f"{name}.npz", n=distributed.get_world_size(), **arrays)
    distributed.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
