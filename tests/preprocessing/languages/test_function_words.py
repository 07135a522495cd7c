from neuraltopic.preprocessing.languages.function_words import function_words


def test_common_words_of_many_documents_are_found_the_most_common_first():
    documents = [["na", "na", "ya", f"a{n}", f"b{n}", f"c{n % 30}"] for n in range(60)]
    assert function_words(documents) == ("na", "ya")


def test_where_common_words_cover_little_none_is_found():
    assert function_words([[f"a{n}", f"b{n}", f"c{n % 30}", f"d{n % 20}"] for n in range(60)]) == ()


def test_few_documents_have_none():
    assert function_words([["na", "ya"]] * 49) == ()
    assert function_words([]) == ()
