"""Kill `fit` at random moments, resume it, and compare the run with one that was left alone, to the bit.

    python -m tests.benchmarks.training.random_kills [kills] [seed]

The moments are drawn uniformly over the CPU time of a fit, so that every stage has its share: reading and counting,
training, inference, in blocks of 64 documents here, and writing. Each fit is killed, and its resumption too with a
chance of one half. Each process is a fork of one that has imported everything.
"""

import hashlib
import itertools
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import torch

from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.reading.readers import open_corpus
from neuraltopic.runs.documents import fit_run
from neuraltopic.runs.facts import model_folder_of
from neuraltopic.runs.workspace import workspace_of
from neuraltopic.storage.formats import CHECKPOINT, PREPARATION
from neuraltopic.topics import row_blocks
from tests.benchmarks.corpora.large_corpus import KnownModel, texts

BLOCK = 64
_TICK = 1.0 / os.sysconf("SC_CLK_TCK")


def start(corpus: Path, output: Path, *, resume: bool) -> int:
    """A process that fits, whose exit status is 0 when it is done."""
    child = os.fork()
    if child:
        return child
    try:
        fit_run(TopicModel(5, max_epochs=6, random_state=0, n_jobs=1), open_corpus(corpus), output, resume=resume)
    except BaseException as error:  # whatever it is, the parent counts it
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        os._exit(1)
    os._exit(0)


def cpu_seconds(pid: int) -> float:
    """Of a process that is not waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * _TICK


def wait(pid: int, kill_at: float = float("inf")) -> tuple[bool, float]:
    """Whether the process was killed, which it is when it has used so much, and its CPU seconds."""
    while True:
        used = cpu_seconds(pid)
        if used >= kill_at:
            os.kill(pid, signal.SIGKILL)
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            if os.WIFEXITED(status) and os.WEXITSTATUS(status):
                raise SystemExit("a fit failed")
            return os.WIFSIGNALED(status), used
        time.sleep(0.002)


def stage(output: Path) -> str:
    """How far a killed fit had come, by what it left."""
    work = workspace_of(output)
    if output.exists():
        return "in place"
    if not (work / PREPARATION).exists():
        return "preprocessing"
    if not (work / CHECKPOINT).exists():
        return "first epoch"
    return "inference and writing" if (work / "inferred.json").exists() else "training"


def bits(output: Path) -> dict[str, str]:
    """Digests of the files of a run, but for run.json, which tells the time."""
    files = sorted(path for path in output.rglob("*") if path.is_file() and path.name != "run.json")
    return {str(path.relative_to(output)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def main() -> None:
    n_kills, seed = [int(argument) for argument in sys.argv[1:]] + [100, 0][len(sys.argv) - 1 :]
    torch.set_num_threads(1)
    row_blocks.BLOCK_ROWS = BLOCK
    draw, stages = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "corpus.txt").write_text("\n".join(texts(KnownModel.drawn(5, 1000), 1000)), encoding="utf-8")
        reference = folder / "reference"
        _, whole = wait(start(folder / "corpus.txt", reference, resume=False))
        expected = bits(reference)
        for number in itertools.count():  # a fit that ends before its moment counts no kill
            if stages.total() >= n_kills:
                break
            output = folder / f"run-{number}"
            left = whole
            while True:
                resume = (workspace_of(output) / "request.json").exists()
                kill = stages.total() < n_kills and (not resume or draw.random() < 0.5)
                killed, used = wait(
                    start(folder / "corpus.txt", output, resume=resume), draw.random() * left if kill else float("inf")
                )
                if not killed:
                    break
                left = max(left - used, 0.2 * whole)
                stages[stage(output)] += 1
                if output.exists():
                    model_folder_of(output)  # what any command that reads the run begins with
                    break
            if bits(output) != expected:
                raise SystemExit(f"{output.name}: other bits after {stages.total()} kills: {stages}")
            beside = {path.name for path in folder.iterdir() if path.name.startswith(".")}
            if beside:
                raise SystemExit(f"left behind after {stages.total()} kills: {beside}")
    print(
        f"{stages.total()} kills, all resumed to the same bits; killed in {dict(stages)}; a fit takes {whole:.1f} CPU s"
    )


if __name__ == "__main__":
    main()
