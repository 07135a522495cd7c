"""Evaluation of topics and document vectors on held-out documents."""

from neuraltopic.evaluate.figures import Evaluation, Figure, Interval
from neuraltopic.evaluate.labels import Labelled, training_vectors
from neuraltopic.evaluate.model import evaluate_model

__all__ = ["Evaluation", "Figure", "Interval", "Labelled", "evaluate_model", "training_vectors"]
