import json

import numpy as np
import pandas as pd
import pytest

from neuraltopic.compare.agreement import pseudo_values, seed_agreement
from neuraltopic.compare.choose_k import choose_k, spread
from neuraltopic.compare.comparison import add_stability, compare
from neuraltopic.compare.page import remarks
from neuraltopic.compare.results import Comparison
from neuraltopic.compare.source import Source
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.evaluate.metrics import METRICS
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.reading.readers import open_corpus
from tests.tiny_corpus import sentences


def result(model, seed, **figures):
    return {"model": model, "n_components": 2, "seed": seed, "figures": {"cpu_seconds": 1.0, **figures}}


@pytest.fixture
def source(corpus):
    return Source(open_corpus(corpus), preprocessing=Preprocessing(min_df=1))


@pytest.fixture
def by_hand(tmp_path):
    results = [
        *(result("a", seed, npmi=value, diversity=0.9) for seed, value in enumerate((0.1, 0.3, 0.2))),
        result("b", 0, npmi=0.2004, diversity=0.8, perplexity_bound_corpus=100.0),
        {"model": "b", "n_components": 2, "seed": 1, "error": "no"},
        {"model": "c", "n_components": 2, "seed": 0, "error": "no"},
    ]
    return Comparison(tmp_path, "x", ("a", "b", "c"), results, {})


def test_medians_over_the_seeds_that_finished(by_hand):
    assert by_hand.values("a", "npmi") == [0.1, 0.3, 0.2]
    assert by_hand.median("a", "npmi") == 0.2
    assert by_hand.median("b", "npmi") == 0.2004
    assert by_hand.median("c", "npmi") is None
    assert [metric.name for metric in by_hand.metrics] == [
        "npmi",
        "diversity",
        "perplexity_bound_corpus",
        "cpu_seconds",
    ]
    assert len(by_hand.failures) == 2


def test_the_best_are_those_that_print_alike(by_hand):
    assert by_hand.best(METRICS["npmi"]) == {"a", "b"}
    assert by_hand.best(METRICS["diversity"]) == {"a"}
    assert by_hand.best(METRICS["perplexity_bound_corpus"]) == set()  # one model alone
    lower = [result("a", 0, perplexity_completion=100.6), result("b", 0, perplexity_completion=99.0)]
    assert Comparison(by_hand.folder, "x", ("a", "b"), lower, {}).best(METRICS["perplexity_completion"]) == {"b"}


def test_a_line_a_model_seed_and_metric(by_hand):
    table = by_hand.to_frame()
    assert list(table) == ["model", "n_components", "seed", "metric", "value", "better"]
    assert len(table) == 3 * 3 + 4
    assert table.query("model == 'a' and seed == 1 and metric == 'npmi'")["value"].tolist() == [0.3]


def test_agreement_is_the_overlap_of_topics_paired():
    first, second = [["a", "b"], ["c", "d"]], [["c", "d"], ["a", "b"]]
    assert seed_agreement(first, [second]) == pytest.approx(1.0)
    assert seed_agreement(first, [second, [["e", "f"], ["g", "h"]]]) == pytest.approx(0.5)
    results = [
        {**result("a", seed), "topics": topics} for seed, topics in enumerate((first, second, [["e", "f"], ["g", "h"]]))
    ]
    results += [{**result("b", 0), "topics": first}, {"model": "a", "n_components": 2, "seed": 4, "error": "no"}]
    add_stability(results)
    assert [each.get("figures", {}).get("stability") for each in results] == [
        pytest.approx(0.5),
        pytest.approx(0.5),
        0.0,
        None,
        None,
    ]


def test_what_the_figures_do_not_say(tmp_path):
    read = {"reads_embeddings": True, "notes": ["2 topics", "25% in none"]}
    results = [
        {**result("a", 3), **read},
        {**result("a", 4), **read},
        result("b", 3),
        {**result("c", 3), "reads_embeddings": True, "notes": []},
    ]
    first, second = remarks(Comparison(tmp_path, "x", ("a", "b", "c"), results, {}))
    assert first.startswith("a and c read embeddings that were made before")
    assert second == "a, seed 3: 2 topics, 25% in none."
    (alone,) = remarks(Comparison(tmp_path, "x", ("b", "c"), results, {}))
    assert alone.startswith("c reads embeddings")
    assert remarks(Comparison(tmp_path, "x", ("b",), results, {})) == []


def test_a_comparison_writes_its_tables_and_pictures(source, tmp_path, fake_jobs):
    output = tmp_path / "out"
    found = compare(source, ["nmf", "nvdm", "sklearn-lda"], output, n_components=3, n_seeds=2, seed=4)
    assert len(found.failures) == 2
    table = pd.read_csv(output / "comparison.csv")
    assert len(table) == len(found.to_frame()) == 4 * 6  # of nmf and nvdm, with stability
    page = (output / "comparison.md").read_text()
    assert "48 training documents" in page
    assert "| nmf | 0.304 | **1.000** |" in page.replace("**0.304**", "0.304")
    assert '- **nmf** `{"passes": 10}`, a 1.0' in page
    assert "- sklearn-lda, K = 3, seed 4: sklearn-lda: too many topics." in page
    assert "| sklearn-lda | – |" in page
    assert (output / "comparison.png").read_bytes().startswith(b"\x89PNG")
    assert b"</svg>" in (output / "comparison.svg").read_bytes()
    before = (output / "comparison.svg").read_bytes()
    again = compare(source, ["nmf", "nvdm", "sklearn-lda"], output, n_components=3, n_seeds=2, seed=4, resume=True)
    assert again.to_frame().equals(found.to_frame())
    assert [call.split()[0] for call in fake_jobs()].count("nmf") == 2
    assert (output / "comparison.svg").read_bytes() == before


def test_a_comparison_of_which_nothing_came(source, tmp_path, fake_jobs):
    found = compare(source, ["sklearn-lda"], tmp_path / "out", n_components=3, n_seeds=1)
    assert (found.metrics, len(found.failures)) == ([], 1)
    assert not (tmp_path / "out" / "comparison.png").exists()


def test_one_seed_has_no_range(source, tmp_path, fake_jobs):
    compare(source, ["nmf"], tmp_path / "out", n_components=3, n_seeds=1, threads=2)
    page = (tmp_path / "out" / "comparison.md").read_text()
    assert "1 seed from 0, 2 threads a fit" in page
    assert "over seeds" not in page.split("## What the figures are")[0]


def test_wrong_requests_do_no_work(source, tmp_path, fake_jobs):
    for options, said in (
        ({"n_components": 0}, "n_components"),
        ({"n_seeds": 0}, "n_seeds"),
        ({"threads": 0}, "threads"),
        ({"seed": -1}, "seed"),
    ):
        with pytest.raises(UsageError, match=said):
            compare(source, ["nmf"], tmp_path / "out", **options)
    with pytest.raises(NeuralTopicError, match="expected at least 50 with words"):
        compare(source, ["nmf"], tmp_path / "out")
    assert fake_jobs() == []
    assert not (tmp_path / "out").exists()


def test_numbers_at_equal_ratios():
    assert spread(10, 200) == [10, 18, 33, 60, 110, 200]
    assert spread(2, 4, 9) == [2, 3, 4]
    for least, most in ((10, 10), (0, 5), (20, 10)):
        with pytest.raises(UsageError, match="range: expected two increasing numbers"):
            spread(least, most)
    with pytest.raises(UsageError, match="steps"):
        spread(2, 9, 1)


def test_a_choice_of_k(source, tmp_path, fake_jobs):
    output = tmp_path / "out"
    choice = choose_k(source, output, ks=[4, 2, 3], recipe="nvdm", n_seeds=3)
    assert [call.split()[1:4] for call in fake_jobs()][:2] == [["2", "0", "topics,bound"], ["2", "1", "topics,bound"]]
    # The bound rises by 0.01 a topic, and its error is about 0.011.
    assert choice.recommendation.k == 3
    assert [sample.k for sample in choice.samples] == [2, 3, 4]
    assert choice.failures == []
    page = (output / "choose_k.md").read_text()
    assert "**3 topics.** 4 topics describe held-out documents best" in page
    assert "| **3** | 3 | 334 ± 2 |" in page
    assert {"n_components", "seed", "metric", "value"} == set(pd.read_csv(output / "choose_k.csv"))
    assert (output / "choose_k.png").exists()
    assert json.loads((output / "request.json").read_text())["ks"] == [2, 3, 4]
    choose_k(source, output, ks=[2, 3, 4], recipe="nvdm", n_seeds=3, resume=True)
    assert len(fake_jobs()) == 9
    with pytest.raises(UsageError, match="recipe"):
        choose_k(source, output, ks=[2, 3, 4], recipe="default", n_seeds=3, resume=True)


def test_a_choice_of_k_needs_fits(source, tmp_path, fake_jobs, monkeypatch):
    for options, said in (
        ({"ks": [3]}, "K: expected two values or more"),
        ({"ks": [0, 3]}, "K: expected a whole number"),
        ({"ks": [2, 3], "n_seeds": 2}, "n_seeds: expected a whole number of 3 or more"),
        ({"ks": [2, 3], "recipe": "nmf"}, "recipe"),
    ):
        with pytest.raises(UsageError, match=said):
            choose_k(source, tmp_path / "out", **options)
    few = Source(open_corpus(sentences(9)), preprocessing=Preprocessing(min_df=1))
    with pytest.raises(NeuralTopicError, match="expected at least 200 with words"):
        choose_k(few, tmp_path / "out", ks=[3, 200])
    monkeypatch.setattr("neuraltopic.compare.choose_k.check_recipe", lambda name, embedded: None)
    with pytest.raises(NeuralTopicError, match=r"fits: expected at least three .* sklearn-lda: too many topics"):
        choose_k(source, tmp_path / "out", ks=[2, 3], recipe="sklearn-lda")


def test_a_failure_is_on_the_page_of_a_choice(source, tmp_path, fake_jobs):
    output = tmp_path / "out"
    choose_k(source, output, ks=[2, 3], recipe="nvdm", n_seeds=4)
    (output / "runs" / "nvdm-k2-seed1.json").unlink()
    (tmp_path / "job.py").write_text("raise SystemExit('out of luck')")
    choice = choose_k(source, output, ks=[2, 3], recipe="nvdm", n_seeds=4, resume=True)
    assert [len(sample.figures["stability"]) for sample in choice.samples] == [3, 4]
    assert "- nvdm, K = 2, seed 1: out of luck" in (output / "choose_k.md").read_text()


def test_pseudo_values_are_the_jackknife_of_the_mean_over_pairs():
    agreement = np.array([[0, 1, 2, 4], [1, 0, 8, 3], [2, 8, 0, 5], [4, 3, 5, 0]], np.float64)
    found = pseudo_values(agreement.sum(1) / 3)

    def over_pairs(seeds):
        return np.mean([agreement[one, other] for one in seeds for other in seeds if one < other])

    everyone = over_pairs(range(4))
    expected = [4 * everyone - 3 * over_pairs([seed for seed in range(4) if seed != gone]) for gone in range(4)]
    assert found == pytest.approx(expected)
    assert found.mean() == pytest.approx(everyone)
