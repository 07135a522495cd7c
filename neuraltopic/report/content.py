"""Content of the report page, as JSON values. Axes: D documents, K topics, V words."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.estimators.texts.topic_pictures import given_names, topic_map
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.reading.rows import Corpus
from neuraltopic.report.bars import RELEVANCE_WEIGHTS, topic_bars
from neuraltopic.report.citation import bibtex, methods
from neuraltopic.report.documents import DENSITY_SIDE, RunDocuments, documents_of
from neuraltopic.report.texts import corpus_or_none, shortened, texts_of
from neuraltopic.runs.editing import open_with_documents
from neuraltopic.runs.facts import read_run_facts, run_file
from neuraltopic.runs.groups import topics_over_readable_periods, topics_per_class
from neuraltopic.topics.editing.edits import from_entry, unchanged_topics
from neuraltopic.topics.layout import EXTENT, topic_correlations

_TYPICAL_LENGTH = 700  # characters of a typical document
_POINT_CHARACTERS = 1_400_000  # of all documents drawn as points
_SHORTEST, _LONGEST = 40, 160  # characters of one of these
_NEIGHBOURS = 5
_LOST_ROWS = 200
_NO_TOPIC = 0xFFFF  # of a document whose topic was dropped
_MOST_GROUPS = 100  # classes or periods of a column that was not named


@dataclass(frozen=True)
class Sources:
    """Inputs of a page besides the run folder.

    Attributes
    ----------
    corpus : Corpus, optional
        The documents; by default read from the path in run.json.
    text : bool
        Whether the page includes ids and texts of documents.
    classes, dates : str, optional
        Columns for shares by class and over time; by default label and date, if they exist.
    text_of : callable of id, optional
        Returns the text of a document, so that the corpus is not read again.
    """

    corpus: Corpus | None = None
    text: bool = True
    classes: str | None = None
    dates: str | None = None
    text_of: Callable[[str], str] | None = None


def page_content(run: Path, sources: Sources, model: TopicModel | None = None) -> dict[str, Any]:
    """Content of the page of a run folder, with its edits applied.

    Parameters
    ----------
    run : Path
    sources : Sources
    model : TopicModel, optional
        Model of the run with its documents; opened if not given.

    Raises
    ------
    UsageError
        If `run` is not a run folder of documents, or a named column does not exist or cannot be used.
    NeuralTopicError
        If its files are damaged.
    """
    said = read_run_facts(run)
    if said["kind"] != "run" or said["of"] != "documents":
        raise UsageError(
            str(run),
            expected="a run folder of documents",
            got=f"a {said['kind']} of {said['of']}",
            hint="Name the folder that neuraltopic fit wrote",
        )
    facts, model = said["run"], model or open_with_documents(run)
    positions = topic_map(model)
    documents = documents_of(model, positions)
    texts, why_none = _texts(run, facts, documents, model, sources)
    bars = topic_bars(model, _bar_words(len(positions)))
    per_class, why_no_classes = _table(run, documents, topics_per_class, sources.classes, "label")
    over_time, why_no_dates = _table(run, documents, topics_over_readable_periods, sources.dates, "date")
    of_topics = zip(
        _topics(facts, model, positions),
        bars.columns,
        bars.log_probabilities,
        _typical(model, documents, texts, sources),
        strict=True,
    )
    return {
        "title": facts["corpus"]["name"] if sources.text else "",
        "facts": _facts(facts, said["model"]),
        "edits": len(model.edits_),
        "relevance_weights": list(RELEVANCE_WEIGHTS),
        "bar_words": _bar_words(len(positions)),
        "words": bars.words,
        "log_unigram": bars.log_unigram,
        "topics": [
            topic | {"bars": columns, "log_probabilities": values, "typical": documents_of_topic}
            for topic, columns, values, documents_of_topic in of_topics
        ],
        "documents": _points(documents, texts, text=sources.text),
        "why_no_text": why_none,
        "lost": _lost(documents, text=sources.text),
        "training": _training(run),
        "per_class": _groups(per_class, "class"),
        "over_time": _groups(over_time, "period"),
        "why_no_groups": [why for why in (why_no_classes, why_no_dates) if why],
        "methods": methods(facts, said["model"], len(model.edits_)),
        "bibtex": bibtex(facts, said["model"]),
    }


def _facts(facts: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    return {
        "neuraltopic": model["neuraltopic"],
        "recipe": model["recipe"],
        "seed": facts["parameters"]["random_state"],
        "sizes": facts["sizes"],
        "rows": facts["rows"],
        "encodings": facts["encodings"],
        "epochs": facts["epochs"],
        "best": facts["best"],
        "finished": facts["finished"],
        "corpus_sha256": facts["corpus_sha256"],
    }


def _bar_words(n_topics: int) -> int:
    """Number of words per topic; fewer for many topics, to keep the page small."""
    return 30 if n_topics <= 100 else 15


def _topics(facts: dict[str, Any], model: TopicModel, positions: NDArray[np.floating]) -> list[dict[str, Any]]:
    statistics, words = model.statistics_, model.get_topics()
    flags = model.get_topic_info()["flags"].astype(str).tolist()
    correlations = topic_correlations(model.reader_.components_, model.reader_.bias_)
    np.fill_diagonal(correlations, -np.inf)
    near = np.argsort(-correlations, axis=1, kind="stable")[:, : min(_NEIGHBOURS, len(positions) - 1)]
    # Measured in the fit, so known for topics whose words are still those of the fit.
    fitted = facts.get("npmi_document")
    same = unchanged_topics(len(model.document_vae_.components_), map(from_entry, model.edits_))
    coherence = [None if of is None or not fitted else round(fitted[of], 4) for of in same]
    return [
        {
            "name": name,
            "words": [word for word, _ in words[topic]],
            "share": round(float(statistics.share[topic]), 6),
            "n_documents": int(statistics.n_documents[topic]),
            "information": round(float(statistics.information[topic]), 4),
            "coherence": coherence[topic],
            "flags": flags[topic],
            "position": [round(float(value), 4) for value in positions[topic]],
            "neighbours": [[int(other), round(float(correlations[topic, other]), 3)] for other in near[topic]],
        }
        for topic, name in enumerate(given_names(model))
    ]


def _typical(
    model: TopicModel, documents: RunDocuments, texts: dict[int, str], sources: Sources
) -> list[list[tuple[str, str | None]]]:
    """Id and text of the typical documents of each topic."""
    if not sources.text:
        return [[] for _ in model.statistics_.typical]
    row_of = {str(id): int(row) for row, id in zip(documents.rows, documents.ids, strict=True)}
    return [[(id, texts.get(row_of.get(id, -1))) for id in ids] for ids in model.statistics_.typical]


def _texts(
    run: Path, facts: dict[str, Any], documents: RunDocuments, model: TopicModel, sources: Sources
) -> tuple[dict[int, str], str]:
    """Texts by input row, and the reason if there are none."""
    if not sources.text:
        return {}, "Texts and ids of documents were left out of this page."
    points = documents.points()
    lengths = dict.fromkeys(documents.rows[points].tolist(), _point_length(len(points)))
    typical = {id for ids in model.statistics_.typical for id in ids}
    is_typical = np.fromiter((str(id) in typical for id in documents.ids), bool, len(documents.rows))
    lengths |= dict.fromkeys(documents.rows[is_typical].tolist(), _TYPICAL_LENGTH)
    if sources.text_of is not None:
        ids = documents.table["id"].to_numpy(object)
        return {row: shortened(sources.text_of(str(ids[row])), length) for row, length in lengths.items()}, ""
    corpus = sources.corpus or corpus_or_none(run)
    if corpus is None:
        return {}, "The documents could not be read again, so their texts are not shown."
    texts = texts_of(corpus, lengths, facts["corpus_sha256"])
    if texts is None:
        return {}, "The documents are not those of the fit any more, so their texts are not shown."
    return texts, ""


def _points(documents: RunDocuments, texts: dict[int, str], *, text: bool) -> dict[str, Any]:
    points = documents.points()
    length = _point_length(len(points))
    places = (documents.positions[points] / EXTENT + 1.0) * 32767.5
    content: dict[str, Any] = {
        "n": len(documents.rows),
        "extent": EXTENT,
        "x": _packed(places[:, 0], "<u2"),
        "y": _packed(places[:, 1], "<u2"),
        "topic": _packed(np.where(documents.topics[points] < 0, _NO_TOPIC, documents.topics[points]), "<u2"),
        "weight": _packed(np.nan_to_num(documents.weights[points]) * 255.0, "u1"),
        "ids": documents.ids[points].tolist() if text else [],
        "texts": [_cut(texts.get(row, ""), length) for row in documents.rows[points].tolist()] if texts else [],
        "characters": length,
    }
    if len(points) < len(documents.rows):
        density = documents.density()
        # Square roots of the counts, scaled to 255, so that cells with few documents stay visible.
        scaled = np.sqrt(density / max(int(density.max()), 1)) * 255.0
        content |= {"density": _packed(np.ceil(scaled).ravel(), "u1"), "density_side": DENSITY_SIDE}
    return content


def _point_length(n_points: int) -> int:
    """Number of characters of each document drawn as a point."""
    return int(np.clip(_POINT_CHARACTERS / max(n_points, 1), _SHORTEST, _LONGEST))


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _packed(values: NDArray[Any], dtype: str) -> str:
    """Integers as base64 of their bytes."""
    return base64.b64encode(np.rint(values).astype(dtype).tobytes()).decode("ascii")


def _lost(documents: RunDocuments, *, text: bool) -> dict[str, Any]:
    lost = documents.lost()
    listed = lost.head(_LOST_ROWS)
    columns = ["row", "id", "status", "detail"] if text else ["row", "status"]
    return {"n": len(lost), "columns": columns, "rows": [list(map(str, row)) for row in listed[columns].to_numpy()]}


def _training(run: Path) -> list[dict[str, float]]:
    path = run_file(run, "training.jsonl")
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except ValueError as error:
        raise NeuralTopicError(
            str(path), expected="a line of JSON an epoch", got=str(error), hint="Restore it from a copy"
        ) from error


def _table(
    run: Path,
    documents: RunDocuments,
    groups: Callable[[Path, str], pd.DataFrame],
    named: str | None,
    default: str,
) -> tuple[pd.DataFrame | None, str]:
    """The table for the named column, or for the default column if it exists and has groups; else why there is none."""
    if named is not None:
        return groups(run, named), ""
    if default not in documents.table or documents.table[default].iloc[documents.rows].nunique() < 2:
        return None, ""
    try:
        table = groups(run, default)
    except UsageError as error:  # too many classes, or no dates: a column that only has the name
        return None, f"No shares by {default}. {error}"
    n_groups = table.groupby("topic").size().max()
    if n_groups > _MOST_GROUPS:
        return None, f"No shares by {default}: it has {n_groups:,} values, and the page shows {_MOST_GROUPS} by itself."
    return table, ""


def _groups(table: pd.DataFrame | None, column: str) -> dict[str, Any] | None:
    """A table of shares as its columns' names and, for each topic, the share in each and its interval."""
    if table is None:
        return None
    names = list(dict.fromkeys(table[column].astype(str)))
    values = [name for name in ("share", "low", "high") if name in table]
    content: dict[str, Any] = {"names": names}
    for value in values:
        wide = table.assign(**{column: table[column].astype(str)}).pivot(index="topic", columns=column, values=value)
        rounded = wide[names].sort_index().astype(float).round(5)
        content[value] = rounded.astype(object).where(rounded.notna(), None).to_numpy().tolist()
    return content
