"""A rule none of whose signs is in a text leaves it as it is."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from neuraltopic.preprocessing.cleaning import plain_text
from neuraltopic.preprocessing.cleaning.addresses import without_addresses, without_names
from neuraltopic.preprocessing.cleaning.batch_signs import signs_of_batch
from neuraltopic.preprocessing.cleaning.messages import without_replies
from neuraltopic.preprocessing.cleaning.plain_text import PlainText
from neuraltopic.preprocessing.cleaning.repair import Repair
from neuraltopic.preprocessing.cleaning.signs import SPOTS, Sign, signs_of
from neuraltopic.preprocessing.tokenisation.tokenisers import WordTokeniser
from tests.preprocessing.pieces import texts

SIGNS = {name: sign for name, sign in vars(Sign).items() if name.isupper() and name != "ALL"}


def check_rules(text, signs):
    for _, clean, telling in (*plain_text._BEFORE, *plain_text._AFTER):
        if not signs & telling:
            assert clean(text) == text
    for rule in (without_addresses, without_names, Repair().mended, WordTokeniser().prepared):
        assert rule(text, signs) == rule(text, Sign.ALL)
    for message in (False, True):
        assert without_replies(text, signs, message=message) == without_replies(text, Sign.ALL, message=message)


@given(texts())
@example(["http:", "ps:", "a. b", "x'y", "now. So", "www. x", "re: it", "re: it\nto: me", "a.b", ".c", "x.y"])
@example(["\\begin{é}", ":é_: re:", "a.é", "écolewww.3", "é*innen", ".. été::"])
def test_rules_whose_signs_are_not_in_a_text_leave_it_as_it_is(texts):
    for text, signs in zip(texts, signs_of_batch(texts), strict=True):
        check_rules(text, signs)
        check_rules(text, signs_of(text))


@given(texts())
@example(["-http://x\nb", "ab-http://x\nbc", "s 'http://x' s", "a@b.c@d", "U.@one.S", "'@one s"])
def test_signs_of_cleaned_texts_are_those_that_are_left(texts):
    some, every = PlainText(), PlainText()
    cleaned, signs = some.cleaned(texts)
    for text, of_text in zip(cleaned, signs, strict=True):
        assert WordTokeniser().prepared(text, of_text) == WordTokeniser().prepared(text, Sign.ALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_text, "signs_of_batch", lambda batch: [Sign.ALL] * len(batch))
        assert every.cleaned(texts)[0] == cleaned
    assert every.found == some.found


@given(texts().map("\n".join), st.data())
def test_a_text_without_some_lines_has_no_other_signs_that_are_looked_at_afterwards(text, data):
    lines = text.split("\n")
    kept = data.draw(st.lists(st.booleans(), min_size=len(lines), max_size=len(lines)))
    left = "\n".join(itertools.compress(lines, kept))
    looked_at = Sign.ALL & ~(plain_text._OF_BEFORE | plain_text.REPLIES | Sign.BEYOND_ASCII)
    of_left, of_text = signs_of_batch([left, text])
    if text.isascii():
        assert not of_left & looked_at & ~of_text


def test_prose_has_no_signs():
    prose = "It's 3.5 percent (or so): the cat; the dog \"both\" and now. What a well-known story, isn't it?\nNo."
    of_prose, of_abbreviation, of_none = signs_of_batch([prose, prose + " U.S.", ""])
    assert (of_prose, of_none) == (0, 0)
    assert of_abbreviation & Sign.DOTTED
    assert not of_abbreviation & ~Sign.DOTTED


@pytest.mark.parametrize("name", SIGNS)
def test_each_sign_has_bits_of_its_own(name):
    others = sum(sign for other, sign in SIGNS.items() if other != name)
    assert SIGNS[name]
    assert not SIGNS[name] & others


def test_each_spot_is_found_alone_and_not_with_another_neighbour():
    for bit, spot in enumerate(SPOTS):
        around = [spot.second_before, spot.before, spot.sign, spot.after, spot.second_after]
        one = [max(characters) for characters in around]
        texts = ["".join(one)]
        for place in (0, 1, 3, 4):
            other = next((chr(code) for code in range(1, 128) if chr(code) not in around[place]), None)
            if other is not None:
                texts.append("".join([*one[:place], other, *one[place + 1 :]]))
        found = [signs >> bit & 1 for signs in signs_of_batch(texts)]
        # What is beside the sign may be another of the same: of "***" each has two before or after it.
        assert found[0] == 1
        if spot.sign not in one[:2] + one[3:]:
            assert found == [1] + [0] * (len(texts) - 1)


def test_files_by_uuencode_are_known_by_the_length_of_their_lines():
    line = "M" + "#" * 60
    found = signs_of_batch([f"{line}\n{line}\n", f"a\n{line}\r\n", f"a\n{line}#\n", "a\nM\n", f"a\n{line}"])
    assert [bool(signs & Sign.UUENCODED) for signs in found] == [True, True, False, False, False]
