"""The rule by hand."""

import numpy as np
import pytest
from scipy import stats

from neuraltopic.compare.recommendation import Sample, recommend


def sample(k, bound, *, error=0.01, coherence=0.3, stability=0.6, noise=0.001) -> Sample:
    spread = np.array([-noise, 0.0, noise])
    return Sample(
        k,
        {
            "bound_per_token": np.full(3, bound),
            "bound_per_token_error": np.full(3, error),
            "npmi_document": coherence + spread,
            "stability": stability + spread,
        },
    )


def test_the_smallest_within_one_standard_error():
    found = recommend([sample(10, -7.05), sample(20, -7.009), sample(40, -7.0), sample(80, -7.004)])
    assert (found.k, found.as_good, found.below) == (20, (20, 40, 80), {})
    assert found.why == (
        "40 topics describe held-out documents best (-7.0000 nats per token, standard error 0.0100); "
        "20, 80 within one standard error; 20 the smallest left."
    )


def test_the_error_is_over_seeds_and_documents():
    best = Sample(40, {**sample(40, 0.0).figures, "bound_per_token": np.array([-7.03, -7.0, -6.97])})
    error = np.hypot(0.03 / np.sqrt(3), 0.01)
    inside, outside = sample(20, -7.0 - 0.99 * error), sample(20, -7.0 - 1.01 * error)
    assert recommend([inside, best]).k == 20
    assert recommend([outside, best]).k == 40


def test_what_reads_or_repeats_worse_is_left_out():
    found = recommend(
        [sample(10, -7.0, coherence=0.2), sample(20, -7.0, stability=0.5), sample(40, -7.0), sample(80, -7.0)]
    )
    assert (found.k, found.below) == (40, {10: "coherence", 20: "stability"})
    assert "10 significantly below in coherence" in found.why
    both = recommend([sample(10, -7.0, coherence=0.2, stability=0.2), sample(20, -7.0)])
    assert both.below == {10: "coherence and stability"}


def test_significance_is_the_pooled_t_test():
    margin = stats.t.ppf(0.95, 4) * 0.01 * np.sqrt(2 / 3)
    for gap, k in ((0.99 * margin, 10), (1.01 * margin, 20)):
        pair = [sample(10, -7.0, coherence=0.3 - gap, noise=0.01), sample(20, -7.0, noise=0.01)]
        assert recommend(pair).k == k


def test_when_none_is_high_in_both_the_most_coherent_is_taken():
    found = recommend(
        [sample(10, -7.0, coherence=0.2, stability=0.9), sample(20, -7.0, stability=0.5), sample(40, -9.0)]
    )
    assert found.k == 20
    assert "none is high in both, so 20, the most coherent" in found.why


def test_an_edge_of_the_range_is_said():
    found = recommend([sample(10, -7.0), sample(20, -7.5)])
    assert found.why.endswith("so 10; it is the smallest K measured: widen the range.")
    assert recommend([sample(10, -7.5), sample(20, -7.0)]).why.endswith("the largest K measured: widen the range.")


def test_intervals_are_students():
    one = Sample(10, {"a": np.array([1.0, 2.0, 3.0])})
    assert (one.mean("a"), one.standard_error("a")) == (2.0, pytest.approx(1 / np.sqrt(3)))
    assert one.half_width("a") == pytest.approx(4.302652729911275 / np.sqrt(3))
