"""Effects of metadata on the shares of the topics of a run."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from neuraltopic.core.latents.gaussian import DiagonalGaussian
from neuraltopic.core.latents.logistic_normal import LogisticNormal
from neuraltopic.errors import UsageError, install_hint
from neuraltopic.estimators.fitting import require_whole
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.reading.rows import Corpus
from neuraltopic.runs.editing import corpus_of, open_with_documents
from neuraltopic.runs.groups import counts_of_fit, metadata_of
from neuraltopic.topics.groups.effects import (
    composed_effects,
    effects_table,
    posterior_given_metadata,
    require_full_rank,
)

if TYPE_CHECKING:
    import pandas as pd

    from neuraltopic.preprocessing.counts import Counts


def topic_effects(
    run: Path, formula: str, *, corpus: Corpus | None = None, n_draws: int = 50, seed: int = 0
) -> "pd.DataFrame":
    """Regress the shares of each topic on metadata: see `neuraltopic.topics.groups.effects`.

    Parameters
    ----------
    run : Path
        Run folder of a recipe whose z is Gaussian given its words, as that of the default is.
    formula : str
        The right side, as `formulaic` reads it: "source + year", "C(year)", "a * b". A column whose values are all
        numbers is numeric, unless in C(). Documents with a missing value are left out.
    corpus : Corpus, optional
        The documents of the fit, whose words are read again; by default those that run.json names.
    n_draws : int, default 50
        M.
    seed : int, default 0
        Of the draws.

    Returns
    -------
    DataFrame
        topic, label, term, estimate, error, low, high: the change of the share by one unit of the term, and its 95 %
        interval.

    Raises
    ------
    UsageError
        When formulaic is not installed, or the formula cannot be used; when the recipe is of another kind.
    """
    require_whole("n_draws", n_draws, smallest=2)
    model = open_with_documents(run)
    design, rows, terms = design_of(formula, metadata_of(model))
    counts = counts_of_fit(model, corpus or corpus_of(run)).rows(rows)
    prior = _prior_of(model)
    mean, variance = model.document_vae_.posterior(counts)
    z, spread = posterior_given_metadata(mean, variance, *prior, design)
    rng = np.random.default_rng(seed)
    found = composed_effects(lambda z: _shares(model, z, counts), z, spread, design, n_draws, rng)
    return effects_table(found, terms, model.labels_)


def design_of(formula: str, metadata: "pd.DataFrame") -> tuple[NDArray[np.float64], NDArray[np.int64], list[str]]:
    """The design matrix (D', P) of the documents without a missing value, their numbers (D',), and P terms.

    Raises
    ------
    UsageError
    """
    try:
        from formulaic import model_matrix
        from formulaic.errors import FormulaicError
    except ImportError as error:
        raise UsageError(
            "effects", expected="the package formulaic", got="none", hint=install_hint("effects")
        ) from error
    right = formula.strip().removeprefix("~")
    table = metadata.apply(_as_numbers)
    try:
        matrix = model_matrix(f"~ {right}", table, na_action="drop", context={})
    except (FormulaicError, NameError, ValueError, TypeError, SyntaxError) as error:
        raise UsageError(
            "formula",
            expected=f"terms of the columns {', '.join(map(str, metadata.columns)) or '(there are none)'}",
            got=f"{formula!r:.80} ({str(error).splitlines()[0]:.120})",
            hint="Try a column alone, or C(column) for classes",
        ) from error
    terms, rows = [str(name) for name in matrix.columns], np.asarray(matrix.index, np.int64)
    design = np.asarray(matrix, np.float64)
    require_full_rank(design, terms)
    return design, rows, terms


def _as_numbers(column: "pd.Series") -> "pd.Series":
    """The column as numbers if every value that is not missing is one, else as objects."""
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    if (numbers.notna() == column.notna()).all():
        return numbers.astype(float)
    return column.astype(object)


def _prior_of(model: TopicModel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of the prior of z, (K,)."""
    latent = model.document_vae_.vae_.latent
    if isinstance(latent, LogisticNormal):
        return latent.prior_mean.double().cpu().numpy(), latent.prior_log_variance.double().exp().cpu().numpy()
    if isinstance(latent, DiagonalGaussian):
        return np.zeros(latent.n_components), np.ones(latent.n_components)
    raise UsageError(
        "run", expected="a recipe with a Gaussian posterior", got=model.recipe, hint="Fit with the default recipe"
    )


def _shares(model: TopicModel, z: NDArray[np.float64], counts: "Counts") -> NDArray[np.floating]:
    """Shares of the edited topics in documents with these z, (D, T)."""
    vae = model.document_vae_
    with torch.no_grad():
        latents = vae.vae_.latent.transform(torch.from_numpy(z.astype(np.float32))).numpy()
    return model.reader_.shares_of(latents, counts)
