import sys

import pytest
import torch
from torch import Tensor

from neuraltopic.core.compiled import without_lock


def row_norms(rows: list[Tensor], power: float) -> tuple[Tensor, int]:
    """Of all rows, and how many there are."""
    norms: list[Tensor] = []
    for row in rows:
        norms.append(row.abs().pow(power).sum(1).pow(1.0 / power))
    return torch.cat(norms), len(rows)


def test_a_compiled_function_has_the_same_bits_at_each_call():
    """The compiler looks at the first calls and changes what later ones run."""
    compiled = without_lock(row_norms)
    generator = torch.Generator().manual_seed(0)
    assert isinstance(compiled, torch.jit.ScriptFunction)
    assert compiled.__wrapped__ is row_norms
    for n_rows in (3, 3, 3, 3, 5, 0, 3):
        rows = [torch.randn(n_rows, 7, generator=generator), torch.randn(2, 7, generator=generator)]
        norms, number = compiled(rows, 3.0)
        assert torch.equal(norms, row_norms(rows, 3.0)[0])
        assert number == 2


def test_a_function_is_left_as_it_is_where_torch_does_not_compile(monkeypatch):
    without_source: dict[str, object] = {"__name__": __name__}
    exec("def double(x: int) -> int:\n    return 2 * x", without_source)
    assert without_lock(without_source["double"]) is without_source["double"]
    with monkeypatch.context() as patch:
        patch.delattr(torch.jit, "script")
        assert without_lock(row_norms) is row_norms
    with monkeypatch.context() as patch:
        patch.setattr(sys, "version_info", (3, 14, 0))
        assert without_lock(row_norms) is row_norms


def test_a_mistake_is_told_by_the_compiler():
    def unknown(x: Tensor) -> Tensor:
        return x.no_such_operation()

    with pytest.raises(RuntimeError, match="no_such_operation"):
        without_lock(unknown)
