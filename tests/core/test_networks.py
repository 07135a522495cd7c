"""Sparse rows against dense ones, and noise from our own generator."""

import math

import pytest
import torch
from torch import nn

from neuraltopic.core.networks import MLP, InputLinear, PerceptronEncoder, dropout, initialise_linear, sparse_matmul
from tests.parts import V, documents, generator, randomise, sparse_rows


@pytest.mark.parametrize("piece", [1 << 19, 4, 1])
def test_sparse_matmul_is_the_dense_product_in_value_and_gradient(piece, monkeypatch):
    """Whole, and in pieces of some rows or one."""
    monkeypatch.setattr("neuraltopic.core.networks._PIECE", piece)
    dense = documents()
    rows = sparse_rows(dense)
    matrix = torch.randn(V, 3, generator=generator(), dtype=torch.float64, requires_grad=True)
    weights = torch.randn(5, 3, generator=generator(1), dtype=torch.float64)
    torch.testing.assert_close(sparse_matmul(rows, matrix), dense @ matrix)
    (sparse_matmul(rows, matrix) * weights).sum().backward()
    torch.testing.assert_close(matrix.grad, dense.T @ weights)


def test_row_sums_and_numbers_know_empty_rows():
    dense = documents()
    rows = sparse_rows(dense)
    assert len(rows) == 5
    torch.testing.assert_close(rows.row_sums(), dense.sum(1))
    assert torch.equal(rows.row_numbers, dense.nonzero()[:, 0])


def test_rows_can_be_picked_in_any_order():
    dense = documents()
    picked = torch.tensor([3, 0, 3, 1])
    rows = sparse_rows(dense)[picked]
    torch.testing.assert_close(sparse_matmul(rows, torch.eye(V, dtype=torch.float64)), dense[picked])
    assert len(sparse_rows(dense)[picked[:0]]) == 0


def test_rows_transposed_and_in_part_are_those_of_the_dense_matrix():
    dense = documents()
    rows = sparse_rows(dense)
    assert torch.equal(rows.transposed().dense(), dense.T)
    other = rows.with_values(2.0 * rows.values)
    assert torch.equal(other.transposed().dense(), 2.0 * dense.T)
    assert torch.equal(rows.transposed().dense(), dense.T)
    assert torch.equal(rows.between(slice(1, 4)).dense(), dense[1:4])
    assert len(rows.between(slice(2, 2))) == 0


def test_dropout_keeps_the_mean_and_zeroes_the_rate():
    dropped = dropout(torch.ones(200_000), 0.3, generator())
    assert dropped.unique().tolist() == pytest.approx([0.0, 1 / 0.7])
    assert (dropped == 0).double().mean().item() == pytest.approx(0.3, abs=0.005)
    assert dropped.mean().item() == pytest.approx(1.0, abs=0.01)


def test_dropout_does_nothing_without_a_generator_or_a_rate():
    values = torch.ones(5)
    assert dropout(values, 0.5, None) is values
    noise = generator()
    before = noise.get_state()
    assert dropout(values, 0.0, noise) is values
    assert torch.equal(noise.get_state(), before)


def test_initialise_linear_is_glorot():
    layer = nn.Linear(300, 500)
    initialise_linear(layer, generator(), gain=2.0)
    bound = 2.0 * math.sqrt(6 / 800)
    assert layer.weight.abs().max().item() == pytest.approx(bound, rel=1e-3)
    assert layer.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.01)
    assert not layer.bias.any()
    initialise_linear(nn.Linear(2, 2, bias=False), generator())


def test_mlp_by_hand():
    """Two layers: W2 tanh(W1 h + b1) + b2, over any axes before the last."""
    network = randomise(MLP([3, 4, 2]))
    h = torch.randn(5, 6, 3, generator=generator(1), dtype=torch.float64)
    first, second = network.layers
    expected = torch.tanh(h @ first.weight.T + first.bias) @ second.weight.T + second.bias
    torch.testing.assert_close(network(h), expected)


def test_mlp_starts_at_the_bias_it_is_given():
    network = MLP([3, 4, 2], torch.relu)
    network.initialise(generator(), torch.tensor([0.5, -1.0]))
    assert network(torch.zeros(3)).tolist() == [0.5, -1.0]
    network.initialise(generator())
    assert network(torch.zeros(3)).tolist() == [0.0, 0.0]


def test_perceptron_encoder_reads_sparse_rows_as_dense_ones():
    encoder = randomise(PerceptronEncoder(V, [5, 4], 6))
    dense = documents()
    output = encoder(dense)
    torch.testing.assert_close(encoder(sparse_rows(dense), None), output)
    first, last = encoder.network.layers
    hidden = torch.tanh(dense @ encoder.input.weight + encoder.input.bias)
    expected = torch.tanh(hidden @ first.weight.T + first.bias) @ last.weight.T + last.bias
    torch.testing.assert_close(output, expected)


def test_perceptron_encoder_draws_its_weights_from_the_generator():
    encoder = PerceptronEncoder(V, [5], 6)
    encoder.initialise(generator(3))
    weights = {name: value.clone() for name, value in encoder.state_dict().items()}
    encoder.initialise(generator(3))
    assert all(torch.equal(weights[name], value) for name, value in encoder.state_dict().items())
    assert not encoder.input.bias.any()
    assert encoder.input.weight.abs().max() <= math.sqrt(6 / (V + 5))


def test_input_linear_is_linear_of_dense_and_of_sparse_rows():
    layer, x = InputLinear(V, 3), documents()
    initialise_linear(layer, generator())
    layer.double()
    layer.bias.data += 0.5
    expected = nn.functional.linear(x, layer.weight.T, layer.bias)
    torch.testing.assert_close(layer(x), expected)
    torch.testing.assert_close(layer(sparse_rows(x)), expected)


def test_dense_rows_have_their_zeros_back():
    assert torch.equal(sparse_rows(documents()).dense(), documents())
