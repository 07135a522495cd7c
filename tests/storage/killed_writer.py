"""Replace a folder or a file again and again in children that are killed at the n-th system call.

Run as a program by test_atomic.py: `killed_writer.py WORKING_FOLDER {folder,file} {exchange,renames}`.
Prints one JSON line for each kill: {"call": the call it was killed at, "found": what stood at the
destination, "found_after": what stood there once the next writer had cleaned up, "siblings": names left}.
"""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

from neuraltopic.storage import atomic

CALLS = ("open", "mkdir", "fsync", "rename", "replace", "unlink", "rmdir", "close")
OLD = {"a": "old a", "sub/b": "old b"}
NEW = {"a": "new a", "sub/b": "new b", "c": "new c"}


def fill(folder: Path, content: dict[str, str]) -> None:
    for name, text in content.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(text)


def content_of(path: Path) -> object:
    if not path.exists():
        return None
    if path.is_file():
        return path.read_text()
    return {file.relative_to(path).as_posix(): file.read_text() for file in path.rglob("*") if file.is_file()}


def arm(n: int, report: int) -> None:
    """Kill this process just before the n-th of the calls, 0 based, and say which it was."""
    calls = 0

    def armed(name, function):
        def wrapper(*arguments, **named):
            nonlocal calls
            if calls == n:
                os.write(report, name.encode())
                os.kill(os.getpid(), signal.SIGKILL)
            calls += 1
            return function(*arguments, **named)

        return wrapper

    for name in CALLS:
        setattr(os, name, armed(name, getattr(os, name)))
    atomic._rename_exchange = armed("exchange", atomic._rename_exchange)


def replace(destination: Path, kind: str) -> None:
    if kind == "file":
        with atomic.atomic_write(destination) as file:
            file.write(b"new")
    else:
        with atomic.atomic_folder(destination, force=True) as folder:
            fill(folder, NEW)


def main(working: Path, kind: str, how: str) -> None:
    if how == "renames":
        atomic._rename_exchange = lambda first, second: False
    n = 0
    while True:
        shutil.rmtree(working, ignore_errors=True)
        working.mkdir()
        destination = working / "run"
        if kind == "file":
            destination.write_text("old")
        else:
            fill(destination, OLD)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            arm(n, write)
            replace(destination, kind)
            os._exit(0)
        os.close(write)
        status = os.waitpid(child, 0)[1]
        call = os.read(read, 100).decode()
        os.close(read)
        line = {"call": call or "none", "found": content_of(destination)}
        atomic._clean_leftovers(destination)
        line |= {
            "found_after": content_of(destination),
            "siblings": [path.name for path in working.iterdir() if path != destination],
        }
        print(json.dumps(line))
        if status == 0:
            return
        n += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
