"""Recipes of document models: a paper is a choice of encoder, latent, decoder, objective and schedule.

A recipe is a file of this folder and a line of `_RECIPES`.
"""

from neuraltopic.errors import UsageError, parameter
from neuraltopic.models.recipes import (
    adversarial,
    contextual,
    dirichlet,
    etm,
    gsm,
    nvdm,
    prodlda,
    replicated_softmax,
    semi_amortised_prodlda,
    wlda,
    zeroshot,
)
from neuraltopic.models.recipes.given_topics import GIVEN_TOPICS
from neuraltopic.models.recipes.recipe import Recipe

__all__ = [
    "DEFAULT_RECIPE",
    "GIVEN_TOPICS",
    "RECIPES",
    "Recipe",
    "find_recipe",
    "require_takes_seeds",
    "require_takes_word_vectors",
]

_RECIPES = (
    nvdm.RECIPE,
    semi_amortised_prodlda.RECIPE,
    contextual.RECIPE,
    zeroshot.RECIPE,
    prodlda.PRODLDA,
    prodlda.NVLDA,
    gsm.RECIPE,
    etm.RECIPE,
    *dirichlet.DIRICHLET_RECIPES,
    wlda.RECIPE,
    adversarial.RECIPE,
    replicated_softmax.RECIPE,
)
RECIPES = {recipe.name: recipe for recipe in _RECIPES}
# The recipe of a model that names none.
DEFAULT_RECIPE = "semi_amortised_prodlda"
# Earlier names of recipes in saved models, and the names now.
_FORMER_NAMES = {"refined_prodlda": "semi_amortised_prodlda"}


def find_recipe(name: str) -> Recipe:
    """The recipe of that name, or of that former name.

    Raises
    ------
    UsageError
        When there is none.
    """
    name = _FORMER_NAMES.get(name, name) if isinstance(name, str) else name
    if name == GIVEN_TOPICS.name:
        return GIVEN_TOPICS
    if not isinstance(name, str) or name not in RECIPES:
        raise UsageError(
            parameter("recipe"), expected=f"one of {', '.join(RECIPES)}", got=repr(name), hint="Choose one of these"
        )
    return RECIPES[name]


def require_takes_seeds(recipe: Recipe) -> None:
    """Raise a UsageError for a recipe that takes no seed words."""
    if not recipe.takes("seed_words"):
        raise UsageError(
            parameter("seed_words"),
            expected="a recipe with shares of topics",
            got=f"{recipe.name}, whose topics are axes that may turn and change sign",
            hint=f"Leave them out, or try recipe {DEFAULT_RECIPE}",
        )


def require_takes_word_vectors(recipe: Recipe) -> None:
    """Raise a UsageError for a recipe without word vectors."""
    if not recipe.takes("word_vectors"):
        raise UsageError(
            parameter("word_vectors"),
            expected="the recipe etm",
            got=recipe.name,
            hint="Leave them out, or name recipe etm",
        )
