import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from neuraltopic.errors import UsageError
from neuraltopic.storage import atomic
from neuraltopic.storage.atomic import atomic_folder, atomic_write
from tests.storage import killed_writer

LINUX = sys.platform == "linux"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def put_folder(path, text="new", *, force=False, meanwhile=lambda folder: None):
    """Write one file into an atomic folder; call `meanwhile` before the block ends."""
    with atomic_folder(path, force=force) as folder:
        (folder / "a").write_text(text)
        meanwhile(folder)


def must_not_run(*arguments):
    pytest.fail("the block must not run")


def put_file(path, content=b"new", *, meanwhile=lambda: None):
    with atomic_write(path) as file:
        file.write(content)
        meanwhile()


def kills(tmp_path: Path, kind: str, how: str) -> list[dict]:
    program = [sys.executable, killed_writer.__file__, str(tmp_path / "working"), kind, how]
    done = subprocess.run(program, capture_output=True, text=True, check=True, timeout=120)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.skipif(not LINUX, reason="only Linux exchanges two names")
def test_a_folder_is_old_or_new_at_every_kill(tmp_path):
    lines = kills(tmp_path, "folder", "exchange")
    assert {"mkdir", "fsync", "exchange", "unlink", "rmdir"} <= {line["call"] for line in lines}
    for line in lines:
        assert line["found"] in (killed_writer.OLD, killed_writer.NEW), line
        assert line["found_after"] == line["found"], line
        assert line["siblings"] == [], line
    exchange = next(i for i, line in enumerate(lines) if line["call"] == "exchange")
    assert all(line["found"] == killed_writer.OLD for line in lines[: exchange + 1])
    assert all(line["found"] == killed_writer.NEW for line in lines[exchange + 1 :])
    assert lines[-1]["call"] == "none"


def test_without_an_exchange_the_next_call_puts_the_old_folder_back(tmp_path):
    lines = kills(tmp_path, "folder", "renames")
    assert [line["call"] for line in lines].count("rename") == 2
    for line in lines:
        assert line["found"] in (killed_writer.OLD, killed_writer.NEW, None), line
        assert line["found_after"] == (line["found"] or killed_writer.OLD), line
        assert line["siblings"] == [], line
    assert any(line["found"] is None for line in lines)


def test_a_file_is_old_or_new_at_every_kill(tmp_path):
    lines = kills(tmp_path, "file", "exchange")
    assert {"fsync", "replace"} <= {line["call"] for line in lines}
    for line in lines:
        assert line["found"] in ("old", "new"), line
        assert line["found_after"] == line["found"], line
        assert line["siblings"] == [], line
    assert [line["found"] for line in lines] == sorted((line["found"] for line in lines), reverse=True)


def test_a_new_folder(tmp_path):
    with atomic_folder(tmp_path / "run") as folder:
        (folder / "a").write_text("a")
        (folder / "link").symlink_to("a")
        assert names(tmp_path) == [folder.name]
        assert folder.parent == tmp_path
    assert names(tmp_path) == ["run"]
    assert (tmp_path / "run" / "a").read_text() == "a"


def test_the_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    (tmp_path / "plain_folder").mkdir()
    with atomic_write(tmp_path / "file"):
        pass
    with atomic_folder(tmp_path / "folder"):
        pass
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert (tmp_path / "folder").stat().st_mode == (tmp_path / "plain_folder").stat().st_mode


def test_a_relative_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with atomic_folder("run"):
        pass
    with atomic_write("file") as file:
        file.write(b"1")
    assert names(tmp_path) == ["file", "run"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, OSError(errno.ENOSPC, "disk full")])
def test_a_failure_in_the_block_leaves_the_old_state(tmp_path, error):
    (tmp_path / "run").mkdir()
    (tmp_path / "file").write_bytes(b"old")
    kind = error if isinstance(error, type) else type(error)

    def fail(*arguments):
        raise error

    with pytest.raises(kind):
        put_folder(tmp_path / "run", force=True, meanwhile=fail)
    with pytest.raises(kind):
        put_file(tmp_path / "file", meanwhile=fail)
    assert names(tmp_path) == ["file", "run"]
    assert names(tmp_path / "run") == []
    assert (tmp_path / "file").read_bytes() == b"old"


@pytest.mark.parametrize("function", ["fsync", "replace", "rename"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("exchange", [True, False])
def test_a_failing_system_call_is_raised_and_leaves_the_old_state(tmp_path, monkeypatch, function, number, exchange):
    def fail(*arguments):
        raise OSError(number, os.strerror(number))

    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "a").write_text("old")
    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(os, function, fail)
    if not exchange:
        monkeypatch.setattr(atomic, "_rename_exchange", lambda first, second: False)
    if function == "fsync" or (function == "rename" and not exchange):
        with pytest.raises(OSError, match=os.strerror(number)) as caught:
            put_folder(tmp_path / "run", force=True)
        assert caught.value.errno == number
        assert (tmp_path / "run" / "a").read_text() == "old"
    if function in ("fsync", "replace"):
        with pytest.raises(OSError, match=os.strerror(number)):
            put_file(tmp_path / "file")
        assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file", "run"]


def test_a_second_rename_that_fails_puts_the_old_folder_back(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "a").write_text("old")
    rename, calls = os.rename, []

    def second_fails(source, destination):
        calls.append(source)
        if len(calls) == 2:
            raise PermissionError(errno.EACCES, "no")
        rename(source, destination)

    monkeypatch.setattr(atomic, "_rename_exchange", lambda first, second: False)
    monkeypatch.setattr(os, "rename", second_fails)
    with pytest.raises(PermissionError):
        put_folder(tmp_path / "run", force=True)
    assert names(tmp_path) == ["run"]
    assert (tmp_path / "run" / "a").read_text() == "old"


@pytest.mark.skipif(not LINUX, reason="renameat2 is Linux's")
def test_an_exchange_that_fails_is_raised(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        atomic._rename_exchange(tmp_path / "a", tmp_path / "b")
    assert (caught.value.filename, caught.value.filename2) == (str(tmp_path / "a"), str(tmp_path / "b"))


@pytest.mark.skipif(not LINUX, reason="renameat2 is Linux's")
@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_cannot_exchange(tmp_path, monkeypatch, number):
    class Library:
        def __init__(self, *arguments, **named):
            pass

        def renameat2(self, *arguments):
            return -1

    monkeypatch.setattr(atomic.ctypes, "CDLL", Library)
    monkeypatch.setattr(atomic.ctypes, "get_errno", lambda: number)
    (tmp_path / "run").mkdir()
    put_folder(tmp_path / "run", force=True)
    assert names(tmp_path) == ["run"]
    assert (tmp_path / "run" / "a").read_text() == "new"


def test_a_system_without_renameat2(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic.sys, "platform", "darwin")
    assert not atomic._rename_exchange(tmp_path / "a", tmp_path / "b")


def test_a_folder_that_cannot_be_flushed_is_no_failure_but_a_file_is(tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError(errno.EINVAL, "cannot flush")

    monkeypatch.setattr(os, "fsync", fail)
    with atomic_folder(tmp_path / "empty"):
        pass
    assert names(tmp_path) == ["empty"]
    with pytest.raises(OSError, match="cannot flush"):
        put_folder(tmp_path / "full")
    assert names(tmp_path) == ["empty"]


LIMITED = """
import resource, sys
from neuraltopic.storage.atomic import atomic_folder, atomic_write
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
if sys.argv[1] == "file":
    with atomic_write("file") as file:
        file.write(bytes(2000))
else:
    with atomic_folder("run", force=True) as folder:
        (folder / "a").write_bytes(bytes(2000))
"""


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_disk_that_takes_no_more_is_an_error_and_leaves_the_old_state(tmp_path, kind):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "a").write_text("old")
    (tmp_path / "file").write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", LIMITED, kind], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"OSError: [Errno {errno.EFBIG}]" in done.stderr
    assert names(tmp_path) == ["file", "run"]
    assert (tmp_path / "run" / "a").read_text() == "old"
    assert (tmp_path / "file").read_bytes() == b"old"


def test_an_unreadable_subfolder_is_not_passed_over(tmp_path, monkeypatch):
    real = os.scandir

    def scandir(path):
        if str(path).endswith("secret"):
            raise PermissionError(errno.EACCES, "no", str(path))
        return real(path)

    def hide(folder):
        (folder / "secret").mkdir()
        monkeypatch.setattr(os, "scandir", scandir)

    with pytest.raises(PermissionError):
        put_folder(tmp_path / "run", meanwhile=hide)
    monkeypatch.undo()
    assert not (tmp_path / "run").exists()


def test_everything_is_flushed_before_it_gets_its_name(tmp_path, monkeypatch):
    order = []
    fsync, rename = os.fsync, os.rename

    def logged_fsync(descriptor):
        order.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        fsync(descriptor)

    def logged_rename(source, destination):
        order.append("rename")
        rename(source, destination)

    if not LINUX:
        pytest.skip("needs /proc to name what is flushed")
    monkeypatch.setattr(os, "fsync", logged_fsync)
    monkeypatch.setattr(os, "rename", logged_rename)
    with atomic_folder(tmp_path / "run") as folder:
        killed_writer.fill(folder, killed_writer.NEW)
    place = order.index("rename")
    assert sorted(order[:place]) == sorted(["a", "b", "c", "sub", folder.name])
    assert order[place + 1 :] == [tmp_path.name]


def test_a_folder_that_exists_needs_force(tmp_path):
    (tmp_path / "run").mkdir()
    with pytest.raises(
        UsageError, match=r"run: expected a path that does not exist yet; got one that does.*force=True"
    ):
        put_folder(tmp_path / "run", meanwhile=must_not_run)


def test_a_folder_that_appears_meanwhile_is_kept(tmp_path):
    def appear(folder):
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "a").write_text("theirs")

    with pytest.raises(UsageError):
        put_folder(tmp_path / "run", meanwhile=appear)
    assert names(tmp_path) == ["run"]
    assert (tmp_path / "run" / "a").read_text() == "theirs"


def test_force_replaces_no_file_and_no_link(tmp_path):
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    for name in ("file", "link"):
        with pytest.raises(UsageError, match="expected a folder to replace"):
            put_folder(tmp_path / name, force=True, meanwhile=must_not_run)
    assert names(tmp_path) == ["file", "folder", "link"]


def test_force_does_not_remove_the_working_directory_or_the_home(tmp_path, monkeypatch):
    (tmp_path / "project" / "here").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project" / "here")
    for path in (".", "..", tmp_path, "/"):
        with pytest.raises(UsageError, match="the working directory"):
            put_folder(path, force=True, meanwhile=must_not_run)
    monkeypatch.chdir("/")
    monkeypatch.setenv("HOME", str(tmp_path / "project"))
    with pytest.raises(UsageError, match="the home folder"):
        put_folder(tmp_path, force=True, meanwhile=must_not_run)


def test_a_parent_that_does_not_exist(tmp_path):
    for put in (put_folder, put_file):
        with pytest.raises(UsageError, match=r"no folder .*nowhere"):
            put(tmp_path / "nowhere" / "run", meanwhile=must_not_run)


def test_a_file_through_a_link_keeps_the_link(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("file")
    with atomic_write(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_device_or_a_folder_is_not_replaced_by_a_file(tmp_path):
    for path in ("/dev/null", tmp_path):
        with pytest.raises(UsageError, match="expected a file; got a folder or a special file"):
            put_file(path, meanwhile=must_not_run)


def test_leftovers_are_cleaned_and_living_writers_are_not(tmp_path):
    leftovers = [f".run.{'0' * 16}.partial", f".run.{'1' * 16}.replaced"]
    strangers = [".run.partial", f".run2.{'0' * 16}.partial", f".run.{'g' * 16}.partial", "run.partial"]
    for name in (*leftovers, *strangers, "run"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text("a")
    (tmp_path / f".run.{'2' * 16}.partial").symlink_to("run")
    (tmp_path / f".run.{'3' * 16}.partial").write_text("a file")
    with atomic_folder(tmp_path / "run", force=True) as first:
        with atomic_folder(tmp_path / "run", force=True) as second:
            (second / "b").write_text("second")
            assert first.is_dir()
        (first / "b").write_text("first")
    assert (tmp_path / "run" / "b").read_text() == "first"
    assert names(tmp_path) == sorted([*strangers, "run", f".run.{'2' * 16}.partial"])


def test_a_leftover_taken_by_a_faster_process(tmp_path, monkeypatch):
    leftover = tmp_path / f".run.{'0' * 16}.partial"
    leftover.mkdir()
    real = atomic.shutil.rmtree

    def slower(path):
        real(path)
        real(path)

    monkeypatch.setattr(atomic.shutil, "rmtree", slower)
    atomic.remove_path(leftover)
    assert names(tmp_path) == []


def test_a_new_sibling_swept_away_before_its_lock_is_made_again(tmp_path, monkeypatch):
    real, swept = atomic._lock, []

    def lock(path):
        if not swept:
            swept.append(path)
            path.rmdir()
        return real(path)

    monkeypatch.setattr(atomic, "_lock", lock)
    with atomic_folder(tmp_path / "run") as folder:
        assert folder != swept[0]
    assert names(tmp_path) == ["run"]


def test_a_folder_set_aside_by_a_killed_process_is_put_back(tmp_path):
    aside = tmp_path / f".run.{'0' * 16}.replaced"
    aside.mkdir()
    (aside / "a").write_text("old")
    with pytest.raises(UsageError, match="a path that does not exist yet"):
        put_folder(tmp_path / "run", meanwhile=must_not_run)
    assert names(tmp_path) == ["run"]
    assert (tmp_path / "run" / "a").read_text() == "old"


def test_a_leftover_of_a_living_process_outside_is_kept(tmp_path):
    leftover = tmp_path / f".run.{'0' * 16}.partial"
    leftover.mkdir()
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, pathlib, neuraltopic.storage.atomic as atomic\n"
            "lock = atomic._lock(pathlib.Path(sys.argv[1])); print(lock, flush=True); sys.stdin.read()",
            str(leftover),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert int(holder.stdout.readline()) >= 0
        put_folder(tmp_path / "run")
        assert leftover.exists()
        holder.stdin.close()
    put_folder(tmp_path / "run", force=True)
    assert names(tmp_path) == ["run"]


def test_where_nothing_can_be_locked_leftovers_stay_and_writing_works(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic, "HAS_LOCKS", False)
    monkeypatch.setattr(atomic, "_POSIX", False)
    leftover = tmp_path / f".run.{'0' * 16}.partial"
    leftover.mkdir()
    with atomic_folder(tmp_path / "run") as folder:
        (folder / "a").write_text("a")
    assert names(tmp_path) == [leftover.name, "run"]
