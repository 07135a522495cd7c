"""The stored state of a TopicModel, in addition to that of its DocumentVAE.

preprocessing.json   settings, vocabulary, phrases, tokeniser
topics.json          share, documents and information of each topic

Its config.json also has the corpus of the fit, and those of its updates; the shares of the topics are in topics.json.
"""

import os
import re
from pathlib import Path
from typing import Any

from neuraltopic.preprocessing.preparation import MAX_STATE_BYTES
from neuraltopic.preprocessing.preprocessor import Preprocessor
from neuraltopic.storage.members import naming, read_members, require, require_numbers
from neuraltopic.storage.strict_json import read_json
from neuraltopic.topics.tables import TopicStatistics

PREPROCESSING, TOPICS = "preprocessing.json", "topics.json"
_TOPICS = dict.fromkeys(("share", "n_documents", "strength", "information", "typical"), list)
_UPDATE = {"corpus_sha256": str, "n_documents": int}


def read_preprocessor(path: Path) -> Preprocessor:
    """The preprocessor of a state that was written to `path`."""
    state: Any = read_json(path, MAX_STATE_BYTES)
    require(isinstance(state, dict), path, "an object")
    with naming(path):
        preprocessor = Preprocessor.from_state(state)
    # From a path spaCy would load any folder that a stranger chose; an installed package is the user's own. The folder
    # of the fit is loaded when texts are tokenised, if its digest is unchanged.
    pipeline = preprocessor.settings.spacy_pipeline
    by_name = pipeline is None or re.fullmatch(r"(blank:)?\w+", pipeline) is not None
    known = by_name or (os.path.isabs(pipeline or "") and "sha256" in state["tokeniser"])
    require(known, path, "the name of an installed spaCy pipeline, or a folder with its digest", pipeline)
    return preprocessor


def require_updates(updates: list[Any], n_documents: int, path: Path) -> None:
    """Raise unless `updates` describes each update of a model of `n_documents` documents."""
    for update in updates:
        described = isinstance(update, dict) and {name: type(value) for name, value in update.items()} == _UPDATE
        require(described and update["n_documents"] > 0, path, "corpus_sha256 and n_documents of each update", update)
    of_updates = sum(update["n_documents"] for update in updates)
    require(of_updates < n_documents, path, "fewer documents in updates than in all", of_updates)


def read_topics(path: Path, n_topics: int, n_documents: int) -> TopicStatistics:
    """The statistics of `n_topics` topics in `n_documents` documents."""
    topics = read_members(path, _TOPICS, MAX_STATE_BYTES)
    for name in ("share", "n_documents", "strength", "information"):
        require_numbers(path, name, topics[name], n_topics, "topics")
    require(min(topics["share"]) >= 0, path, "shares of topics from 0", min(topics["share"]))
    counted = all(type(count) is int and 0 <= count <= n_documents for count in topics["n_documents"])
    require(counted, path, f"n_documents as whole numbers from 0 to {n_documents:,}")
    require(len(topics["typical"]) == n_topics, path, f"typical documents of {n_topics} topics")
    for ids in topics["typical"]:
        ours = isinstance(ids, list) and all(isinstance(id, str) for id in ids)
        require(ours, path, "typical documents as lists of ids")
    return TopicStatistics.from_dict(topics)
