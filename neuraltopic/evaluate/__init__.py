"""Honest figures: how good topics and document vectors are, on documents that the model has not seen."""

from neuraltopic.evaluate.figures import Evaluation, Figure, Interval
from neuraltopic.evaluate.labels import Labelled, training_vectors
from neuraltopic.evaluate.model import evaluate_model

__all__ = ["Evaluation", "Figure", "Interval", "Labelled", "evaluate_model", "training_vectors"]
