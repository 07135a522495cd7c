"""The names of the models that can be compared: our recipes, `default`, and the baselines."""

from typing import TYPE_CHECKING

from neuraltopic.compare.models.baselines import BASELINES, require_installed
from neuraltopic.errors import UsageError, parameter

if TYPE_CHECKING:
    from neuraltopic.compare.models.protocol import ComparedModel

DEFAULT = "default"  # the recipe that TopicModel takes by default
ALIASES = {"lda": "gensim-lda"}


def known_models() -> tuple[str, ...]:
    """Every name: `default`, the recipes, the baselines, and other names for these."""
    from neuraltopic.models.recipes import RECIPES

    return (DEFAULT, *RECIPES, *BASELINES, *ALIASES)


def check_models(names: tuple[str, ...], *, embedded: bool) -> tuple[str, ...]:
    """The models of these names under their own names, each once.

    Parameters
    ----------
    embedded : bool
        Whether the documents come with embeddings.

    Raises
    ------
    UsageError
        For an unknown or repeated name, no name, or a model that needs embeddings if there are none.
    NeuralTopicError
        When the package of a baseline is missing.
    """
    known = known_models()
    for name in names:
        if name not in known:
            raise UsageError(
                parameter("models"), expected=f"some of {', '.join(known)}", got=repr(name), hint="Correct the name"
            )
    chosen = tuple(ALIASES.get(name, name) for name in names)
    if not chosen or len(set(chosen)) < len(chosen):
        got = "none" if not chosen else f"{next(name for name in chosen if chosen.count(name) > 1)} twice"
        raise UsageError(parameter("models"), expected="each once, at least one", got=got, hint="Try default,lda,nmf")
    for name in chosen:
        if name in BASELINES:
            require_installed(name)
        _require_embeddings(name, embedded)
    return chosen


def check_recipe(name: str, *, embedded: bool) -> None:
    """Refuse a name that is neither `default` nor a recipe, and a recipe that needs embeddings if there are none.

    Raises
    ------
    UsageError
    """
    from neuraltopic.models.recipes import find_recipe

    if name != DEFAULT:
        find_recipe(name)
    _require_embeddings(name, embedded)


def _require_embeddings(name: str, embedded: bool) -> None:
    from neuraltopic.models.recipes import RECIPES

    by_recipe = name in RECIPES and RECIPES[name].takes("embeddings")
    if not embedded and (by_recipe or (name in BASELINES and BASELINES[name].reads_embeddings)):
        raise UsageError(
            f"model {name}",
            expected="embeddings of the documents",
            got="none",
            hint=f"Give a .npy or Parquet file of them by {parameter('embeddings')}",
        )


def build_model(name: str, n_components: int, seed: int) -> "ComparedModel":
    """A model of one of the names that `check_models` gives, not yet fitted."""
    if name in BASELINES:
        return BASELINES[name](n_components, seed)
    from neuraltopic.compare.models.recipe_model import RecipeModel

    if name == DEFAULT:
        from neuraltopic.estimators.topic_model import TopicModel

        name = TopicModel().recipe
    return RecipeModel(name, n_components, seed)
