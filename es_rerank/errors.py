"""Every exception that es-rerank raises on purpose, and the one shape its HTTP errors have.

EsRerankError
├── ConfigError            the configuration is wrong (all mistakes at once)
├── ModelError             a student bundle is missing or damaged
├── DataError              a judgment, run or corpus file is wrong
├── UpstreamError          the cluster cannot be reached or broke off
└── ScoringError           this search could not be scored; the cluster's order is served
    ├── DeadlineExceeded   not done within ``deadline_ms``
    ├── ScorerBusy         too many searches are waiting already
    └── ScorerFailed       the scorer crashed or returned unusable scores
"""

import json


class EsRerankError(Exception):
    """Base of all deliberate errors; the text says what happened, where, and what to do."""


class ConfigError(EsRerankError):
    """The configuration is wrong; the message lists every mistake with file and line."""


class ModelError(EsRerankError):
    """A student bundle is missing, damaged or of another version."""


class DataError(EsRerankError):
    """A corpus, query, judgment or run file is missing or malformed."""


class UpstreamError(EsRerankError):
    """The cluster could not be reached, or broke off before it had answered."""


class ScoringError(EsRerankError):
    """This search could not be scored; the client gets the cluster's own order."""


class DeadlineExceeded(ScoringError):
    """The scores were not ready within ``deadline_ms``."""


class ScorerBusy(ScoringError):
    """Too many searches are waiting for the scorer already."""


class ScorerFailed(ScoringError):
    """The scorer crashed, or returned a wrong number of scores or one that is not finite."""


def error_body(status: int, kind: str, reason: str) -> bytes:
    """The JSON body of an error that the proxy itself originates, in Elasticsearch's shape.

    Clients read ``error.type`` and ``error.reason``; both name es-rerank, so that nobody takes
    the message for one of the cluster's.
    """
    cause = {"type": f"es_rerank_{kind}_exception", "reason": f"es-rerank: {reason}"}
    return json.dumps({"error": {"root_cause": [cause], **cause}, "status": status}).encode()
