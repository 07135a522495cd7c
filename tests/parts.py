"""Every encoder, latent, decoder and objective, each built small: what one test asks of a kind, all of it answer.

A new part is a row here; test_parts.py fails where one is missing.
"""

import torch

from neuraltopic.core.adversarial.autoencoder import Adversarial
from neuraltopic.core.adversarial.gan import NonSaturating
from neuraltopic.core.boltzmann.contrastive_divergence import ContrastiveDivergence
from neuraltopic.core.boltzmann.machine import HiddenBiases
from neuraltopic.core.latents.binary import BinaryUnits
from neuraltopic.core.latents.dirichlet import Dirichlet
from neuraltopic.core.latents.full_gaussian import FullGaussian
from neuraltopic.core.latents.gamma import Gamma
from neuraltopic.core.latents.gaussian import DiagonalGaussian
from neuraltopic.core.latents.gaussian_mixture import GaussianMixture
from neuraltopic.core.latents.gaussian_softmax import GaussianSoftmax
from neuraltopic.core.latents.laplace import Laplace
from neuraltopic.core.latents.logistic_normal import LogisticNormal
from neuraltopic.core.latents.normalised import Normalised
from neuraltopic.core.latents.refined_gaussian import RefinedGaussian
from neuraltopic.core.latents.refined_logistic_normal import RefinedLogisticNormal
from neuraltopic.core.latents.stick_breaking import StickBreaking
from neuraltopic.core.latents.two_layers import TwoLayerGaussian
from neuraltopic.core.latents.weibull import Weibull
from neuraltopic.core.likelihoods import Bernoulli, BernoulliEnergy, Gaussian
from neuraltopic.core.map_objective import WithPrior
from neuraltopic.core.networks import MLP, PerceptronEncoder, SparseRows
from neuraltopic.core.objectives import ELBO, ImportanceWeighted, MomentMatching
from neuraltopic.core.optimisation.division import Undivided
from neuraltopic.core.optimisation.gradients import gradient, trained
from neuraltopic.models.batches import ContextualRows
from neuraltopic.models.decoders.energy_softmax import EnergySoftmax
from neuraltopic.models.decoders.given_topics import GivenTopics
from neuraltopic.models.decoders.mixture import EmbeddedMixture, MixtureSoftmax
from neuraltopic.models.decoders.normalised_energy_softmax import NormalisedEnergySoftmax
from neuraltopic.models.decoders.simplex_energy_softmax import SimplexEnergySoftmax
from neuraltopic.models.encoders.bag import BagEncoder
from neuraltopic.models.encoders.contextual import ContextualEncoder, EmbeddingEncoder
from neuraltopic.models.encoders.sufficient_statistics import SufficientStatisticsEncoder

V, H, K = 7, 4, 3
C = 5  # dimensions of a document's embedding
E = 2  # dimensions of a word vector


def _with_vectors() -> EmbeddedMixture:
    """The embedded mixture with given vectors, which one word lacks."""
    decoder = EmbeddedMixture(K, V, E)
    vectors = torch.arange(1.0, V * E + 1).sin().view(V, E)
    vectors[2] = torch.nan
    decoder.hold_vectors(vectors)
    return decoder


def _given_topics() -> GivenTopics:
    decoder = GivenTopics(K, V)
    decoder.hold_vectors(torch.log_softmax(torch.arange(1.0, V * K + 1).sin().view(V, K), 0))
    return decoder


def _log_prior(model: torch.nn.Module) -> torch.Tensor:
    return -0.5 * sum((parameter.square().sum() for parameter in model.decoder.parameters()), torch.zeros(()))


ENCODERS = {
    "sufficient_statistics": lambda: SufficientStatisticsEncoder(K, H),
    "bag": lambda: BagEncoder(V, H, 2 * K, masked=0.3),
    "contextual": lambda: ContextualEncoder(V, C, H, 2 * K, masked=0.3, wordless=0.3),
    "embedding": lambda: EmbeddingEncoder(C, H, 2 * K, dropout_rate=0.3),
    "perceptron": lambda: PerceptronEncoder(V, [H], 2 * K),
    "hidden_biases": lambda: HiddenBiases(K),
}
LATENTS = {
    "diagonal_gaussian": lambda: DiagonalGaussian(K),
    "refined_gaussian": lambda: RefinedGaussian(K),
    "full_gaussian": lambda: FullGaussian(K),
    "logistic_normal": lambda: LogisticNormal(K),
    "laplace_of_dirichlet": lambda: LogisticNormal(K, 0.2),
    "power_of_shares": lambda: LogisticNormal(K, 0.2, power=0.6),
    "refined_logistic_normal": lambda: RefinedLogisticNormal(K, 0.2, power=0.85),
    "gaussian_softmax": lambda: GaussianSoftmax(K),
    "dirichlet": lambda: Dirichlet(K, 0.3),
    "gamma": lambda: Gamma(K, 0.7, 2.0),
    "weibull": lambda: Weibull(K, 1.0, 2.0),
    "normalised_gamma": lambda: Normalised(Gamma(K, 0.3)),
    "normalised_weibull": lambda: Normalised(Weibull(K, 1.0)),
    "laplace": lambda: Laplace(K),
    "stick_breaking": lambda: StickBreaking(K, 3.0),
    "gaussian_mixture": lambda: GaussianMixture(K, 2),
    "two_layer_gaussian": lambda: TwoLayerGaussian(K, 2, [H]),
}
# Those whose draws have no gradient.
DISCRETE_LATENTS = {"binary_units": lambda: BinaryUnits(K)}
DECODERS = {
    "energy_softmax": lambda: EnergySoftmax(K, V),
    "simplex_energy_softmax": lambda: SimplexEnergySoftmax(K, V),
    "normalised_energy_softmax": lambda: NormalisedEnergySoftmax(K, V),
    "mixture": lambda: MixtureSoftmax(K, V),
    "embedded_mixture": lambda: EmbeddedMixture(K, V, E),
    "embedded_mixture_of_given_vectors": _with_vectors,
    "given_topics": _given_topics,
    "bernoulli": lambda: Bernoulli(MLP([K, H, V])),
    "bernoulli_energy": lambda: BernoulliEnergy(K, V),
    "gaussian": lambda: Gaussian(MLP([K, H, V])),
}
OBJECTIVES = {
    "elbo": lambda n_samples: ELBO(n_samples),
    "elbo_sampled_kl": lambda n_samples: ELBO(n_samples, closed_kl=False),
    "elbo_free_bits": lambda n_samples: ELBO(n_samples, free_bits=0.3),
    "importance_weighted": lambda n_samples: ImportanceWeighted(n_samples),
    "importance_weighted_chunked": lambda n_samples: ImportanceWeighted(n_samples, at_once=2),
    "with_prior": lambda n_samples: WithPrior(ELBO(n_samples), _log_prior, 50),
    "doubly_reparameterised": lambda n_samples: ImportanceWeighted(n_samples, doubly_reparameterised=True),
}
# Those that ask for a kind of model: shares of topics, a discriminator beside them, a Boltzmann machine, a GAN.
SPECIAL_OBJECTIVES = {
    "moment_matching": MomentMatching,
    "adversarial": Adversarial,
    "contrastive_divergence": ContrastiveDivergence,
    "non_saturating": NonSaturating,
}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def randomise(module: torch.nn.Module, std: float = 0.5, seed: int = 0) -> torch.nn.Module:
    """The module in float64, every parameter drawn from N(0, std^2)."""
    module.double()
    noise = generator(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=noise, dtype=torch.float64) * std)
    return module


def sparse_rows(dense: torch.Tensor) -> SparseRows:
    """The non-zeros of a dense (B, D) tensor."""
    rows, columns = dense.nonzero(as_tuple=True)
    offsets = torch.cat([torch.zeros(1, dtype=torch.int64), (dense != 0).sum(1).cumsum(0)])
    return SparseRows(columns, offsets, dense[rows, columns], dense.shape[1])


def documents(n: int = 5, n_words: int = V, seed: int = 0) -> torch.Tensor:
    """Counts of n documents in float64; the first is empty, the second has one word."""
    counts = torch.randint(0, 4, (n, n_words), generator=generator(seed)).double()
    counts[0] = 0
    counts[1] = torch.eye(n_words, dtype=torch.float64)[2]
    return counts


def contextual_rows(counts: torch.Tensor) -> ContextualRows:
    """Counts (B, V) as the encoders take them, with the embedding that each document has wherever it stands."""
    sparse = sparse_rows(counts)
    weights = torch.arange(1.0, V * C + 1, dtype=torch.float64).cos().view(V, C)
    embedding = (counts + 0.1) @ weights
    return ContextualRows(sparse.indices, sparse.offsets, sparse.values, sparse.n_features, embedding)


def update(model, x, objective, optimiser, generator):
    """One step of an optimiser of torch's on one batch: the mean bound per row, and the gradient's norm."""
    parameters = trained(model)
    found = gradient(model, parameters, x, objective, generator, 1.0, Undivided())
    for parameter in parameters:
        parameter.grad = found.parts.get(parameter)
    optimiser.step()
    return found.bound, found.norm
