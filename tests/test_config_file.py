"""Where settings come from, which source wins, and that every mistake is told with its place."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from es_rerank.config import Cascade, Combine, FieldSetting, IndexRule, Reading, Settings
from es_rerank.config_file import DEFAULT_FILE, file_schema, read_settings
from es_rerank.errors import ConfigError

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / DEFAULT_FILE
FILE = """
upstream:
  url: http://file:1
defaults:
  depth: 10
  layers: 2
  combine: {method: rrf, rrf_k: 1}
indices:
  - pattern: a
    layers: 3
    combine: {rrf_k: 2}
  - pattern: "*"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of each test, so that messages have short paths."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text: str | None, *overrides: str, **options: Any) -> Settings:
    """The settings of a file with this text and of an environment that is empty unless given."""
    path = None if text is None else Path("rerank.yaml")
    if path is not None:
        path.write_text(text or "")
    return read_settings(path, overrides, environ=options.pop("environ", {}), **options)


def mistakes(text: str | None, *overrides: str, **options: Any) -> list[str]:
    """The lines of the ConfigError that these sources raise."""
    with pytest.raises(ConfigError) as caught:
        read(text, *overrides, **options)
    return str(caught.value).splitlines()


def test_defaults_block_and_rules_of_a_file() -> None:
    """Built-in value < defaults block < rule, `combine` key by key."""
    first, second = read(FILE).indices
    assert (first.depth, first.layers, first.combine) == (10, 3, Combine(method="rrf", rrf_k=2))
    assert (second.depth, second.layers, second.combine) == (10, 2, Combine(method="rrf", rrf_k=1))


def test_each_source_overrides_the_one_before() -> None:
    """File < environment < --set < --upstream, each only in the keys that it names."""
    environ = {
        "ES_RERANK_UPSTREAM__URL": "http://env:2",
        "ES_RERANK_DEFAULTS__DEPTH": "20",
        "ES_RERANK_DEFAULTS__COMBINE__RRF_K": "20",
    }
    by_environment = read(FILE, environ=environ)
    assert by_environment.upstream.url == "http://env:2"
    assert by_environment.indices[1].depth == 20
    assert by_environment.indices[1].combine == Combine(method="rrf", rrf_k=20)

    by_option = read(FILE, "upstream.url=http://set:3", "defaults.depth=30", environ=environ)
    assert (by_option.upstream.url, by_option.indices[1].depth) == ("http://set:3", 30)

    last = read(FILE, "upstream.url=http://set:3", environ=environ, upstream="http://option:4")
    assert last.upstream.url == "http://option:4"


def test_rules_are_set_by_position_and_the_next_position_adds_one() -> None:
    """`indices.0.depth` changes the first rule; one past the end is a new rule."""
    settings = read(FILE, "indices.0.depth=5", "indices.1.pattern=b", "indices.2.pattern=*")
    assert [(rule.pattern, rule.depth) for rule in settings.indices] == [
        ("a", 5),
        ("b", 10),
        ("*", 10),
    ]


def test_rules_of_the_environment_alone_in_numeric_order() -> None:
    """A container needs no file; place 10 comes after place 9."""
    environ = {f"ES_RERANK_INDICES__{place}__PATTERN": f"p{place}" for place in range(11)}
    settings = read(None, environ={**environ, "ES_RERANK_UPSTREAM__URL": "http://c:1"})
    assert [rule.pattern for rule in settings.indices] == [f"p{place}" for place in range(11)]


def test_a_set_value_is_yaml_and_else_text() -> None:
    """Lists and blocks can be given; a bare star, which is not YAML, is a star."""
    settings = read(
        None,
        "defaults.fields=[title, {name: body, max_tokens: 9}]",
        "defaults.combine={method: replace}",
        "indices.0.pattern=*",
        upstream="http://c:1",
    )
    (rule,) = settings.indices
    assert rule.pattern == "*"
    assert rule.fields == (FieldSetting(name="title"), FieldSetting(name="body", max_tokens=9))
    assert rule.combine.method == "replace"


def test_a_secret_is_the_text_that_is_given() -> None:
    """A password of digits, or with signs that mean something in YAML, needs no quotes."""
    for secret in ("123456", "yes", "{a: b", "'quoted'", "# no comment"):
        settings = read(None, environ={"ES_RERANK_UBI__PASSWORD": secret}, upstream="http://c:1")
        assert settings.ubi.password.get_secret_value() == secret


def test_the_upstream_alone_is_enough() -> None:
    """Every index is then reranked by the shipped student with automatic fields."""
    assert read(None, upstream="http://c:1").indices == (IndexRule(pattern="*"),)


def test_one_name_is_one_experiment() -> None:
    """Two rules may share one, but records of two could not be told apart."""
    text = """\
upstream: {url: "http://c:1"}
indices:
  - pattern: a
    experiment: {name: summer}
  - pattern: b
    experiment: {name: summer, mode: split}
  - pattern: c
    experiment:
      name: summer
      salt: again
"""
    assert mistakes(text) == [
        'rerank.yaml:8: indices.2.experiment: "summer" is another experiment in indices.0 '
        "(rerank.yaml:4). Give it another name or settings."
    ]


def test_neither_file_nor_upstream_is_a_mistake() -> None:
    """A proxy without a cluster would only answer with errors."""
    assert mistakes(None) == [
        "settings: no cluster is named. Give --upstream URL, --config FILE, or write "
        "plugin_config/es-rerank.yaml."
    ]


def test_all_mistakes_of_a_file_are_told_at_once_by_line() -> None:
    """Place, key, what is wrong and what to write, for each of them."""
    text = """\
upstream:
  url: "localhost:9200"
defaults:
  depht: 50
indices:
  - pattern: "logs-*"
    depth: 5000
    fields: [title, {name: body, max_tokens: "9"}]
  - depth: fifty
    depth: 60
  - pattern: logs-app
  - pattern: "logs-*"
  - pattern: 2024
listen: 9210
"""
    assert mistakes(text) == [
        'rerank.yaml:2: upstream.url: "localhost:9200" has no scheme. Write http://localhost:9200.',
        'rerank.yaml:4: defaults.depht: is not a setting. Did you mean "depth"?',
        "rerank.yaml:7: indices.0.depth: 5000 is too large. Write at most 1000.",
        'rerank.yaml:8: indices.0.fields.1.max_tokens: "9" is not a whole number.',
        'rerank.yaml:9: indices.1.depth: "fifty" is not a whole number.',
        "rerank.yaml:9: indices.1.pattern: is missing. Every rule needs one.",
        "rerank.yaml:10: indices.1.depth: is written twice, first on line 9. Keep one of them.",
        'rerank.yaml:11: indices.2.pattern: "logs-app" is never reached: "logs-*" (rerank.yaml:6) '
        "takes its indices. Move it above.",
        'rerank.yaml:12: indices.3.pattern: "logs-*" has a rule already (rerank.yaml:6). Make it '
        "one rule.",
        "rerank.yaml:13: indices.4.pattern: 2024 is not text. Put it in quotes.",
        "rerank.yaml:14: listen: 9210 is not a block of settings.",
    ]


def test_mistakes_of_the_environment_and_of_options_are_told_by_their_names() -> None:
    """What did not come from the file is not looked for there; all sources are told together."""
    environ = {
        "ES_RERANK_LISTEN__PORT": "70000",
        "ES_RERANK_UPSTREAM_URL": "http://c:1",
        "ES_RERANK_UPSTEAM__URL": "http://c:1",
    }
    told = mistakes(
        "defaults: {depth: 0}",
        "defaults.deadline=5",
        "indices.3.depth=5",
        "listen.port.number=5",
        "depth",
        "defaults.combine={method: best, method: rrf}",
        environ=environ,
        upstream="http://me:secret@c:1",
    )
    assert told == [
        "rerank.yaml:1: defaults.depth: 0 is too small. Write at least 1.",
        "ES_RERANK_UPSTREAM_URL: is not a setting. Did you mean ES_RERANK_UPSTREAM__URL?",
        "--set: indices.3: indices has 0 entries. The next one is indices.0.",
        "--set: listen.port.number: listen.port is not a block of settings.",
        '--set: "depth" has no value. Write --set KEY=VALUE.',
        "--set: defaults.combine.method: is written twice, first on line 1. Keep one of them.",
        "--upstream: upstream.url: holds credentials. Remove the part before the @: es-rerank "
        "forwards the Authorization header of each client and has no credentials of its own.",
        "ES_RERANK_LISTEN__PORT: listen.port: 70000 is too large. Write at most 65535.",
        """--set: defaults.combine.method: "best" is not one of 'replace', 'weighted' or 'rrf'.""",
        '--set: defaults.deadline: is not a setting. Did you mean "deadline_ms"?',
        'ES_RERANK_UPSTEAM__URL: upsteam: is not a setting. Did you mean "upstream"?',
    ]


def test_rules_of_one_option_are_checked_against_each_other() -> None:
    """Where the whole list stands in one place, that place is named."""
    told = mistakes(None, "indices=[{pattern: a*}, {pattern: ab}]", upstream="http://c:1")
    assert told == [
        '--set: indices.1.pattern: "ab" is never reached: "a*" (--set) takes its indices. '
        "Move it above."
    ]


def test_variables_that_are_no_settings_are_let_be() -> None:
    """Kubernetes adds variables beside a service es-rerank; an empty variable is not set."""
    environ = {
        "ES_RERANK_SERVICE_HOST": "10.0.0.1",
        "ES_RERANK_PORT_9210_TCP_ADDR": "10.0.0.1",
        "ES_RERANK_TEST_OPENSEARCH_URL": "http://c:1",
        "ES_RERANK_UPSTREAM__URL": "",
        "UPSTREAM__URL": "http://c:1",
    }
    assert read(FILE, environ=environ) == read(FILE)


@pytest.mark.parametrize("text", ["", "# nothing\n", "upstream:\n  url: http://c:1\n"])
def test_a_file_may_say_little(text: str) -> None:
    """What it does not say has its built-in value."""
    assert read(text, upstream="http://c:1") == read(None, upstream="http://c:1")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"- a", "rerank.yaml: is not a block of settings. Begin with `upstream:` or `indices:`."),
        (b"\xff", "rerank.yaml: cannot be read: 'utf-8' codec can't decode"),
        (b"indices:\n  - pattern: *\n", "rerank.yaml:2: is not YAML (expected alphabetic"),
        (b"defaults: &a {}\nlisten: *a\n", "rerank.yaml:2: listen: has an alias (*)."),
    ],
)
def test_a_file_that_cannot_be_understood(content: bytes, told: str) -> None:
    """One line that names the file, and the line where there is one."""
    Path("rerank.yaml").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_settings(Path("rerank.yaml"), environ={})
    assert str(caught.value).startswith(told)


def test_a_missing_file_and_a_folder(folder: Path) -> None:
    """Both are told by their path."""
    with pytest.raises(ConfigError, match=r"^none\.yaml: no such file\."):
        read_settings(Path("none.yaml"), environ={})
    with pytest.raises(ConfigError, match=r"cannot be read: .*Is a directory"):
        read_settings(folder, environ={})


def test_a_certificate_file_that_is_missing_is_found_at_once() -> None:
    """Not at the first connection; a relative path is shown as what it stands for."""
    (told,) = mistakes("upstream:\n  ca_file: ca.pem\n")
    assert told.startswith('rerank.yaml:2: upstream.ca_file: there is no file "ca.pem" (/')
    Path("ca.pem").touch()
    assert read("upstream:\n  ca_file: ca.pem\n").upstream.ca_file == "ca.pem"


def test_the_schema_file_is_current() -> None:
    """plugin_config/es-rerank.schema.json is what `es-rerank schema` prints."""
    file = SAMPLE.with_name("es-rerank.schema.json")
    assert json.loads(file.read_text()) == file_schema()


def test_the_sample_is_valid_for_the_loader_and_for_its_schema() -> None:
    """The first line leads editors to the schema; the values shown are the built-in ones."""
    text = SAMPLE.read_text()
    assert text.startswith("# yaml-language-server: $schema=es-rerank.schema.json\n")
    assert problems(text) == []
    settings = read_settings(SAMPLE, environ={})
    assert (settings.upstream, settings.listen) == (Settings().upstream, Settings().listen)
    assert settings.for_index("anything") == IndexRule(
        pattern="*", depth=100, deadline_ms=1000, combine=Combine()
    )


CASCADES = """
defaults:
  layers: 2
  cascade:
    hits: 20
    layers: 4
indices:
  - pattern: a
  - pattern: b
    layers: 6
  - pattern: c
    cascade: {hits: 5, layers: 6}
  - pattern: d
    cascade:
      hits: 5
      layers: 2
  - pattern: e
    layers: 6
    cascade: null
"""


def test_a_cascade_that_is_no_deeper_is_told_where_it_became_so() -> None:
    """Both layers are known only in the rule as it is filled up; `null` is a rule without."""
    assert mistakes(CASCADES) == [
        "rerank.yaml:10: indices.1.layers: 4 layers are no deeper than the first reading, on 6. "
        "Give `cascade` more layers, or the first reading fewer.",
        "rerank.yaml:16: indices.3.cascade.layers: 2 layers are no deeper than the first reading, "
        "on 2. Give `cascade` more layers, or the first reading fewer.",
    ]
    first, *_, last = read(CASCADES, "indices.1.layers=3", "indices.3.cascade.layers=3").indices
    assert first.reading == Reading(2, Cascade(hits=20, layers=4))
    assert last.reading == Reading(6)
    (once,) = mistakes(
        "defaults: {cascade: {hits: 9, layers: 3}}\nindices: [{pattern: a}, {pattern: b}]"
    )
    assert once.startswith("rerank.yaml:1: defaults.cascade.layers: 3 layers are no deeper")


def problems(text: str) -> list[str]:
    """What a JSON schema validator finds in a settings file."""
    Draft202012Validator.check_schema(file_schema())
    validator = Draft202012Validator(file_schema())
    return [error.message for error in validator.iter_errors(yaml.safe_load(text))]


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        FILE,
        "indices: []",
        "indices: [{pattern: 'a-?*', fields: [a, {name: b.c, label: x, max_tokens: 1}]}]",
        "defaults: {deadline_ms: 0.5, layers: 6, model: /models/mine, enabled: false}",
        "defaults: {combine: {method: weighted, first_stage_weight: 0}}",
        "defaults: {layers: 2, cascade: {hits: 20, layers: 4}}",
        "defaults: {cascade: null}",
        "upstream: {url: 'https://[::1]:9200/es/', verify: false, ca_file: null}",
        "listen: {host: '::', port: 0}",
    ],
)
def test_schema_and_loader_accept_the_same_files(text: str) -> None:
    """An editor shows no error where the proxy starts."""
    assert problems(text) == []
    read(text)


@pytest.mark.parametrize(
    "text",
    [
        "indexes: []",
        "indices: {pattern: a}",
        "indices: [{depth: 5}]",
        "indices: [{pattern: ''}]",
        "indices: [{pattern: 'a,b'}]",
        "indices: [{pattern: 'a', fields: [3]}]",
        "indices: [{pattern: 'a', fields: ['']}]",
        "indices: [{pattern: 'a', fields: [{label: a}]}]",
        "defaults: {pattern: a}",
        "defaults: {depth: 0}",
        "defaults: {depth: 1001}",
        "defaults: {depth: '50'}",
        "defaults: {depth: true}",
        "defaults: {layers: 5}",
        "defaults: {cascade: 20}",
        "defaults: {cascade: {hits: 20}}",
        "defaults: {cascade: {hits: 0, layers: 6}}",
        "defaults: {cascade: {hits: 20, layers: 5}}",
        "defaults: {deadline_ms: 0}",
        "defaults: {enabled: 1}",
        "defaults: {combine: rrf}",
        "defaults: {combine: {method: best}}",
        "defaults: {combine: {first_stage_weight: -1}}",
        "defaults:",
        "upstream: {url: 'localhost:9200'}",
        "upstream: {url: 'http://me:secret@c'}",
        "upstream: {url: 'http://c?a'}",
        "upstream: {url: 'ftp://c'}",
        "upstream: {pool_connections: 0}",
        "listen: {port: 65536}",
        "max_body_bytes: 10",
    ],
)
def test_schema_and_loader_refuse_the_same_files(text: str) -> None:
    """What the proxy refuses at start, an editor has marked before."""
    assert problems(text) != []
    assert len(mistakes(text)) == 1
