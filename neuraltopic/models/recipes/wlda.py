"""W-LDA: the aggregate posterior matched to a Dirichlet by moments."""

from neuraltopic.core.latents.dirichlet import Dirichlet
from neuraltopic.core.objectives import MomentMatching
from neuraltopic.core.vae import TopicVAE
from neuraltopic.models.recipes.dirichlet import DIRICHLET, shares_vae
from neuraltopic.models.recipes.recipe import Recipe
from neuraltopic.models.recipes.schedules import MATCHED
from neuraltopic.models.recipes.starts import start_at_unigram
from neuraltopic.topics.interpretation import SimplexInterpretation


def wlda(n_words: int, n_components: int) -> TopicVAE:
    """Shares whose aggregate posterior is matched to a Dirichlet by moments, under the product of experts (W-LDA, Nan,
    Ding, Nallapati & Xiang 2019).

    The paper's encoder is a point with Dirichlet noise mixed in; ours is a Dirichlet, whose spread is learned.
    """
    return shares_vae(n_words, Dirichlet(n_components, DIRICHLET))


RECIPE = Recipe(
    name="wlda",
    paper="Nan, Ding, Nallapati and Xiang (2019), Topic modeling with Wasserstein autoencoders",
    build=wlda,
    initialise=start_at_unigram,
    schedule=MATCHED,
    interpretation=SimplexInterpretation(),
    objective=MomentMatching(),
    fewest_topics=2,
)
