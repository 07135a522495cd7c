"""Draw topics.png from a run: python docs/images/topics.py RUN

The map of the documents by t-SNE of their vectors, coloured by topic, and the words of each topic with its share.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.manifold import TSNE

N_WORDS = 6


def draw(run: Path, output: Path) -> None:
    """Draw the picture of a run of at most twenty topics."""
    topics = pd.read_csv(run / "topics.csv").sort_values("share").reset_index(drop=True)
    assigned = pd.read_parquet(run / "documents.parquet").query("status == 'kept'")["topic"].to_numpy()
    places = TSNE(metric="cosine", init="pca", perplexity=20, random_state=0).fit_transform(
        np.load(run / "vectors.npy")
    )
    colour = {topic: plt.cm.tab10.colors[row % 10] for row, topic in enumerate(topics["topic"])}

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), width_ratios=[1, 1.15], layout="constrained")
    left.scatter(*places.T, c=[colour[topic] for topic in assigned], s=18, alpha=0.85, linewidths=0)
    for topic in topics["topic"]:
        left.annotate(str(topic), np.median(places[assigned == topic], axis=0), weight="bold", ha="center", va="center")
    left.set_axis_off()
    left.set_title("documents", loc="left")

    right.barh(topics.index, topics["share"], color=[colour[topic] for topic in topics["topic"]], alpha=0.55)
    for row, (topic, words) in enumerate(zip(topics["topic"], topics["words"], strict=True)):
        right.text(0.003, row, f"{topic}  {' '.join(words.split()[:N_WORDS])}", va="center", fontsize=9)
    right.set_yticks([])
    right.set_xlim(0, 1.9 * topics["share"].max())
    right.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    right.spines[["top", "right", "left"]].set_visible(False)
    right.set_title("topics: share of the collection, and words", loc="left")
    figure.savefig(output, dpi=90)


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(__file__).with_suffix(".png"))
