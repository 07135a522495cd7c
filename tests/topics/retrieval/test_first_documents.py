"""The order of documents by their scores."""

import numpy as np

from neuraltopic.topics.retrieval.first_documents import best


def test_the_best_come_by_value_then_id():
    values = np.array([1.0, 3.0, 3.00001, 2.0, 3.0])
    eligible = np.array([True, True, True, True, False])
    names = ["b", "z", "a", "c", "0"]
    assert best(values, eligible, 10, names.__getitem__) == [2, 1, 3, 0]
    assert best(values, eligible, 1, names.__getitem__) == [2]
    assert best(values, np.zeros(5, bool), 3, names.__getitem__) == []
