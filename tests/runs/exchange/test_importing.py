"""Topics of gensim, MALLET and BERTopic as runs: their words to the digit, and documents read by them."""

import gzip
import json

import numpy as np
import pytest
from gensim.corpora import Dictionary
from gensim.models import LdaModel

from neuraltopic.cli import main
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.evaluate import evaluate_model
from neuraltopic.reading.readers import open_corpus
from neuraltopic.reading.topic_files import ForeignTopics, read_topics
from neuraltopic.runs.editing import open_with_documents
from neuraltopic.runs.exchange.importing import import_run
from neuraltopic.storage.strict_json import read_json
from tests.bertopic_folder import save_bertopic
from tests.tiny_corpus import THEMES, sentences

# Sentences of one length are like the lines of a wrapped text.
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "texts.txt"
    path.write_text("\n".join([*sentences(), "nothing known here"]) + "\n")
    return path


@pytest.fixture(scope="module")
def lda(tmp_path_factory):
    """A model of gensim, saved, whose topics also have a word that no document has."""
    bags = [text.split()[:-1] for text in sentences()] + [["zeppelin"]]
    words = Dictionary(bags)
    model = LdaModel(list(map(words.doc2bow, bags)), 3, words, passes=10, random_state=0)
    folder = tmp_path_factory.mktemp("gensim")
    model.save(str(folder / "lda"))
    np.save(folder / "topics.npy", model.get_topics())
    (folder / "words.txt").write_text("\n".join(words[column] for column in range(len(words))) + "\n")
    return model, folder


@pytest.fixture(scope="module")
def imported(lda, texts, tmp_path_factory):
    output = tmp_path_factory.mktemp("imported") / "run"
    topics = read_topics("gensim", lda[1] / "topics.npy", words=lda[1] / "words.txt")
    return import_run(topics, open_corpus(str(texts)), output, seed=0)


def probabilities(model):
    return np.exp(model.reader_.topic_log_probabilities(model.statistics_.strength))


def test_topics_of_gensim_stay_as_they_are(imported, lda):
    model, theirs = imported.run.model, lda[0].get_topics()
    columns = [lda[0].id2word.token2id[word] for word in model.vocabulary_]
    assert "zeppelin" not in model.vocabulary_
    assert set(model.vocabulary_) == set(" ".join(THEMES).split())
    kept = theirs[:, columns]
    np.testing.assert_allclose(probabilities(model), kept / kept.sum(1, keepdims=True), rtol=1e-5)
    assert imported.mass == pytest.approx(kept.sum(1).mean(), abs=1e-6)
    assert imported.n_words == 15
    for topic, row in enumerate(model.get_topic_info()["words"]):
        assert row.split()[:4] == [word for word, _ in lda[0].show_topic(topic, 5) if word != "zeppelin"][:4]


def test_documents_are_read_by_the_topics(imported, lda):
    model = imported.run.model
    theirs = [
        max(lda[0].get_document_topics(lda[0].id2word.doc2bow(text.split())), key=lambda pair: pair[1])[0]
        for text in sentences()
    ]
    assert np.mean(np.array(theirs) == model.topics_) > 0.95
    np.testing.assert_allclose(model.topic_weights(model.vectors_).sum(1), 1.0, rtol=1e-5)
    assert model.get_document_info()["status"].iloc[-1] == "no word of the vocabulary"
    n_known = sum(len(text.split()) - 1 for text in sentences())  # but for n0, n1, ..., as the topics have no numbers
    assert imported.tokens == pytest.approx(n_known / (n_known + 3))


def test_a_run_of_given_topics_is_a_run(imported, texts, tmp_path):
    folder = imported.run.folder
    loaded, model = open_with_documents(folder), imported.run.model
    np.testing.assert_array_equal(loaded.transform(sentences(9)), model.transform(sentences(9)))
    np.testing.assert_array_equal(probabilities(loaded), probabilities(model))
    assert np.isfinite(evaluate_model(loaded, str(texts))["npmi"].value)
    shares = loaded.statistics_.share
    loaded.merge_topics([0, 2])
    np.testing.assert_allclose(loaded.statistics_.share, [shares[0] + shares[2], shares[1]], atol=1e-6)
    assert main(["report", str(folder), "-o", str(tmp_path / "page.html"), "--quiet"]) == 0
    assert main(["plot", "barchart", str(folder), "-o", str(tmp_path / "words.png")]) == 0
    assert main(["index", str(folder), "-o", str(tmp_path / "index"), "--quiet"]) == 0
    assert read_json(folder / "run.json", 1 << 20)["parameters"]["recipe"] == "given_topics"


def test_what_would_change_given_topics_is_refused(imported):
    with pytest.raises(UsageError, match="imported topics, which are fixed"):
        TopicModel.load(imported.run.folder / "model").partial_fit(sentences())
    with pytest.raises(UsageError, match="Use neuraltopic import"):
        TopicModel(3, recipe="given_topics").fit(sentences())


def test_a_pickle_is_loaded_where_it_is_trusted_alone(lda):
    with pytest.raises(UsageError, match="a pickle and can run code"):
        read_topics("gensim", lda[1] / "lda")
    found = read_topics("gensim", lda[1] / "lda", trusted=True)
    np.testing.assert_allclose(found.probabilities, lda[0].get_topics(), rtol=1e-5)
    assert list(found.words) == [lda[0].id2word[column] for column in range(16)]


def test_what_mallet_export_writes_comes_back(imported, tmp_path):
    folder = imported.run.folder
    assert main(["export", str(folder), "mallet", "-o", str(tmp_path / "mallet")]) == 0
    found, model = read_topics("mallet", tmp_path / "mallet"), imported.run.model
    assert found.words == model.vocabulary_
    np.testing.assert_allclose(found.probabilities, probabilities(model), rtol=2e-4, atol=1e-9)


def test_a_state_of_mallet_is_counted(tmp_path):
    lines = ["#doc source pos typeindex type topic", "#alpha : 0.5 0.5 ", "#beta : 0.25 "]
    tokens = [("moon", 1), ("moon", 1), ("rocket", 1), ("bread", 0), ("moon", 0)]
    lines += [f"0 a file.txt {place} 7 {word} {topic}" for place, (word, topic) in enumerate(tokens)]
    with gzip.open(tmp_path / "topic-state.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    found = read_topics("mallet", tmp_path)
    assert found.words == ("moon", "rocket", "bread")
    expected = np.array([[1.25, 0.25, 1.25], [2.25, 1.25, 0.25]])
    np.testing.assert_allclose(found.probabilities, expected / expected.sum(1, keepdims=True))


def test_weights_of_mallet_by_hand(tmp_path):
    path = tmp_path / "weights.txt"
    path.write_text("0\tmoon\t2.01\n0\tbread\t0.01\n1\tmoon\t1.01\n1\tbread\t3.01\n", encoding="utf-8")
    found = read_topics("mallet", path)
    np.testing.assert_allclose(found.probabilities, [[2.01 / 2.02, 0.01 / 2.02], [1.01 / 4.02, 3.01 / 4.02]])


@pytest.fixture
def bertopic(tmp_path):
    """A folder as BERTopic saves it: topics -1, 0 and 1, c-TF-IDF, and names for two."""
    weights = np.array([[1.0, 1, 0, 1, 0], [0, 0, 3, 1, 0], [2, 2, 0, 0, 0]])
    vocabulary = {"moon": 0, "rocket": 1, "bread": 2, "oven": 3, "space flight": 4}
    words = {"-1": [["moon", 0.4]], "0": [["bread", 3.0], ["oven", 1.0]], "1": [["moon", 2.0], ["rocket", 2.0]]}
    labels = ["Outliers", "Kitchen", "Space"]
    return save_bertopic(
        tmp_path, weights, vocabulary, topic_representations=words, topics=[0, 1, -1], custom_labels=labels
    )


def test_topics_of_bertopic_are_their_ctfidf_without_outliers(bertopic):
    found = read_topics("bertopic", bertopic)
    assert found.words == ("moon", "rocket", "bread", "oven")
    assert found.labels == ("Kitchen", "Space")
    rows = np.array([[0, 0, 0.75, 0.25], [0.5, 0.5, 0, 0]])
    np.testing.assert_allclose(found.probabilities, 0.99 * rows + 0.01 * rows.mean(0), atol=1e-9)
    (bertopic / "ctfidf.safetensors").unlink()
    few = read_topics("bertopic", bertopic)
    order = [few.words.index(word) for word in found.words]
    np.testing.assert_allclose(few.probabilities[:, order], found.probabilities, atol=1e-9)


def test_names_of_bertopic_are_those_of_the_run(bertopic, texts, tmp_path, capsys):
    output = tmp_path / "run"
    arguments = ["--documents", str(texts), "-o", str(output), "--seed", "0", "--epochs", "3", "--quiet", "--json"]
    assert main(["import", "bertopic", str(bertopic), *arguments]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [topic["label"] for topic in said["topics"]] == ["Kitchen", "Space"]
    assert said["words"] == 4
    assert (output / "report.html").stat().st_size > 10_000
    assert open_with_documents(output).labels_ == ["Kitchen", "Space"]


@pytest.mark.parametrize(
    ("format", "name", "content", "said"),
    [
        ("mallet", "weights.txt", "0\tmoon\n", "topic, word and weight"),
        ("mallet", "weights.txt", "a\tmoon\t1\n", "the number of a topic"),
        ("mallet", "weights.txt", "0\tmoon\tmany\n", "a number"),
        ("mallet", "weights.txt", "0\tmoon\t-1\n", "weights from 0"),
        ("mallet", "weights.txt", "", "topics and their words"),
        ("mallet", "state.gz", "no gzip", "text in UTF-8"),
        ("gensim", "topics.npy", "no array", "an array of topics"),
        ("bertopic", "topics.json", "{}", "topic_representations"),
        ("octis", "topics.json", "{}", "one of gensim, mallet, bertopic"),
    ],
)
def test_what_is_not_of_the_format_is_said(tmp_path, format, name, content, said):
    (tmp_path / name).write_text(content)
    (tmp_path / "words.txt").write_text("moon\n")
    path = tmp_path if format == "bertopic" else tmp_path / name
    with pytest.raises((NeuralTopicError, UsageError), match=said):
        read_topics(format, path, words=tmp_path / "words.txt")


def test_documents_of_something_else_are_refused(texts, tmp_path):
    topics = ForeignTopics("gensim", ("ship", "sail"), np.full((2, 2), 0.5), (None, None))
    with pytest.raises(NeuralTopicError, match="words of the topics"):
        import_run(topics, open_corpus(str(texts)), tmp_path / "run")
    assert not (tmp_path / "run").exists()
