"""The names and versions of the folders that neuraltopic writes."""

from typing import Final

MODEL_KIND: Final = "neuraltopic-model"
MODEL_SCHEMA_VERSION: Final = 1
MODEL_FOLDER: Final = "model"  # of a run

RUN_KIND: Final = "neuraltopic-run"
RUN_SCHEMA_VERSION: Final = 1
RUN_FACTS: Final = "run.json"
REPORT: Final = "report.html"  # of a run; written anew at any time, so run.json does not list it

IMAGE_MODEL_KIND: Final = "neuraltopic-image-model"
IMAGE_MODEL_SCHEMA_VERSION: Final = 1
IMAGE_RUN_KIND: Final = "neuraltopic-image-run"
IMAGE_RUN_SCHEMA_VERSION: Final = 1

DOCUMENT_VAE_KIND: Final = "neuraltopic-document-vae"
DOCUMENT_VAE_SCHEMA_VERSION: Final = 1
AUTOENCODER_KIND: Final = "neuraltopic-autoencoder"
AUTOENCODER_SCHEMA_VERSION: Final = 1

INDEX_KIND: Final = "neuraltopic-index"
INDEX_SCHEMA_VERSION: Final = 3
INDEX_FACTS: Final = "index.json"

# Files that an interrupted fit leaves in its workspace.
CHECKPOINT: Final = "checkpoint.safetensors"
PREPARATION: Final = "preparation.json"

# The newest version of each that this version of neuraltopic understands.
MODEL_VERSIONS: Final = {MODEL_KIND: MODEL_SCHEMA_VERSION, IMAGE_MODEL_KIND: IMAGE_MODEL_SCHEMA_VERSION}
RUN_VERSIONS: Final = {RUN_KIND: RUN_SCHEMA_VERSION, IMAGE_RUN_KIND: IMAGE_RUN_SCHEMA_VERSION}
# The kind of model in a run of each kind.
MODEL_OF_RUN: Final = {RUN_KIND: MODEL_KIND, IMAGE_RUN_KIND: IMAGE_MODEL_KIND}
