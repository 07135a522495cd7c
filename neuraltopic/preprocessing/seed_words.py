"""Seed words: what a user knows beforehand of some topics, as columns of the counts.

Axes: V words, K topics.
"""

import difflib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError, parameter
from neuraltopic.preprocessing.preprocessor import Preprocessor

# Columns of the seeds of each seeded topic, by its number.
Seeds = Mapping[int, tuple[int, ...]]

_SHAPE = "words by topic, as {0: ['space', 'orbit']}, or a list of lists"
_OF_COLUMNS = "column numbers by topic, as {0: [12, 7]}, or a list of lists"


def seed_groups(seed_words: Any, n_components: int, kind: type) -> dict[int, tuple[Any, ...]]:
    """The seeds of each seeded topic, in the order of the topics, each seed once.

    Parameters
    ----------
    seed_words : mapping of topic to seeds, sequence of seeds of topics 0, 1, ..., or None
        A topic may be written in digits, as the keys of JSON are.
    n_components : int
        K.
    kind : type
        `str` of words, `int` of columns.

    Raises
    ------
    UsageError
        When it has another shape, a topic that there is not, or a topic without seeds.
    """
    shape = _SHAPE if kind is str else _OF_COLUMNS
    if seed_words is None:
        return {}
    if not isinstance(seed_words, Mapping):
        seed_words = dict(enumerate(_listed(seed_words, shape)))
    groups: dict[int, tuple[Any, ...]] = {}
    for key, seeds in seed_words.items():
        topic = _topic(key, n_components)
        if topic in groups:
            raise _wrong(f"topic {topic} once", "it twice", "Put its seeds together")
        group = tuple(dict.fromkeys(_seed(seed, kind, shape) for seed in _listed(seeds, shape)))
        if not group:
            raise _wrong(f"a seed for topic {topic}", "none", "Leave the topic out, or give it a seed")
        groups[topic] = group
    return dict(sorted(groups.items()))


def seed_columns(groups: Mapping[int, Sequence[str]], preprocessor: Preprocessor) -> dict[int, tuple[int, ...]]:
    """Columns of the seeds, which pass the preprocessing of the documents: case, lemmas, phrases.

    Seeds that the vocabulary does not hold are left out, with a `NeuralTopicWarning` that names them and what is
    spelt nearly so.

    Raises
    ------
    NeuralTopicError
        When a topic is left with none.
    """
    found: dict[int, tuple[int, ...]] = {}
    unknown: list[str] = []
    for topic, words in groups.items():
        columns_of = dict(zip(words, preprocessor.columns_of(words), strict=True))
        missing = [word for word, columns in columns_of.items() if not columns]
        found[topic] = tuple(dict.fromkeys(column for columns in columns_of.values() for column in columns))
        near = {word: difflib.get_close_matches(word.lower(), preprocessor.vocabulary.words) for word in missing}
        if not found[topic]:
            named = sorted({match for matches in near.values() for match in matches})
            raise NeuralTopicError(
                f"{parameter('seed_words')} of topic {topic}",
                expected="a word of the vocabulary",
                got=f"none: {', '.join(map(repr, missing))}",
                hint=f"Try {', '.join(named)}" if named else f"Name other words, or lower {parameter('min_df')}",
            )
        unknown += [f"{word!r} of topic {topic}{_meant(near[word])}" for word in missing]
    if unknown:
        warnings.warn(
            f"{parameter('seed_words')}: left out, since they are not in the vocabulary: {'; '.join(unknown)}",
            NeuralTopicWarning,
            stacklevel=2,
        )
    return found


def require_columns(seeds: Seeds, n_words: int) -> None:
    """Raise a UsageError unless every seed is a column of counts of V words."""
    for topic, columns in seeds.items():
        for column in columns:
            if not 0 <= column < n_words:
                raise _wrong(
                    f"columns from 0 to {n_words - 1:,}", f"{column} for topic {topic}", "Name columns of the counts"
                )


def _listed(value: Any, shape: str) -> Sequence[Any]:
    if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
        raise _wrong(shape, f"{value!r:.60}", "Put the seeds of each topic into a list")
    return list(value)


def _topic(key: Any, n_components: int) -> int:
    written = isinstance(key, str) and key.isascii() and key.isdigit()
    whole = isinstance(key, int | np.integer) and not isinstance(key, bool)
    if not (written or whole) or not 0 <= int(key) < n_components:
        raise _wrong(
            f"topics from 0 to {n_components - 1}", f"{key!r:.60}", "Correct the number, or ask for more topics"
        )
    return int(key)


def _seed(seed: Any, kind: type, shape: str) -> Any:
    if kind is str and isinstance(seed, str) and seed.strip():
        return seed.strip()
    if kind is int and isinstance(seed, int | np.integer) and not isinstance(seed, bool):
        return int(seed)
    raise _wrong(shape, f"{seed!r:.60} among the seeds", "Correct it")


def _meant(matches: list[str]) -> str:
    return f" (near: {', '.join(matches)})" if matches else ""


def _wrong(expected: str, got: str, hint: str) -> UsageError:
    return UsageError(parameter("seed_words"), expected=expected, got=got, hint=hint)
