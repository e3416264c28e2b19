"""Named points at which a test has a process killed, to show what a crash right there leaves behind."""

import os
import signal
from collections import Counter
from pathlib import Path

_passed: Counter[str] = Counter()


def kill_point(name: str) -> None:
    """Ends this process with SIGKILL at the n-th passing of the point that `KILL_AT=name` or `KILL_AT=name:n` names.

    Before, the line `killed at <name>` goes to the file `KILL_AT_FILE`, so that a test can tell that it was hit; a file
    that holds the line already spares the process: a restarted part is not killed again. Without `KILL_AT` nothing
    happens, ever.
    """
    wanted = os.environ.get("KILL_AT")
    if not wanted:
        return
    point, _, number = wanted.partition(":")
    if point != name:
        return
    _passed[name] += 1
    if _passed[name] < int(number or 1):
        return
    told = os.environ.get("KILL_AT_FILE")
    if told:
        line = f"killed at {name}\n"
        path = Path(told)
        if path.exists() and line in path.read_text(encoding="utf-8"):
            return
        with path.open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    os.kill(os.getpid(), signal.SIGKILL)
