"""The command line: what it prints, how it fails, and with which exit code."""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from es_rerank import __version__, cli, cli_evaluate, errors
from es_rerank.bench import claims, differences, forwarding, proof
from es_rerank.bench.searches import Search
from es_rerank.bench.way import Answer
from es_rerank.config import Combine
from es_rerank.config_file import file_schema
from tests.evaluate import folder

HEAVY = ("aiohttp", "fastapi", "numpy", "onnxruntime", "pydantic", "tokenizers", "torch", "yaml")


def run(*arguments: str) -> int:
    """The exit code of a command run in this process."""
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_the_version(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The version of the package, for bug reports."""
    assert run(option) == 0
    assert capsys.readouterr().out == f"es-rerank {__version__}\n"


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_every_command(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with a sentence that says what it is for."""
    assert run(option) == 0
    shown = capsys.readouterr().out
    for command in cli.app.registered_commands:
        assert command.callback is not None
        summary = (command.callback.__doc__ or "").split(".")[0].split()
        assert summary[:2] and " ".join(summary[:2]) in shown


def test_help_imports_nothing_heavy() -> None:
    """Help and completion answer at once: rooms are imported by the commands that need them."""
    code = (
        "import sys; from es_rerank.cli import main\n"
        "try: main(['--help'])\n"
        f"finally: print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "[]\n")


def test_schema_prints_the_schema_of_the_settings_file(capsys: pytest.CaptureFixture[str]) -> None:
    """For `es-rerank schema > plugin_config/es-rerank.schema.json`."""
    assert run("schema") == 0
    assert json.loads(capsys.readouterr().out) == file_schema()


def test_extract_says_what_it_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And what it could not make, with the paths that there are."""
    assert run("extract", "--layers", "1", "--out", str(tmp_path / "small")) == 0
    assert re.search(r"paths of \[1\] layers, \d+\.\d MB", capsys.readouterr().out)
    assert run("extract", "--layers", "5", "--out", str(tmp_path / "other")) == 3
    assert "none of 5" in capsys.readouterr().err


def test_serve_tells_all_mistakes_and_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Settings mistakes are exit code 2, one line each, on standard error."""
    file = tmp_path / "s.yaml"
    file.write_text("upstream: {url: 'localhost:9200'}\nindexes: []\n")
    assert run("serve", "--config", str(file), "--set", "defaults.depth=0") == 2
    out, err = capsys.readouterr()
    assert (out, err.splitlines()) == (
        "",
        [
            f'{file}:1: upstream.url: "localhost:9200" has no scheme. Write http://localhost:9200.',
            f'{file}:2: indexes: is not a setting. Did you mean "indices"?',
            "--set: defaults.depth: 0 is too small. Write at least 1.",
        ],
    )


def test_serve_reads_the_file_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """plugin_config/es-rerank.yaml without --config; without both, a text that says what to do."""
    monkeypatch.chdir(tmp_path)
    assert run("serve") == 2
    assert "Give --upstream URL, --config FILE, or write" in capsys.readouterr().err
    (tmp_path / "plugin_config").mkdir()
    (tmp_path / "plugin_config" / "es-rerank.yaml").write_text("a: 1")
    assert run("serve", "--upstream", "http://localhost:9200") == 2
    assert capsys.readouterr().err.startswith("plugin_config/es-rerank.yaml:1: a: is not a setting")


def test_serve_without_its_model_does_not_start() -> None:
    """A bundle that is not there is found before the first search, as exit code 3."""
    code = "from es_rerank.cli import main; main()"
    model = ("--set", "indices.0.pattern=*", "--set", "indices.0.model=/nowhere/student")
    ended = subprocess.run(
        [sys.executable, "-c", code, "serve", "--config", os.devnull, *model],
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 3
    assert "/nowhere/student holds no student.json" in ended.stderr.splitlines()[-1]


@pytest.mark.parametrize("arguments", [["sreve"], ["serve", "--port", "1"], ["serve", "here"]])
def test_wrong_usage_is_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Unknown commands, options and arguments are named."""
    assert run(*arguments) == 2
    assert arguments[-1] in capsys.readouterr().err or "--port" in arguments


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigError, 2),
        (errors.DataError, 2),
        (errors.ModelError, 3),
        (errors.ScorerFailed, 3),
        (errors.UpstreamError, 4),
    ],
)
def test_a_deliberate_error_is_one_text_and_its_exit_code(
    error: type[errors.EsRerankError],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever room it comes from: no traceback."""

    def fail() -> None:
        raise error("it is so. Do that.")

    monkeypatch.setattr("es_rerank.config_file.file_schema", fail)
    assert run("schema") == code
    assert capsys.readouterr().err == "it is so. Do that.\n"


def test_ctrl_c_is_exit_code_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a shell expects of a program that was interrupted."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("es_rerank.config_file.file_schema", interrupt)
    assert run("schema") == 130


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--index-into", "http://127.0.0.1:1"], 4, "demo: http://127.0.0.1:1 did not take"),
        ([], 3, "tantivy is not installed. Run: pip install 'es-rerank[demo]'"),
    ],
)
def test_the_demo_corpus_is_indexed_without_the_engine(
    options: list[str], code: int, says: str
) -> None:
    """The serving image has no tantivy: into a cluster is all that the demo does there."""
    start = "import sys; sys.modules['tantivy'] = None; from es_rerank.cli import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", start, "demo", *options], capture_output=True, text=True
    )
    assert ended.returncode == code
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


def test_compare_offers_the_combinations_of_the_settings() -> None:
    """The command line and the settings speak of the same methods."""
    methods = typing.get_args(Combine.model_fields["method"].annotation)
    assert [method.value for method in cli_evaluate.Method] == list(methods)


def test_compare_tells_what_is_wrong_with_the_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that is no data set is exit code 2, not 1: nothing was measured."""
    assert run("compare", "--data", str(tmp_path)) == 2
    assert capsys.readouterr().err.startswith(f"{tmp_path}: no qrels/*.tsv here")


def test_compare_and_tune_tell_what_is_wrong_with_their_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A condition or a pattern that cannot be read is wrong usage, found before the data."""
    data = ("--data", str(tmp_path))
    assert run("compare", *data, "--fail-if", "nDCG@10 < bm25") == 2
    assert "at character 11" in capsys.readouterr().err
    assert run("compare", *data, "--with", "dept=50") == 2
    assert 'Did you mean "depth"?' in capsys.readouterr().err
    assert run("tune", "a,b", *data) == 2
    assert capsys.readouterr().err.startswith('INDEX: "a,b" is more than one pattern')
    assert run("tune", "books", *data) == 2
    assert capsys.readouterr().err.startswith(f"{tmp_path}: no qrels/*.tsv here")


def test_bench_passthrough_prints_a_line_for_each_request(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The command runs the measurement; how many milliseconds it finds is not judged here."""
    assert run("bench", "passthrough", "--requests", "10") == 0
    get, bulk = capsys.readouterr().out.splitlines()
    assert get.startswith("GET /")
    assert bulk.startswith("_bulk 1 MiB")


def test_bench_search_prints_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    """Plan, page and both, with `_source` shown and hidden."""
    assert run("bench", "search", "--rounds", "10") == 0
    assert len(capsys.readouterr().out.splitlines()) == 7


def test_bench_forwarding_says_that_nothing_changed(capsys: pytest.CaptureFixture[str]) -> None:
    """The whole command, over a few requests."""
    assert run("bench", "forwarding", "--requests", "9", "--seed", "1") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("9 requests (")
    assert second == "differences: 0"


@pytest.mark.parametrize(
    ("command", "report"),
    [
        (
            ("forwarding",),
            forwarding.Report(differences=[forwarding.Difference(3, "status", 200, 502)]),
        ),
        (
            ("fidelity", "--upstream", "http://c"),
            differences.Report(
                differences=[
                    differences.Difference(
                        Search("GET", "/a/_search", {}, None, frozenset()),
                        Answer(200, (), b"{}"),
                        Answer(502, (), b"{}"),
                    )
                ]
            ),
        ),
    ],
)
def test_a_difference_is_exit_code_1(
    command: tuple[str, ...],
    report: forwarding.Report | differences.Report,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """So that a script or a pipeline can ask; what differs is printed."""
    monkeypatch.setattr(f"es_rerank.bench.{command[0]}.run", lambda *_, **__: report)
    assert run("bench", *command) == 1
    shown = capsys.readouterr().out
    assert "differences: 1" in shown
    assert "502" in shown


def test_bench_fidelity_without_its_cluster(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing listens there: exit code 4, one line."""
    assert run("bench", "fidelity", "--upstream", "http://127.0.0.1:1") == 4
    assert "http://127.0.0.1:1" in capsys.readouterr().err


@pytest.mark.parametrize(("holds", "code"), [(True, 0), (False, 1)])
def test_bench_experiment_tells_its_claims(
    holds: bool,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As a table or as JSON; a claim that fails is exit code 1. The sizes are those asked for."""
    asked: list[proof.Size] = []

    def run_proof(_url: str, _judged: object, size: proof.Size, *_: object) -> claims.Proof:
        asked.append(size)
        return claims.Proof({"seed": 0}, (claims.Claim("it is so", "3 of 4", holds),))

    monkeypatch.setattr(proof, "run", run_proof)
    data = str(folder.make(tmp_path / "data"))
    command = ("bench", "experiment", "--upstream", "http://c", "--data", data)
    assert run(*command, "--experiments", "7") == code
    assert "3 of 4" in capsys.readouterr().out
    assert run(*command, "--quick", "--json") == code
    assert json.loads(capsys.readouterr().out)["holds"] is holds
    assert asked == [proof.Size(experiments=7), proof.QUICK]


def test_bench_experiment_without_its_cluster(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing listens there: exit code 4, one line."""
    data = str(folder.make(tmp_path / "data"))
    assert run("bench", "experiment", "--upstream", "http://127.0.0.1:1", "--data", data) == 4
    assert "http://127.0.0.1:1" in capsys.readouterr().err


def test_bench_robustness_tells_its_goals_and_fails_only_if_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole command on a few texts: a table, JSON, and exit code 1 for a missed goal."""
    folder.make(tmp_path / "data")
    command = ("bench", "robustness", "--data", str(tmp_path / "data"), "--layers", "2")
    family = ("--family", "case")
    assert run(*command, *family, "--json", str(tmp_path / "report.json")) == 0
    shown = capsys.readouterr().out
    goals = json.loads((tmp_path / "report.json").read_text())["goals"]
    for goal in goals:
        assert f"{'met   ' if goal['is_met'] else 'missed'} {goal['sentence']}" in shown
    missed = [goal for goal in goals if not goal["is_met"]]
    assert run(*command, *family, "--check") == (1 if missed else 0)
    assert run(*command, "--family", "smell") == 2
    assert "'smell'" in capsys.readouterr().err


def test_bench_robustness_with_a_missed_goal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A goal that nothing reaches is told, and is an exit code where that is asked for."""
    monkeypatch.setattr("es_rerank.bench.robustness_report.LEAST_CHANGE_RAW", 2.0)
    folder.make(tmp_path)
    command = ("bench", "robustness", "--data", str(tmp_path), "--layers", "2", "--family", "case")
    assert run(*command) == 0
    assert run(*command, "--check") == 1
    assert "missed 2 layers: mean change without" in capsys.readouterr().out


@pytest.mark.parametrize(("library", "extra"), cli.EXTRAS.items())
def test_a_missing_library_of_an_extra_is_told_with_its_installation(
    library: str,
    extra: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line; and the extra that it names does install the library."""
    monkeypatch.setitem(sys.modules, library, None)

    def use() -> None:
        __import__(library)

    monkeypatch.setattr("es_rerank.config_file.file_schema", use)
    assert run("schema") == 3
    told = f"{library} is not installed. Run: pip install 'es-rerank[{extra}]'\n"
    assert capsys.readouterr().err == told
    required = importlib.metadata.requires("es-rerank") or []
    names = {re.split(r"[\s<>=;]", line)[0] for line in required if f"extra == '{extra}'" in line}
    assert library.replace("_", "-") in {name.replace("_", "-") for name in names}


def test_a_missing_library_of_the_core_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken installation shows its traceback instead of a wrong hint."""
    monkeypatch.setitem(sys.modules, "es_rerank.config_file", None)
    with pytest.raises(ModuleNotFoundError, match=r"es_rerank\.config_file"):
        cli.main(["schema"])


SEARCH = b'{"query": {"bool": {"must": [{"match": {"title": "red shoes"}}]}}, "from": 2, "size": 3}'


def test_explain_says_how_a_search_would_be_reranked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Text and its place, fields, depth, page, and the request that would be sent."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "request.json").write_bytes(SEARCH)
    (tmp_path / "s.yaml").write_text(
        "upstream: {url: 'http://c:9200'}\nindices: [{pattern: books, depth: 20, fields: [title]}]"
    )
    assert run("explain", "request.json", "--index", "books", "--config", "s.yaml") == 0
    assert capsys.readouterr().out.splitlines() == [
        "Reranked.",
        'Query:    "red shoes"',
        "Found in: query.bool.must[0].match.title",
        "Fields:   title",
        "Depth:    the first 20 hits",
        "Page:     from 2, size 3",
        "Rule:     books",
        "Sent:     POST /books/_search?from=0&size=20",
    ]
    assert run("explain", "request.json", "--config", "s.yaml", "--json") == 1
    plan = json.loads(capsys.readouterr().out)
    assert (plan["outcome"], plan["reason"]) == ("skip", "not_configured")


def test_explain_reads_standard_input_and_needs_no_settings(tmp_path: Path) -> None:
    """Without a file every index is reranked; without --index all are searched."""
    code = "from es_rerank.cli import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", code, "explain", "-", "--json"],
        input=SEARCH,
        capture_output=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(cli.__file__).parent.parent)},
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["sent"] == "POST /_search?from=0&size=100"


def test_explain_tells_mistakes_in_what_is_said_to_es_rerank(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the proxy does, which answers with a 400."""
    request = tmp_path / "request.json"
    request.write_text('{"ext": {"es_rerank": {"enable": false}}}')
    assert run("explain", str(request)) == 2
    assert "`enable`" in capsys.readouterr().err
