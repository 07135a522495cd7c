"""A Ray cluster: a function applied to pieces in order, and groups of processes that torch.distributed joins.

These are Ray's tasks and actors. Ray Data is not used: the pieces are few, large and in order, so that there is nothing
to shuffle, and a task that dies is repeated by itself. Ray Train is not used: it takes minutes to start, and what
it adds to a group of actors, a checkpoint after each epoch and a new group when a process dies, is below.
"""

import importlib.util
import os
import queue
import socket
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from neuraltopic.cluster.process_group import free_port, interface_of
from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError, install_hint, parameter
from neuraltopic.version import __version__

LOCAL = "local"
# How often a piece is repeated whose worker died, and how often a group is begun again that has got no further.
_REPEATED = 3
# Seconds in which the other processes of a group tell why they failed, once the first has.
_OTHERS_FAIL = 5.0
_CONNECT_SECONDS = 5.0
# Messages of a group on the way, which may hold a checkpoint each; a process that tells more waits.
_UNTAKEN = 2


class Plan(NamedTuple):
    """What a cluster is used as.

    Attributes
    ----------
    machines, cpus : int
        What there is.
    processes, threads : int
        Processes of the training, and threads of each.
    """

    machines: int
    cpus: int
    processes: int
    threads: int


class Cluster:
    """A cluster that this process is connected to; made by `connected`."""

    def __init__(self, ray: Any, n_jobs: int | None) -> None:
        self._ray = ray
        self._n_jobs = n_jobs

    def plan(self) -> Plan:
        """The present use of the cluster: one training process per machine, or one per processor of a single machine.

        With `n_jobs` there are that many instead, at most one per processor.
        """
        machines = [node["Resources"]["CPU"] for node in self._ray.nodes() if node["Alive"] and _cpus(node)]
        return _plan([int(cpus) for cpus in machines], self._n_jobs)

    def map(self, function: Callable[[Any, Any], Any], shared: Any, pieces: Iterable[Any]) -> Iterator[Any]:
        """Yield `function(shared, piece)` for each piece, in order, from one processor each.

        The pieces are taken as they can be worked on. A piece whose worker dies is worked on again.

        Parameters
        ----------
        function : callable
            One that can be imported on every machine.
        shared : object
            Sent to each machine once.
        pieces : iterable

        Raises
        ------
        NeuralTopicError
            When a piece was given up, after its worker had died four times; or what the function raised.
        """
        apply = self._ray.remote(num_cpus=1, max_retries=_REPEATED)(_applied)
        held = self._ray.put((function, shared))
        n_ahead = 2 * max(1, self.plan().cpus)
        pending: deque[Any] = deque()
        for piece in pieces:
            pending.append(apply.remote([held], piece))
            if len(pending) > n_ahead:
                yield self._result(pending.popleft())
        while pending:
            yield self._result(pending.popleft())

    def run_group(
        self,
        function: Callable[[Any, Any, Callable[[Any], None]], None],
        shared: Any,
        state: Callable[[], Any],
        told: Callable[[Any], bool],
    ) -> None:
        """Call `function(shared, state(), tell)` in every process of a group, to the end.

        The processes have the environment that torchrun gives them. Where one dies, the whole group is ended, and
        begun again on the machines that are there, with the state of that time.

        Parameters
        ----------
        function : callable
            One that can be imported on every machine. What the first process tells by `tell` comes back here.
        shared : object
            Sent to each machine once.
        state : callable
            Asked whenever a group begins.
        told : callable
            Takes what the first process tells; whether that is progress which a new group goes on from.

        Raises
        ------
        NeuralTopicError
            When the function raises it, or a group has failed four times without progress.
        """
        held = self._ray.put(shared)
        failures = 0
        while True:
            group = _Group(self._ray, self.plan())
            try:
                for message in group.run(function, [held], state()):
                    if told(message):
                        failures = 0
                return
            except self._ray.exceptions.RayError as error:
                failures += 1
                cause = getattr(error, "cause", None)
                if isinstance(cause, NeuralTopicError):
                    raise cause from error
                if failures > _REPEATED:
                    raise _given_up("training", error) from error
                warnings.warn(
                    f"a training process failed ({_last_line(error)}); a new group continues from the last epoch",
                    NeuralTopicWarning,
                    stacklevel=2,
                )
            finally:
                group.end()

    def _result(self, reference: Any) -> Any:
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from error
        except self._ray.exceptions.RayError as error:
            raise _given_up("a piece of the documents", error) from error


class _Group:
    """Processes that torch.distributed joins, spread over the machines."""

    def __init__(self, ray: Any, plan: Plan) -> None:
        self._ray = ray
        self._plan = plan
        actor = ray.remote(num_cpus=plan.threads, max_restarts=0, scheduling_strategy="SPREAD")(_Process)
        self._processes = [actor.remote() for _ in range(plan.processes)]

    def run(self, function: Callable[..., None], held: list[Any], state: Any) -> Iterator[Any]:
        """Yield what the first process tells."""
        first = self._ray.get(self._processes[0].place.remote())
        running = [
            process.run.options(num_returns="streaming", _generator_backpressure_num_objects=_UNTAKEN).remote(
                function, held, state, _environment(rank, self._plan, first), self._plan.threads
            )
            for rank, process in enumerate(self._processes)
        ]
        while running:
            ready, _ = self._ray.wait(running, num_returns=1, timeout=None, fetch_local=False)
            for stream in ready:
                try:
                    yield self._ray.get(next(stream))
                except StopIteration:
                    running.remove(stream)
                except self._ray.exceptions.RayError as error:
                    raise self._reason(error, [other for other in running if other is not stream]) from error

    def end(self) -> None:
        """End the processes, also those that wait for one that is gone."""
        for process in self._processes:
            self._ray.kill(process)

    def _reason(self, error: Exception, others: list[Any]) -> Exception:
        """The error of the group: of several that an input is at fault for goes before a lost connection."""
        errors = [error]
        failed, _ = self._ray.wait(others, num_returns=len(others), timeout=_OTHERS_FAIL) if others else ([], [])
        for stream in failed:
            try:
                self._ray.get(next(stream))
            except StopIteration:
                pass
            except self._ray.exceptions.RayError as other:
                errors.append(other)
        return max(errors, key=lambda each: isinstance(getattr(each, "cause", None), NeuralTopicError))


class _Process:
    """A process of a group, as an actor of Ray."""

    def place(self) -> tuple[str, int]:
        """Where the others find the first process."""
        import ray

        return ray.util.get_node_ip_address(), free_port()

    def run(
        self, function: Callable[..., None], held: list[Any], state: Any, environment: dict[str, str], threads: int
    ) -> Iterator[Any]:
        """Call the function, and yield what it tells meanwhile."""
        import ray

        shared = ray.get(held[0])
        interface = interface_of(ray.util.get_node_ip_address())
        os.environ.update(environment)
        if interface is not None:
            os.environ.setdefault("GLOO_SOCKET_IFNAME", interface)
        told: queue.Queue[tuple[bool, Any]] = queue.Queue(1)  # so that training waits until it is taken
        first = environment["RANK"] == "0"

        def work() -> None:
            import torch

            torch.set_num_threads(threads)
            try:
                function(shared, state, lambda message: told.put((False, message)) if first else None)
                told.put((True, None))
            except BaseException as error:
                told.put((True, error))

        threading.Thread(target=work, daemon=True).start()
        while True:
            ended, message = told.get()
            if not ended:
                yield message
            elif message is None:
                return
            else:
                raise message


_shared: dict[str, Any] = {}  # what this worker was sent, by its reference


def _applied(held: list[Any], piece: Any) -> Any:
    """Apply a function to a piece, in a worker, which Ray gives the threads of one processor."""
    import ray

    name = held[0].hex()
    if name not in _shared:
        _shared.clear()
        _shared[name] = ray.get(held[0])
    function, shared = _shared[name]
    return function(shared, piece)


def _environment(rank: int, plan: Plan, first: tuple[str, int]) -> dict[str, str]:
    """What torchrun tells a process of a group."""
    return {
        "RANK": str(rank),
        "WORLD_SIZE": str(plan.processes),
        "MASTER_ADDR": first[0],
        "MASTER_PORT": str(first[1]),
    }


def planned(address: str, n_jobs: int | None, cpus: int) -> Plan:
    """What a fit on a cluster would use; a local one, on so many processors, is not started for it.

    Raises
    ------
    UsageError
        When Ray is not installed, or there is no cluster at the address.
    """
    if address == LOCAL:
        _require_ray()
        return _plan([n_jobs or cpus], n_jobs)
    with connected(address, n_jobs, cpus) as cluster:
        return cluster.plan()


@contextmanager
def connected(address: str, n_jobs: int | None, cpus: int) -> Iterator[Cluster]:
    """Yield the cluster at an address; with "local" one that is started here, on so many processors, and ended after.

    A process that is connected to a cluster already stays with that one.

    Raises
    ------
    UsageError
        When Ray is not installed, there is no cluster at the address, or its machines have another version of
        neuraltopic or none.
    """
    _require_ray()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    if ray.is_initialized():
        yield Cluster(ray, n_jobs)
        return
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address == LOCAL:
        options |= {"num_cpus": n_jobs or cpus, "include_dashboard": False, "address": LOCAL}
    else:
        options["address"] = _checked(address)
    try:
        ray.init(**options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise _no_cluster(address, str(error).partition("\n")[0][:300]) from error
    try:
        cluster = Cluster(ray, n_jobs)
        if address != LOCAL:
            _require_same_version(ray)
        yield cluster
    finally:
        ray.shutdown()


def _checked(address: str) -> str:
    """An address at which somebody listens: Ray itself waits minutes for those at which nobody does."""
    if address.startswith("ray://"):
        raise UsageError(
            parameter("cluster", address),
            expected="an address in the cluster, as HOST:6379 or auto",
            got="one of Ray's client, whose program runs outside it",
            hint="Run neuraltopic on a machine of the cluster, or through ray job submit",
        )
    if address != "auto":
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            raise _no_cluster(address, "no host and port")
        try:
            socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()
        except OSError as error:
            raise _no_cluster(address, error.strerror or str(error)) from error
    return address


def _no_cluster(address: str, got: str) -> UsageError:
    return UsageError(
        parameter("cluster", address),
        expected="the address of a Ray cluster that runs, as HOST:6379 or auto on one of its machines, or local",
        got=got,
        hint="Start one with: ray start --head",
    )


def _plan(machines: list[int], n_jobs: int | None) -> Plan:
    cpus = sum(machines)
    processes = min(n_jobs or (len(machines) if len(machines) > 1 else cpus), cpus)
    on_each = -(-processes // len(machines))
    return Plan(len(machines), cpus, processes, max(1, min(machines) // on_each))


def _cpus(node: Any) -> int:
    return int(node["Resources"].get("CPU", 0))


def _require_ray() -> None:
    if importlib.util.find_spec("ray") is None:
        raise UsageError(
            parameter("cluster"),
            expected="Ray installed, which runs the cluster",
            got="no such package",
            hint=install_hint("cluster"),
        )


def _require_same_version(ray: Any) -> None:
    """Refuse a cluster on one of whose machines neuraltopic is missing or another version."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    ask = ray.remote(num_cpus=0)(_version)
    for node in ray.nodes():
        if not node["Alive"]:
            continue
        here = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        try:
            found = f"version {ray.get(ask.options(scheduling_strategy=here).remote())}"
        except ray.exceptions.RayError as error:
            found = f"none ({_last_line(error)})"
        if found != f"version {__version__}":
            raise UsageError(
                f"machine {node['NodeManagerAddress']}",
                expected=f"neuraltopic {__version__}, as here",
                got=found,
                hint="Install the same version on every machine",
            )


def _version() -> str:
    return __version__


def _last_line(error: Exception) -> str:
    """What an error of Ray comes to, which ends with the line that says it."""
    return str(error).strip().splitlines()[-1][:300]


def _given_up(what: str, error: Exception) -> NeuralTopicError:
    return NeuralTopicError(
        "cluster",
        expected=f"workers that finish {what}",
        got=f"{_REPEATED + 1} that died or failed, the last by {_last_line(error)}",
        hint=f"Look at their memory and the logs of Ray, and continue with {parameter('resume', True)}",
    )
