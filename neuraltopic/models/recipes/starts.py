"""Starts of training: the unigram model, the topics of a factorisation, the words around seeds."""

import torch

from neuraltopic.core.vae import VAE, TopicVAE
from neuraltopic.models.decoders.simplex_energy_softmax import SimplexEnergySoftmax
from neuraltopic.models.initialisation.nmf_topics import log_lift, nmf_topics
from neuraltopic.models.initialisation.seed_topics import raise_seeds, seed_log_lift, seeded_topics
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.seed_words import Seeds


def start_at_unigram(model: TopicVAE, counts: Counts, generator: torch.Generator, seeds: Seeds) -> None:
    """Start at the unigram model: b at the log frequencies, R small except for the topics with seeds."""
    model.encoder.initialise(generator)
    model.decoder.initialise(log_frequency(counts), 0.1, generator)
    start_at_seeds(model, counts, generator, seeds)


def start_at_factorisation(
    model: VAE[SimplexEnergySoftmax], counts: Counts, generator: torch.Generator, seeds: Seeds
) -> None:
    """Start R at the log lift of the topics of a non-negative factorisation, b at the log frequencies."""
    model.encoder.initialise(generator)
    bias = log_frequency(counts)
    topics = nmf_topics(counts, model.latent.n_components, generator)
    if seeds:
        topics = seeded_topics(topics, counts, seeds, generator)
    lift = raise_seeds(log_lift(topics, torch.softmax(bias.double(), 0).numpy()), seeds)
    model.decoder.start_at(lift, bias)


def start_at_seeds(model: TopicVAE, counts: Counts, generator: torch.Generator, seeds: Seeds) -> None:
    """Start the seeded topics at the log lift of words in documents that contain the seeds."""
    if seeds:
        unigram = torch.softmax(log_frequency(counts).double(), 0).numpy()
        lift = seed_log_lift(counts, seeds, unigram, model.latent.n_components, generator)
        model.decoder.start_topics(list(seeds), lift)


def log_frequency(counts: Counts) -> torch.Tensor:
    """Log of each word's share of the tokens, with half a token added to each word, (V,)."""
    totals = torch.from_numpy(counts.word_totals()) + 0.5
    return torch.log(totals / totals.sum()).float()
