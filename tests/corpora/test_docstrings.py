import sys

import pytest

from neuraltopic.corpora import docstrings, write_corpus
from neuraltopic.corpora.docstrings import readable
from neuraltopic.errors import NeuralTopicError

PROSE = " ".join(["word"] * 40)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Make a package of the sources given, importable by name but never imported."""

    def make(name: str, **sources: str):
        for module, source in {"__init__": "raise RuntimeError('imported')", **sources}.items():
            path = tmp_path / "site" / name / (module.replace("__slash__", "/") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")

    monkeypatch.syspath_prepend(tmp_path / "site")
    return make


def names(folder) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.txt"))


def test_modules_classes_and_functions_become_files(package, tmp_path):
    package(
        "alpha_package",
        first=f'''"""Module {PROSE}"""
class Thing:
    """Class {PROSE}"""
    def method(self):
        """Method {PROSE}"""
        def inner():
            """Inner {PROSE}"""
    async def later(self):
        """Later {PROSE}"""
if True:
    def guarded():
        """Guarded {PROSE}"""
else:
    def guarded():
        """Second of that name {PROSE}"""
def same():
    """Guarded {PROSE}"""
def short():
    """Too short."""
def example():
    """Mostly an example.

    >>> {PROSE}
    """
''',
        broken="def (",
        sub__slash__second=f'"""Second {PROSE}"""\nescape = "\\d"',
        tests__slash__third=f'"""Third {PROSE}"""',
        _private__slash__fourth=f'"""Fourth {PROSE}"""',
        _core__slash__fifth=f'"""Fifth {PROSE}"""',
    )
    calls = []
    (tmp_path / "out").mkdir()
    written = docstrings.write(
        tmp_path / "out",
        packages=("alpha_package", "no_such_package"),
        progress=lambda *call: calls.append(call),
    )
    assert names(tmp_path / "out") == [
        f"alpha_package/{name}.txt"
        for name in (
            "_core.fifth",
            "first.Thing.later",
            "first.Thing.method",
            "first.Thing",
            "first.guarded",
            "first",
            "sub.second",
        )
    ]
    assert written == 7
    assert (tmp_path / "out/alpha_package/first.Thing.txt").read_text() == f"Class {PROSE}\n"
    assert calls == [("parsing", done, 5) for done in range(1, 6)]
    assert "alpha_package" not in sys.modules


def test_only_prose_is_left():
    assert (
        readable(
            """Compute the :func:`~numpy.sum` of ``x``, or :py:class:`a sum <numpy.sum>`.

.. versionadded:: 1.0
.. math:: x + y

Parameters
----------
x : array
    Values.

Examples
--------
>>> a = 1
>>> print(a)
1

After them.

    >>> indented
    2

A long title of its own
=======================
Text."""
        )
        == """Compute the numpy.sum of x, or a sum.

x : array
    Values.

After them.

A long title of its own
Text.
"""
    )


def test_no_package_at_all_is_an_error(tmp_path):
    with pytest.raises(NeuralTopicError, match="expected at least one package installed; got none of no_such"):
        write_corpus("docstrings", tmp_path / "out", packages=("no_such_package",))


@pytest.mark.slow
def test_the_installed_packages_give_thousands_of_documents(tmp_path):
    packages = ("gensim", "numpy", "sklearn")
    assert set(packages) < set(docstrings.PACKAGES)
    n_documents = write_corpus("docstrings", tmp_path / "out", packages=packages)
    files = names(tmp_path / "out")
    assert len(files) == n_documents > 1_500
    assert {file.partition("/")[0] for file in files} == set(packages)
    text = (tmp_path / "out/sklearn/decomposition._lda.LatentDirichletAllocation.txt").read_text()
    assert text.startswith("Latent Dirichlet Allocation with online variational Bayes algorithm.")
    assert ">>>" not in text
    assert "----" not in text
