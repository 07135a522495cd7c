import re
import shutil

import numpy as np
import pandas as pd
import pytest

from neuraltopic.cli import main
from neuraltopic.compare.choose_k import samples_of
from neuraltopic.compare.results import SHOWN
from neuraltopic.compare.written import read_choice, read_comparison
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.report.documents import documents_of
from neuraltopic.report.plot_names import PLOTS
from neuraltopic.report.plots import draw
from neuraltopic.runs.documents import open_run
from neuraltopic.runs.editing import edit_run, open_with_documents
from neuraltopic.topics.editing.edits import Merge, Rename
from neuraltopic.topics.layout import topic_positions


@pytest.mark.parametrize("name", sorted(set(PLOTS) - {"compare", "choose-k", "over-time"}))
def test_every_picture_of_a_run_is_written(run, tmp_path, name):
    output = tmp_path / "picture.pdf"
    assert main(["plot", name, str(run), "-o", str(output), "-q"]) == 0
    assert output.read_bytes().startswith(b"%PDF")


def test_the_map_of_a_run_is_that_of_its_page(run):
    model = open_run(run, device="cpu")
    positions = topic_positions(model.components_, model.document_vae_.bias_, model.vocabulary_)
    circles = draw("topics", run).axes[0].collections[0]
    order = np.argsort(-model.statistics_.share, kind="stable")
    np.testing.assert_allclose(circles.get_offsets(), positions[order])
    dots = draw("documents", run).axes[0].collections[0]
    np.testing.assert_allclose(
        dots.get_offsets(), documents_of(open_with_documents(run), positions).positions, atol=1e-6
    )


def test_pictures_follow_edits(run, tmp_path):
    copy = shutil.copytree(run, tmp_path / "run")
    edit_run(copy, [Merge(((0, 2),)), Rename({0: "both"})])
    labels = draw("hierarchy", copy).axes[0].get_yticklabels()
    assert len(labels) == 2
    assert "0 both" in [label.get_text() for label in labels]
    titles = [axes.get_title(loc="left") for axes in draw("barchart", copy).axes]
    assert len(titles) == 2
    assert [re.sub(r"[\d.]+%", "%", title) for title in sorted(titles)] == ["0 both · %", "topic 1, %"]


def test_bars_of_a_model_are_its_topics(run):
    model = open_run(run, device="cpu")
    (axes,) = model.visualize_barchart([2], top_n=6).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [word for word, _ in model.get_topic(2, 6)]
    with pytest.raises(UsageError, match="topics"):
        model.visualize_barchart([3])


def test_documents_of_a_loaded_model_cannot_be_drawn(run):
    with pytest.raises(NeuralTopicError, match="holds nothing of its documents"):
        open_run(run, device="cpu").visualize_documents()


def test_documents_of_a_fitted_model_are_drawn():
    from tests.runs.test_documents import small
    from tests.tiny_corpus import sentences

    model: TopicModel = small().fit(sentences())
    assert len(model.visualize_documents().axes[0].collections[0].get_offsets()) == 60


def test_what_cannot_be_drawn(run, tmp_path, capfd):
    for arguments, said in (
        (["plot", "nothing", str(run), "-o", str(tmp_path / "a.png")], "one of topics"),
        (["plot", "topics", str(run), "-o", str(tmp_path / "a.gif")], ".png or .svg or .pdf or .html"),
        (["plot", "topics", str(tmp_path), "-o", str(tmp_path / "a.png")], "a run folder"),
        (["plot", "compare", str(run), "-o", str(tmp_path / "a.png")], "a folder that neuraltopic compare wrote"),
    ):
        assert main([*arguments, "-q"]) == 2
        assert said in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


def figures_of_k(k, seed):
    rng = np.random.default_rng([k, seed])
    names = (*SHOWN, "bound_per_token", "bound_per_token_error")
    return {"n_components": k, "seed": seed, "figures": dict(zip(names, rng.uniform(0.1, 1, 6), strict=True))}


def table_of(results):
    keys = [name for name in ("model", "n_components", "seed") if name in results[0]]
    rows = [[*(each[key] for key in keys), *figure] for each in results for figure in each["figures"].items()]
    return pd.DataFrame(rows, columns=[*keys, "metric", "value"])


def test_a_choice_of_k_is_read_back(tmp_path):
    results = [figures_of_k(k, seed) for k in (5, 10, 20) for seed in range(3)]
    table_of(results).to_csv(tmp_path / "choose_k.csv", index=False)
    choice = read_choice(tmp_path)
    for sample, expected in zip(choice.samples, samples_of(results, [5, 10, 20]), strict=True):
        assert sample.k == expected.k
        for name in sample.figures:
            np.testing.assert_allclose(sample.figures[name], expected.figures[name])
    figure = draw("choose-k", tmp_path)
    np.testing.assert_allclose(figure.axes[0].lines[0].get_xdata(), choice.recommendation.k)


def test_a_comparison_is_read_back(tmp_path):
    results = [
        {"model": model, "n_components": 5, "seed": seed, "figures": {"npmi": 0.1 * seed, "cpu_seconds": 1.0 + seed}}
        for model in ("prodlda", "lda")
        for seed in range(2)
    ]
    table_of(results).to_csv(tmp_path / "comparison.csv", index=False)
    comparison = read_comparison(tmp_path)
    assert comparison.models == ("prodlda", "lda")
    assert comparison.values("lda", "npmi") == [0.0, 0.1]
    assert [text.get_text() for text in draw("compare", tmp_path).legends[0].get_texts()] == ["prodlda", "lda"]


def test_a_damaged_table_is_refused(tmp_path):
    (tmp_path / "comparison.csv").write_text("a,b\n1,2\n")
    with pytest.raises(NeuralTopicError, match="the table of figures"):
        read_comparison(tmp_path)
