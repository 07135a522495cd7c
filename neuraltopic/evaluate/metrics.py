"""The metrics that `evaluate` and `compare` report: one name, direction and meaning for each quantity."""

from dataclasses import dataclass

from neuraltopic.topics.coherence import C_V_WINDOW, NPMI_WINDOW


@dataclass(frozen=True)
class Metric:
    """A quantity that is measured of a model.

    Attributes
    ----------
    name : str
        In files and in Python.
    heading : str
        In tables.
    better : str
        "higher" or "lower".
    format : str
        Format specification of a value in a table.
    meaning : str
        One line without its full stop.
    """

    name: str
    heading: str
    better: str
    format: str
    meaning: str


# In the order of the columns of a comparison.
METRICS = {
    name: Metric(name, *rest)
    for name, *rest in (
        ("npmi", "NPMI", "higher", ".3f", f"top-word pairs in windows of {NPMI_WINDOW} tokens; c_npmi"),
        ("npmi_document", "NPMI, documents", "higher", ".3f", "top-word pairs in whole documents"),
        ("c_v", "C_V", "higher", ".3f", f"similar contexts in windows of {C_V_WINDOW} tokens; c_v"),
        ("umass", "UMass", "higher", ".3f", "nats, ranked top-word pairs in whole documents; u_mass"),
        ("uci", "UCI", "higher", ".3f", f"nats, top-word pairs in windows of {NPMI_WINDOW} tokens; c_uci"),
        ("diversity", "diversity", "higher", ".3f", "distinct words as a share of all top words"),
        ("inverted_rbo", "inverted RBO", "higher", ".3f", "1 - rank-biased overlap of the top words of two topics"),
        ("exclusivity", "exclusivity", "higher", ".3f", "share of a topic in the use of its own top words"),
        ("live_topics", "live topics", "higher", ".0f", "topics with a share over 0.1 / K and 5 training documents"),
        ("stability", "stability", "higher", ".3f", "rank-biased overlap with the paired topic of another seed"),
        ("perplexity_completion", "perplexity, completion", "lower", ",.0f", "half of each document, given the other"),
        ("perplexity_bound_corpus", "perplexity, bound", "lower", ",.0f", "by the ELBO, over all tokens"),
        (
            "perplexity_bound_document",
            "perplexity, bound, mean",
            "lower",
            ",.0f",
            "by the ELBO, document mean",
        ),
        (
            "perplexity_iw_corpus",
            "perplexity, IW",
            "lower",
            ",.0f",
            "by importance weights, over all tokens",
        ),
        (
            "perplexity_iw_document",
            "perplexity, IW, mean",
            "lower",
            ",.0f",
            "by importance weights, document mean",
        ),
        ("purity", "purity", "higher", ".3f", "documents with the most frequent label of their topic"),
        ("nmi", "NMI", "higher", ".3f", "normalised mutual information of label and topic"),
        ("kmeans_purity", "KMeans purity", "higher", ".3f", "purity of as many KMeans clusters as labels"),
        ("kmeans_nmi", "KMeans NMI", "higher", ".3f", "NMI of label and as many KMeans clusters as labels"),
        (
            "kmeans_unit_purity",
            "KMeans purity, L2",
            "higher",
            ".3f",
            "purity of clusters of vectors of length 1",
        ),
        (
            "kmeans_unit_nmi",
            "KMeans NMI, L2",
            "higher",
            ".3f",
            "NMI of label and clusters of vectors of length 1",
        ),
        ("probe_accuracy", "probe", "higher", ".3f", "accuracy of logistic regression from training vectors"),
        ("precision_at_10", "P@10", "higher", ".3f", "same label among the 10 nearest training documents"),
        ("cpu_seconds", "CPU s", "lower", ",.1f", "processor time of the fit alone"),
        ("wall_seconds", "wall s", "lower", ",.1f", "elapsed time of the fit alone"),
        ("memory_mb", "MB", "lower", ",.0f", "peak memory of the process until the end of the fit"),
    )
}
