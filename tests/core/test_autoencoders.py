"""Autoencoders: both losses by hand, gradients by finite differences, the clean target, the subspace of PCA."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from neuraltopic.core.autoencoders import (
    LINEAR,
    RELU,
    SIGMOID,
    TANH,
    Autoencoder,
    Codes,
    CrossEntropy,
    Reconstruction,
    SquaredError,
    layerwise,
    mirrored,
)
from neuraltopic.core.corruption import GaussianNoise, MaskingNoise
from neuraltopic.core.networks import InputLinear
from neuraltopic.core.training import Schedule, Trainer
from tests.parts import V, documents, generator, randomise, sparse_rows

ACTIVATIONS = {"sigmoid": SIGMOID, "tanh": TANH, "relu": RELU, "linear": LINEAR}
LOSSES = {"cross_entropy": CrossEntropy(), "squared_error": SquaredError()}
SCHEDULE = Schedule(
    max_epochs=4, batch_size=8, learning_rate=0.01, decoder_rate=1.0, weight_decay=0.0, decoder_precision=0.0
)


def pixels(n=30, D=V, seed=0):
    """Values in [0, 1]; some are exactly 0 and 1."""
    x = torch.rand(n, D, generator=generator(seed), dtype=torch.float64)
    return (1.4 * x - 0.2).clamp(0, 1)


def small(sizes=(V, 5, 3), activation=SIGMOID, loss=LOSSES["cross_entropy"], seed=0):
    return randomise(mirrored(sizes, activation, loss), seed=seed)


class Matrix:
    """The rows of a matrix."""

    def __init__(self, x):
        self.x = x

    def __len__(self):
        return len(self.x)

    def batch(self, rows, generator):
        return self.x[rows]


# Losses


def test_cross_entropy_by_hand():
    """x^ = (3/4, 1/2), x = (1, 0): -log(3/4) - log(1/2); and x = (1/2, 1): half of each of the first, and log 2."""
    output = torch.tensor([[math.log(3.0), 0.0]] * 2, dtype=torch.float64)
    x = torch.tensor([[1.0, 0.0], [0.5, 1.0]], dtype=torch.float64)
    expected = [math.log(4 / 3) + math.log(2), 0.5 * math.log(4 / 3) + 0.5 * math.log(4) + math.log(2)]
    assert LOSSES["cross_entropy"](output, x).tolist() == pytest.approx(expected, rel=1e-14)


def test_squared_error_by_hand():
    output = torch.tensor([[1.0, -2.0, 0.5]], dtype=torch.float64)
    x = torch.tensor([[0.0, 1.0, 0.5]], dtype=torch.float64)
    assert LOSSES["squared_error"](output, x).tolist() == [5.0]
    assert SquaredError(torch.relu)(output, x).tolist() == [1.0]


def test_losses_are_the_usual_definitions():
    output, x = torch.randn(6, V, generator=generator(), dtype=torch.float64), pixels(6)
    for loss, definition in (
        (CrossEntropy(), F.binary_cross_entropy),
        (SquaredError(), lambda y, x, reduction: 0.5 * F.mse_loss(y, x, reduction=reduction)),
        (SquaredError(torch.tanh), lambda y, x, reduction: 0.5 * F.mse_loss(y, x, reduction=reduction)),
    ):
        defined = definition(loss.link(output), x, reduction="none").sum(1)
        torch.testing.assert_close(loss(output, x), defined, rtol=1e-12, atol=1e-12)


def test_cross_entropy_is_finite_and_exact_at_logits_where_a_sigmoid_is_0_or_1():
    output = torch.tensor([[1e4, -1e4], [-1e4, 1e4]])
    x = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    assert CrossEntropy()(output, x).tolist() == [0.0, 2e4]


# The network


def test_one_layer_is_the_equation():
    """(17.1), s the sigmoid, written with explicit sums."""
    model, x = small((V, 3)), pixels(4)
    (up,), (down,) = model.encoder, model.decoder
    W1, b1, W2, b2 = (p.tolist() for p in (up.weight, up.bias, down.weight, down.bias))

    def s(value):
        return 1 / (1 + math.exp(-value))

    h = [[s(sum(row[d] * W1[d][k] for d in range(V)) + b1[k]) for k in range(3)] for row in x.tolist()]
    y = [[s(sum(code[k] * W2[d][k] for k in range(3)) + b2[d]) for d in range(V)] for code in h]
    torch.testing.assert_close(model.encode(x), torch.tensor(h, dtype=torch.float64))
    torch.testing.assert_close(model.loss.link(model.decode(model.encode(x))), torch.tensor(y, dtype=torch.float64))


def test_layers_mirror_each_other():
    model = mirrored((9, 6, 4, 2), TANH, LOSSES["squared_error"])
    assert [(layer.in_features, layer.out_features) for layer in model.encoder] == [(9, 6), (6, 4), (4, 2)]
    assert [(layer.in_features, layer.out_features) for layer in model.decoder] == [(2, 4), (4, 6), (6, 9)]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_last_layer_of_the_decoder_alone_has_no_activation(name):
    model, s, x = small((V, 5, 3), ACTIVATIONS[name]), ACTIVATIONS[name].function, pixels(4)
    h = s(model.encoder[1](s(x @ model.encoder[0].weight + model.encoder[0].bias)))
    torch.testing.assert_close(model.encode(x), h)
    torch.testing.assert_close(model.decode(h), model.decoder[1](s(model.decoder[0](h))))


def test_sparse_rows_are_dense_rows():
    model, x = small(loss=LOSSES["squared_error"]), documents()
    torch.testing.assert_close(model.encode(sparse_rows(x)), model.encode(x))
    for corruption in (None, GaussianNoise(0.3)):
        dense, rows = (Reconstruction(corruption)(model, form, generator()) for form in (x, sparse_rows(x)))
        torch.testing.assert_close(rows.value, dense.value)


def test_sparse_rows_give_the_gradients_of_dense_ones():
    gradients = []
    for x in (documents(), sparse_rows(documents())):
        model = small(loss=LOSSES["squared_error"])
        Reconstruction()(model, x, generator()).surrogate.sum().backward()
        gradients.append([p.grad for p in model.parameters()])
    for dense, rows in zip(*gradients, strict=True):
        torch.testing.assert_close(rows, dense)


def test_weights_start_at_glorots_and_the_reconstruction_at_the_bias():
    model = mirrored((300, 200), SIGMOID, LOSSES["squared_error"])
    bias = torch.linspace(0, 1, 300)
    model.initialise(bias, generator())
    for layer in (*model.encoder, *model.decoder):
        assert layer.weight.abs().max().item() == pytest.approx(4 * math.sqrt(6 / 500), rel=1e-3)
    assert torch.equal(model.decoder[0].bias, bias)
    assert not model.encoder[0].bias.any()


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "linear"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("corruption", [None, MaskingNoise(0.4), GaussianNoise(0.5)], ids=repr)
def test_gradients_by_finite_differences(name, loss, corruption):
    x = pixels(5)

    class Criterion(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = small(activation=ACTIVATIONS[name], loss=LOSSES[loss])

        def forward(self):
            return Reconstruction(corruption)(self.model, x, generator(7)).surrogate

    criterion = Criterion()
    names, values = zip(*criterion.named_parameters(), strict=True)
    assert torch.autograd.gradcheck(
        lambda *new: torch.func.functional_call(criterion, dict(zip(names, new, strict=True)), ()), values
    )


# Denoising


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("corruption", [MaskingNoise(0.5), GaussianNoise(0.5)], ids=repr)
def test_the_loss_compares_with_the_clean_x(loss, corruption):
    """By hand from the x~ that the same generator draws; a comparison with x~, or no corruption, gives others."""
    model, x = small(loss=LOSSES[loss]), pixels(8)
    seen = corruption(x, generator(3))
    bound = Reconstruction(corruption)(model, x, generator(3))
    output = model.decode(model.encode(seen))
    torch.testing.assert_close(bound.value, -LOSSES[loss](output, x))
    torch.testing.assert_close(bound.surrogate, bound.value)
    assert not bound.value.requires_grad
    for other in (-LOSSES[loss](output, seen), -LOSSES[loss](model.decode(model.encode(x)), x)):
        assert (bound.value - other).abs().max() > 1e-3


def test_masked_sparse_rows_are_compared_with_all_of_x():
    model, x = small(loss=LOSSES["squared_error"]), sparse_rows(documents(8))
    seen = MaskingNoise(0.5)(x, generator(3)).dense()
    output = model.decode(model.encode(seen))
    torch.testing.assert_close(
        Reconstruction(MaskingNoise(0.5))(model, x, generator(3)).value, -LOSSES["squared_error"](output, x.dense())
    )


def test_a_linear_denoiser_of_gaussian_noise_is_ridge_regression():
    """For x on a line, of variance v, the best linear map of x + e shrinks by v / (v + std^2)."""
    x = torch.randn(4000, 1, generator=generator(5), dtype=torch.float64) * 2.0
    x = x * torch.tensor([[0.6, 0.8]], dtype=torch.float64)
    model = randomise(mirrored((2, 1), LINEAR, SquaredError()), std=0.3)
    schedule = Schedule(60, 100, 0.02, decoder_rate=1.0, weight_decay=0.0, decoder_precision=0.0)
    Trainer(model, Matrix(x), Matrix(x[:0]), Reconstruction(GaussianNoise(1.0)), schedule, generator()).run()
    product = model.encoder[0].weight @ model.decoder[0].weight.T
    direction = torch.tensor([[0.6, 0.8]], dtype=torch.float64)
    variance = (x @ direction.T).var().item()
    torch.testing.assert_close(product, direction.T @ direction * variance / (variance + 1.0), rtol=0, atol=0.03)


def test_a_linear_autoencoder_reaches_the_error_of_the_principal_components():
    """Half the sum of the smallest D - K eigenvalues of the covariance, a row (Baldi & Hornik 1989)."""
    D, K, n = 8, 3, 400
    scales = torch.tensor([3, 2.5, 2, 1, 0.8, 0.5, 0.3, 0.2], dtype=torch.float64)
    rotation = torch.linalg.qr(torch.randn(D, D, generator=generator(1), dtype=torch.float64))[0]
    x = torch.randn(n, D, generator=generator(2), dtype=torch.float64) * scales @ rotation + 5.0
    eigenvalues = torch.linalg.eigvalsh((x - x.mean(0)).T @ (x - x.mean(0)) / n)
    best = 0.5 * eigenvalues[: D - K].sum().item()
    model = mirrored((D, K), LINEAR, SquaredError()).double()
    model.initialise(x.mean(0), generator())
    schedule = Schedule(300, 50, 0.1, decoder_rate=1.0, weight_decay=0.0, decoder_precision=0.0)
    Trainer(model, Matrix(x), Matrix(x[:0]), Reconstruction(), schedule, generator()).run()
    reached = -Reconstruction()(model, x, generator()).value.mean().item()
    assert best - 1e-9 <= reached < best * 1.0005
    with torch.no_grad():
        residual = x - model.decode(model.encode(x))
    components = torch.linalg.eigh((x - x.mean(0)).T @ (x - x.mean(0)) / n)[1][:, -K:]
    assert (residual @ components).square().mean() < 1e-3 * eigenvalues[-K:].mean()


# Stacked


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_layers_are_autoencoders_of_the_codes_below(name):
    model, x = small((V, 5, 4, 3), ACTIVATIONS[name], LOSSES["cross_entropy"]), pixels(6)
    first, second, third = layerwise(model)
    assert first.loss is model.loss
    assert second.loss is third.loss is ACTIVATIONS[name].loss
    torch.testing.assert_close(third.encode(second.encode(first.encode(x))), model.encode(x))
    code = model.encode(x)
    down = first.decode(second.loss.link(second.decode(third.loss.link(third.decode(code)))))
    torch.testing.assert_close(down, model.decode(code))


def test_codes_are_those_of_clean_rows_and_carry_no_gradient():
    model, x = small((V, 5, 3)), pixels(6)
    rows, noise = torch.tensor([4, 1]), generator()
    before = noise.get_state()
    codes = Codes(Matrix(x), model, 1)
    assert len(codes) == 6
    torch.testing.assert_close(codes.batch(rows, noise), torch.sigmoid(model.encoder[0](x[rows])).detach())
    assert not codes.batch(rows, noise).requires_grad
    assert torch.equal(Codes(Matrix(x), model, 0).batch(rows, noise), x[rows])
    assert torch.equal(noise.get_state(), before)


def test_greedy_training_is_that_of_each_layer_by_hand():
    """Two autoencoders of their own, the second of the first one's codes, end where the stack does."""
    x, corruption = pixels(40), MaskingNoise(0.3)
    stack, noise = small((V, 5, 3), seed=1), generator(4)
    for depth, layer in enumerate(layerwise(stack)):
        data, empty = Codes(Matrix(x), stack, depth), Codes(Matrix(x[:0]), stack, depth)
        Trainer(layer, data, empty, Reconstruction(corruption), SCHEDULE, noise).run()

    start, by_hand, again = small((V, 5, 3), seed=1), x, generator(4)
    for depth in range(2):
        up = InputLinear(*((V, 5), (5, 3))[depth]).double()
        up.weight.data = start.encoder[depth].weight.data.T if depth else start.encoder[0].weight.data
        up.bias.data = start.encoder[depth].bias.data
        shallow = Autoencoder([up], [start.decoder[1 - depth]], SIGMOID, CrossEntropy())
        Trainer(shallow, Matrix(by_hand), Matrix(x[:0]), Reconstruction(corruption), SCHEDULE, again).run()
        with torch.no_grad():
            by_hand = torch.sigmoid(by_hand @ up.weight + up.bias)
        torch.testing.assert_close(stack.decoder[1 - depth].weight, shallow.decoder[0].weight)
    torch.testing.assert_close(stack.encode(x).detach(), by_hand)
    assert (stack.encode(x) - small((V, 5, 3), seed=1).encode(x)).abs().max() > 0.01


def test_training_a_layer_leaves_the_others():
    model, x = small((V, 5, 3)), pixels(20)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    layer = layerwise(model)[1]
    Trainer(layer, Codes(Matrix(x), model, 1), Matrix(x[:0]), Reconstruction(), SCHEDULE, generator()).run()
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"encoder.1.weight", "encoder.1.bias", "decoder.0.weight", "decoder.0.bias"}
