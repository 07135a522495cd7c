"""Autoencoder as a scikit-learn transformer, and the promises about bits, rows, stages and bad input."""

import math
import pickle
import random

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from neuraltopic import Autoencoder
from neuraltopic.core.networks import SparseRows
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.estimators.matrix_batches import MatrixBatches
from tests.scikit_learn import may_fail

pytestmark = pytest.mark.usefixtures("one_thread")

D, V, K = 60, 12, 3
# Of a sum of V terms of order 1 in float32, which another batch, form or BLAS may add in another order.
ROUNDING = V * float(np.finfo(np.float32).eps)
STACKED = {"hidden": (6,), "corruption": "masking", "pretrain_epochs": 2}


@parametrize_with_checks(
    [
        Autoencoder(2, max_epochs=2, device="cpu"),
        Autoencoder(2, max_epochs=2, device="cpu", corruption="gaussian"),
        Autoencoder(2, max_epochs=2, device="cpu", **STACKED),
    ],
    expected_failed_checks=may_fail,
)
def test_is_a_scikit_learn_transformer(estimator, check):
    check(estimator)


def planted(n=D, seed=0):
    """Rows of 0 and 1 of one of three blocks, some of whose entries are missing."""
    rng = np.random.default_rng(seed)
    rows = np.kron(np.eye(3), np.ones(V // 3))[np.arange(n) % 3]
    return (rows * (rng.random((n, V)) < 0.8)).astype(np.float32)


X = planted()


def small(**parameters):
    chosen = {
        "n_components": K,
        "loss": "cross_entropy",
        "max_epochs": 3,
        "batch_size": 16,
        "device": "cpu",
        "random_state": 0,
    }
    return Autoencoder(**chosen | parameters)


@pytest.fixture(scope="module", params=[{}, STACKED], ids=["plain", "stacked"])
def model(request):
    return small(**request.param).fit(X)


def close(actual, desired):
    np.testing.assert_allclose(actual, desired, rtol=0, atol=ROUNDING)


def bits(model):
    """All that a fit decides."""
    weights = {name: value.numpy().tobytes() for name, value in model.network_.state_dict().items()}
    return weights, model.history_, model.transform(X).tobytes()


# Randomness


@pytest.mark.parametrize("options", [{}, STACKED, {"corruption": "gaussian"}], ids=["plain", "stacked", "gaussian"])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
def test_the_same_seed_gives_the_same_bits_and_another_differs(options, form):
    first = small(**options).fit(form(X))
    torch.manual_seed(5)
    assert bits(small(**options, random_state=np.int64(0)).fit(form(X))) == bits(first)
    other = small(**options, random_state=1).fit(form(X))
    assert not np.array_equal(other.transform(X), first.transform(X))


@pytest.mark.parametrize("random_state", [None, np.random.RandomState(3)])
def test_a_drawn_seed_gives_the_same_bits_again(random_state):
    drawn = small(random_state=random_state).fit(X)
    assert bits(small(random_state=drawn.seed_).fit(X)) == bits(drawn)


def test_global_random_states_are_left_alone():
    def states():
        return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()

    before = states()
    model = small(**STACKED).fit(X)
    model.inverse_transform(model.transform(X))
    model.score(X)
    assert states() == before


def test_corruption_is_for_training_alone(model):
    """The code of a denoiser is that of its network for the clean row; nothing is drawn."""
    assert np.array_equal(model.transform(X), model.transform(X))
    with torch.no_grad():
        close(model.transform(X), model.network_.encode(torch.from_numpy(X)).numpy())


# Codes


def test_a_code_depends_on_its_row_alone(model, monkeypatch):
    together = model.transform(X)
    assert together.dtype == np.float32
    assert together.shape == (D, K)
    close(np.vstack([model.transform(X[[d]]) for d in range(D)]), together)
    back = model.inverse_transform(together)
    close(np.vstack([model.inverse_transform(z[None]) for z in together]), back)
    order = np.random.default_rng(0).permutation(D)
    close(model.transform(X[order]), together[order])
    monkeypatch.setattr("neuraltopic.estimators.autoencoder._AT_ONCE", 7)
    close(model.transform(X), together)
    close(model.inverse_transform(together), back)


def test_every_form_of_a_matrix_gives_the_same_codes(model):
    codes = model.transform(X)
    coo = sparse.coo_array(X)
    repeated = sparse.csr_array((np.repeat(coo.data / 2, 2), (np.repeat(coo.row, 2), np.repeat(coo.col, 2))), (D, V))
    uncanonical = sparse.csr_array(
        (np.repeat(X[0][X[0] > 0] / 2, 2), np.repeat(np.flatnonzero(X[0]), 2), [0, 2 * int((X[0] > 0).sum())]),
        shape=(1, V),
    )
    for form in (X.astype(np.float64), sparse.csr_array(X), sparse.csr_matrix(X), sparse.csc_array(X), coo, repeated):
        close(model.transform(form), codes)
        assert model.score(form) == pytest.approx(model.score(X), rel=ROUNDING)
    assert not uncanonical.has_canonical_format
    close(model.transform(uncanonical), codes[:1])
    assert uncanonical.nnz == 2 * (X[0] > 0).sum()


@pytest.mark.parametrize("options", [{}, {"hidden": (6,), "pretrain_epochs": 2}], ids=["plain", "stacked"])
def test_a_fit_on_sparse_rows_is_one_on_dense_rows(options):
    dense, rows = small(**options).fit(X), small(**options).fit(sparse.csr_array(X))
    np.testing.assert_allclose(rows.transform(X), dense.transform(X), rtol=1e-3)
    np.testing.assert_allclose(rows.history_[-1]["held_out_loss"], dense.history_[-1]["held_out_loss"], rtol=1e-4)


def test_sparse_rows_are_drawn_sparse_and_stay_so_under_masking():
    batch = MatrixBatches(sparse.csr_array(X)).batch(torch.tensor([3, 0]))
    assert isinstance(batch, SparseRows)
    assert np.array_equal(batch.dense().numpy(), X[[3, 0]])
    some = MatrixBatches(X, rows=np.array([5, 7]))
    assert len(some) == 2
    assert np.array_equal(some.batch(torch.tensor([1])).numpy(), X[[7]])


@pytest.mark.parametrize("corruption", [None, "masking", "gaussian"])
def test_sparse_rows_become_dense_a_batch_at_a_time(monkeypatch, corruption):
    heights, dense = [], SparseRows.dense
    monkeypatch.setattr(SparseRows, "dense", lambda rows: heights.append(len(rows)) or dense(rows))
    for name in ("toarray", "todense"):
        monkeypatch.setattr(sparse.csr_array, name, None)
    rows = sparse.csr_array(planted(300))
    small(corruption=corruption, hidden=(5,), pretrain_epochs=1).fit(rows).transform(rows)
    assert max(heights) == 16  # the batch size; no more than 15 rows are held out


def test_the_callers_matrix_is_left_alone():
    for form in (X.copy(), sparse.csr_array(X)):
        (form if isinstance(form, np.ndarray) else form.data).flags.writeable = False
        small(**STACKED).fit(form).transform(form)


def test_inverse_transform_reconstructs():
    """The score is its cross-entropy, near what the missing entries of a row leave open and far from the mean row's."""
    model = small(max_epochs=60, learning_rate=0.02, corruption="masking").fit(planted(600))
    test = planted(300, seed=1)
    back = model.inverse_transform(model.transform(test)).astype(np.float64)
    assert back.shape == (300, V)
    cross_entropy = -(test * np.log(back) + (1 - test) * np.log1p(-back)).sum(1).mean()
    assert model.score(test) == pytest.approx(-cross_entropy, rel=1e-5)
    entropy = -V / 3 * (0.8 * math.log(0.8) + 0.2 * math.log(0.2))
    mean = test.mean(0).astype(np.float64)
    assert cross_entropy < 1.3 * entropy < -0.5 * (mean * np.log(mean) + (1 - mean) * np.log1p(-mean)).sum()


def test_a_linear_autoencoder_is_as_good_as_pca():
    rng = np.random.default_rng(0)
    data = rng.normal(size=(500, 3)) @ rng.normal(size=(3, 10)) + 0.3 * rng.normal(size=(500, 10)) + 4.0
    pca = PCA(3).fit(data)
    best = ((pca.inverse_transform(pca.transform(data)) - data) ** 2).sum(1).mean()
    model = Autoencoder(
        3, activation="linear", max_epochs=200, learning_rate=0.05, validation_fraction=0, device="cpu", random_state=0
    ).fit(data)
    error = ((model.inverse_transform(model.transform(data)) - data) ** 2).sum(1).mean()
    assert best * 0.999 < error < best * 1.01
    assert model.score(data) == pytest.approx(-0.5 * error, rel=1e-4)


def test_a_denoiser_repairs_what_a_plain_one_does_not():
    """Each feature is there twice: the masked half of a row can be told from the other."""
    rng = np.random.default_rng(0)
    train, test = (np.tile(rng.random((n, 6)), 2).astype(np.float32) for n in (1000, 200))
    masked = test.copy()
    masked[:, :3] = 0.0
    errors = {}
    for corruption in (None, "masking"):
        model = Autoencoder(
            8, corruption=corruption, noise=0.25, max_epochs=60, learning_rate=0.02, device="cpu", random_state=0
        ).fit(train)
        errors[corruption] = ((model.inverse_transform(model.transform(masked)) - test)[:, :3] ** 2).mean()
    assert errors["masking"] < 0.5 * errors[None]


# Stages


def test_history_has_every_epoch_of_every_stage(model):
    stages = [entry["stage"] for entry in model.history_]
    assert model.n_iter_ == len(stages)
    pretraining = ["layer 1"] * 2 + ["layer 2"] * 2 if model.pretrain_epochs else []
    assert stages == pretraining + ["end to end"] * 3
    for entry in model.history_:
        assert set(entry) == {"stage", "epoch", "train_loss", "held_out_loss"}
        assert entry["train_loss"] > 0
    assert [entry["epoch"] for entry in model.history_][-3:] == [1, 2, 3]


def test_without_held_out_rows_the_fit_runs_its_whole_length():
    model = small(validation_fraction=0, max_epochs=8, patience=1).fit(X)
    assert model.n_iter_ == 8
    assert "held_out_loss" not in model.history_[0]


def test_patience_ends_a_fit():
    rows = np.random.default_rng(0).random((40, 5)).astype(np.float32)
    model = Autoencoder(4, max_epochs=300, patience=2, validation_fraction=0.3, learning_rate=0.05, random_state=0)
    losses = [entry["held_out_loss"] for entry in model.fit(rows).history_]
    assert len(losses) < 300
    assert min(losses) == losses[-3]


def test_pretraining_starts_the_fine_tuning_off():
    """Two layers of three sigmoids: from pre-trained layers the first epoch end to end is far ahead."""
    options = {"hidden": (8,), "max_epochs": 1, "learning_rate": 0.02, "validation_fraction": 0.0}
    none, pretrained = (small(**options, pretrain_epochs=n).fit(planted(600)) for n in (0, 40))
    assert pretrained.history_[-1]["train_loss"] < 0.8 * none.history_[-1]["train_loss"]


def test_progress_is_told():
    said = []
    small(**STACKED).fit(X, progress=lambda *call: said.append(call))
    stages = [("training layer 1", 2), ("training layer 2", 2), ("training end to end", 3)]
    assert said == [(stage, epoch, total) for stage, total in stages for epoch in range(total + 1)]


def test_two_rows_are_enough():
    assert small(validation_fraction=0.9).fit(X[:2]).transform(X[:2]).shape == (2, K)


def test_features_that_never_vary_are_reconstructed():
    rows = np.zeros((40, 4), np.float32)
    rows[:, 1] = 1.0
    model = small().fit(rows)
    np.testing.assert_allclose(model.inverse_transform(model.transform(rows)), rows, atol=1e-2)


# Bad input


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("n_components", [0, 2.5, "3", None, True]),
        ("hidden", [(0,), (3.5,), 7, None, "6", (5, "6")]),
        ("activation", ["softmax", "", None, 3]),
        ("loss", ["mse", None, 1]),
        ("corruption", ["dropout", "", 1, ["masking"]]),
        ("noise", [-0.1, 1.0, "0.1", None, math.nan]),
        ("pretrain_epochs", [-1, 1.5, None, True]),
        ("max_epochs", [0, 1.5]),
        ("batch_size", [0, "3"]),
        ("patience", [0, 1.5]),
        ("learning_rate", [0, -1.0, math.inf, "0.1", None]),
        ("validation_fraction", [-0.1, 1, None]),
        ("random_state", [-1, 1.5, "0"]),
        ("device", ["tpu", None]),
    ],
)
def test_an_impossible_parameter_is_named(name, values):
    for value in values:
        with pytest.raises(UsageError, match=rf"^{name}: expected .*; got ") as raised:
            small(**{"corruption": "masking"} | {name: value}).fit(X)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("noise", [0.0, -1.0, math.inf])
def test_gaussian_noise_has_a_standard_deviation_above_0(noise):
    with pytest.raises(UsageError, match=r"^noise: expected a number above 0"):
        small(corruption="gaussian", noise=noise).fit(X)
    assert small(corruption="gaussian", noise=2.5).fit(X).n_iter_ == 3


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
def test_the_cross_entropy_wants_values_from_0_to_1(form):
    message = r"^X: expected values from 0 to 1, .*cross-entropy.*got values from {} to {}\. Scale them"
    with pytest.raises(NeuralTopicError, match=message.format("0", "3")):
        small().fit(form(X * 3))
    with pytest.raises(NeuralTopicError, match=message.format("-1", "0")):
        small().fit(form(X - 1))
    model = small().fit(form(X))
    with pytest.raises(NeuralTopicError, match=message.format("0", "2")):
        model.score(form(X * 2))
    # What is encoded is no target: noise may have taken it out of the range.
    assert model.transform(form(-2 * X)).shape == (D, K)
    assert small(loss="squared_error").fit(form(-X)).score(form(-X)) < 0


def test_codes_of_another_size(model):
    with pytest.raises(NeuralTopicError, match=r"^codes: expected 3 columns; got 4\. Pass what transform gave"):
        model.inverse_transform(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="NaN"):
        model.inverse_transform(np.full((2, 3), np.nan))


def test_rows_of_another_size(model):
    with pytest.raises(ValueError, match="11 features"):
        model.transform(X[:, 1:])


def test_before_the_fit():
    for call in ("transform", "inverse_transform", "score"):
        with pytest.raises(NotFittedError):
            getattr(small(), call)(X)


@pytest.mark.parametrize("options", [{}, STACKED], ids=["plain", "stacked"])
def test_training_that_stops_being_finite_names_stage_epoch_and_batch(options):
    stage = "layer 1" if options else "end to end"
    with pytest.raises(NeuralTopicError, match=rf"^training {stage}: expected a finite bound; got epoch 1, batch 1 of"):
        small(loss="squared_error", **options).fit(X.astype(np.float64) * 1e30)


# As part of scikit-learn


def test_a_pickled_model_is_the_same(model):
    assert bits(pickle.loads(pickle.dumps(model))) == bits(model)


def test_the_output_can_be_a_table(model):
    table = pickle.loads(pickle.dumps(model)).set_output(transform="pandas").transform(X)
    assert table.columns.tolist() == [f"autoencoder{k}" for k in range(K)] == model.get_feature_names_out().tolist()
