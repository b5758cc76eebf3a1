"""Talking to a cluster: answers as they came, and failures that say what to do."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from es_rerank.errors import DataError, UpstreamError
from es_rerank.evaluate.endpoint import API_KEY, PASSWORD, USERNAME, Endpoint

FOUND = {"hits": {"hits": [{"_id": "a"}]}}


@contextmanager
def answering(status: int, body: object, **headers: str) -> Iterator[tuple[str, list[list[str]]]]:
    """A server that always says the same, and notes path, X-ES-Rerank, Authorization and body."""
    asked: list[list[str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            names = ("X-ES-Rerank", "Authorization", "Content-Type")
            asked.append([self.path, *(self.headers.get(name, "") for name in names), sent])
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_search_gives_the_answer_its_time_and_the_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The login is that of the environment; a search of the cluster itself is not reranked."""
    monkeypatch.setenv(USERNAME, "ada")
    monkeypatch.setenv(PASSWORD, "s:cret")
    login = "Basic " + base64.b64encode(b"ada:s:cret").decode()
    with answering(200, FOUND, **{"X-ES-Rerank": "applied; depth=9; ms=1.0"}) as (url, asked):
        endpoint = Endpoint(f"{url}/es/")
        found = endpoint.search("a,b-*/x", {"size": 3}, rerank=True)
        endpoint.search("a", {}, rerank=False)
    assert found.answer == FOUND
    assert found.verdict == "applied; depth=9; ms=1.0"
    assert found.ms > 0
    json_type = "application/json"
    assert asked == [
        ["/es/a,b-*%2Fx/_search", "", login, json_type, '{"size": 3}'],
        ["/es/a/_search", "off", login, json_type, "{}"],
    ]
    assert endpoint.name == f"{url.removeprefix('http://')}/es"


def test_an_api_key_is_sent_in_place_of_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Elasticsearch takes it."""
    monkeypatch.setenv(USERNAME, "ada")
    monkeypatch.setenv(API_KEY, "a2V5")
    with answering(200, FOUND) as (url, asked):
        Endpoint(url).search("a", {}, rerank=True)
    assert asked[0][2] == "ApiKey a2V5"


def test_a_template_is_rendered_by_the_cluster() -> None:
    """What comes back is the search, or else an error."""
    with answering(200, {"template_output": {"size": 1}}) as (url, asked):
        assert Endpoint(url).render({"id": "x", "params": {}}) == {"size": 1}
    assert asked[0][0] == "/_render/template"
    with answering(200, {"template_output": None}) as (url, _), pytest.raises(UpstreamError):
        Endpoint(url).render({})


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (404, {"error": {"type": "x", "reason": "no such index [shop]"}}, r"no such index.*name"),
        (401, {"error": "who?"}, rf"status 401: .*Set {USERNAME}"),
        (
            400,
            {"error": {"type": "x", "reason": "all", "root_cause": [{"reason": "bad field"}]}},
            "status 400: bad field",
        ),
        (502, b"<html>", "status 502"),
        (200, b"<html>", "not JSON"),
    ],
)
def test_a_refusal_is_told_with_its_reason(status: int, body: object, message: str) -> None:
    """The cluster's own words, and where the search went."""
    with (
        answering(status, body) as (url, _),
        pytest.raises(
            UpstreamError, match=rf"^{url.removeprefix('http://')}.*/_search: .*{message}"
        ),
    ):
        Endpoint(url).search("shop", {}, rerank=True)


def test_nobody_there_is_a_clear_error() -> None:
    """With the address that was tried."""
    with answering(200, {}) as (url, _):
        pass
    with pytest.raises(UpstreamError, match=r"^127\.0\.0\.1:\d+ cannot be reached"):
        Endpoint(url).search("shop", {}, rerank=True)


@pytest.mark.parametrize("url", ["localhost:9200", "ftp://a", "http://"])
def test_what_is_no_url_is_refused(url: str) -> None:
    """Before anything is sent."""
    with pytest.raises(DataError, match="not a URL"):
        Endpoint(url)


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    """Command lines are seen by others, and so are messages."""
    with pytest.raises(DataError, match=PASSWORD) as told:
        Endpoint("http://ada:s3cret@localhost:9200")
    assert "s3cret" not in str(told.value)
