import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraltopic.errors import UsageError
from neuraltopic.search.filters import (
    Both,
    Comparison,
    Either,
    Membership,
    Missing,
    Not,
    columns_of,
    matching,
    parse_filter,
)

TABLE = pd.DataFrame(
    {
        "year": [2014, 2015, 2016, 2017],
        "section": ["sport", "arts", None, "it's"],
        "price": ["1.5", "20", None, "3"],  # as a CSV has it
        "open": [True, False, True, False],
        "my column": [1.0, np.nan, 3.0, 4.0],
    }
)


def rows(text):
    return np.flatnonzero(matching(parse_filter(text), TABLE)).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("year >= 2015", [1, 2, 3]),
        ("year = 2015 or year = 2017", [1, 3]),
        ("year > 2014 and year < 2017", [1, 2]),
        ("year != 2014", [1, 2, 3]),
        ("year <> 2014.0", [1, 2, 3]),
        ("section = 'sport'", [0]),
        ("section = 'it''s'", [3]),
        ("section in ('sport', 'arts')", [0, 1]),
        ("not section in ('sport', 'arts')", [3]),
        ("section not in ('sport')", [1, 3]),
        ("section is null", [2]),
        ("section is not null and year < 2016", [0, 1]),
        ("section != 'sport'", [1, 3]),
        ("not (section = 'sport' or year = 2017)", [1]),
        ("section = 'sport' or section is null or year = 2017", [0, 2, 3]),
        ("price > 2", [1, 3]),
        ("price > '2'", [1, 3]),
        ("price < '2'", [0]),
        ("open = true", [0, 2]),
        ("open = FALSE and not year = 2017", [1]),
        ('"my column" >= 3', [2, 3]),
        ('not "my column" >= 3', [0]),
        ("  YEAR=2014".replace("YEAR", "year"), [0]),
    ],
)
def test_what_a_filter_finds(text, expected):
    assert rows(text) == expected


def test_and_binds_more_than_or():
    parsed = parse_filter("a = 1 or b = 2 and not c is null")
    assert parsed == Either(Comparison("a", "=", 1), Both(Comparison("b", "=", 2), Not(Missing("c"))))
    assert columns_of(parsed) == ["a", "b", "c"]
    assert parse_filter('"a""b" in (1, -2.5e1)') == Membership('a"b', (1, -25.0))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the name of a column; got the end"),
        ("year", "one of = !="),
        ("year >=", "a number, a text"),
        ("year >= 2015 and", "the name of a column"),
        ("year = 2015 section = 'a'", "and, or or the end; got 'section' at character 13"),
        ("(year = 1", r"\); got the end"),
        ("year in ()", "a number, a text"),
        ("section = 'sport", "at character 11"),
        ("year = 2015; drop table", "';"),
        ("__import__('os').system('x')", "one of = !="),
        ("year = 20x", "'20x' at character 8"),
        ("(" * 200 + "year = 1", "brackets"),
        ("not " * 200 + "year = 1", "brackets"),
        ("year = 1 or " * 400, "at most 2,048 characters"),
    ],
)
def test_what_is_no_filter(text, said):
    with pytest.raises(UsageError, match=said):
        parse_filter(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("year = 'x'", "year: expected a value to compare numbers with; got text in quotes, 'x'"),
        ("section > 3", "text such as 'sport' with; got a number, 3"),
        ("year = true", "numbers with; got true or false"),
        ("open = 1", "true or false with; got a number"),
        ("section = true", "text with; got true or false"),
    ],
)
def test_what_cannot_be_compared(text, said):
    with pytest.raises(UsageError, match=said):
        rows(text)


def found_in(text, column):
    return np.flatnonzero(matching(parse_filter(text), pd.DataFrame({"x": column}))).tolist()


@pytest.mark.parametrize("kind", [np.int64, "Int64", object, "str"])
def test_long_numbers_are_compared_digit_by_digit(kind):
    """Identifiers of 19 digits, which float64 cannot distinguish."""
    column = pd.Series([1234567890123456780 + n for n in range(4)]).astype(kind)
    assert found_in("x = 1234567890123456782", column) == [2]
    assert found_in("x in (1234567890123456780, 1234567890123456783)", column) == [0, 3]
    assert found_in("x > +1234567890123456781", column) == [2, 3]
    assert found_in(f"x < {10**30}", column) == [0, 1, 2, 3]
    assert found_in(f"x < {'9' * 400}", column) == [0, 1, 2, 3]
    assert found_in("x < 1234567890123456782.5", pd.Series([1, 2])) == [0, 1]


def test_a_long_text_that_is_no_number_is_shown_in_quotes():
    with pytest.raises(UsageError, match=f"text such as '{'a' * 40}' with; got a number, 3"):
        found_in("x > 3", ["a" * 60])


def test_empty_cells_of_a_table_are_missing_numbers():
    """A CSV has text in all cells."""
    column = ["2015", "", "2016.5", " ", None]
    assert found_in("x >= 2015", column) == [0, 2]
    assert found_in("not x >= 2016", column) == [0]
    assert found_in("x != 2015", column) == [2]
    assert found_in("x not in (2015, 7)", column) == [2]
    assert found_in("x = ''", column) == [1]
    assert found_in("x is null", column) == [1, 3, 4]
    assert found_in("x is not null", column) == [0, 2]
    assert found_in("x is null", pd.Series([1.0, np.nan])) == [1]


PIECES = """
year section 'a' ' " ( ) , = >= <> and OR not in is null 2015 1e999 -3 true ; -- é 🚀 %s $(x) {year} \\
"""
pieces = st.sampled_from([*PIECES.split(), "\0", "\n"])


@given(st.one_of(st.text(max_size=60), st.lists(pieces, max_size=14).map(" ".join)))
def test_any_text_is_a_filter_or_a_clear_error(text):
    try:
        parsed = parse_filter(text)
        missing = set(columns_of(parsed)) - set(TABLE)
        found = matching(parsed, TABLE.reindex(columns=[*TABLE, *sorted(missing)]))
    except UsageError:
        return
    assert found.dtype == bool
    assert found.shape == (4,)


filters = st.recursive(
    st.one_of(
        st.builds(Comparison, st.just("year"), st.sampled_from(["=", "!=", "<", ">="]), st.integers(2013, 2018)),
        st.builds(Membership, st.just("section"), st.tuples(st.sampled_from(["sport", "it's"]))),
        st.builds(Missing, st.just("my column")),
    ),
    lambda inner: st.one_of(st.builds(Not, inner), st.builds(Both, inner, inner), st.builds(Either, inner, inner)),
    max_leaves=8,
)


def written(tree):
    if isinstance(tree, Comparison):
        return f"{tree.column} {tree.operator} {tree.value}"
    if isinstance(tree, Membership):
        values = ", ".join("'" + value.replace("'", "''") + "'" for value in tree.values)
        return f'"{tree.column}" in ({values})'
    if isinstance(tree, Missing):
        return f'"{tree.column}" is null'
    if isinstance(tree, Not):
        return f"not ({written(tree.of)})"
    return f"({written(tree.left)}) {'and' if isinstance(tree, Both) else 'or'} ({written(tree.right)})"


@given(filters)
def test_a_tree_that_is_written_is_read_again_and_means_what_sqlite_says(tree):
    import sqlite3

    assert parse_filter(written(tree)) == tree
    with sqlite3.connect(":memory:") as database:
        TABLE.to_sql("t", database, index_label="n")
        expected = [n for (n,) in database.execute(f"select n from t where {written(tree)} order by n")]
    assert np.flatnonzero(matching(tree, TABLE)).tolist() == expected
