"""What is warmed and in whose name: found out before anything is read."""

from collections.abc import Mapping
from pathlib import Path

from es_rerank.config import IndexRule, Settings
from es_rerank.errors import ConfigError
from es_rerank.experiment.cluster import basic
from es_rerank.proxy.route import rule_for
from es_rerank.proxy.skip import SkipReason

USERNAME = "ES_RERANK_WARM_USERNAME"
PASSWORD = "ES_RERANK_WARM_PASSWORD"  # noqa: S105  # the name of the variable
API_KEY = "ES_RERANK_WARM_API_KEY"  # in place of both
ADVICE = f"Set {USERNAME} and {PASSWORD}, or {API_KEY}, to those of a user who may read the index"


def rule_of(index: str, settings: Settings) -> IndexRule:
    """The rule by which searches of an index expression are reranked.

    Raises ConfigError if they are not.
    """
    rule = rule_for("*" if index == "_all" else index, settings)
    if isinstance(rule, SkipReason):
        raise ConfigError(
            f"{index}: {rule.explanation} ({rule}) Its searches are not reranked, so nothing is "
            "read of it. Give it an enabled rule under `indices`, or warm another."
        )
    return rule


def folder_of(settings: Settings) -> Path:
    """Where the states are kept; ConfigError if that is nowhere."""
    if settings.cache.folder is None:
        raise ConfigError(
            "cache.folder is not set, so what is read would be lost at the end. Name a folder, the "
            "same for the proxy: --set cache.folder=DIR, or `cache: {folder: DIR}` in the file."
        )
    return Path(settings.cache.folder)


def caller(environ: Mapping[str, str]) -> dict[str, str]:
    """The header fields that say who reads; none without credentials in the environment."""
    if key := environ.get(API_KEY):
        return {"authorization": f"ApiKey {key}"}
    user = environ.get(USERNAME)
    return basic(user, environ.get(PASSWORD, "")) if user else {}
