"""Names of the pictures; importing this module loads nothing else."""

from neuraltopic.errors import UsageError

# `TopicModel.visualize_NAME` draws NAME, unless `neuraltopic.report.plots` has another source.
PLOTS = (
    "topics",
    "documents",
    "barchart",
    "heatmap",
    "hierarchy",
    "term-rank",
    "per-class",
    "over-time",
    "training",
    "compare",
    "choose-k",
)


def check_plot(name: str) -> None:
    """Raise a UsageError unless there is a picture of that name."""
    if name not in PLOTS:
        raise UsageError("picture", expected=f"one of {', '.join(PLOTS)}", got=repr(name), hint="Choose one of these")
