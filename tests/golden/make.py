"""Make the golden model folder of this schema version: python -m tests.golden.make

Run once, in the repository root, when MODEL_SCHEMA_VERSION is raised, and never again for a version that has its
folder: what was saved then must load for ever (test_golden.py). To make one anew because the test fails is to delete
the test.

Everything in it is made up here; no text of anyone's is behind it.
"""

import json
import sys
from pathlib import Path

import numpy as np

from neuraltopic import Preprocessing, TopicModel
from neuraltopic.storage.formats import MODEL_SCHEMA_VERSION

HERE = Path(__file__).parent
# Four themes differ along three directions, and so make three topics.
THEMES = (
    "rocket orbit moon launch shuttle astronaut satellite telescope planet comet crater gravity",
    "goal match team league striker referee stadium penalty coach trophy whistle keeper",
    "bread flour oven butter yeast dough sugar recipe kitchen pastry honey cinnamon",
    "river valley bridge water boat harbour sailor anchor island beach current ferry",
)
EVERYWHERE = "report evening people letter"
# A word twice, punctuation and case, two themes at once, a word unknown beside one known, and nothing at all.
TEXTS = (
    "The shuttle reached orbit: MOON, moon and crater!",
    "A striker, a goal and a whistle in the stadium",
    "Flour, butter and honey for the team of the rocket",
    "xylophone bread",
    "",
)


def documents(n: int = 160) -> list[str]:
    """Texts of ten words of one theme and two of any."""
    rng = np.random.default_rng(0)
    words = [theme.split() for theme in THEMES]
    return [" ".join([*rng.choice(words[d % 4], 10), *rng.choice(EVERYWHERE.split(), 2)]) for d in range(n)]


def main() -> None:
    """Fit, save, and write what the model says beside it."""
    folder = HERE / f"model-v{MODEL_SCHEMA_VERSION}"
    if folder.exists():
        sys.exit(f"{folder} is there, and stays as it is")
    model = TopicModel(3, batch_size=25, random_state=0, device="cpu", preprocessing=Preprocessing(min_df=2))
    model.fit(documents()).save(folder)
    expected = {
        "texts": TEXTS,
        "vectors": model.transform(list(TEXTS)).tolist(),
        "vocabulary": model.vocabulary_,
        "topics": [[word for word, _ in words] for words in model.get_topics(10).values()],
        "labels": model.get_topic_info()["label"].tolist(),
    }
    text = json.dumps(expected, indent=1, ensure_ascii=False)
    (HERE / f"expected-v{MODEL_SCHEMA_VERSION}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
