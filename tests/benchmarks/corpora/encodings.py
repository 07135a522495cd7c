"""How often the encoding of sentences is found, in the older encodings of their languages.

Run: python -m tests.benchmarks.corpora.encodings
Sentences of SIB-200, numbered, one, five or fifty per file, ten files of each (four of fifty), seed 0. A file counts if
it is decoded to the text that was written.
"""

import random

from neuraltopic.reading.encodings import decode
from tests.benchmarks.corpora.languages import sentences

ENCODINGS = {
    "deu_Latn": "cp1252 iso8859-15 mac-roman cp850",
    "fra_Latn": "cp1252 mac-roman cp850",
    "ita_Latn": "cp1252 cp850",
    "rus_Cyrl": "cp1251 koi8-r cp866 iso8859-5 utf-16-le",
    "ell_Grek": "cp1253 iso8859-7",
    "heb_Hebr": "cp1255 iso8859-8",
    "arb_Arab": "cp1256 iso8859-6",
    "pes_Arab": "cp1256",
    "tur_Latn": "cp1254 iso8859-9",
    "jpn_Jpan": "cp932 euc_jp iso2022_jp utf-16-le",
    "kor_Hang": "cp949",
    "zho_Hans": "gb18030 utf-16-be",
    "tha_Thai": "tis-620",
    "vie_Latn": "cp1258",
}
FILES = {1: 10, 5: 10, 50: 4}


def main() -> None:
    """Print the share of the files of each size, and the encodings with failures."""
    rng = random.Random(0)
    found: dict[int, list[bool]] = {size: [] for size in FILES}
    for language, encodings in ENCODINGS.items():
        texts, _ = sentences(language)
        for encoding in encodings.split():
            right: list[bool] = []
            for size, n_files in FILES.items():
                for _ in range(n_files):
                    chosen = enumerate(rng.sample(texts, size))
                    data = "".join(f"{number},{text}\n" for number, text in chosen).encode(encoding, "ignore")
                    right.append(decode(data).text == data.decode(encoding))
                    found[size].append(right[-1])
            if not all(right):
                print(f"{language} {encoding}: {sum(right)} of {len(right)}")
    for size, each in found.items():
        print(f"{size} sentences a file: {sum(each)} of {len(each)}, {sum(each) / len(each):.1%}")


if __name__ == "__main__":
    main()
