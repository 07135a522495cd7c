"""An index of many documents: seconds to write and open, size, memory, and the time of queries at 1 and 8 clients.

    python -m tests.benchmarks.search.search_scale FOLDER [documents, 1,000,000 by default, or several numbers of them]

With several numbers each has its index, FOLDER-NUMBER, and the model is fitted once.

The documents are those of AG News again and again, each without a tenth of its words, their vectors with noise of a
tenth of the standard deviation: embedding, which takes seconds per 10,000 documents, is measured on the 10,000 alone.
Queries are the first six words of 400 test documents, answered with the ten best, the reasons and the passages. The
ten best of 20 queries are compared with those of the scores of all documents.

With embeddings of AG News in the folder SEARCH_EMBEDDINGS, see `sentence_embeddings.py`, documents and queries have
them, with the same noise.
"""

import resource
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from neuraltopic import SearchIndex, TopicModel
from neuraltopic.preprocessing.counts import Counts, CountsWriter
from neuraltopic.search.directions import learn_embedding_topics
from neuraltopic.search.fields import FIELDS
from neuraltopic.search.folder import Generation
from neuraltopic.search.indexing import embedded
from neuraltopic.search.segments import EMBEDDINGS, write_ids, write_postings, write_vectors
from neuraltopic.search.texts import write_texts
from neuraltopic.storage.arrays import RowsWriter
from neuraltopic.topics.retrieval.document_set import unit_rows
from neuraltopic.topics.retrieval.first_documents import best
from tests.benchmarks.data import data_folder
from tests.benchmarks.search.retrieval import embeddings


def main(folder, sizes):
    lines = (data_folder() / "agnews" / "train_texts.txt").read_text(encoding="utf-8").splitlines()
    model = TopicModel(50, random_state=0, max_epochs=10).fit(lines)
    counts = model.prepare(lines).counts
    start = time.perf_counter()
    blocks = zip(*embedded(model, counts, None, None), strict=True)
    vectors, topics = (np.concatenate(of_all) for of_all in blocks)
    seconds = time.perf_counter() - start
    print(f"embedding: {len(lines) / seconds:,.0f} documents per second")
    for size in sizes:
        of_size = folder if len(sizes) == 1 else folder.with_name(f"{folder.name}-{size}")
        if of_size.exists():
            shutil.rmtree(of_size)
        measure(of_size, model, lines, counts, vectors, topics, embeddings("agnews"), size)


def measure(folder, model, lines, counts, vectors, topics, of_texts, n_documents):
    start, cpu = time.perf_counter(), time.process_time()
    write(folder, model, lines, counts, vectors, topics, None if of_texts is None else of_texts[0], n_documents)
    print(f"writing {n_documents:,}: {time.perf_counter() - start:.0f} s, {time.process_time() - cpu:.0f} CPU s")
    n_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"size: {n_bytes / 2**20:,.0f} MiB, {n_bytes / n_documents:,.0f} bytes per document")
    start, cpu = time.perf_counter(), time.process_time()
    index = SearchIndex.open(folder)
    index.answer("warm up the oil price")
    print(f"opening, with SHA-256 of all: {time.perf_counter() - start:.1f} s, {time.process_time() - cpu:.1f} CPU s")
    tests = (data_folder() / "agnews" / "test_texts.txt").read_text(encoding="utf-8").splitlines()[:400]
    queries = [" ".join(text.split()[:6]) for text in tests]
    asked = [(query, None if of_texts is None else of_texts[1][number]) for number, query in enumerate(queries)]
    same = [same_as_all_scores(index, *query) for query in asked[:20]]
    print(f"recall at 10 against the scores of all documents: {np.mean(same):.3f}")
    for by in ("words", "topics", "hybrid"):
        timed(index, asked[:100], 1, by)
    timed(index, asked, 8, "hybrid")
    cpu = time.process_time()
    index.answer(queries[0], where="year >= 2015 and kind != 'b'")
    first, cpu = time.process_time() - cpu, time.process_time()
    for query in queries[:20]:
        index.answer(query, where="year >= 2015 and kind != 'b'")
    print(f"filtered: {first * 1e3:.0f} ms of CPU the first time, then {(time.process_time() - cpu) / 20 * 1e3:.0f}")
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10:,.0f} MiB at most, with the writing")


def same_as_all_scores(index, query, embedding):
    """Share of the ten best that are among those of the scores of all documents."""
    ranking = index._documents.ranking
    n_unknown = sum(index.model.preprocessor_.unknown_words(query).values())
    asked = index._answering._asked(query, embedding, n_unknown)
    scores = ranking.scores(asked)
    wanted = best(scores.values, scores.eligible, 10, index._documents.id)
    found = index.answer(query, embedding=embedding).hits
    return len({index._documents.id(d) for d in wanted} & {hit.id for hit in found}) / len(wanted)


def timed(index, queries, clients, by):
    """Print the rate and the percentiles of queries of so many clients at once."""

    def ask(query):
        start = time.perf_counter()
        index.answer(query[0], by=by, embedding=query[1])
        return time.perf_counter() - start

    start, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(clients) as pool:
        took = np.array(list(pool.map(ask, queries))) * 1e3
    rate, cpu = len(queries) / (time.perf_counter() - start), time.process_time() - cpu
    print(
        f"{by}, {clients} at once: {rate:.1f} queries a second, 50th percentile {np.percentile(took, 50):.0f} ms, "
        f"99th {np.percentile(took, 99):.0f} ms, {cpu / len(queries) * 1e3:.0f} ms of CPU a query",
        flush=True,
    )


def write(folder, model, lines, counts, vectors, topics, of_texts, n_documents):
    rng = np.random.default_rng(0)
    segment = folder / "segment-1"
    segment.mkdir(parents=True)
    model.save(folder / "model-1")
    std = vectors.std(0) / 10
    placed = np.arange(n_documents) % len(lines)
    with CountsWriter(segment / "counts", counts.shape[1]) as writer:
        for start in range(0, n_documents, len(lines)):
            block = counts.rows(placed[start : start + len(lines)])
            kept = rng.random(block.nnz) < 0.9
            ends = np.concatenate([[0], np.cumsum(kept)])[block.indptr]
            writer.append(np.diff(ends), block.indices[kept], block.data[kept])

    def noisy():
        for start in range(0, n_documents, 50_000):
            some = placed[start : start + 50_000]
            noise = std * rng.standard_normal((len(some), vectors.shape[1]), np.float32)
            yield (vectors[some] + noise).astype(np.float32), topics[some]

    shape = n_documents, vectors.shape[1]
    write_vectors(segment, noisy(), shape, model.document_vae_.empty_document_vector())
    write_postings(segment, Counts.open(segment / "counts"))
    write_texts(segment, "texts", (lines[place] for place in placed.tolist()))
    write_ids(segment, [f"d{number:07d}" for number in range(n_documents)])
    fields = {"n_tokens": counts.totals()[placed].astype(int), "year": 2000 + placed % 25}
    pd.DataFrame({**fields, "kind": np.array(["a", "b", "c"])[placed % 3]}).to_parquet(segment / FIELDS)
    generation = Generation(1, "model-1", counts.shape[1], vectors.shape[1], True)
    generation = replace(generation, segments={"segment-1": n_documents})
    if of_texts is not None:
        C = of_texts.shape[1]
        with RowsWriter(segment / EMBEDDINGS, np.float32, (n_documents, C)) as writer:
            for start in range(0, n_documents, 50_000):
                some = of_texts[placed[start : start + 50_000]]
                writer.append(unit_rows(some + 0.1 / C**0.5 * rng.standard_normal(some.shape, np.float32)))
        start, cpu = time.perf_counter(), time.process_time()
        generation = replace(generation, n_dimensions=C, learned_from=n_documents)
        generation = replace(generation, embedding_topics="embedding_topics-1.npy")
        learn_embedding_topics([segment], folder / "embedding_topics-1.npy")
        took = time.perf_counter() - start, time.process_time() - cpu
        print(f"topics of embeddings: {took[0]:.1f} s, {took[1]:.1f} CPU s")
    generation.with_files(folder, generation.in_use()).write(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(size) for size in sys.argv[2:]] or [1_000_000])
