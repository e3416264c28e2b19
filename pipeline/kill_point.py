"""Named points at which a test has a process killed, to show what a crash right there leaves behind."""

import os
import signal
from collections import Counter
from pathlib import Path

_passed: Counter[str] = Counter()


def kill_point(name: str) -> None:
    """Ends this process with SIGKILL at the n-th passing of a point that `KILL_AT` names: `name`, or `name:n`.

    Several may be named, by commas. Before, the line `killed at <name>` goes to the file `KILL_AT_FILE`, so that a test
    can tell that it was hit; a line that stands there already spares the process: a restarted part is not killed at the
    same point again. Without `KILL_AT` nothing happens, ever.
    """
    wanted = os.environ.get("KILL_AT")
    if not wanted:
        return
    numbers = {point: int(number or 1) for point, _, number in (one.partition(":") for one in wanted.split(","))}
    if name not in numbers:
        return
    _passed[name] += 1
    if _passed[name] < numbers[name] or not _is_told(name):
        return
    os.kill(os.getpid(), signal.SIGKILL)


def _is_told(name: str) -> bool:
    """Tells the file that the point is hit; False when it was hit before. True where there is no file to tell."""
    file = os.environ.get("KILL_AT_FILE")
    if not file:
        return True
    path, line = Path(file), f"killed at {name}\n"
    if path.exists() and line in path.read_text(encoding="utf-8"):
        return False
    with path.open("a", encoding="utf-8") as told:
        told.write(line)
        told.flush()
        os.fsync(told.fileno())
    return True
