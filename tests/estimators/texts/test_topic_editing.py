"""Edits of topics: after any of them and their undoing, tables, vectors and shares agree, also after save and load."""

import copy
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.special import xlogy

from neuraltopic import Preprocessing, TopicModel
from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError
from tests.tiny_corpus import THEMES, sentences

pytestmark = pytest.mark.usefixtures("one_thread")
TEXTS = [*sentences(90), "rocket goal bread", sentences(90)[0], "nothing known"]


@pytest.fixture(scope="module", params=["semi_amortised_prodlda", "nvdm"])
def fitted(request):
    preprocessing = Preprocessing(min_df=2)
    model = TopicModel(5, recipe=request.param, preprocessing=preprocessing, max_epochs=4, device="cpu", random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeuralTopicWarning)  # five topics of three themes
        return model.fit(TEXTS)


@pytest.fixture
def model(fitted):
    return copy.copy(fitted)


def two_themes(model):
    """The two topics of the most documents, which are of different themes, in order."""
    return sorted(np.argsort(model.statistics_.n_documents)[-2:].tolist())


def operations(n_topics):
    """An edit of so many topics, without a guarantee that it can be done."""
    topic = st.integers(0, n_topics - 1)
    some = st.lists(topic, min_size=1, max_size=3, unique=True)
    word = st.sampled_from([word for theme in THEMES for word in theme.split()])
    return st.one_of(
        st.builds(lambda t, label: {"op": "rename", "labels": {str(t): label}}, topic, st.sampled_from(["A b", None])),
        st.builds(lambda g: {"op": "merge", "groups": [g]}, some),
        st.builds(lambda t: {"op": "split", "topic": t}, topic),
        st.builds(lambda t: {"op": "drop", "topics": t}, some),
        st.builds(lambda order: {"op": "reorder", "order": order}, st.permutations(range(n_topics))),
        st.builds(lambda t: {"op": "junk", "topics": t}, some),
        st.builds(lambda w, a, b: {"op": "move", "word": w, "from": a, "to": b}, word, topic, topic),
        st.just({"op": "undo"}),
    )


def expected_shares(before, operation, after):
    """Shares after an edit by its definition, (D, T); None where the documents' words decide, as in a split."""
    n = before.shape[1]
    match operation["op"]:
        case "merge":
            (group,) = operation["groups"]
            first = min(group)
            kept = [topic for topic in range(n) if topic == first or topic not in group]
            return np.stack([before[:, group].sum(1) if topic == first else before[:, topic] for topic in kept], 1)
        case "drop":
            return before[:, [topic for topic in range(n) if topic not in operation["topics"]]]
        case "reorder":
            return before[:, operation["order"]]
        case "split":
            topic = operation["topic"]
            np.testing.assert_allclose(after[:, topic] + after[:, -1], before[:, topic], atol=1e-6)
            np.testing.assert_allclose(np.delete(after[:, :-1], topic, 1), np.delete(before, topic, 1), atol=1e-6)
            return after
        case "undo":
            return after
    return before


def check_consistent(model, n_kept):
    """Everything that a model says of its topics agrees."""
    vectors, topics = model.vectors_, model.topics_
    rows = np.flatnonzero(model._documents.position >= 0)
    first = [int(np.flatnonzero(model._documents.position == d)[0]) for d in range(n_kept)]
    np.testing.assert_allclose(model.transform(TEXTS)[first], vectors, atol=2e-5)
    # A document on the border between two parts or topics may fall on either side by rounding.
    assert (model.predict(TEXTS)[first] == topics).mean() > 0.97
    shares = model.topic_weights(vectors).astype(np.float64)
    table = model.get_topic_info()
    T = len(table)
    assert shares.shape == (n_kept, T)
    assert model.components_.shape == (T, len(model.vocabulary_))
    copies = np.bincount(model._documents.position[rows], minlength=n_kept)
    np.testing.assert_allclose(table["share"], np.average(shares, axis=0, weights=copies), atol=2e-6)
    listed = np.bincount(topics[topics >= 0], weights=copies[topics >= 0], minlength=T)
    assert table["n_documents"].tolist() == listed.tolist()
    assert table["label"].tolist() == model.labels_
    log_probabilities = model.reader_.topic_log_probabilities(model.statistics_.strength)
    np.testing.assert_allclose(np.exp(log_probabilities).sum(1), 1.0, atol=1e-5)
    words = model.get_topic_words(4)
    assert words["topic"].tolist() == [topic for topic in range(T) for _ in range(4)]
    assert words["label"].tolist() == [label for label in model.labels_ for _ in range(4)]
    documents = model.get_document_info()
    known = documents["topic"].notna().to_numpy()
    assert known[rows].tolist() == (topics[model._documents.position[rows]] >= 0).tolist()
    listed_rows = rows[known[rows]]
    position = model._documents.position[listed_rows]
    assert documents["topic"][listed_rows].tolist() == topics[position].tolist()
    assert documents["topic_label"][listed_rows].tolist() == [model.labels_[topic] for topic in topics[position]]
    np.testing.assert_allclose(documents["topic_weight"][listed_rows], shares[position, topics[position]], atol=1e-6)
    if model.document_vae_.explained_ is not None:
        mean = shares.mean(0)
        np.testing.assert_allclose(table["information"], xlogy(shares, shares).mean(0) - xlogy(mean, mean), atol=1e-4)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_sequence_of_edits_leaves_all_consistent(fitted, data):
    model = copy.copy(fitted)
    n_kept = len(model.vectors_)
    states = []  # bits of the tables before each edit in force
    for _ in range(data.draw(st.integers(1, 5))):
        before = model.topic_weights(model.vectors_).astype(np.float64)
        operation = data.draw(operations(before.shape[1]))
        was = model.get_topic_info(), model.vectors_.tobytes(), model.components_.tobytes()
        try:
            model.edit([operation], documents=TEXTS)
        except (UsageError, NeuralTopicError):
            now = model.get_topic_info(), model.vectors_.tobytes(), model.components_.tobytes()
            assert was[0].equals(now[0])
            assert was[1:] == now[1:]
            continue
        after = model.topic_weights(model.vectors_).astype(np.float64)
        np.testing.assert_allclose(expected_shares(before, operation, after), after, atol=1e-6)
        if operation["op"] == "undo":
            was = states.pop()
            now = model.get_topic_info(), model.vectors_.tobytes(), model.components_.tobytes()
            assert was[0].equals(now[0])
            assert was[1:] == now[1:]
        else:
            states.append(was)
        check_consistent(model, n_kept)
    assert len(model.edits_) == len(states)
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model")
        loaded = TopicModel.load(Path(folder) / "model", device="cpu")
    assert loaded.get_topic_info().equals(model.get_topic_info())
    assert loaded.get_topic_words().equals(model.get_topic_words())
    assert loaded.transform(TEXTS).tobytes() == model.transform(TEXTS).tobytes()
    assert loaded.predict(TEXTS).tolist() == model.predict(TEXTS).tolist()
    assert loaded.edits_ == model.edits_
    while states:
        loaded.undo()
        assert loaded.get_topic_info().equals(states.pop()[0])


def test_undo_of_nothing(model):
    with pytest.raises(UsageError, match="an edit to undo"):
        model.undo()


def test_editing_does_not_change_the_base_model(fitted, model):
    group = two_themes(model)
    model.merge_topics(group).split_topic(group[0], TEXTS).delete_topics([4])
    assert fitted.edits_ == []
    assert len(fitted.get_topic_info()) == 5
    assert model.document_vae_ is fitted.document_vae_


def test_merged_row_is_the_least_squares_one(model):
    latents = model.document_vae_.latents(model.vectors_).astype(np.float64)
    z, R = latents[:, [1, 3]], model.components_[[1, 3]].astype(np.float64)
    merged = z.sum(1, keepdims=True)
    expected = np.linalg.lstsq(merged, z @ R, rcond=None)[0][0]
    model.merge_topics([3, 1])
    np.testing.assert_allclose(model.components_[1], expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.reader_.latents(model.vectors_)[:, 1], merged[:, 0], atol=1e-5)


def test_groups_are_merged_at_once(model):
    one = copy.copy(model).merge_topics([[0, 4], [1, 3]])
    other = copy.copy(model).merge_topics([0, 4]).merge_topics([1, 3])
    np.testing.assert_allclose(one.topic_weights(one.vectors_), other.topic_weights(other.vectors_), atol=1e-6)
    assert len(one.edits_) == 1
    assert len(one.undo().get_topic_info()) == 5


def test_reduce_cuts_the_tree(model):
    tree = model.get_topic_hierarchy()
    nearest = list(tree["topics"][:2])
    model.reduce_topics(3)
    assert len(model.get_topic_info()) == 3
    groups = model.edits_[0]["groups"]
    assert all(any(set(group) >= set(topics) for group in groups) for topics in nearest)
    assert model.reduce_topics(3).edits_ == model.edits_


def test_a_split_parts_two_themes():
    texts = sentences(90)
    model = TopicModel(2, preprocessing=Preprocessing(min_df=2), max_epochs=8, device="cpu", random_state=0).fit(texts)
    mixed = int(np.argmax(np.bincount(model.topics_)))
    themes = np.arange(90) % 3
    model.split_topic(mixed, texts)
    assert len(model.get_topic_info()) == 3
    counts = np.array([[(model.topics_[themes == theme] == topic).sum() for topic in range(3)] for theme in range(3)])
    assert counts.max(1).sum() >= 88
    for topic in range(3):
        words = {word for word, _ in model.get_topic(topic, 4)}
        assert any(words < set(theme.split()) for theme in THEMES), words


def test_labels_and_junk(model):
    model.set_topic_labels({2: "Kitchen"}).mark_as_junk([0])
    table = model.get_topic_info()
    assert table["label"][2] == "Kitchen"
    assert table["flags"][0].startswith("junk")
    model.reorder_topics([2, 0, 1, 3, 4])
    assert model.labels_[0] == "Kitchen"
    assert model.get_topic_info()["flags"][1].startswith("junk")
    model.set_topic_labels([None] * 5)
    assert model.labels_[0].startswith("0_")


def test_a_moved_word(model):
    word = model.get_topic(0)[0][0]
    column = model.vocabulary_.index(word)
    before = model.components_[:, column].copy()
    model.move_word(word, 0, 1)
    assert model.components_[:, column].tolist() == [min(before[:2]), max(before[:2]), *before[2:]]
    assert word not in [w for w, _ in model.get_topic(0, 3)]
    assert model.vectors_.shape[1] == 5


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ({"op": "merge", "groups": [[0]]}, "two topics or more"),
        ({"op": "merge", "groups": [[0, 1], [1, 2]]}, "no topic twice"),
        ({"op": "merge", "groups": [[0, 5]]}, "a number from 0 to 4"),
        ({"op": "drop", "topics": [0, 1, 2, 3, 4]}, "at least one topic left"),
        ({"op": "reorder", "order": [0, 1]}, "each of the topics 0 to 4 once"),
        ({"op": "move", "word": "xylophone", "from": 0, "to": 1}, "a word of the vocabulary"),
        ({"op": "rename", "labels": {"0": ""}}, "a label of 1 to 200"),
        ({"op": "rename", "labels": {"0": "two\nlines"}}, "a label of 1 to 200"),
        ({"op": "rename", "labels": {"00": "x"}}, "the number of a topic"),
        ({"op": "junk", "topics": [True]}, "the number of a topic"),
        ({"op": "junk", "topics": [1], "more": 1}, "the members topics"),
        ({"op": "melt"}, "an object whose op is one of"),
        ([], "an object whose op is one of"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_done(model, operation, message):
    with pytest.raises(UsageError, match=message):
        model.edit([{"op": "junk", "topics": [1]}, operation])
    assert model.edits_ == []


def test_documents_of_a_split_are_those_of_the_fit(model):
    with pytest.raises(NeuralTopicError, match="those that the model was last fitted on"):
        model.split_topic(0, TEXTS[:-5])
    with pytest.raises(UsageError, match="which the model does not keep"):
        model.edit([{"op": "split", "topic": 0}])


def test_a_loaded_model_merges_with_documents_given(model, tmp_path):
    model.save(tmp_path / "model")
    loaded = TopicModel.load(tmp_path / "model", device="cpu")
    with pytest.raises(UsageError, match="which the model does not keep"):
        loaded.merge_topics([0, 1])
    group = two_themes(model)
    loaded.merge_topics(group, documents=TEXTS).split_topic(group[0], TEXTS)
    model.merge_topics(group).split_topic(group[0], TEXTS)
    np.testing.assert_allclose(loaded.components_, model.components_, atol=1e-4)
    np.testing.assert_allclose(loaded.transform(TEXTS), model.transform(TEXTS), atol=1e-4)
    np.testing.assert_allclose(loaded.statistics_.information, model.statistics_.information, atol=1e-3)


def test_update_follows_the_edits(model):
    more = [text.replace("n", "m") if text.startswith("x") else f"{text} again" for text in sentences(60)]
    group = two_themes(model)
    model.merge_topics(group).split_topic(group[0], TEXTS).set_topic_labels({0: "Kept"}).delete_topics([2])
    before = model.edits_
    n_earlier, share = model.n_documents_, model.statistics_.share.copy()
    listed = model.statistics_.n_documents.copy()
    model.partial_fit(more)
    assert model.edits_ == before
    assert model.labels_[0] == "Kept"
    n_later = len(model.vectors_)
    later = model.topic_weights(model.vectors_).astype(np.float64)
    pooled = (n_earlier * share + n_later * later.mean(0)) / (n_earlier + n_later)
    np.testing.assert_allclose(model.statistics_.share, pooled, atol=1e-5)
    new = np.bincount(model.topics_[model.topics_ >= 0], minlength=len(share))
    assert model.statistics_.n_documents.tolist() == (listed + new).tolist()
    rows = [int(np.flatnonzero(model._documents.position == d)[0]) for d in range(n_later)]
    np.testing.assert_allclose(model.transform(more)[rows], model.vectors_, atol=2e-5)


def test_a_log_of_other_topics_is_refused(model, tmp_path):
    model.set_topic_labels({0: "Mine"}).save(tmp_path / "model")
    log = tmp_path / "model" / "edits.jsonl"
    content = log.read_text(encoding="utf-8")
    log.write_text(content.replace("Mine", "Your"), encoding="utf-8")
    with pytest.raises(NeuralTopicError, match=r"edits\.jsonl"):
        TopicModel.load(tmp_path / "model")
