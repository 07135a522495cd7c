"""The names and versions of the folders that neuraltopic writes."""

from typing import Final

MODEL_KIND: Final = "neuraltopic-model"
MODEL_SCHEMA_VERSION: Final = 1
MODEL_FOLDER: Final = "model"  # of a run

RUN_KIND: Final = "neuraltopic-run"
RUN_SCHEMA_VERSION: Final = 1
RUN_FACTS: Final = "run.json"
