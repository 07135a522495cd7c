"""The baselines, by name."""

from importlib.util import find_spec

from neuraltopic.compare.models.count_baselines import NMF, GensimLDA, SklearnLDA, TomotopyLDA
from neuraltopic.compare.models.embedding_baselines import BERTopicModel, FASTopicModel
from neuraltopic.compare.models.mixture_baseline import Mixture
from neuraltopic.errors import NeuralTopicError, install_hint

BASELINES: dict[str, type[Mixture]] = {
    "gensim-lda": GensimLDA,
    "sklearn-lda": SklearnLDA,
    "nmf": NMF,
    "tomotopy": TomotopyLDA,
    "bertopic": BERTopicModel,
    "fastopic": FASTopicModel,
}


def require_installed(name: str) -> None:
    """Refuse a baseline whose package is missing.

    Raises
    ------
    NeuralTopicError
    """
    baseline = BASELINES[name]
    if baseline.requires and find_spec(baseline.requires) is None:
        raise NeuralTopicError(
            f"model {name}",
            expected=f"the package {baseline.requires}",
            got="none installed",
            hint=install_hint(baseline.extra),
        )
