"""The learning rate and the weight of the KL over a fit, at points worked out by hand."""

import pytest

from neuraltopic.core.optimisation.schedules import BURDA_STEPS, CyclicalWarmUp, LinearWarmUp, OneCycle, Steps


def test_one_cycle_rises_linearly_and_falls_by_half_a_cosine():
    rate = OneCycle(warm_up=0.2)
    assert rate(0.0) == pytest.approx(0.1)
    assert rate(0.1) == pytest.approx(0.55)
    assert rate(0.2) == pytest.approx(1.0)
    assert rate(0.6) == pytest.approx(0.5)
    assert rate(1.0) == pytest.approx(0.0, abs=1e-15)


def test_steps_change_where_a_stretch_ends():
    rate = Steps((1, 3), (1.0, 0.5))
    assert [rate(p) for p in (0.0, 0.2499, 0.25, 0.9, 1.0)] == [1.0, 1.0, 0.5, 0.5, 0.5]


def test_every_epoch_of_the_published_schedule_has_its_rate():
    """3^i epochs at 0.001 * 10^(-i/7), whatever rounding does to an epoch's share of 3,280."""
    expected = [10.0 ** (-i / 7) for i in range(8) for _ in range(3**i)]
    assert len(expected) == 3280
    assert [BURDA_STEPS(epoch / 3280) for epoch in range(3280)] == expected
    assert [BURDA_STEPS((epoch + 2999 / 3000) / 3280) for epoch in range(3280)] == expected


def test_an_epoch_that_rounding_puts_before_its_own_beginning_has_its_rate():
    assert 1 / 49 * 49 < 1
    assert Steps((1, 48), (1.0, 0.5))(1 / 49) == 0.5


def test_kl_weight_rises_to_one():
    assert [LinearWarmUp(0.5)(p) for p in (0.0, 0.25, 0.5, 1.0)] == [0.0, 0.5, 1.0, 1.0]
    assert LinearWarmUp(0.5).full_from == 0.5
    assert LinearWarmUp()(0.0) == 1.0


def test_kl_weight_rises_to_more_than_one():
    weight = LinearWarmUp(0.5, full=3.0)
    assert [weight(progress) for progress in (0.0, 0.25, 0.5, 1.0)] == [0.0, 1.5, 3.0, 3.0]
    assert LinearWarmUp(full=3.0)(0.0) == 3.0


def test_cyclical_kl_weight_begins_anew_each_cycle_and_ends_on_one():
    weight = CyclicalWarmUp(n_cycles=2, rise=0.5)
    points = (0.0, 0.125, 0.25, 0.4, 0.5, 0.625, 0.75, 0.9, 1.0)
    assert [weight(p) for p in points] == [0.0, 0.5, 1.0, 1.0, 0.0, 0.5, 1.0, 1.0, 1.0]
    assert weight.full_from == 0.75
