"""Scores that rank the words of each topic, by the name of the ranking.

Axes: K topics, V words.
"""

import numpy as np

from neuraltopic.errors import UsageError, parameter
from neuraltopic.topics.interpretation import TopicInterpretation, TopicWords
from neuraltopic.topics.words.distinct import distinct_scores
from neuraltopic.topics.words.ranking import FloatArray, divergence_terms, frex, lift, relevance
from neuraltopic.topics.words.ranking_names import check_ranking

# The weight with which the readers of Sievert & Shirley (2014) distinguished topics best.
_RELEVANCE = 0.6


def word_scores(
    ranking: str, interpretation: TopicInterpretation, topics: TopicWords, word_totals: FloatArray, strength: FloatArray
) -> FloatArray:
    """Scores of the words of each topic, (K, V), the higher the better.

    Parameters
    ----------
    ranking : str
        "default": the interpretation's own.
        "energies": columns of R, as (17.15) has them.
        "probability": p(w | topic), see `TopicInterpretation.log_probabilities`.
        "lift": p(w | topic) / p(w), see `lift`.
        "frex": see `frex`.
        "relevance": see `relevance`, with a weight of 0.6.
        "explained": p(w | topic) log lift of what the topics explain in the training documents, see `divergence_terms`
        and `explained_documents`.
        "distinct": the default's, each word in the list of one topic, see `distinct_scores`.
    interpretation : TopicInterpretation
    topics : TopicWords
    word_totals : (V,)
        Tokens of each word in the training documents.
    strength : (K,)
        See `TopicStatistics`.

    Raises
    ------
    UsageError
        When there is no such ranking, or it is "explained" and the model's z is not a share.
    """
    check_ranking(ranking)
    if ranking == "default":
        return interpretation.word_weights(topics, word_totals)
    if ranking == "distinct":
        return distinct_scores(interpretation.word_weights(topics, word_totals))
    if ranking == "energies":
        return topics.components
    log_probabilities = interpretation.log_probabilities(topics, strength)
    log_unigram = interpretation.log_unigram(topics)
    if ranking == "probability":
        return np.exp(log_probabilities)
    if ranking == "lift":
        return lift(log_probabilities, log_unigram)
    if ranking == "frex":
        return frex(log_probabilities)
    if ranking == "relevance":
        return relevance(log_probabilities, log_unigram, _RELEVANCE)
    if topics.explained is None:
        raise UsageError(
            parameter("ranking"),
            expected="one that the recipe has",
            got="'explained', which needs a z on the simplex",
            hint="Try lift or relevance, or fit with another recipe",
        )
    return divergence_terms(log_probabilities, log_unigram)
