"""Run notebooks from the first cell to the last, and keep what they show: python notebooks/execute.py [NOTEBOOK ...]

Without a name, all of them, with the full settings unless NEURALTOPIC_NOTEBOOK_SMALL=1 is in the environment. What is
written depends on what the cells show and on nothing else: no times, no paths, no versions.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from traitlets.config import Config

FOLDER = Path(__file__).parent
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# Longer than any cell takes on a busy machine.
_SECONDS = 1800


def execute(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Run every cell in a new kernel whose working directory is `folder`; the first error of a cell is raised."""
    client = NotebookClient(
        notebook,
        timeout=_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        # A kernel warns of what others on the machine could overhear.
        config=Config({"KernelManager": {"transport_encryption": "auto"}}),
    )
    client.execute()
    notebook.metadata = nbformat.from_dict(_METADATA)
    return notebook


def main(names: list[str]) -> None:
    """Run the notebooks of these names in place, or all."""
    for path in map(Path, names) if names else sorted(FOLDER.glob("*.ipynb")):
        notebook = execute(nbformat.read(path, as_version=4), path.parent)
        nbformat.write(notebook, path)
        print(path.name)


if __name__ == "__main__":
    main(sys.argv[1:])
