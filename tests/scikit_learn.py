"""What of scikit-learn's estimator checks asks for more than float32 gives."""

# Both compare at a relative 1e-7, and float32 has an epsilon of 1.2e-7: they hold where a BLAS happens to round a row
# alike at any place of any batch. Each estimator has tests of its own that compare to rounding.
_REASON = "compares float32 more closely than another kernel of the BLAS rounds"
_TO_ROUNDING = {"check_methods_sample_order_invariance": _REASON, "check_methods_subset_invariance": _REASON}


def may_fail(estimator: object) -> dict[str, str]:
    """Names of checks, and why each may fail on some machine; for `parametrize_with_checks`."""
    return _TO_ROUNDING
