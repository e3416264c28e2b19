"""How one part of a run is started and when it is ready, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from local.child_server import ServerNode


@dataclass(frozen=True)
class PortAnswers:
    """Ready when something accepts connections on this port of 127.0.0.1."""

    port: int


@dataclass(frozen=True)
class LogSays:
    """Ready when the part's log of this start contains the text."""

    text: str


@dataclass(frozen=True)
class Finishes:
    """Ready when the part has ended with exit code 0: a one-shot."""


@dataclass(frozen=True)
class Serves:
    """Ready when this server of ours answers a request."""

    node: ServerNode


Ready = PortAnswers | LogSays | Finishes | Serves


@dataclass(frozen=True)
class PartPlan:
    """How one part is run. Its name is the one under which it writes to `health`, if it does.

    `after` names the parts that must be ready before it is started; `address` is where others find it, if anywhere;
    `writes` names the topics that it alone fills; `ready_seconds` is the longest that its start may take. `may_end`: an
    end with exit code 0 is no trouble, its work is done. The command of a server comes from its node, once that is
    prepared.
    """

    name: str
    ready: Ready
    argv: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    address: str | None = None
    writes: tuple[str, ...] = ()
    ready_seconds: float = 180.0
    may_end: bool = False

    @property
    def server(self) -> ServerNode | None:
        """The server that this part is, which must be prepared before it is started; None for all others."""
        return self.ready.node if isinstance(self.ready, Serves) else None

    def command(self) -> tuple[str, ...]:
        """What to start."""
        return self.server.argv if self.server else self.argv

    def variables(self) -> Mapping[str, str]:
        """Variables for it beside ours."""
        return {**self.server.env, **self.env} if self.server else self.env
