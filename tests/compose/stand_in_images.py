"""The images that the compose file and our Dockerfile name but that cannot be pulled here, made from real parts."""

import hashlib
import os
import shutil
import ssl
import tempfile
from pathlib import Path

from local.artifacts import ELASTICSEARCH, ArtifactCache, from_environment
from local.elasticsearch_place import unpacked
from local.jdk import find_jdk
from tests.compose.compose_file import ROOT, compose_file
from tests.compose.engine import Engine, Failed, NoEngine, call, folder, packages_env, unpacked_packages

DOCKERFILE = ROOT / "docker" / "Dockerfile"
HERE = Path(__file__).parent / "stand_ins"
KAFKA_TOOLS = "kafka-tools"
SERVERS = ("kafka", "elasticsearch", "kibana")
# Python's own image has its headers, too.
INCLUDE = "ca-certificates,python3,python3-venv,python3-pip,python3-dev"
# On the image of the base: what it was made of, so that another one is not taken for it.
MADE_OF = "rtc.made-of"
# What a slim image leaves out, and what is no part of a system that is about to be copied.
NOT_WANTED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/lib/apt/lists", "var/cache/apt/archives")
JDK_PARTS_LEFT_OUT = ("lib/src.zip", "jmods", "demo", "man", "include")


def base_name() -> str:
    """The base that our Dockerfile names."""
    first = next(line for line in DOCKERFILE.read_text(encoding="utf-8").splitlines() if line.startswith("FROM "))
    return first.split()[1]


def make_base(engine: Engine) -> None:
    """A Debian root with Python, from the machine's own mirror, under the name of Python's image."""
    archive = folder() / f"base-{hashlib.sha256(INCLUDE.encode()).hexdigest()[:12]}.tar"
    if not archive.exists():
        for other in folder().glob("base*.tar"):
            other.unlink()
        _debootstrap(archive)
    if not engine.has_image(base_name(), f"{MADE_OF}={archive.name}"):
        _import_base(engine, archive)
    try:
        engine.docker("run", "--rm", "--network", "none", "--memory", "64m", base_name(), "true")
    except Failed as error:
        raise NoEngine(f"the engine starts, but runs no container: {error}") from error


def _import_base(engine: Engine, archive: Path) -> None:
    # Builds trust whom this machine trusts.
    certificates = "/etc/ssl/certs/ca-certificates.crt"
    trust = " ".join(f"{name}={certificates}" for name in ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"))
    changes = ('CMD ["python3"]', f"ENV {trust}", f"LABEL {MADE_OF}={archive.name}")
    engine.docker("import", *(part for each in changes for part in ("--change", each)), str(archive), base_name())


def _debootstrap(archive: Path) -> None:
    mirror, suite = _mirror()
    with tempfile.TemporaryDirectory(dir=folder(), prefix="root-") as scratch:
        root = Path(scratch) / "root"
        env = packages_env(unpacked_packages())
        # Programs of the new root run with its own libraries.
        env.pop("LD_LIBRARY_PATH")
        try:
            call(
                ["debootstrap", "--variant=minbase", f"--include={INCLUDE}", suite, str(root), mirror],
                env=env,
                seconds=1200,
            )
        except Failed as error:
            raise NoEngine(f"no base image could be made from {suite}: {error}") from error
        for name in NOT_WANTED:
            shutil.rmtree(root / name, ignore_errors=True)
        (root / "var/lib/apt/lists/partial").mkdir(parents=True)
        (root / "var/cache/apt/archives/partial").mkdir(parents=True)
        for name in ("python3", "python"):
            (root / "usr/local/bin" / name).symlink_to("/usr/bin/python3")
        trusted = ssl.get_default_verify_paths().cafile
        if trusted and Path(trusted).is_file():
            shutil.copyfile(trusted, root / "etc/ssl/certs/ca-certificates.crt")
        unfinished = archive.with_suffix(".unfinished")
        call(["tar", "-C", str(root), "-cf", str(unfinished), "."])
        unfinished.replace(archive)


def _mirror() -> tuple[str, str]:
    """The mirror and release that the machine's own apt configuration names for its main system."""
    wanted = base_name().rpartition("-")[2]
    listed = call(["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)", "Created-By: Packages"])
    for line in listed.splitlines():
        address, _, suite = line.partition(" ")
        if suite == wanted:
            return address, suite
    raise NoEngine(f"the machine's apt configuration names no mirror of {wanted}")


def make_servers(engine: Engine) -> None:
    """Kafka, Elasticsearch and what stands in Kibana's place, under the names that the compose file uses."""
    context = _context()
    for name in SERVERS:
        image = compose_file()["services"][name]["image"]
        engine.docker(
            *("build", "--quiet", "--network", "host", "--file", str(HERE / "Dockerfile")),
            *("--target", name, "--tag", image, str(context)),
        )


def _context() -> Path:
    """The folder that the images are built from, written anew: hard links where files are large."""
    context = folder() / "context"
    shutil.rmtree(context, ignore_errors=True)
    context.mkdir()
    cache = from_environment()
    cache.fetch("kafka", ELASTICSEARCH)
    (archive,) = cache.files(ELASTICSEARCH)
    shutil.copytree(cache.folder / "kafka", context / "kafka-libs", copy_function=_link)
    tools = ArtifactCache(folder(), (HERE / "kafka_tools.lock").read_text(encoding="utf-8"))
    tools.fetch(KAFKA_TOOLS)
    shutil.copytree(folder() / KAFKA_TOOLS, context / "kafka-libs", copy_function=_link, dirs_exist_ok=True)
    shutil.copytree(unpacked(archive, None), context / "elasticsearch-home", copy_function=_link)
    jdk = find_jdk(os.environ).home.resolve()
    left_out = {jdk / part for part in JDK_PARTS_LEFT_OUT}
    shutil.copytree(
        jdk,
        context / "jdk",
        copy_function=_link,
        ignore=lambda where, names: {name for name in names if Path(where) / name in left_out},
    )
    for name in SERVERS:
        shutil.copytree(HERE / name, context / name)
    for part in ("kibana_stand_in", "compose/stand_ins/kibana_logins.py"):
        target = context / "tests" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        source = ROOT / "tests" / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    return context


def _link(source: str, target: str) -> None:
    try:
        os.link(os.path.realpath(source), target)
    except OSError:
        shutil.copy2(source, target)
