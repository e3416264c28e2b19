"""What our Kibana is told beside the settings of its image: pure.

Kibana can take a secret from no file but its own configuration, so this is one, and it is read by Kibana alone.
"""

import json
from dataclasses import dataclass


@dataclass(frozen=True, repr=False)
class KibanaSecrets:
    """What must not be seen: Kibana's token at Elasticsearch, the login of whoever looks, and three encryption keys."""

    token: str
    viewer: str
    viewer_password: str
    saved_objects_key: str
    session_key: str
    reporting_key: str


def kibana_config(secrets: KibanaSecrets) -> str:
    """The text of a `kibana.yml`, one setting a line, each value in JSON, which is YAML too.

    Without a login one is the viewer, who can read and change nothing; who has no session yet can log in at `/login`.
    """
    viewer = {"username": secrets.viewer, "password": secrets.viewer_password}
    settings = {
        "elasticsearch.serviceAccountToken": secrets.token,
        "xpack.encryptedSavedObjects.encryptionKey": secrets.saved_objects_key,
        "xpack.security.encryptionKey": secrets.session_key,
        "xpack.reporting.encryptionKey": secrets.reporting_key,
        "xpack.security.authc.providers": {
            "anonymous": {"viewer": {"order": 0, "credentials": viewer}},
            "basic": {"login": {"order": 1}},
        },
        "xpack.security.authc.selector.enabled": False,
        "telemetry.optIn": False,
    }
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in settings.items())
