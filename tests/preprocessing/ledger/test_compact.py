import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraltopic.preprocessing.ledger.compact import CompactTexts, CompactValues

TEXTS = st.lists(st.text(st.characters()) | st.just("\ud800"))


@given(TEXTS)
def test_texts_come_back_as_a_list_has_them(texts):
    column = CompactTexts()
    for text in texts:
        column.append(text)
    assert len(column) == len(texts)
    assert list(column) == texts
    assert column == texts
    assert column[1:4] == texts[1:4]
    assert column[::-1] == texts[::-1]


@given(TEXTS.filter(len), st.data())
def test_a_text_can_be_replaced(texts, data):
    column = CompactTexts()
    for text in texts:
        column.append(text)
    place = data.draw(st.integers(-len(texts), len(texts) - 1))
    column[place] = texts[place] = "other"
    assert column == texts


@given(st.lists(st.sampled_from("abc")), st.sampled_from("abcd"))
def test_values_come_back_and_are_counted(values, wanted):
    column = CompactValues()
    for value in values:
        column.append(value)
    assert column == values
    assert column[1:] == values[1:]
    assert column.counts() == {value: values.count(value) for value in set(values)}
    assert list(column.places(wanted)) == [place for place, value in enumerate(values) if value == wanted]
    if values:
        column[-1] = wanted
        assert column == [*values[:-1], wanted]


@pytest.mark.parametrize("column", [CompactTexts(), CompactValues()])
def test_a_place_that_is_not_there(column):
    column.append("a")
    with pytest.raises(IndexError):
        column[1]
    assert column != ["b"]
    assert column != ["a", "a"]
    assert column != 1


def test_they_are_texts_to_arrow():
    column = CompactTexts()
    for number in range(40_000):
        column.append(str(number))
    assert column.to_arrow().to_pylist() == [str(number) for number in range(40_000)]
    assert CompactTexts().to_arrow().to_pylist() == []


def test_a_text_takes_8_bytes_beside_its_own():
    tracemalloc.start()
    column = CompactTexts()
    for number in range(20_000):
        column.append(f"{number:08}")
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 1.3 * 20_000 * (8 + 8)
