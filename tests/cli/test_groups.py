"""`over-time`, `per-class`, `effects`, `drift`, `topics name` and exports for other tools, on one small run."""

import io
import json
import shutil
import sys

import numpy as np
import pandas as pd
import pytest

from neuraltopic.cli import main
from neuraltopic.errors import UsageError
from neuraltopic.runs.groups import periods, readable_period
from tests.cli.conftest import FAST
from tests.tiny_corpus import sentences

pytestmark = pytest.mark.usefixtures("one_thread")


def rows():
    """Ninety documents of 2019 and 2021, three months each."""
    for number, text in enumerate(sentences(90)):
        theme = number % 3
        year = 2019 if number < 30 else 2021
        yield {
            "id": f"d{number}",
            "text": text,
            "date": f"{year}-0{1 + theme}-15",
            "group": "ab"[number % 2] if number else None,
            "score": str(number),
        }


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dated")
    corpus = folder / "docs.jsonl"
    corpus.write_text("".join(json.dumps(row) + "\n" for row in rows()), encoding="utf-8")
    assert main(["fit", str(corpus), "-o", str(folder / "run"), *FAST, "--quiet"]) == 0
    return folder / "run"


def table(result):
    assert result.code == 0, result.err
    return pd.read_csv(io.StringIO(result.out))


def test_over_time(call, run):
    found = table(call("over-time", run, "--by", "date", "--every", "year", "--words", 2))
    documents = table(call("export", run, "documents"))
    documents = documents[documents["status"] == "kept"]
    assert found["period"].tolist() == [p for p in ("2019-01-01", "2020-01-01", "2021-01-01") for _ in range(3)]
    year = documents["date"].str[:4]
    assert found["n_documents"].tolist() == [int((year == y).sum()) for y in ("2019", "2020", "2021") for _ in range(3)]
    by_hand = [((year == y) & (documents["topic"] == t)).sum() for y in ("2019", "2020", "2021") for t in range(3)]
    assert found["n_listed"].tolist() == by_hand
    whole = found[found["n_documents"] > 0]
    np.testing.assert_allclose(whole.groupby("period")["share"].sum(), 1.0, atol=1e-5)
    assert (whole["low"] <= whole["share"]).all()
    assert (whole["share"] <= whole["high"]).all()
    assert found["words"].str.split().str.len().tolist() == [2] * 9
    assert len(table(call("over-time", run, "--by", "date"))) == 3 * 27  # months from 2019-01 to 2021-03


def test_per_class_leaves_out_what_has_none(call, run):
    found = table(call("per-class", run, "--by", "group"))
    assert sorted(set(found["class"])) == ["a", "b"]
    assert found.groupby("class")["n_documents"].first().sum() == 89
    assert "one of the run: date, group, score" in call("per-class", run, "--by", "nothing").err


def test_effects(call, run):
    found = table(call("effects", run, "--formula", "score + C(group)", "--draws", 5))
    assert found["term"].tolist()[:3] == ["Intercept", "score", "C(group)[T.b]"] or "C(group)" in found["term"][1]
    assert len(found) == 9
    # The shares of a document sum to 1, and so an effect on one is taken from the others.
    np.testing.assert_allclose(found.groupby("term")["estimate"].sum().drop("Intercept"), 0.0, atol=1e-5)
    assert (found["low"] < found["high"]).all()
    again = table(call("effects", run, "--formula", "score + C(group)", "--draws", 5))
    assert again.equals(found)
    assert call("effects", run, "--formula", "absent").code == 2


def test_drift(call, run, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("".join(f"rocket violin sonata cello n{n}\n" for n in range(30)))
    found = call("drift", run, other, "--json", "-o", tmp_path / "documents.csv").json
    assert found["verdict"] == "new words"
    assert found["n_documents"] == 30
    assert len(pd.read_csv(tmp_path / "documents.csv")) == 30
    assert "verdict" in call("drift", run, other).out
    assert call("drift", run, tmp_path / "absent").code == 2


def test_names(call, run, tmp_path):
    work = shutil.copytree(run, tmp_path / "run")
    names = call("topics", "name", work, "--dry-run", "--json").json["names"]
    assert names
    assert not (work / "edits.jsonl").exists()
    echo = tmp_path / "echo.py"
    echo.write_text("import sys; print('Name ' + sys.stdin.read().split('Its words: ')[1].split(',')[0])")
    result = call("topics", "name", work, "--name-with", f"{sys.executable} {echo}")
    assert result.code == 0, result.err
    labels = [topic["label"] for topic in call("topics", work, "--json").json["topics"]]
    assert sum(label.startswith("Name ") for label in labels) == len(names)
    call("topics", "edit", work, "undo")
    assert call("topics", "edit", work, "--json").json["edits"] == []
    echo.write_text("print('one'); print('two')")
    assert "a name on one line" in call("topics", "name", work, "--name-with", f"{sys.executable} {echo}").err
    echo.write_text("import sys; sys.exit('no key')")
    assert "no key" in call("topics", "name", work, "--name-with", f"{sys.executable} {echo}").err
    assert call("topics", "name", work, "--name-with", "/no/such/program").code == 2


def test_exports_for_other_tools(call, run, tmp_path):
    assert call("export", run, "ldavis", "-o", tmp_path / "ldavis.json").code == 0
    data = json.loads((tmp_path / "ldavis.json").read_text())
    D, K, V = len(data["doc_lengths"]), 3, len(data["vocab"])
    assert np.shape(data["topic_term_dists"]) == (K, V)
    assert np.shape(data["doc_topic_dists"]) == (D, K)
    np.testing.assert_allclose(np.sum(data["topic_term_dists"], axis=1), 1.0, atol=1e-7)
    np.testing.assert_allclose(np.sum(data["doc_topic_dists"], axis=1), 1.0, atol=1e-7)
    assert sum(data["doc_lengths"]) == sum(data["term_frequency"])

    assert call("export", run, "mallet", "-o", tmp_path / "mallet").code == 0
    topics = pd.read_csv(tmp_path / "mallet" / "doc-topics.txt", sep="\t", header=None)
    assert topics.shape == (D, 2 + K)
    np.testing.assert_allclose(topics.iloc[:, 2:].sum(axis=1), 1.0, atol=1e-4)
    keys = (tmp_path / "mallet" / "topic-keys.txt").read_text().splitlines()
    assert [line.split("\t")[0] for line in keys] == ["0", "1", "2"]
    weights = pd.read_csv(tmp_path / "mallet" / "topic-word-weights.txt", sep="\t", header=None)
    assert len(weights) == K * V
    assert weights[2].sum() == pytest.approx(sum(data["term_frequency"]), rel=1e-3)
    assert call("export", run, "mallet", "-o", tmp_path / "mallet").code == 2
    assert call("export", run, "mallet", "-o", tmp_path / "mallet", "--force").code == 0
    assert call("export", run, "ldavis").code == 2


def test_periods():
    years, groups = periods(pd.Series(["2019", None, "2021"], name="y"))
    assert years == [2019, 2020, 2021]
    assert groups.tolist() == [0, -1, 2]
    months, groups = periods(pd.Series(["2020-01-31", "2020-03-01T05:00:00Z"], name="d"))
    assert months == ["2020-01-01", "2020-02-01", "2020-03-01"]
    assert groups.tolist() == [0, 2]
    quarters, groups = periods(pd.Series([2019, 2020], name="y"), "quarter")
    assert quarters[0] == "2019-01-01"
    assert groups.tolist() == [0, 4]
    with pytest.raises(UsageError, match="dates such as"):
        periods(pd.Series(["soon"], name="d"))
    with pytest.raises(UsageError, match="at most 1,000 periods"):
        periods(pd.Series(["1800-01-01", "2020-01-01"], name="d"), "day")


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2020-03-05", "2020-03-06", "day"),
        ("2020-03-01", "2020-03-25", "week"),
        ("2020-03-01", "2020-04-25", "week"),
        ("2020-01-31", "2020-04-01", "month"),
        ("2015-01-01", "2019-12-31", "month"),
        ("2015-01-01", "2020-01-01", "quarter"),
        ("2000-01-01", "2015-01-01", "year"),
        ("1900-01-01", "2015-01-01", "year"),
        ("1900", "2015", None),
    ],
)
def test_a_picture_has_4_to_60_periods_where_dates_allow(first, last, expected):
    assert readable_period(pd.Series([last, None, first], name="d")) == expected
