import builtins
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import torch

import neuraltopic
from neuraltopic.runs import machine
from neuraltopic.runs.machine import describe_machine, matmul_rate, peak_memory_bytes, usable_cpus


def test_the_facts():
    facts = json.loads(json.dumps(describe_machine()))
    assert facts["python"] == ".".join(map(str, sys.version_info[:3]))
    assert facts["machine"] == os.uname().machine
    assert os.uname().sysname in facts["platform"] or sys.platform == "darwin"
    assert facts["cpus"] == usable_cpus()
    assert facts["torch_threads"] == torch.get_num_threads()
    assert list(facts["versions"]) == list(machine.LIBRARIES)
    assert facts["versions"]["numpy"] == np.__version__
    assert facts["versions"]["neuraltopic"] == neuraltopic.__version__


def test_a_library_that_is_not_installed_has_no_version(monkeypatch):
    def version(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    assert set(describe_machine()["versions"].values()) == {None}


def test_describing_imports_nothing_heavy():
    program = (
        "import sys; from neuraltopic.runs.machine import describe_machine as f; print(f()['torch_threads']);"
        "print({'torch', 'numpy', 'scipy', 'spacy', 'pandas', 'gensim'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "None\nset()\n"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system pins no process to processors")
def test_the_processors_are_those_this_process_may_use():
    program = (
        "import os; from neuraltopic.runs.machine import usable_cpus;"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); print(usable_cpus())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


@pytest.mark.parametrize(("count", "expected"), [(6, 6), (None, 1)])
def test_the_processors_where_no_process_is_pinned(monkeypatch, count, expected):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: count)
    assert usable_cpus() == expected


def test_the_rate_is_that_of_a_computer_and_draws_no_random_numbers():
    state = torch.get_rng_state()
    assert 1e9 < matmul_rate(0.05) < 1e14
    assert torch.equal(torch.get_rng_state(), state)


def test_a_rate_counts_operations_by_the_clock(monkeypatch):
    ticks = iter([10.0, 10.25, 10.5])  # the start, and the end of each of two calls
    monkeypatch.setattr(machine.time, "perf_counter", lambda: next(ticks))
    assert matmul_rate(0.5) == 2 * 512**3 * 2 / 0.5


def test_a_rate_is_measured_even_in_no_time():
    assert matmul_rate(0.0) > 1e8


def test_the_peak_rises_by_what_is_touched():
    before = peak_memory_bytes()
    size = before + (100 << 20)  # more than was ever free below the peak
    block = np.ones(size, dtype=np.uint8)
    rise = peak_memory_bytes() - before
    assert rise > 90 << 20
    assert peak_memory_bytes() < before + size + (64 << 20)
    del block
    assert peak_memory_bytes() > before + (90 << 20)  # the kernel counts in batches, so not the same bytes


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="VmHWM is Linux's")
def test_the_peak_is_not_the_parents():
    block = np.ones(200 << 20, dtype=np.uint8)
    program = "from neuraltopic.runs.machine import peak_memory_bytes; print(peak_memory_bytes())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert 1 << 20 < int(done.stdout) < 100 << 20 < block.nbytes


@pytest.mark.parametrize(("system", "unit"), [("darwin", 1), ("linux", 1024), ("freebsd14", 1024)])
def test_the_peak_where_there_is_no_proc(monkeypatch, system, unit):
    import resource

    monkeypatch.setattr(Path, "exists", lambda path: False)
    monkeypatch.setattr(sys, "platform", system)
    assert peak_memory_bytes() == resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def test_the_peak_where_the_system_does_not_say(monkeypatch):
    real = builtins.__import__

    def without_resource(name, *arguments, **named):
        if name == "resource":
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.setattr(Path, "exists", lambda path: False)
    monkeypatch.setattr(builtins, "__import__", without_resource)
    assert peak_memory_bytes() is None
