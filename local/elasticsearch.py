"""Elasticsearch as a child process: one node on 127.0.0.1, security on, under another user when we are root.

It is the distribution that Maven Central carries: no scripts, no lifecycle, no Kibana on top; `GET /` is not answered.
"""

import http.client
import shutil
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from local.as_user import OtherUser, user_instead_of_root
from local.child_server import ChildServer
from local.elasticsearch_accounts import (
    ADMIN,
    ROLES,
    USERS_ROLES,
    kept_secret,
    passwords,
    service_token,
    service_tokens_file,
    users_file,
)
from local.elasticsearch_place import SHARED, forget_place, give, run_place, unpacked
from local.errors import NotReadyYet
from local.jdk import Jdk
from local.ports import LOOPBACK

HEAP = "512m"
_ANSWER_SECONDS = 5.0


@dataclass(frozen=True)
class ElasticsearchNode:
    """Where an Elasticsearch lives and how it is started: its folder, its archive, the JDK and its two ports.

    `user` is whom it runs as (None: as we do), `shared` where its files go when that user cannot enter our folders.
    """

    folder: Path
    archive: Path
    jdk: Jdk
    port: int
    transport_port: int
    user: OtherUser | None = field(default_factory=user_instead_of_root)
    shared: Path = SHARED
    name: str = "Elasticsearch"

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{LOOPBACK}:{self.port}"

    @cached_property
    def passwords(self) -> Mapping[str, str]:
        """The password of each of its users; made up at the first look, then kept in the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return passwords(self.folder)

    @property
    def kibana_token(self) -> str:
        """The bearer token that a Kibana would log in with."""
        return service_token(self._kibana_secret())

    @property
    def argv(self) -> tuple[str, ...]:
        """The command that runs it until it is stopped."""
        program = str(unpacked(self.archive, self.user, self.shared) / "bin" / "elasticsearch")
        return self.user.command((program,)) if self.user else (program,)

    @property
    def env(self) -> Mapping[str, str]:
        """Where it finds the JDK and its own files."""
        place = self._place()
        scratch = str(place / "tmp")
        variables = {"ES_JAVA_HOME": str(self.jdk.home), "ES_PATH_CONF": str(place / "config"), "ES_TMPDIR": scratch}
        # The JVM that starts the server's own leaves a folder at each start. Its options are split where a blank is.
        return variables if len(scratch.split()) > 1 else {**variables, "CLI_JAVA_OPTS": f"-Djava.io.tmpdir={scratch}"}

    def prepare(self) -> None:
        """Unpacks the program and writes the configuration. Can be repeated; keeps the data.

        Raises `NotReadyYet` when the JDK cannot be reached by its user, `ArtifactError` for a broken archive.
        """
        if self.user is not None and not self.user.can_enter(self.jdk.home):
            raise NotReadyYet(
                f"Elasticsearch does not run as root, and the JDK in {self.jdk.home} cannot be reached by another "
                "user: start this as an ordinary user, or set JAVA_HOME to a JDK outside root's own folders."
            )
        home, place = unpacked(self.archive, self.user, self.shared), self._place()
        shutil.rmtree(place / "tmp", ignore_errors=True)
        for name in ("config/jvm.options.d", "data", "logs", "tmp"):
            (place / name).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(home / "config" / "jvm.options", place / "config" / "jvm.options")
        for name, text in self._configuration(place).items():
            (place / "config" / name).write_text(text, encoding="utf-8")
        place.chmod(0o700)
        give(place, self.user)

    def answers(self) -> bool:
        """Whether the cluster of one can be written to now."""
        login = b64encode(f"{ADMIN}:{self.passwords[ADMIN]}".encode()).decode()
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=_ANSWER_SECONDS)
        try:
            connection.request(
                "GET", "/_cluster/health?wait_for_status=yellow&timeout=1s", headers={"Authorization": f"Basic {login}"}
            )
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def forget_outside(self) -> None:
        """Removes what lies outside its folder, before the folder itself is removed."""
        forget_place(self.folder)

    def _kibana_secret(self) -> str:
        return kept_secret(self.folder / "kibana-token.secret")

    def _place(self) -> Path:
        return run_place(self.folder, self.user, self.shared)

    def _configuration(self, place: Path) -> dict[str, str]:
        settings = {
            "cluster.name": "real-time-crypto",
            "node.name": "local",
            "discovery.type": "single-node",
            "http.host": LOOPBACK,
            "http.port": self.port,
            "transport.host": LOOPBACK,
            "transport.port": self.transport_port,
            "path.data": place / "data",
            "path.logs": place / "logs",
            # Only what stands behind our templates may come into being by a write.
            "action.auto_create_index": "+crypto-*,-*",
            # A disk that is nearly full must not make the indices read-only in silence: room is checked at the start.
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            "xpack.security.enabled": "true",
            "xpack.security.http.ssl.enabled": "false",
            "xpack.security.transport.ssl.enabled": "false",
            "xpack.security.authc.reserved_realm.enabled": "false",
            "xpack.security.authc.realms.file.local.order": 0,
        }
        return {
            "elasticsearch.yml": "".join(f'{name}: "{value}"\n' for name, value in settings.items()),
            "jvm.options.d/local.options": _JVM_OPTIONS,
            "log4j2.properties": _LOGGING,
            "roles.yml": ROLES,
            "users": users_file(self.passwords),
            "users_roles": USERS_ROLES,
            "service_tokens": service_tokens_file(self._kibana_secret()),
        }


class ElasticsearchServer(ChildServer):
    """An Elasticsearch as a child of this process. `start`, `await_ready`, `stop`."""

    def __init__(self, node: ElasticsearchNode) -> None:
        super().__init__(node)
        self.node = node

    @property
    def url(self) -> str:
        """Its address."""
        return self.node.url

    def login(self, user: str) -> tuple[str, str]:
        """Name and password of one of its users, as a client takes them."""
        return user, self.node.passwords[user]


# It would write its own roles into an index that this distribution cannot make, and say so at each change.
_JVM_OPTIONS = f"""\
-Xms{HEAP}
-Xmx{HEAP}
-Xlog:disable
-Xlog:all=warning:stderr
-Des.queryable_built_in_roles_enabled=false
"""

_LOGGING = """\
rootLogger.level = warn
logger.life.name = org.elasticsearch.node
logger.life.level = info
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %m (%c{1})%n
"""
