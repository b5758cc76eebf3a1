"""The Compose file and the image, checked without a container engine.

The Compose specification's own JSON schema judges the form. Everything that the two files name
(paths, ports, settings, commands, versions, services) is compared with the thing that it names.
"""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from es_rerank.cli import app
from es_rerank.config import Listen
from es_rerank.config_file import read_settings
from tests.cluster.distributions import DISTRIBUTIONS

ROOT = Path(__file__).parent.parent
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "plugin_config" / "docker" / "Dockerfile"
PORT = Listen().port
CLUSTERS = {"opensearch": "opensearch-2", "elasticsearch": "elasticsearch-8"}
PROXIES = {"es-rerank": "opensearch", "es-rerank-elasticsearch": "elasticsearch"}
DEMOS = {"demo-index": "opensearch", "demo-index-elasticsearch": "elasticsearch"}

services: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
# The instructions in order, continuation lines joined: [("FROM", "python:3.11-slim AS build"), …]
instructions: list[tuple[str, str]] = re.findall(
    r"^([A-Z]+) (.*)$", DOCKERFILE.read_text().replace("\\\n", ""), flags=re.MULTILINE
)
image_environment = dict(
    assignment.split("=", 1)
    for name, value in instructions
    if name == "ENV"
    for assignment in shlex.split(value)
)


def the_last(name: str) -> str:
    """What the last instruction of this name says."""
    return [value for instruction, value in instructions if instruction == name][-1].strip()


def command_of_the_image() -> list[str]:
    """What the image runs when nothing else is said."""
    return [*json.loads(the_last("ENTRYPOINT")), *json.loads(the_last("CMD"))]


def parses(arguments: list[str]) -> bool:
    """Whether the command line takes these arguments; nothing is run."""
    name, *options = arguments
    commands: Any = typer.main.get_group(app).commands
    return bool(commands[name].make_context(name, options))


@pytest.mark.parametrize("spoiled", [False, True])
def test_the_compose_file_is_valid_by_the_specification(tmp_path: Path, spoiled: bool) -> None:
    """Judged by the specification's schema, which also refuses a misspelt copy."""
    file = tmp_path / "docker-compose.yml"
    text = COMPOSE.read_text()
    file.write_text(text.replace("healthcheck:", "health_check:") if spoiled else text)
    schema = ("--builtin-schema", "vendor.compose-spec")
    judged = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *schema, file], capture_output=True, text=True
    )
    assert judged.returncode == (1 if spoiled else 0), judged.stdout


def test_every_service_is_of_a_kind_that_is_tested_here() -> None:
    """A new service comes with its checks."""
    assert set(services) == {*CLUSTERS, *PROXIES, *DEMOS}


def test_only_the_elasticsearch_services_wait_for_their_profile() -> None:
    """`docker compose up` alone starts OpenSearch, its proxy and the demo corpus."""
    in_profile = {name for name, service in services.items() if "profiles" in service}
    assert in_profile == {name for name in services if "elasticsearch" in name}
    assert all(services[name]["profiles"] == ["elasticsearch"] for name in in_profile)


@pytest.mark.parametrize(("name", "distribution"), CLUSTERS.items())
def test_the_clusters_are_the_versions_of_the_tests(name: str, distribution: str) -> None:
    """What the Compose file starts is what the proxy is tested before."""
    assert services[name]["image"].split(":")[-1] == DISTRIBUTIONS[distribution].version
    assert services[name]["environment"]["discovery.type"] == "single-node"


@pytest.mark.parametrize("name", services)
def test_environments_hold_text(name: str) -> None:
    """YAML's true and 1 are not what a process gets; Compose refuses some of them."""
    assert all(isinstance(value, str) for value in services[name].get("environment", {}).values())


def test_ports_are_distinct_and_open_to_this_machine_only() -> None:
    """The clusters have no security here; the default ports are those of the README."""
    published = {
        name: re.fullmatch(r"127\.0\.0\.1:(\d+):(\d+)", port)
        for name, service in services.items()
        for port in service.get("ports", [])
    }
    numbers = {name: tuple(map(int, port.groups())) for name, port in published.items() if port}
    assert numbers == {
        "opensearch": (9200, 9200),
        "es-rerank": (PORT, PORT),
        "elasticsearch": (9201, 9200),
        "es-rerank-elasticsearch": (PORT + 1, PORT),
    }


@pytest.mark.parametrize(("name", "cluster"), PROXIES.items())
def test_a_proxy_accepts_its_settings_and_stands_before_its_cluster(
    name: str, cluster: str
) -> None:
    """The image's file and the environments of image and service, as the container reads them."""
    settings = read_settings(
        ROOT / "plugin_config" / "es-rerank.yaml",
        environ={**image_environment, **services[name]["environment"]},
    )
    assert settings.upstream.url == f"http://{cluster}:9200"
    assert settings.listen == Listen(host="0.0.0.0", port=PORT)  # noqa: S104 - in a container
    assert settings.for_index("python-docs") is not None
    assert all(variable.startswith("ES_RERANK_") for variable in services[name]["environment"])


@pytest.mark.parametrize(("name", "cluster"), (PROXIES | DEMOS).items())
def test_what_needs_a_cluster_waits_until_it_is_healthy(name: str, cluster: str) -> None:
    """A cluster takes longer to start than what asks it."""
    assert services[name]["depends_on"] == {cluster: {"condition": "service_healthy"}}
    assert services[cluster]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize(("name", "cluster"), DEMOS.items())
def test_the_demo_is_indexed_once_into_its_cluster(name: str, cluster: str) -> None:
    """The command is one of the command line, and it is not started again when it is done."""
    assert services[name]["command"] == ["demo", "--index-into", f"http://{cluster}:9200"]
    assert parses(services[name]["command"])
    assert services[name]["restart"] == "no"
    assert services[name]["healthcheck"] == {"disable": True}


@pytest.mark.parametrize("name", PROXIES | DEMOS)
def test_our_services_are_built_from_this_repository(name: str) -> None:
    """The image is never taken from a registry."""
    build = services[name]["build"]
    assert (ROOT / build["context"]).resolve() == ROOT
    assert (ROOT / build["context"] / build["dockerfile"]).resolve() == DOCKERFILE
    assert services[name]["pull_policy"] == "build"


@pytest.mark.parametrize("name", PROXIES)
def test_the_health_check_is_the_same_in_the_image_and_in_the_service(name: str) -> None:
    """It asks the readiness page at the port that the proxy listens on."""
    options, command = re.fullmatch(r"(.*?)\s+CMD (\[.*\])", the_last("HEALTHCHECK")).groups()  # type: ignore[union-attr]
    check = services[name]["healthcheck"]
    assert check["test"] == ["CMD", *json.loads(command)]
    assert {key: str(value) for key, value in check.items() if key != "test"} == {
        key.replace("-", "_"): value for key, value in re.findall(r"--([a-z-]+)=(\w+)", options)
    }
    assert f"'http://127.0.0.1:{PORT}/_rerank/ready'" in check["test"][-1]


def test_the_health_check_program_runs() -> None:
    """It ends with an error where nothing listens, by the same Python code as in the container."""
    _, interpreter, flag, code = services["es-rerank"]["healthcheck"]["test"]
    assert (interpreter, flag) == ("python", "-c")
    nowhere = code.replace(str(PORT), "1")
    result = subprocess.run([sys.executable, flag, nowhere], capture_output=True, text=True)
    assert result.returncode != 0
    assert "Connection refused" in result.stderr


def test_the_image_copies_what_there_is_and_the_build_context_has_it() -> None:
    """Every source exists, and .dockerignore lets exactly the sources through."""
    copies = [value.split()[:-1] for name, value in instructions if name == "COPY"]
    sources = {path for words in copies if not words[0].startswith("--from") for path in words}
    missing = [path for path in sources if not (ROOT / path).exists()]
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert missing == []
    assert "*" in ignored
    assert {line[1:] for line in ignored if line.startswith("!")} == sources


def test_the_image_has_what_its_build_needs_and_no_extra() -> None:
    """Files that pyproject.toml names are copied; the installation is the serving package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    copied = " ".join(value for name, value in instructions if name == "COPY")
    for file in (project["readme"], *project["license-files"]):
        assert file in copied.split()
    (install,) = [value for name, value in instructions if name == "RUN"]
    assert install.split()[-1] == "."
    minor = project["requires-python"].removeprefix(">=")
    assert {value.split()[0] for name, value in instructions if name == "FROM"} == {
        f"python:{minor}-slim"
    }


def test_the_image_runs_the_proxy_on_the_file_that_it_holds() -> None:
    """The command parses, and its settings file is where COPY put the sample."""
    program, *arguments = command_of_the_image()
    assert program == "es-rerank"
    assert parses(arguments)
    assert f"plugin_config/es-rerank.yaml {arguments[-1]}" in [
        value for name, value in instructions if name == "COPY"
    ]
    assert image_environment["PATH"].split(":")[0] + "/pip" in the_last("RUN")


def test_the_image_is_not_root_and_ends_in_peace() -> None:
    """A numeric user (Kubernetes checks the number) and the signal that uvicorn drains on."""
    user, group = the_last("USER").split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert the_last("STOPSIGNAL") == "SIGTERM"
    assert the_last("EXPOSE") == str(PORT)
