import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraltopic.preprocessing.tokenisation import token_stream
from neuraltopic.preprocessing.tokenisation.token_stream import FormIds, TokenStream, numbered

documents = st.lists(st.lists(st.sampled_from("abcde"), max_size=6), max_size=8)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("stream") / "tokens"


def unpacked(blocks) -> list[list[int]]:
    return [
        block.tokens[a:b].tolist() for block in blocks for a, b in np.stack([block.bounds[:-1], block.bounds[1:]], 1)
    ]


def test_forms_are_numbered_in_the_order_of_first_sight():
    ids = FormIds()
    assert [ids[form] for form in "banana"] == [0, 1, 2, 1, 2, 1]
    assert list(ids) == ["b", "a", "n"]


@given(documents, st.integers(1, 9), st.integers(1, 9))
def test_what_is_written_is_read_back_whatever_the_size_of_a_block(path, documents, written, read):
    ids = FormIds()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(token_stream, "BLOCK_TOKENS", written)
        stream = TokenStream(path, numbered(documents, ids))
        patch.setattr(token_stream, "BLOCK_TOKENS", read)
        for _ in range(2):
            blocks = list(stream)
            assert unpacked(blocks) == [[ids[form] for form in document] for document in documents]
            assert all(len(block.tokens) <= read or len(block.bounds) == 2 for block in blocks)
    assert stream.n_documents == len(documents)
    assert stream.n_tokens == sum(map(len, documents))
