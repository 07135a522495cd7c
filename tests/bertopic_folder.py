"""Folders as BERTopic saves them with `serialization="safetensors", save_ctfidf=True`, without BERTopic."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from scipy.sparse import csr_array


def save_bertopic(folder: Path, weights: Any, vocabulary: dict[str, int], **topics: Any) -> Path:
    """Write c-TF-IDF (topics from -1 on, words), the columns of the words, and what topics.json says."""
    sparse = csr_array(weights)
    arrays = {"indptr": sparse.indptr, "indices": sparse.indices, "data": sparse.data, "shape": np.array(weights.shape)}
    folder.mkdir(exist_ok=True)
    save_file(arrays, folder / "ctfidf.safetensors")
    (folder / "ctfidf_config.json").write_text(json.dumps({"vectorizer_model": {"params": {}, "vocab": vocabulary}}))
    (folder / "topics.json").write_text(json.dumps(topics))
    return folder


def bertopic_of_news(folder: Path) -> Path:
    """Eight clusters of the tf-idf of Lee's news and their c-TF-IDF; the first cluster stands for the outliers."""
    from sklearn.cluster import KMeans
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

    from neuraltopic.cli import main

    assert main(["corpus", "lee", str(folder.parent / "of-bertopic"), "--quiet"]) == 0
    texts = [path.read_text(encoding="utf-8") for path in sorted((folder.parent / "of-bertopic").glob("*.txt"))]
    vectorizer = CountVectorizer(stop_words="english", min_df=5)
    counts = vectorizer.fit_transform(texts)
    of = KMeans(8, n_init=1, random_state=0).fit_predict(TfidfTransformer().fit_transform(counts))
    per_topic = np.stack([np.asarray(counts[of == topic].sum(0)).ravel() for topic in range(8)]).astype(float)
    frequency = per_topic / per_topic.sum(1, keepdims=True)
    weights = frequency * np.log1p(per_topic.sum() / 8 / per_topic.sum(0))
    vocabulary = {word: int(column) for word, column in vectorizer.vocabulary_.items()}
    names = vectorizer.get_feature_names_out()
    words = {
        str(topic - 1): [[names[w], float(row[w])] for w in np.argsort(-row)[:10]] for topic, row in enumerate(weights)
    }
    return save_bertopic(
        folder, weights, vocabulary, topic_representations=words, topics=(of - 1).tolist(), custom_labels=None
    )
