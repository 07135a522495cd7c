"""The prior on the weights enters what is differentiated, and not what is reported."""

import torch

from neuraltopic.core.map_objective import WithPrior
from neuraltopic.core.objectives import Bound


def test_the_surrogate_of_a_whole_corpus_is_the_bounds_and_the_log_prior_once():
    weight = torch.tensor([0.3, -0.2], dtype=torch.float64, requires_grad=True)

    def bound(model, x, generator, kl_weight=1.0):
        value = kl_weight * (x @ model)
        return Bound(value.detach(), value)

    x = torch.tensor([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0], [0.0, 4.0]], dtype=torch.float64)
    objective = WithPrior(bound, lambda model: -0.5 * model.square().sum(), n_rows=4)
    batches = [objective(weight, rows, torch.Generator(), 0.5) for rows in x.split(2)]
    torch.testing.assert_close(torch.cat([b.value for b in batches]), (0.5 * x @ weight).detach())
    torch.cat([b.surrogate for b in batches]).sum().backward()
    torch.testing.assert_close(weight.grad, 0.5 * x.sum(0) - weight.detach())
