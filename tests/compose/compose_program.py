"""Docker Compose as a program, built from its public Go module, since no package of Debian's has it."""

import os
import tempfile
from pathlib import Path

from tests.compose.engine import Failed, NoEngine, call, folder

VERSION = "v2.40.3"
MODULE = "github.com/docker/compose/v2"
GO_MOD = "module compose-program\n\ngo 1.24\n"
# It mostly waits for the engine: without optimizations it serves as well, and is built with a third less work.
PLAIN = "all=-N -l -dwarf=false"


def compose_program() -> Path:
    """The program, built when it is not there yet (some minutes). Raises `NoEngine`."""
    program = folder() / f"docker-compose-{VERSION}"
    if program.exists():
        return program
    with tempfile.TemporaryDirectory(dir=folder(), prefix="compose-") as scratch:
        built = Path(scratch) / "docker-compose"
        (Path(scratch) / "go.mod").write_text(GO_MOD, encoding="utf-8")
        env = dict(os.environ) | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"}
        flags = f"-s -w -X {MODULE}/internal.Version={VERSION}"
        try:
            call(["go", "get", "-tool", f"{MODULE}/cmd@{VERSION}"], cwd=Path(scratch), env=env)
            call(
                ["go", "build", "-trimpath", "-gcflags", PLAIN, "-ldflags", flags, "-o", str(built), f"{MODULE}/cmd"],
                cwd=Path(scratch),
                env=env,
                seconds=1200,
            )
        except Failed as error:
            raise NoEngine(f"compose could not be built: {error}") from error
        built.replace(program)
    return program
