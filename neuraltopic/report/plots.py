"""Pictures by name, of a run folder, a comparison or a choice of K."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neuraltopic.errors import UsageError
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.report.documents import LABEL, read_documents, shares_by

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_OF_MODEL: dict[str, Callable[[TopicModel], "Figure"]] = {
    "topics": TopicModel.visualize_topics,
    "barchart": TopicModel.visualize_barchart,
    "heatmap": TopicModel.visualize_heatmap,
    "hierarchy": TopicModel.visualize_hierarchy,
    "term-rank": TopicModel.visualize_term_rank,
    "training": TopicModel.visualize_training,
}


def draw(name: str, folder: Path) -> "Figure":
    """Draw a picture.

    Parameters
    ----------
    name : str
        One of `neuraltopic.report.plot_names.PLOTS`.
    folder : Path
        A run folder; for compare and choose-k what these commands wrote.

    Raises
    ------
    UsageError
        When the folder is not of the kind that the picture needs.
    NeuralTopicError
        When its files are not as they were written.
    """
    if name == "compare":
        from neuraltopic.compare.picture import draw_comparison
        from neuraltopic.compare.written import read_comparison

        return draw_comparison(read_comparison(folder))
    if name == "choose-k":
        from neuraltopic.compare.picture import draw_choice
        from neuraltopic.compare.written import read_choice

        return draw_choice(read_choice(folder))
    from neuraltopic.runs.documents import open_run

    model = open_run(folder, device="cpu")
    if name in _OF_MODEL:
        return _OF_MODEL[name](model)
    return _of_documents(folder, model) if name == "documents" else _per_class(folder, model)


def _of_documents(run: Path, model: TopicModel) -> "Figure":
    from neuraltopic.estimators.topic_pictures import short_names, topic_map
    from neuraltopic.pictures.maps import draw_documents

    positions = topic_map(model)
    documents = read_documents(run, model, positions)
    shown = documents.points()
    return draw_documents(
        documents.positions[shown], documents.topics[shown], positions, model.statistics_.share, short_names(model)
    )


def _per_class(run: Path, model: TopicModel) -> "Figure":
    documents = read_documents(run, model, np.zeros((len(model.components_), 2)))
    if LABEL not in documents.table:
        raise UsageError(
            str(run),
            expected=f"documents with a column {LABEL}",
            got=f"the columns {', '.join(map(str, documents.table))}",
            hint="Draw another picture, or pass a table to visualize_topics_per_class",
        )
    table = shares_by(run, model, documents.table[LABEL].iloc[documents.rows])
    return model.visualize_topics_per_class(table)
