import pytest

from neuraltopic import Preprocessing, TopicModel
from neuraltopic.search import SearchIndex
from tests.tiny_corpus import sentences, write_corpus


@pytest.fixture(scope="session")
def model():
    """A model that tests only read."""
    return TopicModel(3, preprocessing=Preprocessing(min_df=1), max_epochs=15, random_state=0).fit(sentences())


@pytest.fixture(scope="session")
def shared_index(tmp_path_factory, model):
    """An index of the themes, a document a file, that tests only read."""
    folder = tmp_path_factory.mktemp("indexes")
    return SearchIndex.build(folder / "index", model, str(write_corpus(folder / "themes")))
