import pytest

from neuraltopic import Preprocessing, TopicModel
from tests.tiny_corpus import sentences


@pytest.fixture(scope="session")
def models():
    """The same fit from two seeds; tests only read them."""
    return [
        TopicModel(3, preprocessing=Preprocessing(min_df=1), max_epochs=20, random_state=seed).fit(sentences())
        for seed in (0, 1)
    ]
