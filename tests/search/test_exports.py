import json
import shutil
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.reading.readers import open_corpus
from neuraltopic.search import SearchIndex
from neuraltopic.search.exports import export_index


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_a_file_has_every_document(shared_index, tmp_path, suffix):
    path = tmp_path / f"copy.{suffix}"
    assert export_index(shared_index, str(path)) == 60
    table = pyarrow.parquet.read_table(path) if suffix == "parquet" else pa.ipc.open_file(path).read_all()
    segment = shared_index.segments[0]
    assert table["id"].to_pylist() == list(segment.ids)
    assert table["text"].to_pylist() == list(segment.texts)
    assert np.array(table["vector"].to_pylist(), np.float32).tolist() == segment.vectors.tolist()
    assert set(table["label"].to_pylist()) == {"space", "sport", "kitchen"}
    with pytest.raises(UsageError, match="does not exist yet"):
        export_index(shared_index, str(path))


def test_arrays_have_the_vectors_and_the_ids(shared_index, tmp_path):
    """Of all segments, without a deleted document."""
    shutil.copytree(shared_index.folder, tmp_path / "index")
    index = SearchIndex.open(tmp_path / "index").add(["rocket"]).delete(["space/00.txt"])
    assert export_index(index, str(tmp_path / "copy.npy")) == 60
    ids, vectors = (np.load(tmp_path / name) for name in ("copy_ids.npy", "copy.npy"))
    assert vectors.dtype == np.float32
    assert vectors.shape == (60, 3)
    assert "space/00.txt" not in ids
    for table in index.batches(7):
        for id, vector in zip(table["id"], table["vector"], strict=True):
            assert vectors[ids == id].tolist() == [vector.tolist()]
    (tmp_path / "copy.npy").unlink()
    with pytest.raises(UsageError, match=r"copy_ids\.npy: expected a path that does not exist yet"):
        export_index(index, str(tmp_path / "copy.npy"))


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_qdrant_in_a_folder(shared_index, tmp_path):
    qdrant = pytest.importorskip("qdrant_client")
    target = f"qdrant://{tmp_path}/themes"
    assert export_index(shared_index, target) == 60
    assert export_index(shared_index, target) == 0  # all are there
    client = qdrant.QdrantClient(path=str(tmp_path))
    try:
        assert client.count("themes").count == 60
        vector = shared_index.segments[0].vectors[7]
        kitchen = qdrant.models.FieldCondition(key="label", match=qdrant.models.MatchValue(value="space"))
        found = client.query_points(
            "themes", vector.tolist(), limit=3, query_filter=qdrant.models.Filter(must=[kitchen])
        ).points
        vectors, labels = shared_index.segments[0].vectors, shared_index.segments[0].fields()["label"]
        cosine = vectors @ vector / np.linalg.norm(vectors, axis=1) / np.linalg.norm(vector)
        expected = np.sort(cosine[labels == "space"])[::-1][:3]
        assert [point.score for point in found] == pytest.approx(expected.tolist(), abs=1e-5)
        assert all(point.payload["label"] == "space" and point.payload["text"] for point in found)
    finally:
        client.close()
    smaller = shared_index  # what changed alone is sent again
    client = qdrant.QdrantClient(path=str(tmp_path))
    point = client.scroll("themes", limit=1)[0][0].id
    client.set_payload("themes", {"fingerprint": "old"}, points=[point])
    client.close()
    assert export_index(smaller, target) == 1


def test_postgresql_with_pgvector(shared_index, tmp_path):
    pgserver = pytest.importorskip("pgserver")
    psycopg = pytest.importorskip("psycopg")
    server = pgserver.get_server(tmp_path / "data")
    try:
        address = server.get_uri()
        target = address + ("&" if "?" in address else "?") + "table=themes"
        assert export_index(shared_index, target) == 60
        assert export_index(shared_index, target) == 0
        vector = shared_index.segments[0].vectors[7]
        with psycopg.connect(address) as connection:
            connection.execute("UPDATE themes SET fingerprint = 'old' WHERE id = 'space/00.txt'")
            rows = connection.execute(
                "SELECT id, vector <=> %s::vector FROM themes WHERE fields->>'label' = 'space' ORDER BY 2, 1 LIMIT 3",
                [json.dumps(vector.tolist())],
            ).fetchall()
        vectors, labels = shared_index.segments[0].vectors, shared_index.segments[0].fields()["label"]
        distance = 1 - vectors @ vector / np.linalg.norm(vectors, axis=1) / np.linalg.norm(vector)
        assert [row[1] for row in rows] == pytest.approx(np.sort(distance[labels == "space"])[:3].tolist(), abs=1e-5)
        assert export_index(shared_index, target) == 1
        other = target.replace("themes", 'x"; DROP TABLE themes; --'.replace(" ", "%20").replace(";", "%3B"))
        assert export_index(shared_index, other) == 60
        with psycopg.connect(address) as connection:
            assert connection.execute("SELECT count(*) FROM themes").fetchone() == (60,)
    finally:
        server.cleanup()


def test_targets_that_are_none(shared_index, tmp_path):
    with pytest.raises(UsageError, match=r"qdrant://HOST/COLLECTION, postgresql"):
        export_index(shared_index, "ftp://somewhere/else")
    with pytest.raises(UsageError, match="qdrant://HOST/COLLECTION"):
        export_index(shared_index, "qdrant://host/")
    pytest.importorskip("psycopg")
    with pytest.raises(NeuralTopicError, match="PostgreSQL: expected a store"):
        export_index(shared_index, "postgresql://127.0.0.1:1/none?connect_timeout=2")


def lancedb_rows(uri, options=None):
    import lancedb

    return lancedb.connect(uri, storage_options=options).open_table("themes")


def test_lancedb_in_a_folder(shared_index, tmp_path):
    pytest.importorskip("lancedb")
    target = f"lancedb://{tmp_path}/themes"
    assert export_index(shared_index, target) == 60
    assert export_index(shared_index, target) == 0  # all are there
    table = lancedb_rows(str(tmp_path))
    vectors, labels = shared_index.segments[0].vectors, shared_index.segments[0].fields()["label"]
    found = table.search(vectors[7].tolist()).metric("cosine").where("label = 'space'").limit(3).to_list()
    cosine = vectors @ vectors[7] / np.linalg.norm(vectors, axis=1) / np.linalg.norm(vectors[7])
    assert [1 - row["_distance"] for row in found] == pytest.approx(
        np.sort(cosine[labels == "space"])[::-1][:3], abs=1e-5
    )
    assert all(row["label"] == "space" and row["text"] for row in found)
    # What changed alone is sent again.
    table.update(where="id = 'space/00.txt'", values={"fingerprint": "old"})
    assert export_index(shared_index, target) == 1
    assert table.count_rows() == 60
    with pytest.raises(UsageError, match="lancedb:///FOLDER/TABLE"):
        export_index(shared_index, "lancedb://themes")


def test_lancedb_in_a_bucket(shared_index, monkeypatch):
    """On a server of S3's protocol, on this machine."""
    pytest.importorskip("lancedb")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    boto3 = pytest.importorskip("boto3")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    server.start()
    try:
        endpoint = "http://{}:{}".format(*server.get_host_and_port())
        boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket="shelf")
        options = {"endpoint": endpoint, "region": "us-east-1", "allow_http": "true"}
        target = f"lancedb+s3://shelf/copies/themes?{urlencode(options)}"
        assert export_index(shared_index, target) == 60
        assert export_index(shared_index, target) == 0
        assert lancedb_rows("s3://shelf/copies", options).count_rows() == 60
    finally:
        server.stop()


@pytest.fixture(scope="module")
def embedded_index(tmp_path_factory, model):
    """An index with embeddings of two segments, of which a document is deleted, and metadata under names of our own."""
    rng = np.random.default_rng(0)
    rows = [{"id": id, "body": "rocket moon", "vector": 1, "fingerprint": "f", "text_": "b"} for id in "abc"]
    first = open_corpus(pd.DataFrame(rows), text="body")
    index = SearchIndex.build(
        tmp_path_factory.mktemp("embedded") / "index", model, first, embeddings=rng.standard_normal((3, 8))
    )
    later = pd.DataFrame({"id": ["d", "e"], "text": ["bread oven", "goal"], "year": [2015, 2016]})
    return index.add(later, embeddings=rng.standard_normal((2, 8))).delete(["b"])


def embeddings_of(index):
    """By id."""
    return {
        segment.ids[row]: segment.documents.embeddings[row]
        for segment in index.segments
        for row in np.flatnonzero(segment.live).tolist()
    }


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_a_file_has_the_embeddings(embedded_index, tmp_path, suffix):
    path = tmp_path / f"copy.{suffix}"
    assert export_index(embedded_index, str(path)) == 4
    table = pyarrow.parquet.read_table(path) if suffix == "parquet" else pa.ipc.open_file(path).read_all()
    assert table.column_names == [
        "id", "topic", "n_tokens", "vector_", "fingerprint_", "text_", "year", "text", "vector", "embedding"
    ]  # fmt: skip
    assert table["id"].to_pylist() == ["a", "c", "d", "e"]
    assert table["vector_"].to_pylist() == [1, 1, None, None]
    assert table["year"].to_pylist() == [None, None, 2015, 2016]
    assert str(table["year"].type) == "int64"
    assert table["text"].to_pylist() == ["rocket moon", "rocket moon", "bread oven", "goal"]
    expected = embeddings_of(embedded_index)
    for id, embedding in zip(table["id"].to_pylist(), table["embedding"].to_pylist(), strict=True):
        assert np.array(embedding, np.float32).tolist() == expected[id].tolist()
        assert np.linalg.norm(embedding) == pytest.approx(1.0, abs=1e-6)


def test_arrays_have_the_embeddings(embedded_index, tmp_path):
    assert export_index(embedded_index, str(tmp_path / "copy.npy")) == 4
    ids, vectors, embeddings = (np.load(tmp_path / f"copy{name}.npy") for name in ("_ids", "", "_embeddings"))
    assert (vectors.shape, embeddings.shape, embeddings.dtype) == ((4, 3), (4, 8), np.float32)
    expected = embeddings_of(embedded_index)
    assert embeddings.tolist() == [expected[id].tolist() for id in ids.tolist()]
    for name in ("copy.npy", "copy_ids.npy"):
        (tmp_path / name).unlink()
    with pytest.raises(UsageError, match=r"copy_embeddings\.npy: expected a path that does not exist yet"):
        export_index(embedded_index, str(tmp_path / "copy.npy"))


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_qdrant_has_the_embeddings(embedded_index, shared_index, tmp_path):
    qdrant = pytest.importorskip("qdrant_client")
    target = f"qdrant://{tmp_path}/themes"
    assert export_index(embedded_index, target) == 4
    assert export_index(embedded_index, target) == 0
    expected = embeddings_of(embedded_index)
    client = qdrant.QdrantClient(path=str(tmp_path))
    try:
        found = client.query_points("themes", expected["d"].tolist(), using="embedding", limit=4).points
        cosines = sorted((float(expected["d"] @ embedding) for embedding in expected.values()), reverse=True)
        assert [point.score for point in found] == pytest.approx(cosines, abs=1e-5)
        assert found[0].payload["text"] == "bread oven"
        by_id = {point.payload["id"]: point.payload for point in found}
        assert by_id["a"]["vector_"] == 1
        assert by_id["a"]["fingerprint_"] == "f"
        assert by_id["a"]["fingerprint"] != "f"
    finally:
        client.close()
    with pytest.raises(UsageError, match=r"themes: expected vectors of 3 numbers \(vector\); got vectors of 3 num"):
        export_index(shared_index, target)


def test_postgresql_has_the_embeddings(embedded_index, model, tmp_path):
    """In a table that an index without embeddings began, too."""
    pgserver = pytest.importorskip("pgserver")
    psycopg = pytest.importorskip("psycopg")
    server = pgserver.get_server(tmp_path / "data")
    try:
        address = server.get_uri()
        target = address + ("&" if "?" in address else "?") + "table=themes"
        plain = SearchIndex.build(tmp_path / "plain", model, pd.DataFrame({"id": ["a"], "text": ["rocket moon"]}))
        assert export_index(plain, target) == 1
        assert export_index(embedded_index, target) == 4
        assert export_index(embedded_index, target) == 0
        expected = embeddings_of(embedded_index)
        with psycopg.connect(address) as connection:
            rows = connection.execute(
                "SELECT id, embedding <=> %s::vector FROM themes ORDER BY 2", [json.dumps(expected["d"].tolist())]
            ).fetchall()
        distances = {id: 1.0 - float(expected["d"] @ embedding) for id, embedding in expected.items()}
        assert dict(rows) == pytest.approx(distances, abs=1e-6)
    finally:
        server.cleanup()


def test_lancedb_has_the_embeddings(embedded_index, model, tmp_path):
    """In a table that an index without embeddings and with fewer columns began, too."""
    pytest.importorskip("lancedb")
    target = f"lancedb://{tmp_path}/themes"
    plain = SearchIndex.build(tmp_path / "plain", model, pd.DataFrame({"id": ["a"], "text": ["rocket moon"]}))
    assert export_index(plain, target) == 1
    assert export_index(embedded_index, target) == 4
    assert export_index(embedded_index, target) == 0
    rows = {row["id"]: row for row in lancedb_rows(str(tmp_path)).to_arrow().to_pylist()}
    assert {id: row["embedding"] for id, row in rows.items()} == {
        id: embedding.tolist() for id, embedding in embeddings_of(embedded_index).items()
    }
    assert (rows["a"]["vector_"], rows["a"]["fingerprint_"], rows["e"]["year"]) == (1, "f", 2016)


@pytest.fixture(scope="module")
def mixed_index(tmp_path_factory, model):
    """An index whose additions have other types in a column: years as numbers, with some missing, and as text."""
    folder = tmp_path_factory.mktemp("mixed") / "index"
    parts = [
        {"id": ["a", "b"], "text": ["rocket moon"] * 2, "year": [2015.0, None], "size": [1, 2]},
        {"id": ["c", "d"], "text": ["bread oven"] * 2, "year": ["2016", "spring"], "size": [0.5, 3.0]},
    ]
    return SearchIndex.build(folder, model, pd.DataFrame(parts[0])).add(pd.DataFrame(parts[1]))


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_a_file_of_columns_whose_type_changed(mixed_index, tmp_path, suffix):
    path = tmp_path / f"copy.{suffix}"
    assert export_index(mixed_index, str(path)) == 4
    table = pyarrow.parquet.read_table(path) if suffix == "parquet" else pa.ipc.open_file(path).read_all()
    assert table["year"].to_pylist() == ["2015", None, "2016", "spring"]
    assert table["size"].to_pylist() == [1.0, 2.0, 0.5, 3.0]


def test_lancedb_of_columns_whose_type_changed(mixed_index, tmp_path):
    pytest.importorskip("lancedb")
    assert export_index(mixed_index, f"lancedb://{tmp_path}/themes") == 4
    rows = sorted(lancedb_rows(str(tmp_path)).to_arrow().to_pylist(), key=lambda row: row["id"])
    assert [row["year"] for row in rows] == ["2015", None, "2016", "spring"]
    assert [row["size"] for row in rows] == [1.0, 2.0, 0.5, 3.0]
