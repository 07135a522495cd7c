"""neuraltopic: topics, document vectors and evaluation figures from a collection of documents; models of images too."""

import importlib

from neuraltopic.version import __version__

# Loaded on first use: `import neuraltopic` must stay cheap, and these pull in torch and scikit-learn.
_PUBLIC = {
    "TopicModel": "neuraltopic.estimators.topic_model",
    "DocumentVAE": "neuraltopic.estimators.document_vae",
    "ImageVAE": "neuraltopic.estimators.image_vae",
    "Autoencoder": "neuraltopic.estimators.autoencoder",
    "SearchIndex": "neuraltopic.search.index",
    "Preprocessing": "neuraltopic.preprocessing.preprocessor",
    "NeuralTopicError": "neuraltopic.errors",
    "UsageError": "neuraltopic.errors",
}

__all__ = [*sorted(_PUBLIC), "__version__"]


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'neuraltopic' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return __all__
