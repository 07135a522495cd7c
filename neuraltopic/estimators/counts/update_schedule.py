"""The schedule and the seed of an update with new documents."""

import math
from dataclasses import replace

import numpy as np

from neuraltopic.core.optimisation.schedules import LinearWarmUp, OneCycle
from neuraltopic.core.training import Schedule

# Factors on the learning rate and on the epochs, where the user gave none: an update moves trained weights, it does not
# find them from the start.
_GENTLER = 1 / 2
_SHORTER = 1 / 3


def schedule_of_update(schedule: Schedule, n_rows: int) -> Schedule:
    """The schedule of a fit, adapted to an update with this many training documents.

    The rate decreases from the start, without a warm-up, which would first move the topics away, and the KL has weight
    1 from the first step: the topics are distinct already (figures: tests/benchmarks/README.md). Weight decay is left
    out: the decoder's is part of the earlier posterior, and the encoder's would remove words that the new documents
    lack.
    """
    return replace(
        schedule,
        max_epochs=schedule.max_epochs or math.ceil(_SHORTER * schedule.resolve(n_rows).passes),
        learning_rate=_GENTLER * schedule.learning_rate,
        rate=OneCycle(warm_up=0.0),
        kl_weight=LinearWarmUp(),
        weight_decay=0.0,
        decoder_precision=0.0,
    )


def seed_of_update(seed: int, number: int) -> int:
    """The seed of the generator of an update, by its number from 1 and the seed of the fit."""
    return int(np.random.SeedSequence((seed, number)).generate_state(1, np.uint64)[0] >> np.uint64(1))
