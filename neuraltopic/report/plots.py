"""Pictures by name, of a run folder, a comparison or a choice of K."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from neuraltopic.estimators.texts.topic_pictures import short_names, topic_map
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.pictures.maps import draw_documents
from neuraltopic.report.documents import documents_of
from neuraltopic.runs.documents import open_run
from neuraltopic.runs.editing import open_with_documents
from neuraltopic.runs.groups import topics_over_readable_periods, topics_per_class

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# Function of the table, method that draws it, and default column.
_BY: dict[str, tuple[Callable[[Path, str], "pd.DataFrame"], Callable[..., "Figure"], str]] = {
    "per-class": (topics_per_class, TopicModel.visualize_topics_per_class, "label"),
    "over-time": (topics_over_readable_periods, TopicModel.visualize_topics_over_time, "date"),
}


def draw(name: str, folder: Path, *, by: str | None = None) -> "Figure":
    """Draw a picture.

    Parameters
    ----------
    name : str
        One of `neuraltopic.report.plot_names.PLOTS`.
    folder : Path
        A run folder; for compare and choose-k the output folder of these commands.
    by : str, optional
        Column of per-class (default: label) or over-time (default: date).

    Raises
    ------
    UsageError
        If the folder is not of the required kind.
    NeuralTopicError
        If its files are damaged.
    """
    if name == "compare":
        from neuraltopic.compare.picture import draw_comparison
        from neuraltopic.compare.written import read_comparison

        return draw_comparison(read_comparison(folder))
    if name == "choose-k":
        from neuraltopic.compare.picture import draw_choice
        from neuraltopic.compare.written import read_choice

        return draw_choice(read_choice(folder))
    if name in _BY:
        groups, visualize, column = _BY[name]
        return visualize(open_run(folder, device="cpu"), groups(folder, by or column))
    if name == "documents":
        return _of_documents(open_with_documents(folder))
    return getattr(open_run(folder, device="cpu"), f"visualize_{name.replace('-', '_')}")()


def _of_documents(model: TopicModel) -> "Figure":
    positions = topic_map(model)
    documents = documents_of(model, positions)
    shown = documents.points()
    return draw_documents(
        documents.positions[shown],
        documents.topics[shown],
        positions,
        model.statistics_.share,
        short_names(model),
        len(documents.rows),
    )
