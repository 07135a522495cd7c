"""Texts made of what the rules of preprocessing look for, and of what only looks like it."""

from hypothesis import strategies as st

# What the steps look for, whole and in pieces, beside what only looks like it.
PIECES = [
    *("word", "Word", "a", "A", "s", "t", "the", "F", "9", "1990", "internationalisation", "electroencephalographic"),
    *(" ", " ", " ", "  ", "\n", "\r\n", "\t", "\0", ".", ",", ":", ";", "-", "--", "'", "''", '"', "!", "(", ")", "/"),
    *("-\n", "- \n", "-  \r\n", "-- \n", " ' s ", " ` t ", "`", "```", "~~~", "|", "\x01", "\x04", "^", "*"),
    *("<", ">", "<b>", "</b>", "&", "&amp;", "amp;", "nbsp;", "rsquo;", "[b]", "[/b]", "](", "](http://x)", "_", "_a_"),
    *("http", "http:", "https:/", "HTTP:", "mailto:", "://", "://x", "www.", "WWW.3x", "@", "@a.b", "@one"),
    *(".com", ".de", ".co.uk/x", ".xy/z", ".net", "asp.net", "node.js", ".JS", "U.S.", "e.g.", "c++", "c#", "++", "#"),
    *("covid-19", "HLA-B27", "F-16", "-19", "-B2", "From: a", "Subject: b", "To:", "Date:", "\nX-Y: z\n"),
    *("writes:\n>", "On Monday Ann wrote:", ">", "\n> ", "=", "=3D", "=20", "-Original Message-", "- forwarded by\n"),
    *("Kolleg*innen", "*innen", ":innen", "\\n", "\\u00e9", "b'\\xc3\\xa9'"),
    *("é", "don’t", "ß", "日本語", "\u200b", "\ufffd", "ﬁ", "Ã©"),
]


def texts() -> st.SearchStrategy[list[str]]:
    """Up to eight texts of a few pieces each."""
    return st.lists(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), max_size=8)
