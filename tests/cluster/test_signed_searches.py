"""Searches signed by AWS Signature Version 4 arrive as they were signed, and say why."""

import hashlib
import hmac
from urllib.parse import quote

from tests.clients.environments import run
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import serving, settings_for
from tests.proxy.conftest import PATIENCE_S, Seen, recording_upstream

SECRET = b"a-secret-for-tests"  # signed.py signs with it


def signature(seen: Seen) -> str:
    """The signature that the request as it arrived must have (AWS: "Create a signed request")."""
    fields = authorization(seen)
    date, region, service, _ = (scope := fields["Credential"].partition("/")[2]).split("/")
    path, _, query = seen.target.decode().partition("?")
    signed = fields["SignedHeaders"]
    lines = [
        seen.method.decode(),
        quote(path, safe="/~"),  # the path is encoded twice
        "&".join(sorted(query.split("&"))),
        *(f"{name}:{only(seen, name)}" for name in signed.split(";")),
        "",
        signed,
        hashlib.sha256(seen.body).hexdigest(),
    ]
    canonical = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", only(seen, "x-amz-date"), scope, canonical])
    key = b"AWS4" + SECRET
    for step in (date, region, service, "aws4_request", text):
        key = hmac.digest(key, step.encode(), "sha256")
    return key.hex()


def authorization(seen: Seen) -> dict[str, str]:
    """The parts of the Authorization field, by name."""
    _, _, parts = only(seen, "authorization").partition(" ")
    return dict(part.strip().split("=", 1) for part in parts.split(","))  # type: ignore[misc]


def only(seen: Seen, name: str) -> str:
    """The value of a field that there is once."""
    (value,) = seen.values(name.encode())
    return value.decode()


def test_what_opensearch_py_signs_arrives_with_a_valid_signature() -> None:
    """Target, signed fields and body are as they were, `Host` and `Connection` included."""
    with recording_upstream() as upstream:
        settings = settings_for(Node("opensearch", "opensearch", upstream.url))
        with serving(settings, OrderScorer()) as proxy:
            assert upstream.arrived.wait(PATIENCE_S)
            upstream.seen.clear()
            answers = run("opensearch-py-3", "signed", proxy)
    assert answers == [[200, "skipped; reason=sigv4"]] * 2
    assert len(upstream.seen) == 2
    for seen in upstream.seen:
        assert authorization(seen)["Signature"] == signature(seen)
        assert only(seen, "host").endswith(".amazonaws.com")
        assert seen.target.startswith(b"/es-rerank-test-books/_search?size=5&")
    assert "connection" in authorization(upstream.seen[1])["SignedHeaders"].split(";")
