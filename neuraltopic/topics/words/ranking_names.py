"""The names of the rankings of words that a user can choose. `word_scores` computes them."""

from neuraltopic.errors import UsageError, parameter

RANKINGS = ("default", "energies", "probability", "lift", "frex", "relevance", "explained", "distinct")


def check_ranking(name: str) -> None:
    """Raise a UsageError unless there is a ranking of that name."""
    if not isinstance(name, str) or name not in RANKINGS:
        raise UsageError(
            parameter("ranking"), expected=f"one of {', '.join(RANKINGS)}", got=repr(name), hint="Choose one of these"
        )
