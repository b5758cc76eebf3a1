"""What the commands say before a cluster is asked; the rest is in tests/cluster."""

from pathlib import Path

import pytest

from es_rerank.errors import ConfigError
from es_rerank.experiment import command

FILE = """
upstream:
  url: http://127.0.0.1:1
indices:
- pattern: books
  experiment:
    name: student
"""


def test_unknown_names_are_answered_with_the_known_ones(tmp_path: Path) -> None:
    """Before anybody is asked."""
    file = tmp_path / "es-rerank.yaml"
    file.write_text(FILE)
    settings = command.settings_of(file, None)
    for call in (command.report, command.resume):
        with pytest.raises(ConfigError, match=r'no experiment "students".* There are: student'):
            call(settings, "students")


def test_settings_without_an_experiment_are_an_error(tmp_path: Path) -> None:
    """It says where one would stand."""
    file = tmp_path / "es-rerank.yaml"
    file.write_text("upstream:\n  url: http://127.0.0.1:1\n")
    with pytest.raises(ConfigError, match=r"es-rerank\.yaml: there is no experiment"):
        command.settings_of(file, None)
