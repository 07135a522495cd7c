import pytest

from neuraltopic.preprocessing.normalisation.scripts import language_of_script, script_of, script_of_text, shortest_word


@pytest.mark.parametrize(
    ("word", "script"),
    [
        ("word", "Latin"),
        ("naïve", "Latin"),
        ("слово", "Cyrillic"),
        ("词", "Han"),
        ("カタカナ", "Han"),
        ("ー", "Han"),
        ("단어", "Hangul"),
        ("คำ", "Thai"),
        ("كلمة", "Arabic"),
        ("λέξη", "Greek"),
        ("ᏣᎳᎩ", "other"),
        ("१२", "Devanagari"),
    ],
)
def test_the_script_of_a_word(word, script):
    assert script_of(word) == script


def test_the_script_of_a_text_is_that_of_most_of_it():
    assert script_of_text("We met 昨天 in town and talked for hours") == "Latin"
    assert script_of_text("我们昨天在 Starbucks 讨论了很久的望远镜") == "Han"
    assert script_of_text("1984 …–") == "other"


def test_the_language_of_a_script():
    assert language_of_script("Georgian") == "ka"
    assert language_of_script("other") is None


@pytest.mark.parametrize(
    ("word", "least"),
    [("a", 3), ("я", 3), ("我", 1), ("猫", 1), ("ねこ", 2), ("学ぶ", 2), ("학", 2), ("ไป", 2), ("ခ", 2)],
)
def test_the_shortest_word_of_a_script(word, least):
    assert shortest_word(word) == least
