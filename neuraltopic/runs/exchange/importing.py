"""A run of topics learned by another tool.

The topics are imported unchanged, over the words that occur in the documents. An inference network for the mixture
sum_k theta_k p(w | k) is fitted to the documents, so that the run can be used like a fitted one, except for updates,
which would change the topics.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.models.recipes import GIVEN_TOPICS
from neuraltopic.preprocessing.preprocessor import Preprocessor
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.reading.readers import StandardInput
from neuraltopic.reading.rows import Corpus
from neuraltopic.reading.topic_files import ForeignTopics
from neuraltopic.runs.documents import fit_run
from neuraltopic.runs.editing import edit_run
from neuraltopic.runs.folder import Run

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

_MOST_WORDS = 1_000_000


@dataclass(frozen=True)
class Imported:
    """The result of an import.

    Attributes
    ----------
    run : Run
    n_words : int
        Words of the topics that the documents have.
    mass : float
        Mean probability of these words in the imported topics.
    tokens : float
        Share of the tokens of the documents that are these words; without numbers if the topics have none.
    """

    run: Run[TopicModel]
    n_words: int
    mass: float
    tokens: float


def import_run(
    topics: ForeignTopics,
    corpus: Corpus,
    output: Path,
    *,
    epochs: int | None = None,
    seed: int | None = None,
    force: bool = False,
    command: Sequence[str] = (),
    progress: "Progress | None" = None,
) -> Imported:
    """Write a run folder of imported topics, complete or not at all.

    Parameters
    ----------
    topics : ForeignTopics
    corpus : Corpus
        The documents, preferably those that the topics were learned from.
    output : Path
    epochs : int, optional
        Maximum number of epochs of the inference network.
    seed : int, optional
    force, command, progress
        As for `fit_run`.

    Raises
    ------
    UsageError
        As `fit_run` does.
    NeuralTopicError
        When the documents have no word of the topics, or cannot be used.
    """
    settings = _as_the_words_are(topics.words)
    if isinstance(corpus, StandardInput):
        raise UsageError(
            "documents", expected="a path, which is read twice", got="standard input", hint="Write them to a file"
        )
    preprocessor = Preprocessor(settings)
    preprocessor.fit_transform(corpus, progress=progress)
    matched = _matched(topics, preprocessor, corpus.name)
    model = TopicModel(
        len(topics.probabilities),
        recipe=GIVEN_TOPICS.name,
        preprocessing=replace(settings, extra_stop_words=matched.unknown),
        word_vectors=_log_probabilities(topics, matched),
        max_epochs=epochs,
        random_state=seed,
    )
    with warnings.catch_warnings():
        # Words that the topics do not have are the stop words; `Imported.tokens` gives the share of the others.
        warnings.filterwarnings("ignore", ".*stop words", NeuralTopicWarning)
        run = fit_run(model, corpus, output, force=force, command=command, progress=progress)
    if labels := {str(topic): label for topic, label in enumerate(topics.labels) if label}:
        run = replace(run, model=edit_run(run.folder, [{"op": "rename", "labels": labels}]))
    mass = topics.probabilities[:, list(matched.columns.values())].sum(1).mean()
    return Imported(run, len(matched.columns), float(mass), matched.tokens)


@dataclass(frozen=True)
class _Matched:
    """Words of documents and words of topics.

    Attributes
    ----------
    columns : dict of str to int
        The column in the topics of each word that both have.
    unknown : tuple of str
        Words of the documents that the topics do not have.
    tokens : float
        Share of the tokens of the documents that are words of `columns`.
    """

    columns: dict[str, int]
    unknown: tuple[str, ...]
    tokens: float


def _matched(topics: ForeignTopics, preprocessor: Preprocessor, name: str) -> _Matched:
    """The vocabulary of the documents of this name, compared with the words of the topics.

    Raises
    ------
    NeuralTopicError
        When they have no word in common.
    """
    found, totals = preprocessor.vocabulary.words, np.asarray(preprocessor.vocabulary.cf, np.float64)
    column = {word: place for place, word in enumerate(topics.words)}
    known = np.array([word in column for word in found])
    if not known.any():
        raise NeuralTopicError(
            name,
            expected="words of the topics",
            got=f"none of {len(topics.words):,}, such as {topics.words[0]!r:.40}",
            hint="Name the documents that the topics were learned from",
        )
    return _Matched(
        {word: column[word] for word in found if word in column},
        tuple(word for word in found if word not in column),
        float(totals[known].sum() / totals.sum()),
    )


def _log_probabilities(topics: ForeignTopics, matched: _Matched) -> dict[str, NDArray[np.float32]]:
    """log p(w | k) of each word that the documents have, (K,)."""
    logs = np.log(topics.probabilities)
    return {word: logs[:, column].astype(np.float32) for word, column in matched.columns.items()}


def _as_the_words_are(words: Sequence[str]) -> Preprocessing:
    """Settings that remove only words that the topics do not have."""
    return Preprocessing(
        lowercase=not any(word != word.lower() for word in words),
        stop_words=False,
        numbers=any(character.isdigit() for word in words for character in word),
        min_length=1,
        max_length=max(40, *map(len, words)),
        lemmas=False,
        phrases=any("_" in word for word in words),
        min_df=1,
        max_df=1.0,
        max_vocabulary=_MOST_WORDS,
    )
