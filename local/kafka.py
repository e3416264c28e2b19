"""Apache Kafka in KRaft mode as a child process: one node that is broker and controller, on 127.0.0.1 only."""

import os
import re
import shutil
import subprocess
import uuid
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.child_server import ChildServer, last_lines
from local.errors import ServerFailed
from local.jdk import Jdk
from local.kafka_answer import has_broker
from local.ports import LOOPBACK

HEAP = "512m"
_MAIN = "kafka.Kafka"
_FORMAT = "kafka.tools.StorageTool"
# A broker that recovers on a full disk throws the list of its topics away, and with it what they hold. So each start
# looks first; 75 asks to be tried again.
_ONLY_WITH_ROOM = """\
free=$(df -Pk "$0" | tail -n 1 | tr -s ' ' | cut -d ' ' -f 4)
test "$free" -ge 262144 || { echo "Kafka does not start: the disk has $((free / 1024)) MB left, and 256 MB are needed \
to start without losing anything. Make room; it is tried again" >&2; exit 75; }
exec "$@"
"""


@dataclass(frozen=True)
class KafkaNode:
    """Where a broker lives and how it is started: its folder, the JDK, the jars and its two ports."""

    folder: Path
    jdk: Jdk
    jars: tuple[Path, ...]
    port: int
    controller_port: int
    name: str = "Kafka"

    @property
    def bootstrap(self) -> str:
        """The broker's address."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def properties_file(self) -> Path:
        """Its configuration, written anew at each start."""
        return self.folder / "server.properties"

    @property
    def argv(self) -> tuple[str, ...]:
        """The command that runs the broker until it is stopped."""
        broker = self._java(_MAIN, str(self.properties_file), options=(f"-Xmx{HEAP}", "-Xms128m"))
        return ("sh", "-c", _ONLY_WITH_ROOM, str(self.folder), *broker)

    @property
    def env(self) -> Mapping[str, str]:
        """It needs no variables."""
        return {}

    def prepare(self) -> None:
        """Writes the configuration and, in a new folder, formats the storage. Can be repeated; keeps what is there.

        Raises `ServerFailed`.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        # A killed broker leaves its files.
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir()
        self.properties_file.write_text(self._properties(), encoding="ascii")
        (self.folder / "log4j2.properties").write_text(_LOGGING, encoding="utf-8")
        if (self.folder / "data" / "meta.properties").exists():
            return
        arguments = ("format", "--ignore-formatted", "-t", _cluster_id(), "-c", str(self.properties_file))
        try:
            done = subprocess.run(
                self._java(_FORMAT, *arguments),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ServerFailed("Kafka's storage was not formatted within 120 s: the machine may be too busy") from error
        if done.returncode:
            raise ServerFailed(f"Kafka's storage could not be formatted: {last_lines(done.stdout + done.stderr)}")

    def answers(self) -> bool:
        """Whether the broker answers a request now."""
        return has_broker(LOOPBACK, self.port)

    def _java(self, main: str, *arguments: str, options: Sequence[str] = ()) -> tuple[str, ...]:
        logging = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}"
        scratch = f"-Djava.io.tmpdir={self._scratch}"
        class_path = os.pathsep.join(str(jar) for jar in self.jars)
        return (self.jdk.java, *options, logging, scratch, "-cp", class_path, main, *arguments)

    @property
    def _scratch(self) -> Path:
        return self.folder / "tmp"

    def _properties(self) -> str:
        listener, controller = f"{LOOPBACK}:{self.port}", f"{LOOPBACK}:{self.controller_port}"
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{controller}",
            "listeners": f"PLAINTEXT://{listener},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{listener}",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": str(self.folder / "data"),
            "num.partitions": "1",
            "default.replication.factor": "1",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "auto.create.topics.enable": "false",
            # Segments small enough that old ones can go: retention drops whole segments.
            "log.segment.bytes": str(64 << 20),
            "log.cleaner.dedupe.buffer.size": str(8 << 20),
        }
        return "".join(f"{name}={property_value(value)}\n" for name, value in settings.items())


class KafkaServer(ChildServer):
    """A broker as a child of this process, gone when this process goes. `start`, `await_ready`, `stop`."""

    def __init__(self, node: KafkaNode) -> None:
        super().__init__(node)
        self.node = node

    @property
    def bootstrap(self) -> str:
        """The broker's address."""
        return self.node.bootstrap


def property_value(text: str) -> str:
    """A value in ASCII for java.util.Properties, which reads Latin-1: all other letters by their UTF-16 units."""
    return "".join(letter if " " <= letter <= "~" else _units(letter) for letter in text.replace("\\", "\\\\"))


def _units(letter: str) -> str:
    # A path that is no UTF-8 holds lone surrogates.
    return re.sub("....", r"\\u\g<0>", letter.encode("utf-16-be", "surrogatepass").hex())


def _cluster_id() -> str:
    # 16 random bytes as Kafka writes them: 22 characters of URL-safe base64; a dash in front would look like an option.
    return b64encode(uuid.uuid4().bytes, altchars=b"A_").decode().rstrip("=")


_LOGGING = """\
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %m (%c{1})%n
"""
