"""The maximum mean discrepancy of two distributions under a kernel, estimated from draws.

Axes: N and M points, K numbers of a point.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Kernel = Callable[[Tensor, Tensor], Tensor]


def information_diffusion(a: Tensor, b: Tensor) -> Tensor:
    """k(a, b) = exp(-arccos^2(sum_k sqrt(a_k b_k))) of points of the simplex, (N, M) from (N, K) and (M, K).

    The arc is the geodesic distance of two multinomials under the Fisher metric, up to a factor (Lebanon & Lafferty
    2003; Nan et al. 2019, equation 6). It distinguishes points near the simplex's boundary, where a sparse Dirichlet
    has its mass.
    """
    tiny = torch.finfo(a.dtype).tiny
    affinity = a.clamp_min(tiny).sqrt() @ b.clamp_min(tiny).sqrt().T
    # The arc's slope is infinite at 1, that of its square is not.
    return torch.exp(-torch.arccos(affinity.clamp_max(1.0 - torch.finfo(a.dtype).eps)).square())


def maximum_mean_discrepancy(a: Tensor, b: Tensor, kernel: Kernel) -> Tensor:
    """Unbiased estimate of the squared discrepancy, a scalar that can be negative (Gretton et al. 2012, equation 3):

    1/(N(N-1)) sum_{i != j} k(a_i, a_j) + 1/(M(M-1)) sum_{i != j} k(b_i, b_j) - 2/(N M) sum_{i, j} k(a_i, b_j).

    Parameters
    ----------
    a : Tensor of shape (N, K)
    b : Tensor of shape (M, K)
    kernel : callable
        (N, M) from two sets of points.

    With fewer than two points in either set it is 0.
    """
    if min(len(a), len(b)) < 2:
        return a.sum() * 0.0
    return _mean_of_pairs(kernel(a, a)) + _mean_of_pairs(kernel(b, b)) - 2.0 * kernel(a, b).mean()


def _mean_of_pairs(gram: Tensor) -> Tensor:
    """Mean of a Gram matrix off its diagonal, which is left out before it is differentiated."""
    n = len(gram)
    off = ~torch.eye(n, dtype=torch.bool, device=gram.device)
    return gram[off].sum() / (n * (n - 1))
