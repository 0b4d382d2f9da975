"""How much memory a process has held."""

import re
import resource
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_mb() -> float:
    """Return the most memory that this program has held so far, in megabytes.

    Linux counts into `getrusage` what the process that started this one held at that moment, so it is asked only
    where nothing else tells.
    """
    told = re.search(r"VmHWM:\s*(\d+) kB", _STATUS.read_text()) if _STATUS.exists() else None
    held = int(told[1]) if told else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / 1024
