"""Topics that other tools have learned, from the files that they write.

gensim    topics as an array (K, V), .npy of `LdaModel.get_topics()`, with a text file of its words, one per line; or a
          model that `LdaModel.save` wrote, which is a pickle and can run code: only if it is trusted
mallet    a folder with topic-word-weights.txt or topic-state.gz, or one of these files
bertopic  a folder that `BERTopic.save(..., serialization="safetensors")` wrote

Axes: K topics, V words.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError, UsageError, parameter
from neuraltopic.storage.strict_json import parse_json

FORMATS = ("gensim", "mallet", "bertopic")
MALLET_WEIGHTS, MALLET_STATE = "topic-word-weights.txt", "topic-state.gz"
# Of c-TF-IDF, which most words have none of in most topics: so much of each topic is the mean topic.
_SMOOTHED = 0.01


@dataclass(frozen=True)
class ForeignTopics:
    """Topics of another tool.

    Attributes
    ----------
    format : str
        One of `FORMATS`.
    words : tuple of V str
    probabilities : (K, V)
        p(w | topic), all above 0; rows sum to 1.
    labels : tuple of K str or None
        Names that the tool gives, None where it gives none.
    """

    format: str
    words: tuple[str, ...]
    probabilities: NDArray[np.float64]
    labels: tuple[str | None, ...]


def read_topics(format: str, path: Path, *, words: Path | None = None, trusted: bool = False) -> ForeignTopics:
    """Topics of another tool.

    Parameters
    ----------
    format : {"gensim", "mallet", "bertopic"}
    path : Path
    words : Path, optional
        For an array of gensim's topics.
    trusted : bool
        Whether a pickle may be loaded, which runs the code in it.

    Raises
    ------
    UsageError
        When the format is none of these, a file is missing, or a pickle is not trusted.
    NeuralTopicError
        When a file is not of the format.
    """
    path = Path(path)
    if format not in FORMATS:
        raise UsageError(
            "format", expected=f"one of {', '.join(FORMATS)}", got=repr(format), hint="Choose one of these"
        )
    if not path.exists():
        raise UsageError(
            str(path), expected=f"a file or folder of {format}", got="nothing there", hint="Check the path"
        )
    if format == "gensim":
        return _gensim(path, words, trusted)
    return _mallet(path) if format == "mallet" else _bertopic(path)


def _gensim(path: Path, words: Path | None, trusted: bool) -> ForeignTopics:
    if path.suffix == ".npy":
        if words is None:
            raise UsageError(
                parameter("words"), expected="a text file of the words, one per line", got="none", hint="See --help"
            )
        try:
            weights = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise _wrong(path, "an array of topics x words", str(error)) from error
        return _topics("gensim", path, words.read_text(encoding="utf-8").splitlines(), weights)
    if not trusted:
        raise UsageError(
            str(path),
            expected="an array of topics (.npy), or a model that is trusted",
            got="a model of gensim, which is a pickle and can run code",
            hint=f"Save get_topics() with numpy, or add {parameter('trust', True)} where it is your own",
        )
    from gensim.models import LdaModel

    try:
        model: Any = LdaModel.load(str(path))
        named = [model.id2word[column] for column in range(model.num_terms)]
        return _topics("gensim", path, named, model.get_topics())
    except (AttributeError, KeyError, OSError, EOFError, TypeError, ValueError, ImportError) as error:
        raise _wrong(path, "a model that LdaModel.save wrote, with its words", str(error)) from error


def _mallet(path: Path) -> ForeignTopics:
    for name, read in ((MALLET_WEIGHTS, _mallet_weights), (MALLET_STATE, _mallet_state)):
        file = path / name if path.is_dir() else path
        if file.is_file() and (path.is_dir() or (file.suffix == ".gz") == (name == MALLET_STATE)):
            return read(file)
    raise UsageError(
        str(path),
        expected=f"{MALLET_WEIGHTS} (--topic-word-weights-file) or {MALLET_STATE} (--output-state)",
        got="neither",
        hint="Let MALLET write one",
    )


def _mallet_weights(path: Path) -> ForeignTopics:
    """Lines of topic, word and weight: the tokens of the word in the topic, smoothed by beta."""
    cells = []
    for number, line in _lines(path):
        parts = line.rstrip("\r\n").split("\t")
        if len(parts) != 3:
            raise _wrong(path, "topic, word and weight", f"{line!r:.60} in line {number}")
        cells.append((_whole(parts[0], path, number), parts[1], _number(parts[2], path, number)))
    return _of_cells(path, cells, smoothing=0.0)


def _mallet_state(path: Path) -> ForeignTopics:
    """A line per token, behind lines of #: its topic is the last column, the word the one before."""
    counts: dict[tuple[int, str], int] = {}
    beta = 0.0
    for number, line in _lines(path):
        if line.startswith("#"):
            if line.startswith("#beta"):
                beta = _number(line.partition(":")[2].strip(), path, number)
            continue
        parts = line.rstrip("\r\n").split(" ")
        if len(parts) < 6:
            raise _wrong(path, "document, source, position, number, word and topic", f"{line!r:.60} in line {number}")
        key = (_whole(parts[-1], path, number), parts[-2])
        counts[key] = counts.get(key, 0) + 1
    # MALLET's own default where the file does not say.
    cells = [(topic, word, float(count)) for (topic, word), count in counts.items()]
    return _of_cells(path, cells, smoothing=beta or 0.01)


def _of_cells(path: Path, cells: list[tuple[int, str, float]], smoothing: float) -> ForeignTopics:
    if not cells:
        raise _wrong(path, "topics and their words", "none")
    index = {word: column for column, word in enumerate(dict.fromkeys(word for _, word, _ in cells))}
    weights = np.full((max(topic for topic, _, _ in cells) + 1, len(index)), smoothing)
    for topic, word, weight in cells:
        weights[topic, index[word]] += weight
    return _topics("mallet", path, list(index), weights)


def _bertopic(path: Path) -> ForeignTopics:
    """c-TF-IDF, a row per topic in the order of their numbers; the row of outliers, -1, is left out."""
    said = _json(path / "topics.json")
    ctfidf, config = path / "ctfidf.safetensors", path / "ctfidf_config.json"
    representations = said.get("topic_representations")
    if not isinstance(representations, dict) or not representations:
        raise _wrong(path / "topics.json", "topic_representations", "none")
    try:
        numbers = sorted(int(topic) for topic in representations)
        labels = _bertopic_labels(said, numbers)
        if ctfidf.exists() and config.exists():
            words, weights = _ctfidf(ctfidf, _json(config))
            if len(weights) != len(numbers):
                raise _wrong(ctfidf, f"a row for each of {len(numbers)} topics", f"{len(weights)}")
        else:
            words, weights = _representations(representations, numbers)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _wrong(path, "what BERTopic saves as safetensors", f"{type(error).__name__}: {error}") from error
    kept = [row for row, topic in enumerate(numbers) if topic >= 0]
    mean = weights[kept] / weights[kept].sum(1, keepdims=True)
    smoothed = (1.0 - _SMOOTHED) * mean + _SMOOTHED * (mean.mean(0) + 1e-12)
    known = weights[kept].sum(0) > 0
    return _topics(
        "bertopic",
        path,
        [word for word, there in zip(words, known, strict=True) if there],
        smoothed[:, known],
        tuple(label for label, topic in zip(labels, numbers, strict=True) if topic >= 0),
    )


def _bertopic_labels(said: dict[str, Any], numbers: list[int]) -> list[str | None]:
    """Names that the user gave; those that BERTopic makes of words are made here from the words."""
    custom = said.get("custom_labels")
    if not isinstance(custom, list) or len(custom) != len(numbers):
        return [None] * len(numbers)
    return [str(label).strip()[:200] or None for label in custom]


def _ctfidf(path: Path, config: dict[str, Any]) -> tuple[list[str], NDArray[np.float64]]:
    from safetensors.numpy import load_file
    from scipy.sparse import csr_array

    arrays = load_file(path)
    shape = tuple(int(size) for size in arrays["shape"])
    weights = csr_array((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape).toarray()
    vocabulary = config["vectorizer_model"]["vocab"]
    words = sorted(vocabulary, key=vocabulary.__getitem__)
    if len(words) != shape[1]:
        raise _wrong(path, f"{shape[1]:,} words in ctfidf_config.json", f"{len(words):,}")
    return words, weights.astype(np.float64)


def _representations(representations: dict[str, Any], numbers: list[int]) -> tuple[list[str], NDArray[np.float64]]:
    """The few words that topics.json has of each topic, where c-TF-IDF was not saved."""
    rows = [representations[str(topic)] for topic in numbers]
    index = {word: column for column, word in enumerate(dict.fromkeys(word for row in rows for word, _ in row if word))}
    weights = np.zeros((len(rows), len(index)))
    for number, row in enumerate(rows):
        for word, weight in row:
            if word:
                weights[number, index[word]] = max(float(weight), 1e-6)
    return list(index), weights


def _topics(
    format: str, path: Path, words: list[str], weights: NDArray[Any], labels: tuple[str | None, ...] | None = None
) -> ForeignTopics:
    """The checked topics, with rows that sum to 1."""
    weights = np.asarray(weights)
    if weights.ndim != 2 or weights.dtype.kind not in "fiu" or weights.shape[1] != len(words) or not weights.size:
        raise _wrong(path, f"an array of topics x {len(words):,} words", f"{weights.dtype} {weights.shape}")
    values = weights.astype(np.float64)
    if not np.isfinite(values).all() or (values < 0).any() or (values.sum(1) <= 0).any():
        raise _wrong(path, "weights from 0, some in each topic", "others")
    if len(set(words)) != len(words) or not all(words):
        raise _wrong(path, "each word once", "one twice, or an empty one")
    values = np.maximum(values / values.sum(1, keepdims=True), 1e-12)
    return ForeignTopics(format, tuple(words), values / values.sum(1, keepdims=True), labels or (None,) * len(values))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8") as file:
            yield from enumerate(file, start=1)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise _wrong(path, "text in UTF-8", str(error)) from error


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise UsageError(
            str(path.parent),
            expected='a folder that BERTopic.save(..., serialization="safetensors") wrote',
            got=f"none with {path.name}",
            hint="Save the model that way",
        )
    value: Any = parse_json(path.read_bytes(), str(path))
    if not isinstance(value, dict):
        raise _wrong(path, "a JSON object", type(value).__name__)
    return value


def _whole(text: str, path: Path, line: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise _wrong(path, "the number of a topic", f"{text!r:.40} in line {line}")
    return int(text)


def _number(text: str, path: Path, line: int) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise _wrong(path, "a number", f"{text!r:.40} in line {line}") from error


def _wrong(path: Path, expected: str, got: str) -> NeuralTopicError:
    return NeuralTopicError(str(path), expected=expected, got=got[:200], hint="Write it again with the tool it is from")
