"""Fits of a comparison in order, each in a fresh process, into a folder from which an interrupted one resumes.

request.json         the request
data/                the documents, counted once
runs/NAME.json       the result of each fit, or why there is none
runs/NAME.log        output of a failed fit
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuraltopic.compare.data import ComparisonData, is_saved
from neuraltopic.compare.jobs import DATA, RUNS, Job
from neuraltopic.errors import NeuralTopicError, UsageError, parameter
from neuraltopic.runs.workspace import empty, first_difference, locked, named_setting, remove
from neuraltopic.storage.outputs import OutputKind, check_output
from neuraltopic.storage.strict_json import read_json, write_json

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

REQUEST = "request.json"
# Of the results of fits; raised when their keys change.
SCHEMA_VERSION = 2
# The stage that counts finished fits.
FITTING = "fitting and measuring"
_MAX_BYTES = 1 << 26
# What runs a job; its arguments follow.
_COMMAND = (sys.executable, "-m", "neuraltopic.compare.jobs")
# Variables that numerical libraries read when they are imported.
_THREADS = tuple(
    f"{library}_THREADS" for library in ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "VECLIB_MAXIMUM", "NUMBA_NUM")
)


class Bench:
    """A folder of fits.

    Parameters
    ----------
    folder : Path
    format : str
        Format of the request, which identifies the folder.
    files : sequence of str
        The names of the files that will be written with the results.
    request : mapping
        Everything the results depend on, as JSON.
    """

    def __init__(self, folder: Path, format: str, files: Sequence[str], request: Mapping[str, Any]) -> None:
        self.folder = Path(folder)
        self._kind = OutputKind(f"a folder of {format}", lambda folder: _entries(folder, format, files))
        self._request = {"format": format, "schema_version": SCHEMA_VERSION, **request}

    def check(self, *, resume: bool, force: bool, source: Path | None) -> None:
        """Refuse, before any work is done, a folder that may not be written.

        Raises
        ------
        UsageError
            When it exists, unless `force` and it is one of this kind, or `resume` and its request is the same.
        """
        if not resume:
            check_output(self.folder, self._kind, force=force, source=source)
            return
        if not (self.folder / REQUEST).exists():
            raise UsageError(
                parameter("resume"),
                expected=f"an earlier output {self.folder}",
                got=f"no {self.folder / REQUEST}",
                hint=f"Leave out {parameter('resume', True)} to start one",
            )
        earlier: Any = read_json(self.folder / REQUEST, _MAX_BYTES)
        name, old, new = first_difference(earlier, self._request)
        if name:
            raise UsageError(
                parameter("resume"),
                expected=f"{named_setting(name)} {old!r:.200}, as when it began",
                got=f"{new!r:.200}",
                hint="Ask for the same again, or choose another output",
            )

    def run(
        self,
        prepare: Callable[[], ComparisonData],
        jobs: Sequence[Job],
        figures: tuple[str, ...],
        *,
        threads: int,
        resume: bool,
        progress: "Progress | None" = None,
    ) -> list[dict[str, Any]]:
        """Run the jobs that are not done, and return one result per job, in order.

        A job that failed before is tried again. One that fails has "error" in its result, and the others continue.

        Parameters
        ----------
        prepare : callable
            Makes the data, unless an earlier run has.
        jobs : sequence of Job
        figures : tuple of str
            Some of `jobs.FIGURES`.
        threads : int
            Threads of a fit.
        resume : bool
            Whether to keep what is in the folder.
        progress : callable of (stage, done, total), optional

        Raises
        ------
        NeuralTopicError
            When the documents cannot be used, or are fewer than the topics of a job.
        """
        with locked(self.folder):
            if not resume:
                empty(self.folder)
                write_json(self.folder / REQUEST, self._request)
            (self.folder / RUNS).mkdir(exist_ok=True)
            if not is_saved(self.folder / DATA):
                try:
                    _whole(prepare(), jobs).save(self.folder / DATA)
                except NeuralTopicError:
                    remove(self.folder)  # there is nothing to resume
                    raise
            results = []
            for number, job in enumerate(jobs):
                if progress:
                    progress(FITTING, number, len(jobs))
                results.append(self._finished(job) or self._fit(job, figures, threads))
                if "error" not in results[-1]:
                    self._log(job).unlink(missing_ok=True)
            if progress:
                progress(FITTING, len(jobs), len(jobs))
        return results

    def data(self) -> ComparisonData:
        """The documents of all fits."""
        return ComparisonData.open(self.folder / DATA)

    def _finished(self, job: Job) -> dict[str, Any] | None:
        path = job.path(self.folder)
        if not path.exists():
            return None
        result: Any = read_json(path, _MAX_BYTES)
        return None if "error" in result else result

    def _log(self, job: Job) -> Path:
        return self.folder / RUNS / f"{job.name}.log"

    def _fit(self, job: Job, figures: tuple[str, ...], threads: int) -> dict[str, Any]:
        command = [*_COMMAND, str(self.folder), job.model, str(job.n_components), str(job.seed), ",".join(figures)]
        environment = {**os.environ, **dict.fromkeys(_THREADS, str(threads))}
        log = self._log(job)
        with open(log, "wb") as file, subprocess.Popen(command, env=environment, stdout=file, stderr=file) as process:
            try:
                code = process.wait()
            except BaseException:
                process.kill()
                raise
        result = self._finished(job)
        if code == 0 and result is not None:
            return result
        result = {**vars(job), "error": _why(code, log)}
        write_json(job.path(self.folder), result)
        return result


def _whole(data: ComparisonData, jobs: Sequence[Job]) -> ComparisonData:
    """The data, checked to have at least as many documents as topics: some models need that, and none learns from
    fewer."""
    fewest = max(2, *(job.n_components for job in jobs))
    if len(data.train) < fewest:
        raise NeuralTopicError(
            "training documents",
            expected=f"at least {fewest} with words of the vocabulary, one per topic",
            got=f"{len(data.train):,}",
            hint="Ask for fewer topics, or give more documents",
        )
    return data


def _why(code: int, log: Path) -> str:
    """Last output of a failed process, unless it was killed."""
    if code < 0:
        return f"killed by signal {-code}"
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    said = next((line.strip() for line in reversed(lines) if line.strip()), f"ended with code {code}, saying nothing")
    return said[:300]


def _entries(folder: Path, format: str, files: Sequence[str]) -> set[str]:
    """The names in a folder of this format; none when it is of another."""
    try:
        request = read_json(folder / REQUEST, _MAX_BYTES)
    except NeuralTopicError:
        return set()
    if not isinstance(request, dict) or request.get("format") != format:
        return set()
    return {REQUEST, DATA, RUNS, *files}
