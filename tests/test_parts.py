"""The list of parts holds every part there is, and every encoder answers to the same."""

import importlib
import inspect
import pkgutil

import pytest
import torch
from torch import nn

import neuraltopic.core
import neuraltopic.images
import neuraltopic.models
from neuraltopic.core.autoencoders import Reconstruction
from neuraltopic.core.objectives import Bound
from neuraltopic.core.vae import VAE
from tests.parts import (
    DECODERS,
    DISCRETE_LATENTS,
    ENCODERS,
    LATENTS,
    OBJECTIVES,
    SPECIAL_OBJECTIVES,
    K,
    V,
    contextual_rows,
    documents,
    generator,
    randomise,
)


def classes() -> set[type]:
    """The classes that the rooms of models define, except protocols and abstract ones."""
    found = set()
    for room in (neuraltopic.core, neuraltopic.models, neuraltopic.images):
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                if kind.__module__ != module.name or getattr(kind, "_is_protocol", False):
                    continue
                if not inspect.isabstract(kind):
                    found.add(kind)
    return found


def modules_with(method: str) -> set[type]:
    """The kinds of torch modules that have this method, but for compositions and for what is there to be inherited."""
    kinds = {kind for kind in classes() if issubclass(kind, nn.Module) and not issubclass(kind, VAE)}
    return {kind for kind in kinds if hasattr(kind, method)}


def made(parts, *arguments) -> set[type]:
    return {type(make(*arguments)) for make in parts.values()}


def test_every_encoder_is_listed():
    encoders = {kind for kind in modules_with("forward") if "decoder" in inspect.signature(kind.forward).parameters}
    assert encoders == made(ENCODERS)


def test_every_latent_is_listed():
    assert modules_with("posterior") == made(LATENTS) | made(DISCRETE_LATENTS)


def test_every_decoder_is_listed():
    assert modules_with("log_likelihood") == made(DECODERS)


def test_every_objective_is_listed():
    """That of an autoencoder is not of the same models."""
    objectives = {kind for kind in classes() if getattr(kind.__call__, "__annotations__", {}).get("return") is Bound}
    assert objectives - {Reconstruction} == made(OBJECTIVES, 2) | made(SPECIAL_OBJECTIVES)


def put_out(encoder, counts, noise=None):
    from neuraltopic.models.decoders.energy_softmax import EnergySoftmax

    return encoder(contextual_rows(counts), randomise(EnergySoftmax(K, V), seed=7), noise)


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_puts_out_a_row_for_each_document_and_depends_on_that_alone(name):
    encoder, counts = randomise(ENCODERS[name]()).eval(), documents()
    whole = put_out(encoder, counts)
    assert whole.shape == (len(counts), K if name == "hidden_biases" else 2 * K)
    assert torch.isfinite(whole).all()
    alone = torch.cat([put_out(encoder, row[None]) for row in counts])
    torch.testing.assert_close(alone, whole)


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_draws_from_the_generator_alone(name):
    encoder, counts = randomise(ENCODERS[name]()).train(), documents()
    state = torch.random.get_rng_state()
    torch.testing.assert_close(
        put_out(encoder, counts, generator(1)), put_out(encoder, counts, generator(1)), rtol=0, atol=0
    )
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_draws_its_weights_from_the_generator(name):
    def weights(seed):
        encoder = ENCODERS[name]()
        encoder.initialise(generator(seed))
        return nn.utils.parameters_to_vector(encoder.parameters())

    first, again, other = weights(0), weights(0), weights(1)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert len(first) >= K
