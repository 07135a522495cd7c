"""A folder of MALLET's outputs.

Axes: D documents, K topics after edits, V words.
"""

from pathlib import Path

import numpy as np

from neuraltopic.runs.editing import open_with_documents
from neuraltopic.storage.atomic import atomic_folder

_KEYS = 20  # words of a topic in topic-keys, as MALLET has them
MALLET_FILES = ("doc-topics.txt", "topic-keys.txt", "topic-word-weights.txt")


def write(run: Path, output: Path, *, force: bool = False) -> None:
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
    mean = model.statistics_.share
    probabilities = np.exp(model.reader_.topic_log_probabilities(model.statistics_.strength))
    tokens = float(np.sum(model.preprocessor_.vocabulary.cf))
    with atomic_folder(output, force=force, why_not=_why_not) as unfinished:
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


def _one_cell(id: str) -> str:
    return " ".join(id.split())


def _why_not(folder: Path) -> str:
    strange = sorted({path.name for path in folder.iterdir()} - set(MALLET_FILES))
    return f"a folder that also holds {strange[0]}" if strange else ""
