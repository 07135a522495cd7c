"""Writers that are killed at any of their system calls: the index is as it was, or as it was to be."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuraltopic.search import SearchIndex

# Runs a change, and dies before the n-th call that changes the disk.
PROGRAM = """
import os, signal, sys
from pathlib import Path
from neuraltopic.search import SearchIndex
from neuraltopic.search.index import TopicModel
from tests.search.test_kills import CALLS, change

folder, kind = Path(sys.argv[1]), sys.argv[2]
# Loaded once; each change is a child, armed with its number.
model = TopicModel.load(sorted(folder.glob("model-*"))[0])
os.environ["OMP_NUM_THREADS"] = "1"
number = 0
while True:
    import shutil
    target = folder.parent / f"{kind}-{number}"
    shutil.copytree(folder, target)
    child = os.fork()
    if child == 0:
        calls = 0
        def armed(function):
            def wrapper(*arguments, **named):
                global calls
                if calls == number:
                    os.kill(os.getpid(), signal.SIGKILL)
                calls += 1
                return function(*arguments, **named)
            return wrapper
        for name in CALLS:
            setattr(os, name, armed(getattr(os, name)))
        change(target, kind, model)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(target, os.WIFSIGNALED(status), flush=True)
    if not os.WIFSIGNALED(status):
        break
    number += 1
"""
CALLS = ("mkdir", "fsync", "rename", "replace", "unlink", "rmdir")
ADDED = [f"rocket goal butter number {number}" for number in range(5)]


def embeddings_of(n_documents, seed):
    return np.random.default_rng(seed).standard_normal((n_documents, 8))


def change(folder, kind, model):
    if kind == "build":
        SearchIndex.build(folder, model, ADDED, force=True)
    elif kind == "add":
        SearchIndex.open(folder).add(ADDED)
    elif kind == "add many with embeddings":
        SearchIndex.open(folder).add(ADDED, embeddings=embeddings_of(5, 2))
    else:
        SearchIndex.open(folder).delete(["space/00.txt", "space/03.txt"])


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.parametrize(("kind", "after"), [("build", 5), ("add", 65), ("delete", 58)])
def test_a_killed_change_is_whole_or_not_there(shared_index, tmp_path, kind, after):
    shutil.copytree(shared_index.folder, tmp_path / "index")
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "new.txt").write_text("moon bread")
    check_kills(tmp_path / "index", kind, (60, after), lambda index: index.add(tmp_path / "one"))


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_killed_addition_with_embeddings_is_whole_or_not_there(model, tmp_path):
    """Of more documents than there are, so that all are written again with what their embeddings suggest."""
    few = [f"moon bread {number}" for number in range(3)]
    SearchIndex.build(
        tmp_path / "index", model, pd.DataFrame({"id": list("abc"), "text": few}), embeddings=embeddings_of(3, 1)
    )
    new = pd.DataFrame({"id": ["d"], "text": ["moon bread"]})
    check_kills(
        tmp_path / "index",
        "add many with embeddings",
        (3, 8),
        lambda index: index.add(new, embeddings=embeddings_of(1, 3)),
    )


def check_kills(original, kind, sizes, following):
    """Kill a change before each of its calls: the index has one of two sizes, and the following change adds one."""
    before, after = sizes
    command = [sys.executable, "-c", PROGRAM, str(original), kind]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    found = []
    for line in done.stdout.splitlines():
        folder, killed = line.rsplit(" ", 1)
        index = SearchIndex.open(folder)  # every file is verified
        found.append((killed == "True", len(index)))
        # And the next writer goes on, and leaves nothing of the one that was killed.
        again = following(index)
        assert len(again) == len(index) + 1
        named = {name.split("/")[0] for name in json.loads((Path(folder) / "index.json").read_text())["files"]}
        assert {path.name for path in Path(folder).iterdir()} == {*named, "index.json", "writer.lock"}
    assert len(found) > 4
    assert {size for _, size in found} == {before, after}
    assert found[-1] == (False, after)
    assert found[0] == (True, before)
