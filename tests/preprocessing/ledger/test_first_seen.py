import tracemalloc
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraltopic.preprocessing.ledger.first_seen import DIGEST_BYTES, FirstSeen

# Few distinct values of either half, so that digests share their places in the table and half of themselves.
DIGESTS = st.lists(
    st.lists(st.sampled_from([b"\0" * 8, b"\1" * 8, b"\0" * 7 + b"\1", b"\2" * 8]), min_size=2, max_size=2)
)


@given(DIGESTS, st.integers(0, 4))
def test_it_is_a_dictionary_that_keeps_the_first(parts, few):
    digests = [b"".join(part) for part in parts]
    seen, first = FirstSeen(few), {}
    assert [seen.first(digest, number) for number, digest in enumerate(digests)] == [
        first.setdefault(digest, number) for number, digest in enumerate(digests)
    ]
    assert len(seen) == len(first)


@pytest.mark.parametrize("few", [0, 1_000])
def test_it_grows_and_forgets_nothing(few):
    seen = FirstSeen(few)
    tracemalloc.start()
    for number in range(50_000):
        assert seen.first(blake2b(str(number).encode(), digest_size=DIGEST_BYTES).digest(), number) == number
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    for number in range(0, 50_000, 7):
        assert seen.first(blake2b(str(number).encode(), digest_size=DIGEST_BYTES).digest(), 1) == number
    assert len(seen) == 50_000
    assert size < 75 * 50_000
