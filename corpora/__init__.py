"""One file a corpus: how it is obtained, its licence, and a function that writes it to a folder."""
