"""The input of pyLDAvis.

Axes: D documents, K topics after edits, V words.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuraltopic.runs.editing import open_with_documents
from neuraltopic.storage.outputs import check_new_file
from neuraltopic.storage.strict_json import write_json


def write(run: Path, output: Path, *, force: bool = False) -> None:
    """Write what `pyLDAvis.prepare(**json.load(file), sort_topics=False)` takes, as JSON.

    topic_term_dists (K, V) and doc_topic_dists (D, K), whose rows sum to 1, doc_lengths (D,), vocab (V,) and
    term_frequency (V,). Documents that have only dropped topics are left out.

    Raises
    ------
    UsageError
        When the file exists, unless `force`.
    """
    check_new_file(output, force=force)
    model = open_with_documents(run)
    probabilities = np.exp(model.reader_.topic_log_probabilities(model.statistics_.strength)).astype(np.float64)
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


def _rounded(values: NDArray[np.float64]) -> list[list[float]]:
    """Rows rounded to half the bytes, which sum to 1 to 8 digits."""
    return [[float(f"{value:.9g}") for value in row] for row in values.tolist()]
