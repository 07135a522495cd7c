"""Which units are in use, by hand."""

import torch

from neuraltopic.core.active_units import active_units


def test_a_unit_is_active_where_its_mean_varies_by_more_than_a_hundredth():
    """Two rows d apart vary by d^2 / 4; how large a mean is says nothing."""
    means = torch.tensor([[0.0, 5.0, 0.0, 0.0], [1.0, 5.0, 0.199, -0.201]])
    assert active_units(means).tolist() == [True, False, False, True]


def test_one_row_varies_with_nothing():
    assert not active_units(torch.ones(1, 3)).any()
