"""A Docker engine of our own: Debian's packages unpacked beside everything else, with its own socket and data folder.

Nothing is installed on the machine, no rule of its firewall is changed, and no other engine is spoken to. Containers
reach each other and the loopback addresses that are published, and nothing outside.
"""

import fcntl
import os
import platform
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from local.artifacts import cache_dir
from local.leash import leashed

PACKAGES = ("docker.io", "iptables", "debootstrap")
# The control group of all containers, and how many programs it weighs as much as.
GROUP, PROGRAMS = "rtc-compose-check", 8
_GROUPS = Path("/sys/fs/cgroup")
START_SECONDS = 60.0
STOP_SECONDS = 60.0
_LOOK_SECONDS = 0.2


class NoEngine(Exception):
    """This machine cannot run an engine; its text says what it lacks."""


class Failed(Exception):
    """A command failed; its text holds the command and the end of what it said."""


def folder() -> Path:
    """Where what was fetched and built is kept between runs."""
    return cache_dir(os.environ) / "containers"


def call(
    argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None, seconds: float = 900
) -> str:
    """What a command printed on standard output. Raises `Failed`."""
    done = subprocess.run(
        argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False
    )
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-25:])
        raise Failed(f"{' '.join(argv)} ended with {done.returncode}:\n{said}")
    return done.stdout


def check_machine() -> None:
    """Raises `NoEngine` naming what this machine lacks."""
    lacking = []
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        lacking.append("Linux on x86_64")
    if os.geteuid() != 0:
        lacking.append("root")
    lacking += [program for program in ("apt-get", "dpkg-deb", "go", "tar") if shutil.which(program) is None]
    if not Path("/sys/fs/cgroup").is_dir():
        lacking.append("control groups")
    if lacking:
        raise NoEngine(f"it needs {', '.join(lacking)}")


def unpacked_packages() -> Path:
    """The folder with the engine's programs, fetched with apt from the machine's own mirror when they are not there."""
    root = folder() / "packages"
    if root.is_dir():
        return root
    with tempfile.TemporaryDirectory(dir=folder(), prefix="packages-") as scratch:
        debs = Path(scratch) / "debs"
        debs.mkdir()
        try:
            names = _wanted_packages() or _wanted_packages(update=True)
            call(["apt-get", "download", "-q", *names], cwd=debs)
            for deb in sorted(debs.glob("*.deb")):
                call(["dpkg-deb", "--extract", str(deb), str(Path(scratch) / "root")])
        except Failed as error:
            raise NoEngine(f"Debian's packages could not be had: {error}") from error
        # The engine looks for this name, which Debian makes only while it installs.
        for name in ("iptables", "ip6tables"):
            (Path(scratch) / "root" / "usr" / "sbin" / name).symlink_to("xtables-nft-multi")
        (Path(scratch) / "root").replace(root)
    return root


def _wanted_packages(*, update: bool = False) -> list[str]:
    """The packages and what they need that the machine has not; empty when its lists know nothing of them."""
    if update:
        call(["apt-get", "update", "-q"])
    try:
        # What is installed is wanted as well: a program of another version must not be mixed in.
        planned = call(["apt-get", "install", "--simulate", "--reinstall", "--no-install-recommends", *PACKAGES])
    except Failed:
        if update:
            raise
        return []
    return sorted({line.split()[1] for line in planned.splitlines() if line.startswith("Inst ")})


@dataclass
class Engine:
    """A running engine: its socket and the environment in which its programs find each other."""

    socket: Path
    packages: Path
    _env: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._env = packages_env(self.packages) | {
            "DOCKER_HOST": f"unix://{self.socket}",
            "DOCKER_BUILDKIT": "1",
            "DOCKER_CONFIG": str(self.socket.parent / "config"),
            "BUILDX_CONFIG": str(self.socket.parent / "buildx"),
        }

    @property
    def env(self) -> dict[str, str]:
        """For programs that talk to it."""
        return dict(self._env)

    def add_compose(self, program: Path) -> None:
        """Makes `docker compose` a command of its client, as it is on a user's machine."""
        plugins = Path(self._env["DOCKER_CONFIG"]) / "cli-plugins"
        plugins.mkdir(parents=True, exist_ok=True)
        (plugins / "docker-compose").symlink_to(program)

    def docker(self, *arguments: str, seconds: float = 900) -> str:
        """What the engine's own client prints. Raises `Failed`."""
        return call([str(self.packages / "usr" / "bin" / "docker"), *arguments], env=self._env, seconds=seconds)

    def has_image(self, name: str, label: str) -> bool:
        """Whether an image of this name is there that has this label (`key=value`)."""
        return bool(self.docker("images", "--quiet", "--filter", f"label={label}", name).strip())


def packages_env(packages: Path) -> dict[str, str]:
    """The environment in which the unpacked programs run."""
    libraries = packages / "usr" / "lib" / "x86_64-linux-gnu"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "COMPOSE_"))}
    return kept | {
        "PATH": f"{packages}/usr/bin:{packages}/usr/sbin:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": str(libraries),
        "XTABLES_LIBDIR": str(libraries / "xtables"),
        "DEBOOTSTRAP_DIR": str(packages / "usr" / "share" / "debootstrap"),
    }


@contextmanager
def running_engine() -> Iterator[Engine]:
    """An engine for as long as the block runs; a second run waits for the first. Raises `NoEngine`."""
    folder().mkdir(parents=True, exist_ok=True)
    with (
        (folder() / "lock").open("w") as lock,
        tempfile.TemporaryDirectory(prefix="rtc-engine-", ignore_cleanup_errors=True) as scratch,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        engine = Engine(Path(scratch) / "docker.sock", unpacked_packages())
        log = folder() / "engine.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                leashed(_command(engine, Path(scratch))),
                env=engine.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            _await(process, engine, log)
            _weigh()
            yield engine
        finally:
            _stop(process)
            _forget_group()


def _command(engine: Engine, scratch: Path) -> list[str]:
    return [
        str(engine.packages / "usr" / "sbin" / "dockerd"),
        *("--host", f"unix://{engine.socket}", "--data-root", str(folder() / "data")),
        *("--exec-root", str(scratch / "exec"), "--pidfile", str(scratch / "docker.pid")),
        *("--storage-driver", "overlay2", "--bridge", "none", "--cgroup-parent", f"/{GROUP}"),
        *("--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"),
        *("--userland-proxy-path", str(engine.packages / "usr" / "sbin" / "docker-proxy")),
    ]


def _weigh() -> None:
    """Lets all containers together weigh as much as several programs, not as one, where others are at work."""
    # Version 1 of control groups keeps the weight of processors in one place, version 2 in another.
    for where, name, weight in ((_GROUPS / "cpu", "cpu.shares", 1024), (_GROUPS, "cpu.weight", 100)):
        if (where / "cgroup.procs").exists():
            with suppress(OSError):
                (where / GROUP).mkdir(exist_ok=True)
                (where / GROUP / name).write_text(str(weight * PROGRAMS), encoding="utf-8")


def _forget_group() -> None:
    """Removes the empty control groups."""
    for group in (*_GROUPS.glob(f"*/{GROUP}"), _GROUPS / GROUP):
        with suppress(OSError):
            group.rmdir()


def _await(process: "subprocess.Popen[bytes]", engine: Engine, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            engine.docker("version", seconds=10)
        except (Failed, subprocess.TimeoutExpired):
            time.sleep(_LOOK_SECONDS)
        else:
            return
    end = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])
    raise NoEngine(f"the engine did not start; the end of {log}:\n{end}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
