"""The default: ProdLDA initialised from a factorisation, with dead topics reinitialised and documents refined."""

from dataclasses import replace

from neuraltopic.core.latents.refined_logistic_normal import RefinedLogisticNormal
from neuraltopic.core.vae import VAE, TopicVAE
from neuraltopic.models.decoders.simplex_energy_softmax import SimplexEnergySoftmax
from neuraltopic.models.encoders.bag import BagEncoder
from neuraltopic.models.recipes.prodlda import SRIVASTAVA
from neuraltopic.models.recipes.recipe import Recipe
from neuraltopic.models.recipes.schedules import SEMI_AMORTISED
from neuraltopic.models.recipes.starts import start_at_factorisation
from neuraltopic.topics.interpretation import EnergyInterpretation

# How epochs, weight decay and power were chosen: tests/benchmarks/README.md. With a power below 1 the shares of a
# document follow each of its words.
_SCHEDULE = replace(SEMI_AMORTISED, weight_decay=4.0, fewest_epochs=22)
POWER = 0.85


def semi_amortised_prodlda(n_words: int, n_components: int) -> TopicVAE:
    """Product of experts with shares on the simplex, initialised from a factorisation, with refined posteriors.

    Logistic-normal shares, energy softmax and batch-normalised encoder are those of ProdLDA (Srivastava & Sutton 2017).
    In addition, topics start at a non-negative matrix factorisation, the tokens of a document count less where words
    repeat (`DesignEffect`), dead topics are reinitialised (`Reinitialisation`), the decoder's input is a power of the
    shares, and Newton's method refines the encoder's mean when documents are transformed or scored.
    """
    latent = RefinedLogisticNormal(n_components, concentration=0.1, power=POWER)
    return VAE(
        encoder=BagEncoder(n_words, 128, latent.n_parameters, masked=0.3),
        latent=latent,
        decoder=SimplexEnergySoftmax(n_components, n_words),
    )


RECIPE = Recipe(
    name="semi_amortised_prodlda",
    paper=SRIVASTAVA,
    build=semi_amortised_prodlda,
    initialise=start_at_factorisation,
    schedule=_SCHEDULE,
    interpretation=EnergyInterpretation(POWER),
    weights_by_design_effect=True,
    reinitialises_topics=True,
    revision=7,
)
