"""The memory that this process holds, by what the system says of it."""

import re
from pathlib import Path

STATUS = Path("/proc/self/status")


def resident_megabytes() -> float:
    """VmRSS in MiB; only where the system has /proc."""
    return int(re.search(r"VmRSS:\s+(\d+)", STATUS.read_text())[1]) / 1024
