"""Settings of the documentation site: sphinx-build -W docs docs/_build/html."""

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

from neuraltopic.version import __version__  # noqa: E402

project = "neuraltopic"
author = "The neuraltopic developers"
copyright = author
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_nb",
    "command_line",
]
exclude_patterns = ["_build", "_extensions"]

html_theme = "pydata_sphinx_theme"
html_title = "neuraltopic"
html_theme_options = {"show_toc_level": 2, "navigation_with_keys": False, "footer_start": [], "footer_end": []}
html_show_sourcelink = False
html_static_path: list[str] = []

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
# The notebooks are kept with their outputs, and tests run them. Sphinx reads only what is below it: copies.
nb_execution_mode = "off"
(HERE / "notebooks").mkdir(exist_ok=True)
for notebook in (HERE.parent / "notebooks").glob("*.ipynb"):
    shutil.copy2(notebook, HERE / "notebooks")

autosummary_generate = True
autodoc_typehints = "none"
# scikit-learn's own methods, whose docstrings refer to its site.
_INHERITED = (
    "get_metadata_routing",
    *(f"set_{name}_request" for name in ("fit", "partial_fit", "transform", "score", "predict", "inverse_transform")),
)
autodoc_default_options = {"members": True, "show-inheritance": True, "exclude-members": ",".join(_INHERITED)}
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
