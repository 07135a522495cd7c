"""Training on two hosts, which are network namespaces with an address each, and nothing shared but a wire."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.core.divided import COUNTS, model

ROOT = Path(__file__).parents[2]
HOSTS = ("neuraltopic-a", "neuraltopic-b")


def ip(*arguments, check=True):
    return subprocess.run(["ip", *arguments], check=check, capture_output=True, text=True)


@pytest.fixture
def hosts():
    """Two namespaces, joined by a pair of virtual network cards with the addresses 10.255.91.1 and 10.255.91.2."""
    try:
        for host in HOSTS:
            ip("netns", "add", host)
    except (OSError, subprocess.CalledProcessError) as error:
        for host in HOSTS:
            if not isinstance(error, OSError):
                ip("netns", "del", host, check=False)
        pytest.skip(f"this machine makes no network namespaces: {getattr(error, 'stderr', None) or error}")
    try:
        ip("link", "add", "wire-a", "netns", HOSTS[0], "type", "veth", "peer", "name", "wire-b", "netns", HOSTS[1])
        for number, (host, card) in enumerate(zip(HOSTS, ("wire-a", "wire-b"), strict=True), start=1):
            ip("-n", host, "address", "add", f"10.255.91.{number}/24", "dev", card)
            ip("-n", host, "link", "set", card, "up")
            ip("-n", host, "link", "set", "lo", "up")
        yield zip(HOSTS, ("wire-a", "wire-b"), strict=True)
    finally:
        for host in HOSTS:
            ip("netns", "del", host, check=False)


@pytest.mark.slow
def test_two_hosts_end_on_the_model_of_one(hosts, tmp_path):
    running = []
    for rank, (host, card) in enumerate(hosts):
        command = ["ip", "netns", "exec", host, sys.executable, "-m", "torch.distributed.run", "--nnodes", "2"]
        where = ["--node-rank", str(rank), "--master-addr", "10.255.91.1", "--master-port", "29511"]
        script = [str(ROOT / "tests" / "cluster" / "on_hosts.py"), str(tmp_path / f"checkpoint-{rank}")]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": card}
        running.append(subprocess.Popen([*command, *where, *script], env=environment))
    assert [process.wait(timeout=600) for process in running] == [0, 0]
    assert not (tmp_path / "checkpoint-1").exists()
    stages = []
    found = model().fit(COUNTS, checkpoint=tmp_path / "checkpoint-0", progress=lambda *told: stages.append(told[:2]))
    assert [done for stage, done in stages if stage == "training"] == [2]
    np.testing.assert_allclose(found.components_, model().fit(COUNTS).components_, rtol=1e-3, atol=1e-4)
