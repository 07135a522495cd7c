"""What other tools read: the input of pyLDAvis, and MALLET's files.

Axes: D documents, K topics as they stand, V words.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.runs.editing import open_with_documents
from neuraltopic.storage.atomic import atomic_folder
from neuraltopic.storage.strict_json import write_json

_KEYS = 20  # words of a topic in topic-keys, as MALLET has them
MALLET_FILES = ("doc-topics.txt", "topic-keys.txt", "topic-word-weights.txt")


def write_ldavis(run: Path, output: Path) -> None:
    """Write what `pyLDAvis.prepare(**json.load(file), sort_topics=False)` takes, as JSON.

    topic_term_dists (K, V) and doc_topic_dists (D, K), whose rows sum to 1, doc_lengths (D,), vocab (V,) and
    term_frequency (V,). Documents that are about dropped topics alone are left out.
    """
    model = open_with_documents(run)
    probabilities = np.exp(_log_probabilities(model)).astype(np.float64)
    shares = model.topic_weights(model.vectors_).astype(np.float64)
    total = shares.sum(1)
    some = total > 0
    lengths = model.ledger_["n_tokens"][model.ledger_["status"] == "kept"].to_numpy()
    write_json(
        output,
        {
            "topic_term_dists": _rounded(probabilities / probabilities.sum(1, keepdims=True)),
            "doc_topic_dists": _rounded(shares[some] / total[some, None]),
            "doc_lengths": lengths[some].tolist(),
            "vocab": list(model.vocabulary_),
            "term_frequency": [int(count) for count in model.preprocessor_.vocabulary.cf],
        },
    )


def write_mallet(run: Path, folder: Path, *, force: bool = False) -> None:
    """Write a folder of MALLET's outputs.

    doc-topics.txt           row, id, and the share of each topic
    topic-keys.txt           topic, share of all documents in place of alpha, first words
    topic-word-weights.txt   topic, word, and the number of tokens of p(word | topic) in what the topic accounts for

    Raises
    ------
    UsageError
        When the folder exists, unless `force` and it holds these files alone.
    """
    model = open_with_documents(run)
    shares = model.topic_weights(model.vectors_)
    ids = model.ledger_["id"][model.ledger_["status"] == "kept"].tolist()
    mean, probabilities = model.statistics_.share, np.exp(_log_probabilities(model))
    tokens = float(np.sum(model.preprocessor_.vocabulary.cf))
    with atomic_folder(folder, force=force, why_not=_why_not) as unfinished:
        with open(unfinished / MALLET_FILES[0], "w", encoding="utf-8", newline="\n") as file:
            for row, (id, weights) in enumerate(zip(ids, shares, strict=True)):
                file.write("\t".join([str(row), _one_cell(str(id)), *(f"{weight:.6g}" for weight in weights)]) + "\n")
        with open(unfinished / MALLET_FILES[1], "w", encoding="utf-8", newline="\n") as file:
            for topic, words in model.get_topics(_KEYS).items():
                file.write(f"{topic}\t{mean[topic]:.6g}\t{' '.join(word for word, _ in words)}\n")
        with open(unfinished / MALLET_FILES[2], "w", encoding="utf-8", newline="\n") as file:
            for topic, row in enumerate(probabilities):
                for word, probability in zip(model.vocabulary_, row, strict=True):
                    file.write(f"{topic}\t{word}\t{probability * mean[topic] * tokens:.6g}\n")


def _log_probabilities(model: TopicModel) -> NDArray[np.floating]:
    return model.reader_.topic_log_probabilities(model.statistics_.strength)


def _rounded(values: NDArray[np.float64]) -> list[list[float]]:
    """Rows that still sum to 1 to 8 digits, in half the bytes."""
    return [[float(f"{value:.9g}") for value in row] for row in values.tolist()]


def _one_cell(id: str) -> str:
    return " ".join(id.split())


def _why_not(folder: Path) -> str:
    strange = sorted({path.name for path in folder.iterdir()} - set(MALLET_FILES))
    return f"a folder that also holds {strange[0]}" if strange else ""
