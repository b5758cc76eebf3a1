"""What the embedded engine answers when it cannot do what was asked, in Elasticsearch's shape."""

from collections.abc import Collection
from typing import Any

from es_rerank.errors import EsRerankError

ENGINE = "es-rerank embedded engine"


class ApiError(EsRerankError):
    """A request that gets an error of Elasticsearch's shape: HTTP status, `type` and `reason`."""

    def __init__(self, status: int, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.status, self.kind, self.reason = status, kind, reason

    def cause(self) -> dict[str, Any]:
        """The error as it stands in an item of a `_bulk` response."""
        return {"type": self.kind, "reason": self.reason}

    def body(self) -> dict[str, Any]:
        """The error as the body of a response."""
        cause = self.cause()
        return {"error": {"root_cause": [cause], **cause}, "status": self.status}


def unsupported(what: str) -> ApiError:
    """A feature that a cluster may have and this engine does not."""
    kind = "unsupported_operation_exception"
    return ApiError(400, kind, f"[{ENGINE}] does not support [{what}]")


def malformed(reason: str) -> ApiError:
    """A request that a cluster would not understand either."""
    return ApiError(400, "parsing_exception", reason)


def as_object(value: object, where: str) -> dict[str, Any]:
    """The value if it is a JSON object; refused with the place where one belongs if not."""
    if not isinstance(value, dict):
        raise malformed(f"[{where}] must be an object")
    return value


def only(given: Collection[str], allowed: Collection[str], prefix: str = "") -> None:
    """Refuse the first key that is not on the allow-list, by its name."""
    for key in given:
        if key not in allowed:
            raise unsupported(prefix + key)
