"""Read the files of a comparison or a choice of K, to draw them again."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuraltopic.compare.choose_k import FILES as CHOICE_FILES
from neuraltopic.compare.choose_k import samples_of
from neuraltopic.compare.comparison import FILES as COMPARISON_FILES
from neuraltopic.compare.recommendation import recommend
from neuraltopic.compare.results import ChoiceOfK, Comparison
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.evaluate.metrics import METRICS

if TYPE_CHECKING:
    import pandas as pd

# Figures that decide and are not shown as metrics.
_BESIDE = {"bound_per_token", "bound_per_token_error"}


def read_comparison(folder: Path) -> Comparison:
    """The figures of a comparison; without the sizes of its data.

    Raises
    ------
    UsageError
        When `folder` holds no comparison.
    NeuralTopicError
        When its table is not as it was written.
    """
    table = _table(folder, COMPARISON_FILES[0], "compare", {"model", "n_components", "seed", "metric", "value"})
    results = _results(table, ["model", "n_components", "seed"])
    models = tuple(dict.fromkeys(result["model"] for result in results))
    return Comparison(folder, folder.name, models, results, {})


def read_choice(folder: Path) -> ChoiceOfK:
    """The figures of a choice of K, and its recommendation; without the name of its recipe.

    Raises as `read_comparison` does.
    """
    table = _table(folder, CHOICE_FILES[0], "choose-k", {"n_components", "seed", "metric", "value"})
    results = _results(table, ["n_components", "seed"])
    samples = tuple(samples_of(results, sorted({result["n_components"] for result in results})))
    return ChoiceOfK(folder, folder.name, "", samples, results, recommend(samples))


def _table(folder: Path, name: str, command: str, columns: set[str]) -> "pd.DataFrame":
    import pandas as pd

    path = folder / name
    if not path.is_file():
        raise UsageError(
            str(folder),
            expected=f"a folder that neuraltopic {command} wrote",
            got=f"no {name} in it",
            hint="Name the folder of its --output",
        )
    try:
        table = pd.read_csv(path)
    except (ValueError, OSError) as error:
        raise _damaged(path, str(error)) from error
    unknown = set() if "metric" not in table else set(table["metric"]) - set(METRICS) - _BESIDE
    if not columns <= set(table) or unknown or not len(table):
        raise _damaged(path, f"the columns {', '.join(map(str, table))} and {len(table):,} lines")
    return table


def _damaged(path: Path, got: str) -> NeuralTopicError:
    return NeuralTopicError(
        str(path), expected="the table of figures as it was written", got=got, hint="Restore it or compare again"
    )


def _results(table: "pd.DataFrame", names: list[str]) -> list[dict[str, Any]]:
    """A dict a fit, in the order of the table."""
    return [
        {**dict(zip(names, key, strict=True)), "figures": dict(zip(rows["metric"], rows["value"], strict=True))}
        for key, rows in table.groupby(names, sort=False)
    ]
