"""How a cluster is used, without one."""

import subprocess
import sys

import pytest

from neuraltopic import TopicModel
from neuraltopic.cluster import ray_cluster
from neuraltopic.cluster.process_group import free_port, interface_of
from neuraltopic.cluster.ray_cluster import Plan, _plan, connected, planned
from neuraltopic.errors import UsageError


@pytest.mark.parametrize(
    ("machines", "n_jobs", "expected"),
    [
        ([4], None, Plan(1, 4, 4, 1)),
        ([4], 2, Plan(1, 4, 2, 2)),
        ([4], 9, Plan(1, 4, 4, 1)),
        ([8, 8, 8], None, Plan(3, 24, 3, 8)),
        ([8, 4], None, Plan(2, 12, 2, 4)),
        ([8, 8], 4, Plan(2, 16, 4, 4)),
        ([8, 8], 3, Plan(2, 16, 3, 4)),
        ([2, 2], 9, Plan(2, 4, 4, 1)),
    ],
)
def test_one_process_a_machine_or_one_a_processor(machines, n_jobs, expected):
    assert _plan(machines, n_jobs) == expected


def test_a_local_cluster_is_planned_without_starting_it(monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setattr(ray_cluster, "connected", None)
    assert planned("local", None, 3) == Plan(1, 3, 3, 1)
    assert TopicModel(n_jobs=2).plan("local") == Plan(1, 2, 2, 1)


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(ray_cluster.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"^cluster: expected Ray installed.* pip install 'neuraltopic\[cluster\]'\.$"):
        TopicModel(2).fit(["a b", "b c"], cluster="local")


def test_an_address_of_a_client_is_refused():
    pytest.importorskip("ray")
    with (
        pytest.raises(UsageError, match=r"^cluster=ray://host:10001: .* Run neuraltopic on a machine of the cluster"),
        connected("ray://host:10001", None, 1),
    ):
        pass


def test_a_recipe_that_is_not_divided_is_refused_before_anything_starts(monkeypatch):
    monkeypatch.setattr("neuraltopic.estimators.topic_model.connected", None)
    with pytest.raises(UsageError, match=r"^recipe: expected one whose decoder reads each document by itself"):
        TopicModel(2, recipe="prodlda").fit(["a b", "b c"], cluster="local")


def test_the_interface_of_an_address():
    assert interface_of("127.0.0.1") == "lo"
    assert interface_of("203.0.113.7") is None
    assert 1024 <= free_port() < 65536


def test_neither_ray_nor_fsspec_is_imported_without_need():
    code = "import sys, neuraltopic.estimators.topic_model, neuraltopic.cli; print({'ray', 'upath'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"
