"""Runs a command as another user, in place of this process: `python as_user.py UID GID command …`. Needs root.

Elasticsearch refuses to run as root, and the leash that ends it must stay what it was: so the change happens between.
"""

import os
import pwd
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_NOBODY = 65534


@dataclass(frozen=True)
class OtherUser:
    """A user that may do little, by its numbers."""

    uid: int
    gid: int

    def can_enter(self, folder: Path) -> bool:
        """Whether this user may go into a folder and through all folders above it."""
        folder = folder.resolve()
        return all(self._may_pass(above) for above in (folder, *folder.parents))

    def command(self, argv: Sequence[str]) -> tuple[str, ...]:
        """The command that runs `argv` as this user."""
        return (sys.executable, "-I", "-S", str(Path(__file__).resolve()), str(self.uid), str(self.gid), *argv)

    def _may_pass(self, folder: Path) -> bool:
        found = folder.stat()
        if found.st_uid == self.uid:
            return bool(found.st_mode & stat.S_IXUSR)
        if found.st_gid == self.gid:
            return bool(found.st_mode & stat.S_IXGRP)
        return bool(found.st_mode & stat.S_IXOTH)


def user_instead_of_root() -> OtherUser | None:
    """The user under whom a server runs when we are root; None when we are not, and it runs as we do."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return OtherUser(_NOBODY, _NOBODY)
    return OtherUser(nobody.pw_uid, nobody.pw_gid)


def _become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


if __name__ == "__main__":
    _become(int(sys.argv[1]), int(sys.argv[2]))
    os.execvp(sys.argv[3], sys.argv[3:])
