"""Topics of a run over time and by class, from its stored rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import UsageError
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.preprocessing.ledger.ledger import LEDGER_COLUMNS
from neuraltopic.preprocessing.preparation import prepare
from neuraltopic.reading.rows import Corpus
from neuraltopic.runs.editing import corpus_of, open_with_documents
from neuraltopic.topics.groups.group_shares import group_shares, group_words, shares_table

if TYPE_CHECKING:
    import pandas as pd

    from neuraltopic.preprocessing.counts import Counts

PERIODS = {"year": "Y", "quarter": "Q", "month": "M", "week": "W", "day": "D"}
_MOST_GROUPS = 1000
# Periods that a picture or a page shows: the first of these lengths, in this order, that gives a number in this range.
_READABLE = ("month", "quarter", "year", "week", "day")
_FEWEST_READABLE, _MOST_READABLE = 4, 60


def topics_over_time(
    run: Path, by: str, *, every: str | None = None, words: int = 0, corpus: Corpus | None = None
) -> "pd.DataFrame":
    """Share of each topic in each period.

    Parameters
    ----------
    run : Path
        Run folder.
    by : str
        The column of the corpus with the date: years, or what pandas reads as ISO 8601.
    every : str, optional
        One of year, quarter, month, week, day; by default year where the dates are years, else month.
    words : int
        Words of each topic in each period, for which the corpus is read again; 0 for none.
    corpus : Corpus, optional
        The documents of the fit; by default those that run.json names.

    Returns
    -------
    DataFrame
        period (its first day, or the year), topic, label, share, low, high, n_documents, n_listed and maybe words; see
        `neuraltopic.topics.groups.group_shares`. Documents without a date are left out; periods without documents are
        included.

    Raises
    ------
    UsageError
        When there is no such column, or it holds something else than dates.
    """
    model = open_with_documents(run)
    column = metadata_column(model, by)
    values, groups = periods(column, every)
    return _table(run, model, "period", values, groups, words, corpus)


def topics_over_readable_periods(run: Path, by: str) -> "pd.DataFrame":
    """`topics_over_time` with periods of the length that `readable_period` chooses: for a picture."""
    model = open_with_documents(run)
    column = metadata_column(model, by)
    values, groups = periods(column, readable_period(column))
    return _table(run, model, "period", values, groups, 0, None)


def topics_per_class(run: Path, by: str, *, words: int = 0, corpus: Corpus | None = None) -> "pd.DataFrame":
    """Share of each topic in the documents of each value of a column, as `topics_over_time`, with a column class."""
    model = open_with_documents(run)
    column = metadata_column(model, by)
    known = column[column.notna()].astype(str)
    values = sorted(known.unique())
    if len(values) > _MOST_GROUPS:
        raise UsageError(
            f"column {by}",
            expected=f"at most {_MOST_GROUPS:,} classes",
            got=f"{len(values):,} values",
            hint="Choose a column of classes; over-time is for dates",
        )
    groups = np.full(len(column), -1)
    groups[column.notna().to_numpy()] = np.searchsorted(values, known)
    return _table(run, model, "class", values, groups, words, corpus)


def metadata_of(model: TopicModel) -> "pd.DataFrame":
    """The metadata columns of the corpus, of the documents whose vectors are kept, (D, columns)."""
    kept = model.ledger_[model.ledger_["status"] == "kept"]
    return kept.drop(columns=[name for name in kept if name in LEDGER_COLUMNS]).reset_index(drop=True)


def metadata_column(model: TopicModel, name: str) -> "pd.Series":
    """One of these columns.

    Raises
    ------
    UsageError
        When there is none of this name.
    """
    table = metadata_of(model)
    if name not in table:
        raise UsageError(
            "column",
            expected=f"one of the run: {', '.join(map(str, table.columns)) or 'there are none'}",
            got=repr(name),
            hint="Name one with --by, or fit a table or JSONL that has this one",
        )
    return table[name]


def periods(column: "pd.Series", every: str | None = None) -> tuple[list[Any], NDArray[np.int64]]:
    """All periods from the first to the last, and the number of the one that each document is in, -1 without a date.

    Periods of a year are whole numbers where the column has these, else the first day of each as text.
    """
    import pandas as pd

    if every is not None and every not in PERIODS:
        raise UsageError("every", expected=f"one of {', '.join(PERIODS)}", got=repr(every), hint="Try month")
    known = _known(column)
    years = _are_years(known)
    if years and every in (None, "year"):
        number = known.astype(int).to_numpy()
        values: list[Any] = list(range(number.min(), number.max() + 1))
    else:
        dates = _dates(known, column)
        ordinal = dates.dt.to_period(PERIODS[every or "month"])
        whole = pd.period_range(ordinal.min(), ordinal.max(), freq=PERIODS[every or "month"])
        number, values = whole.get_indexer(pd.PeriodIndex(ordinal)), [str(period.start_time.date()) for period in whole]
    if len(values) > _MOST_GROUPS:
        raise UsageError(
            "every", expected=f"at most {_MOST_GROUPS:,} periods", got=f"{len(values):,}", hint="Choose longer ones"
        )
    groups = np.full(len(column), -1)
    groups[column.notna().to_numpy()] = number - (values[0] if years and every in (None, "year") else 0)
    return values, groups


def readable_period(column: "pd.Series") -> str | None:
    """The length of periods for a picture, as `every` of `periods`: a month if there are 4 to 60 of them, else a
    quarter, a year, a week or a day. If none gives so many, the one with the fewest above 60, or else a day. None for
    whole years.

    Raises
    ------
    UsageError
        When the column holds something else than dates.
    """
    known = _known(column)
    if _are_years(known):
        return None
    dates = _dates(known, column)
    spans = {every: dates.dt.to_period(PERIODS[every]) for every in _READABLE}
    n_periods = {every: (span.max() - span.min()).n + 1 for every, span in spans.items()}
    fitting = [every for every in _READABLE if _FEWEST_READABLE <= n_periods[every] <= _MOST_READABLE]
    above = [every for every in _READABLE if n_periods[every] > _MOST_READABLE]
    return fitting[0] if fitting else min(above, key=n_periods.__getitem__, default="day")


def _known(column: "pd.Series") -> "pd.Series":
    """What the column holds, as text without white space around it or the .0 of a year read as a number."""
    known = column[column.notna()].astype(str).str.strip().str.removesuffix(".0")
    if not len(known):
        raise UsageError(f"column {column.name}", expected="dates", got="no value", hint="Choose another column")
    return known


def _are_years(known: "pd.Series") -> bool:
    return bool(known.str.fullmatch(r"[12]\d{3}").all())


def _dates(known: "pd.Series", column: "pd.Series") -> "pd.Series":
    import pandas as pd

    try:
        return pd.to_datetime(known, format="ISO8601", utc=True).dt.tz_localize(None)
    except ValueError as error:
        raise UsageError(
            f"column {column.name}",
            expected="dates such as 2024-05-31, or years",
            got=str(error)[:120],
            hint="Write dates in ISO 8601",
        ) from error


def _table(
    run: Path,
    model: TopicModel,
    name: str,
    values: Sequence[object],
    groups: NDArray[np.int64],
    words: int,
    corpus: Corpus | None,
) -> "pd.DataFrame":
    found = group_shares(model.topic_weights(model.vectors_), groups, len(values))
    T = found.share.shape[1]
    listed = np.zeros((len(values), T), np.int64)
    has = (groups >= 0) & (model.topics_ >= 0)
    np.add.at(listed, (groups[has], model.topics_[has]), 1)
    table = shares_table(name, values, found, model.labels_, listed)
    if words:
        counts = counts_of_fit(model, corpus or corpus_of(run))
        table["words"] = [
            text for group in range(len(values)) for text in _words(model, counts, groups == group, words)
        ]
    return table


def counts_of_fit(model: TopicModel, corpus: Corpus) -> "Counts":
    """Counts of the documents whose vectors are kept.

    Raises
    ------
    UsageError
        When the corpus is another.
    """
    counted = prepare(corpus, model.preprocessor_, workspace=None, progress=None)
    digests = [model.corpus_sha256_, *(update["corpus_sha256"] for update in model.updates_)]
    if counted.corpus_sha256 != digests[-1]:
        raise UsageError(
            corpus.name,
            expected="the documents of the fit",
            got="other documents",
            hint="Name the corpus that the run is of",
        )
    return counted.counts


def _words(model: TopicModel, counts: "Counts", rows: NDArray[np.bool_], top_n: int) -> list[str]:
    """First words of each topic in some documents."""
    explained = model.explained_in(counts.rows(np.flatnonzero(rows)), model.model_vectors_[rows])
    log_probabilities = model.reader_.topic_log_probabilities(model.statistics_.strength)
    ranked = group_words(explained, log_probabilities, model.reader_.log_unigram(), top_n)
    return [" ".join(model.vocabulary_[w] for w in row) for row in ranked.tolist()]
