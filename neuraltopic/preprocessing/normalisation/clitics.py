"""Words written together with others: l'hôpital, dell'esame, baker's, Ankara'nın, 학교에서."""

import regex

# Articles, pronouns and prepositions that lose their vowel before a word that begins with one.
_BEFORE = {
    "fr": "l d j m t s n c qu jusqu lorsqu puisqu quoiqu",
    "it": "l un d c s m t v n gl dell all nell dall sull coll dagl degl agl negl sugl quell quest bell sant anch com "
    "cos tutt nient mezz senz grand buon pover dov",
    "ca": "l d s n m t",
    "oc": "l d s n m t qu",
    "pt": "d",
    "ga": "d b m",
    "eo": "l",
    "lb": "d",
}
# What follows a word and an apostrophe.
_AFTER = {
    "en": "s d m re ve ll",
    "de": "s",
    "nl": "s",
    "ca": "l n s m t ls ns",
}
_ANY_AFTER = ("tr", "az")  # the endings of a name
_PARTICLES = """
에서는 에서도 에게서 으로는 으로도 으로써 으로서 이라는 이라고 까지는 까지도 부터는 에서
에게 에는 에도 에의 으로 이나 이란 이라 까지 부터 보다 처럼 만큼 마다 조차 마저 밖에
라는 라고 하고 한테 께서 이며 로서 로써 로는 과의 와의 과는 와는 들이 들은 들을 들의
들과 들에 은 는 이 가 을 를 의 에 로 와 과 도 만 들
"""
_HANGUL = regex.compile(r"[\uac00-\ud7a3]+")
_KOREAN = tuple(sorted(_PARTICLES.split(), key=len, reverse=True))

_BEFORE_SETS = {language: frozenset(words.split()) for language, words in _BEFORE.items()}
_AFTER_SETS = {language: frozenset(words.split()) for language, words in _AFTER.items()}


def without_clitics(word: str, language: str) -> str:
    """The word alone.

    Parameters
    ----------
    word : str
        Spelt with the apostrophe '.
    language : str
        Code of the language.
    """
    if "'" in word:
        first, _, rest = word.partition("'")
        if rest and first.lower() in _BEFORE_SETS.get(language, ()):
            word = rest
        head, _, last = word.rpartition("'")
        if head and (language in _ANY_AFTER or last.lower() in _AFTER_SETS.get(language, ())):
            word = head
        return word
    return _without_particle(word) if language == "ko" else word


def _without_particle(word: str) -> str:
    """A Korean word of two syllables or more without the particle at its end."""
    if not _HANGUL.fullmatch(word):
        return word
    for particle in _KOREAN:
        if word.endswith(particle) and len(word) - len(particle) >= 2:
            return word[: -len(particle)]
    return word
