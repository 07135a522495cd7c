"""Words with ss for ß, and with ß for ss, against readings by hand."""

import pytest

from neuraltopic.preprocessing.languages.lemmas import lemmatiser
from neuraltopic.preprocessing.normalisation.word_rule import WordRule
from neuraltopic.preprocessing.settings import Preprocessing

pytest.importorskip("simplemma")


@pytest.mark.parametrize(
    ("forms", "key"),
    [
        ("Straße Strasse straße strasse STRASSE STRAẞE STRAßE Straßen Strassen STRASSEN STRAßEN", "strasse"),
        ("Hauptstraßen Hauptstrassen HAUPTSTRASSEN", "hauptstrasse"),
        ("Gegenmaßnahmen Gegenmassnahmen", "gegenmassnahme"),
        ("Weißkohls Weisskohls", "weisskohl"),
        ("Fußballs Fussballs FUSSBALLS", "fussball"),
        ("Ausmaße Ausmass Ausmasse", "ausmass"),
        ("Verstöße Verstösse Verstoß Verstoss", "verstoss"),
        ("Grüße Grüsse Gruß Gruss", "gruss"),
        ("Großen Grossen", "grosse"),
        ("äußern äussern geäußert geäussert äußernd äussernd", "äussern"),
        ("abreißend abreissend", "abreissen"),
        ("mäßig mässig", "mässig"),
        ("äußerer äusserer", "äusser"),
        # The spelling before 1996.
        ("Fluß Fluss Flüsse", "fluss"),
        ("gefaßt gefasst", "fassen"),
        ("gewußt gewusst", "wissen"),
        ("Rußlands Russlands Rußland Russland", "russland"),
    ],
)
def test_the_spellings_of_a_word_have_one_lemma(forms, key):
    rule = WordRule(Preprocessing(), [], lemmatiser("de"), "de")
    assert {form: rule(form) for form in forms.split()} == dict.fromkeys(forms.split(), key)


@pytest.mark.parametrize(
    ("form", "key"),
    [
        ("Busse", "bus"),
        ("Bussen", "bus"),
        ("Buße", "busse"),
        ("Masse", "masse"),
        ("Massen", "masse"),
        ("Maße", "mass"),
        ("Russen", "russe"),
        ("Flosse", "flosse"),
        ("Schlosse", "schloss"),
        ("Füssen", "füssen"),  # the town
        ("Klassen", "klasse"),
        ("Wasser", "wasser"),
        ("vermisst", "vermisst"),
        ("passt", "passen"),
        ("flössen", "fliessen"),
        ("Dasssselbst", "dasssselbst"),
        ("ssssssssssssssssssssssssssssss", "ssssssssssssssssssssssssssssss"),
    ],
)
def test_words_that_ss_makes_alike_are_told_apart(form, key):
    assert WordRule(Preprocessing(), [], lemmatiser("de"), "de")(form) == key


def test_nearly_all_words_of_the_table_with_sharp_s_reach_their_lemma_with_ss_too():
    from simplemma.strategies.dictionaries import DEFAULT_DICTIONARY_FACTORY

    lemma = lemmatiser("de")
    words = [word for word in DEFAULT_DICTIONARY_FACTORY.get_dictionary("de") if "ß" in word]
    other = [word for word in words if _folded(lemma(word)) != _folded(lemma(word.replace("ß", "ss")))]
    assert len(words) > 20_000
    assert len(other) <= 40  # Maße, Bußen, heiße ...; 9,224 by the table alone


def _folded(word: str) -> str:
    return word.lower().replace("ß", "ss")
