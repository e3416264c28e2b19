"""What `make status` tells of a run in containers: what each part last said, the topics and the documents."""

from compose.secret_files import PASSWORD
from compose.settings import ComposeSettings
from local.document_counts import Documents, counted
from local.status import (
    BROKER_SECONDS,
    BrokerLook,
    PartStatus,
    RunStatus,
    look_into_broker,
    look_within,
    seconds_between,
)

# A part reports once a minute: after this many seconds it has missed two.
SILENT_SECONDS = 150.0


def containers_status(settings: ComposeSettings, now_ms: int) -> RunStatus:
    """Asks the broker and Elasticsearch; takes a few seconds at most."""
    look = look_within(lambda: look_into_broker(settings.kafka_bootstrap), BROKER_SECONDS)
    return RunStatus(
        source=settings.compose_profiles or "live",
        running=True,
        pid=None,
        state="its volumes",
        bootstrap=settings.kafka_bootstrap,
        broker=look.failure,
        parts=tuple(reported(look, now_ms)),
        topics=look.topics,
        documents=_documents(settings),
    )


def reported(look: BrokerLook, now_ms: int) -> list[PartStatus]:
    """The parts that have reported, by name."""
    return [
        PartStatus(
            name=name,
            state="up" if (age := seconds_between(counts.received_ms, now_ms)) <= SILENT_SECONDS else "silent",
            pid=None,
            address=None,
            restarts=0,
            age_seconds=age,
            counts=counts.metrics,
        )
        for name, counts in sorted(look.parts.items())
    ]


def _documents(settings: ComposeSettings) -> Documents:
    host, _, port = settings.compose_elasticsearch.rpartition(":")
    try:
        password = (settings.compose_secrets / "reader" / PASSWORD).read_text(encoding="utf-8")
    except OSError as error:
        return f"cannot be asked: {error}"
    return counted(host, int(port), password)
