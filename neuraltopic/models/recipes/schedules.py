"""Schedules that several recipes share."""

from dataclasses import replace

from neuraltopic.core.optimisation.schedules import LinearWarmUp
from neuraltopic.core.training import Schedule

# R starts at topics and must be free to move, so no prior pulls it back. The weight decay is that of the encoder, which
# sees each word of a small corpus in few documents.
SIMPLEX = Schedule(
    learning_rate=4e-3,
    decoder_rate=10.0,
    weight_decay=2.0,
    decoder_precision=0.0,
    # The bound stalls before the rate falls, and then rises again.
    patience=30,
    fewest_epochs=30,
    largest_batch=200,
    enough_rows=20_000,
)
# Two gradients at once, for a thread each: on real corpora no figure is worse for it, see tests/benchmarks/README.md.
SEMI_AMORTISED = replace(SIMPLEX, batches_at_once=2)
# From a start at the unigram model.
FROM_NOTHING = replace(SIMPLEX, weight_decay=0.0)
# Mixtures collapse under a full KL from the first step.
MIXTURE = replace(FROM_NOTHING, kl_weight=LinearWarmUp(0.5))
# These objectives are not bounds, so no bound chooses the best epoch.
MATCHED = replace(FROM_NOTHING, keep_best=False)
