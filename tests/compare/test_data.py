import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from neuraltopic.compare.data import ComparisonData, draw_held_out, embeddings_of, is_saved, split_corpus
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.reading.readers import open_corpus
from neuraltopic.reading.vectors.embedding_files import EmbeddingFile
from tests.tiny_corpus import sentences

SETTINGS = Preprocessing(min_df=1)


def test_a_share_is_held_out(data):
    assert (len(data.train), len(data.test)) == (48, 12)
    assert data.train.shape[1] == data.test.shape[1] == len(data.words) == 15
    assert data.sizes() == {
        "train_documents": 48,
        "test_documents": 12,
        "words": 15,
        "train_tokens": int(data.train.totals().sum()),
        "test_tokens": int(data.test.totals().sum()),
        "labels": 3,
        "ordered": True,
        "embedding": 0,
    }


def test_labels_go_with_their_documents(data):
    theme = {"space": "rocket", "sport": "goal", "kitchen": "bread"}
    for counts, labels in ((data.train, data.train_labels), (data.test, data.test_labels)):
        dense = counts.to_scipy().toarray()
        for label, word in theme.items():
            rows = [row for row, found in enumerate(labels) if found == label]
            others = [column for name, column in zip(data.words, dense.T, strict=True) if name in theme.values()]
            assert dense[rows][:, data.words.index(word)].sum() == sum(column[rows].sum() for column in others)


def test_tokens_are_those_of_the_counts_in_the_order_of_the_text(corpus, data):
    for row in range(len(data.train)):
        tokens = data.tokens.tokens[data.tokens.bounds[row] : data.tokens.bounds[row + 1]]
        assert np.array_equal(np.bincount(tokens, minlength=15), data.train.to_scipy().toarray()[row])
    texts = {" ".join(text.split()[:-1]) for text in sentences()}
    first = data.tokens.tokens[: data.tokens.bounds[1]].tolist()
    assert " ".join(data.words[word] for word in first) in texts


def test_rows_without_text_are_left_out():
    assert (
        split_corpus(open_corpus([*sentences(20), "", "  "]), SETTINGS, held_out=0.5).sizes()["train_documents"] == 10
    )


def test_the_seed_draws_and_a_copy_is_on_one_side_only():
    texts = sentences(20)
    first, again, other = (
        split_corpus(open_corpus([*texts, *texts]), SETTINGS, held_out=0.25, seed=seed) for seed in (0, 0, 1)
    )
    assert (len(first.train), len(first.test)) == (15, 5)
    assert np.array_equal(first.tokens.tokens, again.tokens.tokens)
    assert first.tokens.tokens.tolist() != other.tokens.tokens.tolist()


def test_documents_of_their_own_are_held_out(tmp_path):
    (tmp_path / "train.csv").write_text("text,kind\n" + "\n".join(f"{text},a" for text in sentences(12)))
    (tmp_path / "test.csv").write_text("text,kind\nrocket moon,a\nxylophone,b\ngoal,\n")
    data = split_corpus(
        open_corpus(tmp_path / "train.csv", text="text"),
        SETTINGS,
        held_out=open_corpus(tmp_path / "test.csv", text="text"),
        label="kind",
    )
    assert len(data.train) == 12
    assert data.test.totals().tolist() == [2.0, 1.0]
    assert data.test_labels == ["a", None]
    without = split_corpus(open_corpus(sentences(12)), SETTINGS, held_out=0.5)
    assert without.train_labels is None


def of_documents(folder, ids, values) -> EmbeddingFile:
    pq.write_table(pa.table({"id": ids, "embedding": np.asarray(values, np.float64).tolist()}), folder / "e.parquet")
    return EmbeddingFile(folder / "e.parquet")


def test_embeddings_go_with_their_documents(tmp_path):
    rows = ["rocket moon", "rocket moon", "", "goal team", "xylophone", "goal rocket", "bread oven", "moon moon"]
    np.save(tmp_path / "e.npy", np.arange(8.0)[:, None].repeat(2, 1))
    settings = Preprocessing(min_df=1)
    file = EmbeddingFile(tmp_path / "e.npy")
    data = split_corpus(open_corpus(rows), settings, held_out=0.4, seed=3, embeddings=file)
    found = {}
    for counts, embeddings in ((data.train, data.train_embeddings), (data.test, data.test_embeddings)):
        assert embeddings.dtype == np.float32
        for row, (number, same) in zip(counts.to_scipy().toarray(), embeddings.tolist(), strict=True):
            assert number == same
            found[int(number)] = {word for word, n in zip(data.words, row, strict=True) if n}
    # Of the copies the first; the empty row counts as a row.
    assert 1 not in found
    assert 2 not in found
    assert len(found) >= 5
    for number, words in found.items():
        assert words <= set(rows[number].split())


def test_embeddings_of_documents_held_out_by_themselves(tmp_path):
    train = sentences(12)
    held_out = ["rocket moon", "", "goal"]
    for name, n in (("train", 12), ("test", 3)):
        np.save(tmp_path / f"{name}.npy", np.arange(float(n))[:, None])
    data = split_corpus(
        open_corpus(train),
        SETTINGS,
        held_out=open_corpus(held_out),
        embeddings=EmbeddingFile(tmp_path / "train.npy"),
        held_out_embeddings=EmbeddingFile(tmp_path / "test.npy"),
    )
    assert data.train_embeddings[:, 0].tolist() == list(range(12))
    assert data.test_embeddings[:, 0].tolist() == [0, 2]
    assert data.sizes()["embedding"] == 1


def test_embeddings_that_do_not_fit(tmp_path):
    np.save(tmp_path / "e.npy", np.zeros((5, 2)))
    with pytest.raises(UsageError, match=r"e\.npy: expected 6 rows, one per input document; got 5"):
        split_corpus(open_corpus(sentences(6)), SETTINGS, held_out=0.5, embeddings=EmbeddingFile(tmp_path / "e.npy"))
    file = of_documents(tmp_path, ["a", "b", "c"], [[1.0], [float("nan")], [2.0]])
    assert embeddings_of(file, ["c", "x", "a"], np.array([2, 0])).tolist() == [[1.0], [2.0]]
    assert embeddings_of(None, ["c"], np.array([0])) is None
    with pytest.raises(UsageError, match="none for 'x'"):
        embeddings_of(file, ["c", "x", "a"], np.array([1]))
    with pytest.raises(NeuralTopicError, match="expected finite numbers; got NaN or infinity for document 'b'"):
        embeddings_of(file, ["a", "b"], np.array([0, 1]))


def test_it_opens_as_it_was_saved(data, embedded, tmp_path):
    assert not is_saved(tmp_path)
    data.save(tmp_path)
    assert is_saved(tmp_path)
    opened = ComparisonData.open(tmp_path)
    assert opened.sizes() == data.sizes()
    assert (opened.train.to_scipy() != data.train.to_scipy()).nnz == 0
    assert np.array_equal(opened.tokens.tokens, data.tokens.tokens)
    assert opened.test_labels == data.test_labels
    ComparisonData(data.train, data.test, data.words).save(tmp_path / "bare")
    bare = ComparisonData.open(tmp_path / "bare")
    assert (bare.tokens, bare.train_embeddings, bare.test_embeddings) == (None, None, None)
    embedded.save(tmp_path / "embedded")
    opened = ComparisonData.open(tmp_path / "embedded")
    assert np.array_equal(opened.train_embeddings, embedded.train_embeddings)
    assert np.array_equal(opened.test_embeddings, embedded.test_embeddings)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, 3, float("nan")])
def test_no_such_share(share):
    with pytest.raises(UsageError, match="held_out: expected a share above 0 and below 1"):
        draw_held_out(10, share, 0)


def test_the_share_is_to_the_nearest_document_and_at_least_one():
    assert [len(draw_held_out(10, share, 0)) for share in (0.01, 0.26, 0.8)] == [1, 3, 8]
    with pytest.raises(NeuralTopicError, match="at least two beside the 9 held out"):
        draw_held_out(10, 0.9, 0)


def test_held_out_documents_must_have_a_word(corpus):
    with pytest.raises(NeuralTopicError, match="held-out documents: expected at least one with a word"):
        split_corpus(open_corpus(corpus), SETTINGS, held_out=open_corpus(["xylophone"]))


def test_no_such_column(corpus):
    with pytest.raises(UsageError, match="'kind'"):
        split_corpus(open_corpus(corpus), SETTINGS, held_out=0.2, label="kind")


def test_reading_is_reported(corpus):
    said = []
    split_corpus(open_corpus(corpus), SETTINGS, held_out=0.2, progress=lambda *stage: said.append(stage[0]))
    assert said[0] == "reading"
    assert "counting" in said
