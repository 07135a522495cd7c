"""Active units: the dimensions of z that a model uses."""

from torch import Tensor

# Burda et al. (2016) saw variances far to either side of it.
ACTIVE_ABOVE = 0.01


def active_units(means: Tensor) -> Tensor:
    """Which units vary with x: A_u = Cov_x(E_q[z_u | x]) > 0.01 (Burda, Grosse, Salakhutdinov 2016), bool of (Z,).

    Parameters
    ----------
    means : Tensor of shape (N, Z)
        E_q[z | x] of N rows.
    """
    return means.var(0, correction=0) > ACTIVE_ABOVE
