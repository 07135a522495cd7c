"""An update divided among processes is that of one: under torchrun with gloo, and part by part in this process."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from neuraltopic.core.latents.gaussian import DiagonalGaussian
from neuraltopic.core.objectives import ELBO
from neuraltopic.core.optimisation.division import AmongProcesses, DividedVAE
from neuraltopic.core.vae import VAE
from neuraltopic.errors import UsageError
from neuraltopic.models.decoders.normalised_energy_softmax import NormalisedEnergySoftmax
from neuraltopic.models.encoders.sufficient_statistics import SufficientStatisticsEncoder
from neuraltopic.models.initialisation import reinitialisation
from tests.core.divided import COUNTS, fitted, reinitialised, trained
from tests.core.divided import model as small_model
from tests.core.test_training import Documents, generator, model
from tests.parts import H, K, V


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("divided")
    root = Path(__file__).parents[3]
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    # A launch for each: processes that join a second time may be told the addresses of the first.
    for what in ("train", "fit"):
        subprocess.run(
            [sys.executable, *command, str(root / "tests" / "core" / "divided.py"), str(folder), what],
            check=True,
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
            timeout=600,
        )
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["elbo", "importance"])
def test_two_processes_end_on_the_weights_of_one(two_processes, objective):
    found, expected = np.load(two_processes / f"{objective}.npz"), trained(objective)
    assert found["n"] == 2
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-9, atol=1e-8, err_msg=name)


@pytest.mark.slow
def test_a_fit_in_two_processes_is_that_of_one_to_rounding(two_processes):
    found = np.load(two_processes / "fit.npz")
    for name, value in fitted().items():
        np.testing.assert_allclose(found[name], value, rtol=1e-3, atol=1e-3, err_msg=name)


@pytest.mark.slow
def test_topics_are_reinitialised_alike_in_two_processes_and_in_one(two_processes, monkeypatch):
    found, taken = np.load(two_processes / "reinitialised.npz"), []

    def take_over(trainer, topic, source, row):
        taken.append(topic)
        original(trainer, topic, source, row)

    original = reinitialisation.take_over
    monkeypatch.setattr(reinitialisation, "take_over", take_over)
    expected = reinitialised()
    assert taken
    np.testing.assert_allclose(found["bounds"], expected["bounds"], rtol=1e-5)
    np.testing.assert_allclose(found["components"], expected["components"], atol=0.02)


@pytest.mark.slow
def test_the_training_function_leaves_a_checkpoint_from_which_a_fit_goes_on_without_training(two_processes):
    assert not (two_processes / "checkpoint-1").exists()
    stages = []
    resumed = small_model().fit(
        COUNTS, checkpoint=two_processes / "checkpoint-0", progress=lambda *told: stages.append(told[:2])
    )
    assert [done for stage, done in stages if stage == "training"] == [2]
    expected = small_model().fit(COUNTS)
    np.testing.assert_allclose(resumed.components_, expected.components_, rtol=1e-3, atol=1e-4)
    assert [entry["train_bound"] for entry in resumed.history_] == pytest.approx(
        [entry["train_bound"] for entry in expected.history_], rel=1e-5
    )


@pytest.mark.parametrize("n_rows", [2, 7, 12])
def test_the_parts_of_the_loss_add_up_to_the_loss_of_one_process(n_rows):
    """Three processes, each by itself: their mean is the loss, the mean of their gradients its gradient."""
    vae, x = model(), Documents(n_rows).batch(torch.arange(n_rows))
    vae.eval()
    parameters = list(vae.parameters())
    whole = -ELBO()(vae, x, generator(), 0.7).surrogate.mean()
    gradients = torch.autograd.grad(whole, parameters)
    losses, parts = [], []
    for rank in range(3):
        part = AmongProcesses.__new__(AmongProcesses)
        part._rank, part._n = rank, 3
        loss = part.loss(ELBO()(DividedVAE(vae, part), x, generator(), 0.7))
        losses.append(loss.detach())
        parts.append(torch.autograd.grad(loss, parameters, allow_unused=True))
    torch.testing.assert_close(sum(losses) / 3, whole.detach())
    for position, expected in enumerate(gradients):
        found = sum(part[position] for part in parts if part[position] is not None) / 3
        torch.testing.assert_close(found, expected)


def test_a_decoder_that_normalises_over_the_batch_is_not_divided():
    vae = VAE(SufficientStatisticsEncoder(K, H), DiagonalGaussian(K), NormalisedEnergySoftmax(K, V))
    with pytest.raises(UsageError, match="NormalisedEnergySoftmax, which normalises over the batch"):
        DividedVAE(vae, AmongProcesses.__new__(AmongProcesses))


def test_rows_are_in_one_part_each():
    for n_rows in range(8):
        seen = []
        for rank in range(3):
            part = AmongProcesses.__new__(AmongProcesses)
            part._rank, part._n = rank, 3
            seen += range(n_rows)[part.rows(n_rows)]
        assert seen == list(range(n_rows))
