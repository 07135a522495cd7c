"""Named compositions: a paper is a choice of encoder, latent, decoder, objective and schedule."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from neuraltopic.core.adversarial import Adversarial, AdversarialVAE
from neuraltopic.core.contrastive_divergence import ContrastiveDivergence
from neuraltopic.core.latents.dirichlet import Dirichlet
from neuraltopic.core.latents.gamma import Gamma
from neuraltopic.core.latents.gaussian_softmax import GaussianSoftmax
from neuraltopic.core.latents.logistic_normal import LogisticNormal
from neuraltopic.core.latents.normalised import Normalised
from neuraltopic.core.latents.refined_gaussian import RefinedGaussian
from neuraltopic.core.latents.refined_logistic_normal import RefinedLogisticNormal
from neuraltopic.core.latents.stick_breaking import StickBreaking
from neuraltopic.core.latents.weibull import Weibull
from neuraltopic.core.objectives import ELBO, MomentMatching, Objective
from neuraltopic.core.protocols import Latent
from neuraltopic.core.schedules import LinearWarmUp
from neuraltopic.core.training import Schedule
from neuraltopic.core.vae import VAE, TopicVAE
from neuraltopic.errors import UsageError, parameter
from neuraltopic.models.alignment import align_axes
from neuraltopic.models.decoders.energy_softmax import EnergySoftmax
from neuraltopic.models.decoders.given_topics import GivenTopics
from neuraltopic.models.decoders.mixture import EmbeddedMixture, MixtureSoftmax
from neuraltopic.models.decoders.normalised_energy_softmax import NormalisedEnergySoftmax
from neuraltopic.models.decoders.simplex_energy_softmax import SimplexEnergySoftmax
from neuraltopic.models.encoders.bag import BagEncoder
from neuraltopic.models.encoders.contextual import ContextualEncoder, EmbeddingEncoder
from neuraltopic.models.encoders.sufficient_statistics import SufficientStatisticsEncoder
from neuraltopic.models.initialisation.nmf_topics import inverse_document_frequency, log_lift, nmf_topics
from neuraltopic.models.initialisation.seed_topics import raise_seeds, seed_log_lift, seeded_topics
from neuraltopic.models.initialisation.word_vectors import word_vectors
from neuraltopic.models.replicated_softmax import ReplicatedSoftmax, turn_units
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.seed_words import Seeds
from neuraltopic.topics.interpretation import (
    BinaryInterpretation,
    DistinctInterpretation,
    EnergyInterpretation,
    GaussianInterpretation,
    GivenTopicsInterpretation,
    SimplexInterpretation,
    TopicInterpretation,
)


def _as_it_is(model: VAE) -> None:
    """The axes of the simplex are its corners."""


# What fits can be given.
INPUTS = frozenset({"counts", "embeddings", "word_vectors", "seed_words"})


@dataclass(frozen=True)
class Recipe:
    """How to compose and train a model of documents.

    Parameters
    ----------
    name : str
    paper : str
        Where it comes from.
    build : callable of (n_words, n_components)
        The composition, its weights not yet drawn; of (n_words, n_components, n_dimensions) with embeddings.
    initialise : callable of (model, counts, generator, seeds)
        Draws the weights, and takes from the counts what the recipe begins with, its seeded topics from the documents
        around their seeds.
    schedule : Schedule
    interpretation : TopicInterpretation
        What the numbers of the trained model mean.
    objective : Objective
    align : callable of (model)
        Chooses the axes on which the trained model is read.
    fewest_topics : int
        The smallest K that the latent allows.
    inputs : frozenset of str
        What a fit takes: "counts", and of `INPUTS` "seed_words" where a topic is something that they can name,
        "word_vectors" where the decoder is one of these, and "embeddings" where the encoder sees one of each document.
    weights_by_design_effect : bool
        Whether the tokens of a document are taken for the correlated evidence that they are: see `DesignEffect`.
    reinitialises_topics : bool
        Whether dead topics start afresh while it trains: see `Reinitialisation`.
    revision : int
        Raised when a model comes to keep or mean another thing: one of an earlier revision is not read.
    """

    name: str
    paper: str
    build: Callable[..., TopicVAE]
    initialise: Callable[[VAE[Any], Counts, torch.Generator, Seeds], None]
    schedule: Schedule
    interpretation: TopicInterpretation
    objective: Objective = field(default_factory=ELBO)
    align: Callable[[VAE[Any]], None] = _as_it_is
    fewest_topics: int = 1
    inputs: frozenset[str] = frozenset({"counts", "seed_words"})
    weights_by_design_effect: bool = False
    reinitialises_topics: bool = False
    revision: int = 1

    def __post_init__(self) -> None:
        assert "counts" in self.inputs
        assert self.inputs <= INPUTS

    def takes(self, name: str) -> bool:
        """Whether an input, one of `INPUTS`, is among those of a fit."""
        assert name in INPUTS
        return name in self.inputs

    def compose(self, n_words: int, n_components: int, n_dimensions: int | None) -> TopicVAE:
        """Build it, for embeddings of so many dimensions where it takes them."""
        given = (n_dimensions,) if self.takes("embeddings") else ()
        return self.build(n_words, n_components, *given)


def nvdm(n_words: int, n_components: int) -> TopicVAE:
    """Neural variational document model: energy softmax, Gaussian latent (Miao, Yu, Blunsom 2016).

    The paper's encoder is a network from counts to a diagonal Gaussian. Ours reads the counts through the decoder, and
    is refined by Newton's method when documents are transformed or scored.
    """
    return VAE(
        encoder=SufficientStatisticsEncoder(n_components, hidden=200),
        latent=RefinedGaussian(n_components),
        decoder=EnergySoftmax(n_components, n_words),
    )


def start_at_unigram(model: TopicVAE, counts: Counts, generator: torch.Generator, seeds: Seeds) -> None:
    """Start at the unigram model: b at the log frequencies, R small but for the topics with seeds."""
    model.encoder.initialise(generator)
    model.decoder.initialise(log_frequency(counts), 0.1, generator)
    start_at_seeds(model, counts, generator, seeds)


def start_at_seeds(model: TopicVAE, counts: Counts, generator: torch.Generator, seeds: Seeds) -> None:
    """Start the topics with seeds at the log lift of the words around them."""
    if seeds:
        unigram = torch.softmax(log_frequency(counts).double(), 0).numpy()
        lift = seed_log_lift(counts, seeds, unigram, model.latent.n_components, generator)
        model.decoder.start_topics(list(seeds), lift)


def log_frequency(counts: Counts) -> torch.Tensor:
    """Log of each word's share of the tokens, half a token added to each, (V,)."""
    totals = torch.from_numpy(counts.word_totals()) + 0.5
    return torch.log(totals / totals.sum()).float()


def semi_amortised_prodlda(n_words: int, n_components: int) -> TopicVAE:
    """Product of experts with shares on the simplex, started from a factorisation and refined where it is read.

    From ProdLDA (Srivastava & Sutton 2017) it has the logistic-normal in place of a Dirichlet, the energy softmax and
    the normalised encoder. Its own are the start, at the topics of a non-negative factorisation, a prior whose mean is
    learned, shares that the decoder sees at a power, and Newton's steps from the encoder's mean when documents are
    transformed or scored.
    """
    latent = RefinedLogisticNormal(n_components, concentration=0.1, power=_POWER)
    return VAE(
        encoder=BagEncoder(n_words, 128, latent.n_parameters, masked=0.3),
        latent=latent,
        decoder=SimplexEnergySoftmax(n_components, n_words),
    )


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
    model.decoder.start_at(lift, bias, inverse_document_frequency(counts))


def contextual(n_words: int, n_components: int, n_dimensions: int) -> TopicVAE:
    """`semi_amortised_prodlda` whose encoder sees each document's embedding beside its words.

    From CombinedTM (Bianchi, Terragni & Hovy 2021) it has the two inputs; latent, decoder and start are the default's.
    """
    latent = RefinedLogisticNormal(n_components, concentration=0.1, power=_POWER)
    return VAE(
        encoder=ContextualEncoder(n_words, n_dimensions, 256, latent.n_parameters, masked=0.3, wordless=0.1),
        latent=latent,
        decoder=SimplexEnergySoftmax(n_components, n_words),
    )


def zeroshot(n_words: int, n_components: int, n_dimensions: int) -> TopicVAE:
    """Product of experts whose encoder sees each document's embedding alone (ZeroShotTM; Bianchi et al. 2021).

    Initialisation and decoder are those of `semi_amortised_prodlda`. The vectors are the encoder's mean, not refined: a
    document in another language has no known words to refine them by.
    """
    latent = LogisticNormal(n_components, concentration=0.1)
    return VAE(
        encoder=EmbeddingEncoder(n_dimensions, 256, latent.n_parameters),
        latent=latent,
        decoder=SimplexEnergySoftmax(n_components, n_words),
    )


def prodlda(n_words: int, n_components: int) -> TopicVAE:
    """Product of experts with both encoder and energies batch-normalised (Srivastava & Sutton 2017)."""
    latent = LogisticNormal(n_components, concentration=_PAPER_CONCENTRATION)
    return VAE(
        encoder=BagEncoder(n_words, _PAPER_HIDDEN, latent.n_parameters, dropout_rate=0.2),
        latent=latent,
        decoder=NormalisedEnergySoftmax(n_components, n_words),
    )


def nvlda(n_words: int, n_components: int) -> TopicVAE:
    """LDA with an inference network: the mixture decoder beside ProdLDA's encoder (Srivastava & Sutton 2017)."""
    latent = LogisticNormal(n_components, concentration=_PAPER_CONCENTRATION)
    return VAE(
        encoder=BagEncoder(n_words, _PAPER_HIDDEN, latent.n_parameters, dropout_rate=0.2),
        latent=latent,
        decoder=MixtureSoftmax(n_components, n_words),
    )


def given_topics(n_words: int, n_components: int) -> TopicVAE:
    """An inference network for topics that another tool has learned: the mixture on a logistic normal, as `nvlda`."""
    latent = LogisticNormal(n_components, concentration=_PAPER_CONCENTRATION)
    return VAE(
        encoder=BagEncoder(n_words, 256, latent.n_parameters, dropout_rate=0.2),
        latent=latent,
        decoder=GivenTopics(n_components, n_words),
    )


def start_at_given_topics(model: VAE[GivenTopics], counts: Counts, generator: torch.Generator, seeds: Seeds) -> None:
    """Draw the encoder alone.

    Raises
    ------
    UsageError
        When no topics are given.
    """
    if model.decoder.own is None:
        raise UsageError(
            parameter("recipe"),
            expected="topics for the recipe given_topics",
            got="none",
            hint="Use neuraltopic import",
        )
    start_at_unigram(model, counts, generator, {})


def gsm(n_words: int, n_components: int) -> TopicVAE:
    """Gaussian softmax: shares are the softmax of a linear map of z ~ N(0, I) (Miao, Grefenstette, Blunsom 2017)."""
    latent = GaussianSoftmax(n_components)
    return VAE(
        encoder=BagEncoder(n_words, 256, latent.n_parameters, dropout_rate=0.2),
        latent=latent,
        decoder=MixtureSoftmax(n_components, n_words),
    )


def etm(n_words: int, n_components: int) -> TopicVAE:
    """Embedded topic model: the mixture with R a product of word and topic vectors (Dieng, Ruiz, Blei 2020)."""
    latent = LogisticNormal(n_components)
    return VAE(
        encoder=BagEncoder(n_words, 256, latent.n_parameters, dropout_rate=0.2),
        latent=latent,
        decoder=EmbeddedMixture(n_components, n_words, _WORD_DIMENSIONS),
    )


def start_at_word_vectors(
    model: VAE[EmbeddedMixture], counts: Counts, generator: torch.Generator, seeds: Seeds
) -> None:
    """Start at word vectors of the corpus itself where none are given, with small topic vectors but for the topics with
    seeds."""
    start_at_unigram(model, counts, generator, {})
    if model.decoder.fixed is None:
        vectors = word_vectors(counts, _WORD_DIMENSIONS, generator)
        model.decoder.start_at_vectors(vectors)
    start_at_seeds(model, counts, generator, seeds)


def dirichlet_vae(n_words: int, n_components: int) -> TopicVAE:
    """Shares with a Dirichlet prior and posterior, its gradient taken through the draw (Joo et al. 2020)."""
    return _shares_vae(n_words, Dirichlet(n_components, _DIRICHLET))


def dirichlet_vae_gamma(n_words: int, n_components: int) -> TopicVAE:
    """Shares with a Dirichlet prior, under q Gammas divided by their sum, whose rates differ (Figurnov et al. 2018)."""
    return _shares_vae(n_words, Normalised(Gamma(n_components, _DIRICHLET)))


def dirichlet_vae_weibull(n_words: int, n_components: int) -> TopicVAE:
    """Shares with a Dirichlet prior, under q Weibulls divided by their sum (after Zhang et al. 2018)."""
    return _shares_vae(n_words, Normalised(Weibull(n_components, _DIRICHLET)))


def dirichlet_vae_laplace(n_words: int, n_components: int) -> TopicVAE:
    """Shares with a Gaussian's softmax for the Dirichlet, by Laplace's approximation (Srivastava & Sutton 2017)."""
    return _shares_vae(n_words, LogisticNormal(n_components, _DIRICHLET))


def stick_breaking_vae(n_words: int, n_components: int) -> TopicVAE:
    """Shares broken off a stick by Kumaraswamy fractions (Nalisnick & Smyth 2017)."""
    return _shares_vae(n_words, StickBreaking(n_components))


def _shares_vae(n_words: int, latent: Latent) -> TopicVAE:
    """The product of experts on any latent whose decoder sees shares."""
    return VAE(
        encoder=BagEncoder(n_words, 256, latent.n_parameters, masked=0.3),
        latent=latent,
        decoder=SimplexEnergySoftmax(latent.n_components, n_words),
    )


def wlda(n_words: int, n_components: int) -> TopicVAE:
    """Shares whose aggregate posterior is matched to a Dirichlet by moments, under the product of experts (W-LDA, Nan,
    Ding, Nallapati & Xiang 2019).

    The paper's encoder is a point with Dirichlet noise mixed in; ours a Dirichlet, whose spread is learned.
    """
    return _shares_vae(n_words, Dirichlet(n_components, _DIRICHLET))


def adversarial(n_words: int, n_components: int) -> TopicVAE:
    """As `wlda`, the aggregate posterior matched to the Dirichlet by a discriminator (after Makhzani, Shlens, Jaitly,
    Goodfellow & Frey 2016; Wang, Zhou & He 2019)."""
    latent = Dirichlet(n_components, _DIRICHLET)
    return AdversarialVAE(
        encoder=BagEncoder(n_words, 256, latent.n_parameters, masked=0.3),
        latent=latent,
        decoder=SimplexEnergySoftmax(latent.n_components, n_words),
    )


def start_with_discriminator(model: VAE[Any], counts: Counts, generator: torch.Generator, seeds: Seeds) -> None:
    """As `start_at_unigram`, and draw the discriminator's weights."""
    assert isinstance(model, AdversarialVAE)
    start_at_unigram(model, counts, generator, seeds)
    model.discriminator.initialise(generator)


def replicated_softmax(n_words: int, n_components: int) -> TopicVAE:
    """The restricted Boltzmann machine of documents: binary units, and the energy softmax as its own encoder
    (Salakhutdinov & Hinton 2009)."""
    return ReplicatedSoftmax(n_components, n_words)


# R starts where it is about something and is to go on from there quickly, with no prior that would draw it back. The
# decay is the encoder's, which sees each word of a small corpus in few documents.
_SIMPLEX = Schedule(
    learning_rate=4e-3,
    decoder_rate=10.0,
    weight_decay=2.0,
    decoder_precision=0.0,
    # The bound stands still before the rate falls, and rises again as it does.
    patience=30,
    fewest_epochs=30,
    largest_batch=200,
    enough_rows=20_000,
)
# How epochs, decay and power were chosen: tests/benchmarks/README.md. A power below 1 lets the shares of a document
# follow each of its words.
_DEFAULT = replace(_SIMPLEX, weight_decay=4.0, fewest_epochs=22)
_POWER = 0.85
_FROM_NOTHING = replace(_SIMPLEX, weight_decay=0.0)
# Mixtures collapse under a full KL from the first step.
_MIXTURE = replace(_FROM_NOTHING, kl_weight=LinearWarmUp(0.5))
# No bound is raised that could choose among epochs.
_MATCHED = replace(_FROM_NOTHING, keep_best=False)
_BOLTZMANN = Schedule(learning_rate=1e-3, decoder_rate=5.0, decoder_precision=1.0)
_PAPER_HIDDEN = 100
# Of the Dirichlet that the prior approximates. Their published program has 1: see tests/benchmarks/README.md.
_PAPER_CONCENTRATION = 0.1
_WORD_DIMENSIONS = 100
# Of the symmetric Dirichlet prior: few topics a document.
_DIRICHLET = 0.1
_SRIVASTAVA = "Srivastava and Sutton (2017), Autoencoding variational inference for topic models"

# Of the topics of other tools, which no fit learns: not among those to choose from.
GIVEN_TOPICS = Recipe(
    name="given_topics",
    paper="the tool that the topics come from",
    build=given_topics,
    initialise=start_at_given_topics,
    schedule=_MIXTURE,
    interpretation=GivenTopicsInterpretation(),
    inputs=frozenset({"counts", "word_vectors"}),
)
RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="nvdm",
            paper="Miao, Yu and Blunsom (2016), Neural variational inference for text processing",
            build=nvdm,
            initialise=start_at_unigram,
            schedule=Schedule(),
            interpretation=GaussianInterpretation(),
            align=align_axes,
            inputs=frozenset({"counts"}),
        ),
        Recipe(
            name="semi_amortised_prodlda",
            paper=_SRIVASTAVA,
            build=semi_amortised_prodlda,
            initialise=start_at_factorisation,
            schedule=_DEFAULT,
            interpretation=EnergyInterpretation(_POWER),
            weights_by_design_effect=True,
            reinitialises_topics=True,
            revision=5,
        ),
        Recipe(
            name="contextual",
            paper="Bianchi, Terragni and Hovy (2021), Pre-training is a hot topic: contextualized document embeddings "
            "improve topic coherence",
            build=contextual,
            initialise=start_at_factorisation,
            schedule=_SIMPLEX,
            interpretation=DistinctInterpretation(_POWER),
            reinitialises_topics=True,
            revision=5,
            inputs=frozenset({"counts", "seed_words", "embeddings"}),
        ),
        Recipe(
            name="zeroshot",
            paper="Bianchi, Terragni, Hovy, Nozza and Fersini (2021), Cross-lingual contextualized topic models with "
            "zero-shot learning",
            build=zeroshot,
            initialise=start_at_factorisation,
            schedule=_SIMPLEX,
            interpretation=DistinctInterpretation(),
            reinitialises_topics=True,
            revision=5,
            inputs=frozenset({"counts", "seed_words", "embeddings"}),
        ),
        Recipe(
            name="prodlda",
            paper=_SRIVASTAVA,
            build=prodlda,
            initialise=start_at_unigram,
            schedule=_FROM_NOTHING,
            interpretation=SimplexInterpretation(),
        ),
        Recipe(
            name="nvlda",
            paper=_SRIVASTAVA,
            build=nvlda,
            initialise=start_at_unigram,
            schedule=_MIXTURE,
            interpretation=SimplexInterpretation(),
        ),
        Recipe(
            name="gsm",
            paper="Miao, Grefenstette and Blunsom (2017), Discovering discrete latent topics with neural variational "
            "inference",
            build=gsm,
            initialise=start_at_unigram,
            schedule=_MIXTURE,
            interpretation=SimplexInterpretation(),
        ),
        Recipe(
            name="etm",
            paper="Dieng, Ruiz and Blei (2020), Topic modeling in embedding spaces",
            build=etm,
            initialise=start_at_word_vectors,
            inputs=frozenset({"counts", "seed_words", "word_vectors"}),
            # Word vectors are trained already.
            schedule=replace(_MIXTURE, decoder_rate=2.5),
            interpretation=SimplexInterpretation(),
        ),
        *(
            Recipe(
                name=build.__name__,
                paper=paper,
                build=build,
                initialise=start_at_factorisation,
                schedule=_SIMPLEX,
                interpretation=SimplexInterpretation(),
                fewest_topics=2,
            )
            for build, paper in (
                (dirichlet_vae, "Joo, Lee, Park and Moon (2020), Dirichlet variational autoencoder"),
                (dirichlet_vae_gamma, "Figurnov, Mohamed and Mnih (2018), Implicit reparameterization gradients"),
                (
                    dirichlet_vae_weibull,
                    "Zhang, Chen, Guo and Zhou (2018), WHAI: Weibull hybrid autoencoding inference",
                ),
                (dirichlet_vae_laplace, _SRIVASTAVA),
                (stick_breaking_vae, "Nalisnick and Smyth (2017), Stick-breaking variational autoencoders"),
            )
        ),
        Recipe(
            name="wlda",
            paper="Nan, Ding, Nallapati and Xiang (2019), Topic modeling with Wasserstein autoencoders",
            build=wlda,
            initialise=start_at_unigram,
            schedule=_MATCHED,
            interpretation=SimplexInterpretation(),
            objective=MomentMatching(),
            fewest_topics=2,
        ),
        Recipe(
            name="adversarial",
            paper="Makhzani, Shlens, Jaitly, Goodfellow and Frey (2016), Adversarial autoencoders; Wang, Zhou and He "
            "(2019), ATM: adversarial-neural topic model",
            build=adversarial,
            initialise=start_with_discriminator,
            schedule=_MATCHED,
            interpretation=SimplexInterpretation(),
            objective=Adversarial(weight=0.1),
            fewest_topics=2,
        ),
        Recipe(
            name="replicated_softmax",
            paper="Salakhutdinov and Hinton (2009), Replicated Softmax: an undirected topic model",
            build=replicated_softmax,
            initialise=start_at_unigram,
            schedule=_BOLTZMANN,
            interpretation=BinaryInterpretation(),
            objective=ContrastiveDivergence(n_steps=2, persistent=True),
            align=turn_units,
            inputs=frozenset({"counts"}),
        ),
    )
}
# What a model is fitted by where no recipe is named.
DEFAULT_RECIPE = "semi_amortised_prodlda"
# Under which models were saved, and the name of the same recipe now.
_FORMER_NAMES = {"refined_prodlda": "semi_amortised_prodlda"}


def find_recipe(name: str) -> Recipe:
    """The recipe of that name, or of that former name.

    Raises
    ------
    UsageError
        When there is none.
    """
    name = _FORMER_NAMES.get(name, name) if isinstance(name, str) else name
    if name == GIVEN_TOPICS.name:
        return GIVEN_TOPICS
    if not isinstance(name, str) or name not in RECIPES:
        raise UsageError(
            parameter("recipe"), expected=f"one of {', '.join(RECIPES)}", got=repr(name), hint="Choose one of these"
        )
    return RECIPES[name]


def require_takes_seeds(recipe: Recipe) -> None:
    """Raise a UsageError for a recipe whose topics seed words cannot name."""
    if not recipe.takes("seed_words"):
        raise UsageError(
            parameter("seed_words"),
            expected="a recipe with shares of topics",
            got=f"{recipe.name}, whose topics are axes that may turn and change sign",
            hint=f"Leave them out, or try recipe {DEFAULT_RECIPE}",
        )


def require_takes_word_vectors(recipe: Recipe) -> None:
    """Raise a UsageError for a recipe without word vectors."""
    if not recipe.takes("word_vectors"):
        raise UsageError(
            parameter("word_vectors"),
            expected="the recipe etm",
            got=recipe.name,
            hint="Leave them out, or name recipe etm",
        )
