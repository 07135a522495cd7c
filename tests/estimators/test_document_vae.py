"""DocumentVAE as a scikit-learn transformer, and the promises about bits, batches, bounds and bad input."""

import math
import pickle
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from neuraltopic import DocumentVAE
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.preprocessing.counts import Counts
from tests.scikit_learn import may_fail

pytestmark = pytest.mark.usefixtures("one_thread")


@parametrize_with_checks(
    [DocumentVAE(3, recipe=recipe, max_epochs=2, device="cpu") for recipe in ("semi_amortised_prodlda", "nvdm")],
    expected_failed_checks=may_fail,
)
def test_is_a_scikit_learn_transformer(estimator, check):
    check(estimator)


def planted(n_documents, n_blocks, block, length, seed=0):
    """Documents of `length` tokens, each from one block of `block` words; document d is of block d % n_blocks."""
    rng = np.random.default_rng(seed)
    counts = np.zeros((n_documents, n_blocks, block), np.int64)
    for d in range(n_documents):
        counts[d, d % n_blocks] = rng.multinomial(length, np.full(block, 1 / block))
    return counts.reshape(n_documents, n_blocks * block)


COUNTS = planted(60, n_blocks=3, block=5, length=12)
COUNTS[7] = 0
V = COUNTS.shape[1]


def small(**parameters):
    # Of the Gaussian recipe, whose vectors have closed forms to hold them to; test_recipes.py has the others.
    chosen = {
        "n_components": 3,
        "recipe": "nvdm",
        "max_epochs": 3,
        "batch_size": 16,
        "device": "cpu",
        "random_state": 0,
    }
    return DocumentVAE(**chosen | parameters)


@pytest.fixture(scope="module")
def model():
    return small().fit(COUNTS)


def bits(model):
    """All that a fit decides."""
    weights = {name: value.numpy().tobytes() for name, value in model.vae_.state_dict().items()}
    return weights, model.history_, model.information_.tobytes(), model.transform(COUNTS).tobytes()


# Rows in other company: the float32 products of another batch round otherwise, and the polish in float64 removes most
# of it. 8 epsilons of float32, for vectors of order 1.
def close(actual, desired):
    np.testing.assert_allclose(actual, desired, rtol=1e-6, atol=1e-6)


# Randomness


@pytest.mark.parametrize("recipe", ["semi_amortised_prodlda", "nvdm"])
def test_the_bits_are_the_same_on_any_number_of_threads(recipe):
    """With a vocabulary of more than one tile."""
    random = np.random.default_rng(0)
    words = np.minimum(np.exp(random.random((300, 40)) * np.log(1500)).astype(int), 1500) - 1
    counts = sparse.coo_array((np.ones(12_000), (np.repeat(np.arange(300), 40), words.ravel())), shape=(300, 1500))
    found = []
    for n_threads in (1, 2, 3):
        torch.set_num_threads(n_threads)
        fitted = small(recipe=recipe, max_epochs=1, n_components=5).fit(counts.tocsr())
        weights = [value.numpy().tobytes() for value in fitted.vae_.state_dict().values()]
        found.append((weights, fitted.history_))
        assert torch.get_num_threads() == n_threads
    torch.set_num_threads(1)
    assert found[0] == found[1] == found[2]


def test_the_same_seed_gives_the_same_bits_and_another_differs(model):
    assert bits(small().fit(COUNTS)) == bits(model)
    assert bits(small(random_state=np.int64(0)).fit(COUNTS)) == bits(model)
    assert not np.array_equal(small(random_state=1).fit(COUNTS).components_, model.components_)


@pytest.mark.parametrize("random_state", [None, np.random.RandomState(3)])
def test_a_drawn_seed_gives_the_same_bits_again(random_state):
    drawn = small(random_state=random_state).fit(COUNTS)
    assert bits(small(random_state=drawn.seed_).fit(COUNTS)) == bits(drawn)


def test_global_random_states_are_left_alone():
    def states():
        return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()

    before = states()
    model = small().fit(COUNTS)
    model.transform(COUNTS)
    model.perplexity(COUNTS, importance_weighted=True)
    assert states() == before


def test_global_random_states_change_nothing(model):
    torch.manual_seed(5)
    assert bits(small().fit(COUNTS)) == bits(model)


# Vectors


def test_fit_transform_is_transform():
    model = small()
    vectors = model.fit_transform(COUNTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (60, 3)
    assert np.array_equal(vectors, model.transform(COUNTS))


def test_a_vector_depends_on_its_document_alone(model):
    together = model.transform(COUNTS)
    close(np.vstack([model.transform(COUNTS[[d]]) for d in range(len(COUNTS))]), together)
    order = np.random.default_rng(0).permutation(len(COUNTS))
    close(model.transform(COUNTS[order]), together[order])
    for subset in (order[:1], order[:17], np.array([3, 3, 7, 3])):
        close(model.transform(COUNTS[subset]), together[subset])


def test_vectors_do_not_depend_on_how_many_are_computed_at_once(model, monkeypatch):
    together = model.transform(COUNTS)
    monkeypatch.setattr("neuraltopic.estimators.counts.document_inference._AT_ONCE", 7)
    close(model.transform(COUNTS), together)


@settings(max_examples=30)
@given(
    documents=st.lists(
        st.lists(st.sampled_from([0, 0, 0, 1, 2, 50, 3_000, 65_535]), min_size=V, max_size=V), min_size=2, max_size=6
    ),
    data=st.data(),
)
def test_a_vector_depends_on_its_document_alone_whatever_the_counts(model, documents, data):
    counts = np.array(documents)
    order = np.array(data.draw(st.permutations(range(len(counts)))))
    mean, variance = model.posterior(counts)
    assert np.isfinite(mean).all()
    assert (variance > 0).all()
    np.testing.assert_allclose(model.transform(counts[order]), mean[order], rtol=1e-4, atol=1e-4)


def in_every_form(folder):
    counts = Counts.from_scipy(COUNTS)
    counts.save(folder)
    return {
        "int64": COUNTS,
        "float32": COUNTS.astype(np.float32),
        "float64": COUNTS.astype(np.float64),
        "csr_array": sparse.csr_array(COUNTS),
        "csr_matrix": sparse.csr_matrix(COUNTS.astype(np.float32)),
        "csc": sparse.csc_array(COUNTS),
        "coo": sparse.coo_array(COUNTS),
        "Counts": counts,
        "mapped": Counts.open(folder, mmap=True),
    }


def test_every_form_of_counts_gives_the_same_bits(model, tmp_path):
    vectors = model.transform(COUNTS)
    for name, counts in in_every_form(tmp_path).items():
        assert np.array_equal(model.transform(counts), vectors), name
        assert bits(small().fit(counts)) == bits(model), name


def test_the_callers_counts_are_left_alone(model):
    counts = sparse.csr_array(COUNTS)
    counts.data.flags.writeable = False
    before = COUNTS.copy()
    small().fit(counts)
    small().fit(COUNTS)
    assert np.array_equal(COUNTS, before)


def test_permuted_words_change_no_vector(model):
    order = np.random.default_rng(1).permutation(V)
    permuted = pickle.loads(pickle.dumps(model))
    with torch.no_grad():
        permuted.vae_.decoder.weight.copy_(model.vae_.decoder.weight[order])
        permuted.vae_.decoder.bias.copy_(model.vae_.decoder.bias[order])
    permuted.restore(permuted.vae_, history=model.history_)
    assert np.array_equal(permuted.components_, model.components_[:, order])
    np.testing.assert_allclose(permuted.transform(COUNTS[:, order]), model.transform(COUNTS), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(permuted.bound(COUNTS[:, order]), model.bound(COUNTS), rtol=1e-5, atol=1e-4)


def test_an_empty_document_has_the_prior(model):
    mean, variance = model.posterior(COUNTS[6:9])
    assert np.array_equal(mean[1], np.zeros(3))
    assert np.array_equal(variance[1], np.ones(3))
    assert model.bound(np.zeros((1, V)))[0] == 0.0
    assert np.array_equal(model.transform(np.zeros((1, V))), np.zeros((1, 3)))


def test_no_documents_have_no_vectors(model):
    none = Counts.from_scipy(COUNTS).slice(0, 0)
    assert model.transform(none).shape == (0, 3)
    assert model.bound(none).shape == (0,)


@pytest.mark.parametrize("largest", [1, 1_000, 65_535, 1e6])
def test_long_documents_have_finite_vectors(model, largest):
    mean, variance = model.posterior(COUNTS * largest)
    assert np.isfinite(mean).all()
    assert np.isfinite(variance).all()
    assert (variance > 0).all()


def test_more_topics_than_words():
    model = small(n_components=8).fit(COUNTS[:, :3])
    assert model.components_.shape == (8, 3)
    assert np.isfinite(model.transform(COUNTS[:, :3] * 10_000)).all()


# What is learned


def test_attributes(model):
    assert model.components_.shape == (3, V)
    assert model.components_.dtype == model.bias_.dtype == model.information_.dtype == np.float32
    assert model.bias_.shape == (V,)
    assert model.n_features_in_ == V
    assert model.n_iter_ == 3
    assert model.seed_ == 0
    assert [entry["epoch"] for entry in model.history_] == [1, 2, 3]
    assert all(entry["held_out_bound"] < 0 for entry in model.history_)
    mean, variance = (part.astype(np.float64) for part in model.posterior(COUNTS))
    np.testing.assert_allclose(
        model.information_, (0.5 * (mean**2 + variance - 1 - np.log(variance))).mean(0), rtol=1e-5
    )


def test_without_held_out_documents_the_fit_runs_its_whole_length():
    model = small(validation_fraction=0, max_epochs=8, patience=1).fit(COUNTS)
    assert model.n_iter_ == 8
    assert all("held_out_bound" not in entry for entry in model.history_)


def test_two_documents_are_enough():
    assert small(validation_fraction=0.9).fit_transform(COUNTS[:2]).shape == (2, 3)


def block_of(row, block):
    """The block whose words are the top words of an axis; None when they are not all of one."""
    found = set((np.argsort(-row)[:block] // block).tolist())
    return found.pop() if len(found) == 1 else None


def test_planted_topics_are_recovered():
    """Documents of six blocks in shares that sum to 1: five directions, and a topic for each."""
    blocks, block = 6, 10
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.full(blocks, 0.3), size=400)
    counts = np.array([rng.multinomial(40, np.repeat(share, block) / block) for share in shares])
    model = DocumentVAE(blocks - 1, recipe="nvdm", batch_size=20, device="cpu", random_state=0)
    vectors = model.fit_transform(counts)
    topics = [block_of(row, block) for row in model.components_]
    assert None not in topics
    assert len(set(topics)) == blocks - 1
    # A document goes along an axis with its share of that axis' block, and of no other.
    for topic, own in enumerate(topics):
        correlations = [np.corrcoef(vectors[:, topic], shares[:, b])[0, 1] for b in range(blocks)]
        assert np.argmax(correlations) == own
        assert correlations[own] > 0.8


def test_disjoint_blocks_are_told_apart():
    """A document of one block of five: four directions, and held-out words little dearer than a block's even ones."""
    blocks, block = 5, 10
    model = DocumentVAE(blocks, recipe="nvdm", batch_size=20, device="cpu", random_state=0)
    model.fit(planted(400, n_blocks=blocks, block=block, length=40))
    informative = np.argsort(-model.information_)[: blocks - 1]
    topics = [block_of(model.components_[k], block) for k in informative]
    assert None not in topics
    assert len(set(topics)) == blocks - 1
    held_out = planted(100, n_blocks=blocks, block=block, length=40, seed=1)
    vectors = model.transform(held_out)
    centres = np.array([vectors[b::blocks].mean(0) for b in range(blocks)])
    nearest = np.linalg.norm(vectors[:, None] - centres, axis=2).argmin(1)
    assert np.array_equal(nearest, np.arange(100) % blocks)
    # No model does better than the size of a block; a Gaussian prior costs some 7 nats per document of 40 words.
    for per in ("document", "corpus"):
        assert block < model.perplexity(held_out, per=per) < 1.25 * block


# Bounds


@pytest.mark.parametrize("importance_weighted", [False, True])
def test_perplexity_is_what_the_bound_says(model, importance_weighted):
    options = {"n_samples": 7, "importance_weighted": importance_weighted}
    bound, tokens = model.bound(COUNTS, **options), COUNTS.sum(1)
    per_token = [b / n for b, n in zip(bound, tokens, strict=True) if n]
    assert model.perplexity(COUNTS, **options) == pytest.approx(math.exp(-sum(per_token) / 59), rel=1e-12)
    corpus = math.exp(-sum(b for b, n in zip(bound, tokens, strict=True) if n) / tokens.sum())
    assert model.perplexity(COUNTS, per="corpus", **options) == pytest.approx(corpus, rel=1e-12)


def test_score_is_minus_the_log_of_the_corpus_perplexity(model):
    assert model.score(COUNTS) == -math.log(model.perplexity(COUNTS, per="corpus"))


def test_the_importance_weighted_bound_is_tighter(model):
    elbo = model.bound(COUNTS, n_samples=2_000)
    tighter = model.bound(COUNTS, n_samples=2_000, importance_weighted=True)
    assert (tighter >= elbo - 0.1).all()
    assert tighter.mean() > elbo.mean() - 0.01


def test_a_bound_is_the_same_each_time_and_has_no_generator_but_its_own(model):
    assert np.array_equal(model.bound(COUNTS), model.bound(COUNTS))


def test_a_bound_is_below_the_evidence(model):
    """log p(x) by brute force: the mean of p(x | z) over many draws of the prior."""
    z = torch.randn(200_000, 1, 3, generator=torch.Generator().manual_seed(1))
    energies = z[:, 0] @ torch.from_numpy(model.components_) + torch.from_numpy(model.bias_)
    log_p = torch.log_softmax(energies, 1) @ torch.from_numpy(COUNTS[:5].T).float()
    evidence = (torch.logsumexp(log_p.double(), 0) - math.log(len(z))).numpy()
    assert (model.bound(COUNTS[:5], n_samples=2_000) <= evidence + 0.05).all()
    weighted = model.bound(COUNTS[:5], n_samples=5_000, importance_weighted=True)
    np.testing.assert_allclose(weighted, evidence, atol=0.1)


def test_perplexity_of_nothing(model):
    with pytest.raises(NeuralTopicError, match="documents with words"):
        model.perplexity(np.zeros((3, V)))


# Checkpoints


def stopped(path, after, **parameters):
    def progress(stage, done, total):
        if stage == "training" and done == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small(**parameters).fit(COUNTS, checkpoint=path, progress=progress)


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_stopped_fit_goes_on_to_the_same_bits(model, tmp_path, after):
    path = tmp_path / "checkpoint.safetensors"
    stopped(path, after)
    epochs = []
    resumed = small().fit(COUNTS, checkpoint=path, progress=lambda *said: epochs.append(said))
    assert bits(resumed) == bits(model)
    assert epochs[0] == ("training", after, 3)


def test_a_fit_without_held_out_documents_goes_on_to_the_same_bits(tmp_path):
    stopped(tmp_path / "c", 1, validation_fraction=0.0)
    resumed = small(validation_fraction=0.0).fit(COUNTS, checkpoint=tmp_path / "c")
    assert bits(resumed) == bits(small(validation_fraction=0.0).fit(COUNTS))


@pytest.mark.parametrize(
    "other",
    [
        {"n_components": 4},
        {"max_epochs": 4},
        {"random_state": 1},
        {"learning_rate": 0.01},
        {"batch_size": 15},
        {"validation_fraction": 0.1},
    ],
    ids=lambda other: next(iter(other)),
)
def test_the_checkpoint_of_another_fit_is_refused(tmp_path, other):
    stopped(tmp_path / "c", 1)
    with pytest.raises(NeuralTopicError, match=r"c: expected the checkpoint of this fit; got .*Delete it"):
        small(**other).fit(COUNTS, checkpoint=tmp_path / "c")


@pytest.mark.parametrize("other", [COUNTS[:, ::-1], COUNTS[:50], COUNTS * 2, COUNTS[:, :12]])
def test_the_checkpoint_of_other_counts_is_refused(tmp_path, other):
    stopped(tmp_path / "c", 1)
    with pytest.raises(NeuralTopicError, match="the checkpoint of this fit"):
        small().fit(np.ascontiguousarray(other), checkpoint=tmp_path / "c")


# Bad input


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("n_components", [0, -1, 2.5, "3", None, True]),
        ("recipe", ["lda", "", None, 3, ["nvdm"]]),
        ("max_epochs", [0, -3, 1.5, "3", False]),
        ("batch_size", [0, 2.0, "3"]),
        ("patience", [0, 1.5]),
        ("learning_rate", [0, -1.0, math.inf, math.nan, "0.1", [0.1], True]),
        ("validation_fraction", [-0.1, 1, 1.5, math.nan, "0.1", True]),
        ("random_state", [-1, 1.5, "0", 2**32, [1]]),
        ("device", ["", "tpu", "gpu", "cpu:1", "cpu:x", "cpu:", "cuda:99", None, 3]),
    ],
)
def test_an_impossible_parameter_is_named(name, values):
    for value in values:
        with pytest.raises(UsageError, match=rf"^{name}: expected .*; got ") as raised:
            small(**{name: value}).fit(COUNTS)
        assert "\n" not in str(raised.value)


def test_parameters_are_checked_without_a_fit():
    small().check_parameters()
    with pytest.raises(UsageError, match="max_epochs"):
        small(max_epochs=0).check_parameters()


@pytest.mark.parametrize("n_samples", [0, -1, 1.5])
def test_an_impossible_number_of_samples(model, n_samples):
    for call in (model.bound, model.perplexity):
        with pytest.raises(UsageError, match="n_samples"):
            call(COUNTS, n_samples=n_samples)


def test_an_unknown_kind_of_perplexity(model):
    with pytest.raises(UsageError, match="per: expected document or corpus; got 'token'"):
        model.perplexity(COUNTS, per="token")


def test_counts_of_another_vocabulary(model):
    with pytest.raises(NeuralTopicError, match=r"expected 15 columns.*got 14"):
        model.transform(Counts.from_scipy(COUNTS[:, 1:]))
    with pytest.raises(ValueError, match="14 features"):
        model.transform(COUNTS[:, 1:])


def test_only_empty_documents():
    with pytest.raises(NeuralTopicError, match="only empty ones"):
        small().fit(np.zeros((5, 4)))


def test_before_the_fit():
    counts = Counts.from_scipy(COUNTS)
    for call in ("transform", "posterior", "bound", "perplexity", "score", "get_feature_names_out"):
        with pytest.raises(NotFittedError):
            getattr(small(), call)(*([] if call == "get_feature_names_out" else [counts]))


def test_training_that_stops_being_finite_names_epoch_and_batch():
    counts = COUNTS.astype(np.float64)
    counts[::2] *= 1e30
    with pytest.raises(
        NeuralTopicError, match=r"^training: expected a finite bound; got epoch 1, batch 1 of 4: .*rows"
    ):
        small().fit(counts)


def test_an_impossible_learning_rate_ends_in_one_clear_error():
    with pytest.raises(NeuralTopicError, match=r"got epoch \d, batch \d of 4: .*Lower the learning rate below 1e\+30"):
        small(learning_rate=1e30).fit(COUNTS)


@pytest.mark.parametrize("row", range(0, 60, 6))
def test_one_extreme_document_never_ends_in_another_error(row):
    """It may be a training document or a held-out one."""
    counts = COUNTS.astype(np.float64)
    counts[row] = 1e30
    try:
        vectors = small(validation_fraction=0.5).fit_transform(counts)
    except NeuralTopicError as error:
        assert "finite" in str(error)  # noqa: PT017  either end is right
    else:
        assert np.isfinite(vectors).all()


# As part of scikit-learn


def test_a_pickled_model_is_the_same(model):
    assert bits(pickle.loads(pickle.dumps(model))) == bits(model)


def test_the_output_can_be_a_table(model):
    vectors = model.transform(COUNTS)
    table = pickle.loads(pickle.dumps(model)).set_output(transform="pandas").transform(COUNTS)
    assert table.columns.tolist() == ["documentvae0", "documentvae1", "documentvae2"]
    assert np.array_equal(table.to_numpy(), vectors)
    assert model.get_feature_names_out().tolist() == table.columns.tolist()
    fitted = small().set_output(transform="pandas").fit_transform(COUNTS)
    assert np.array_equal(fitted.to_numpy(), vectors)


def test_progress_is_told(model):
    said = []
    small().fit(COUNTS, progress=lambda *call: said.append(call))
    assert said == [*(("training", epoch, 3) for epoch in range(4)), ("inferring", 60, 60)]
