"""A process of a group that torch.distributed joins, whoever started it: torchrun or a cluster."""

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

# How long a process waits for the others, who may be importing torch from a slow disk or writing a checkpoint.
_PATIENCE = timedelta(minutes=10)
_SIOCGIFADDR = 0x8915  # the address of an interface, on Linux


@contextmanager
def joined() -> Iterator[None]:
    """Be one of the processes that RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT describe, as torchrun sets them.

    Without these, or in a group of one, or where the script has joined one already, nothing is joined.
    """
    from torch import distributed

    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or distributed.is_initialized():
        yield
        return
    distributed.init_process_group("gloo", timeout=_PATIENCE)
    try:
        yield
    finally:
        distributed.destroy_process_group()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("", 0))
        return int(taken.getsockname()[1])


def interface_of(address: str) -> str | None:
    """The name of the network interface that has an IPv4 address; None where none has.

    gloo takes that of the host's name by default, which on many machines is the loopback, where nobody else is.
    """
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                found = fcntl.ioctl(asked.fileno(), _SIOCGIFADDR, request)[20:24]
            except OSError:  # an interface without an address
                continue
            if socket.inet_ntoa(found) == address:
                return name
    return None
