from neuraltopic.search import snippets
from neuraltopic.search.snippets import WIDTH, Snippets

LONG = "filler words here. " * 60


def test_the_passage_with_most_words_is_shown():
    text = f"A rocket. {LONG}The rockets reach the moon. {LONG}"
    ((passage, marked),) = Snippets(lambda forms: [{form.lower().removesuffix("s")} for form in forms]).of(
        [text], {"rocket", "moon"}
    )
    assert [passage[start:stop] for start, stop in marked] == ["rockets", "moon"]
    assert len(passage) <= WIDTH


def test_a_phrase_marks_its_words_and_empty_texts_are_empty():
    found = Snippets(lambda forms: [set() for _ in forms]).of(["in New  York", "", " \n"], {"new_york"})
    assert found[0] == ("in New York", ((3, 6), (7, 11)))
    assert found[1:] == [("", ()), ("", ())]


def test_each_form_is_looked_up_once(monkeypatch):
    asked = []

    def words_of(forms):
        asked.extend(forms)
        return [{form} for form in forms]

    made = Snippets(words_of)
    made.of(["moon moon bread", "bread"], {"moon"})
    assert made.of(["bread moon oven"], {"moon"}) == [("bread moon oven", ((6, 10),))]
    assert asked == ["bread", "moon", "oven"]
    monkeypatch.setattr(snippets, "_FORMS_HELD", 2)  # what is kept does not grow without end
    made.of(["goal"], {"goal"})
    assert made.of(["goal moon"], {"moon"})[0][1] == ((5, 9),)
    assert asked == ["bread", "moon", "oven", "goal", "moon"]
