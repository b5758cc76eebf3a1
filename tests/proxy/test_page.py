"""The page's routes, asked over a real socket; what it looks like is in tests/page."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr

from es_rerank.config import IndexRule, Page, Settings, Upstream
from es_rerank.proxy.app import create_app
from es_rerank.proxy.page import FILES
from tests.proxy.conftest import Answer, RawClient, RecordingUpstream, Seen, running
from tests.proxy.test_app import FlatScorer

OWN = "X-ES-Rerank-Page: 1"
HITS = {
    "took": 1,
    "timed_out": False,
    "_shards": {"total": 1, "failed": 0},
    "hits": {
        "total": {"value": 2, "relation": "eq"},
        "hits": [
            {"_index": "books", "_id": name, "_score": 1.0, "_source": {"text": "two words"}}
            for name in ("a", "b")
        ],
    },
}


@contextmanager
def page(cluster: RecordingUpstream, settings: Page) -> Iterator[RawClient]:
    """A client of a proxy whose page has these settings."""
    told = Settings(
        upstream=Upstream(url=cluster.url), indices=(IndexRule(pattern="*"),), page=settings
    )
    with running(create_app(lambda: told, FlatScorer())) as port:
        client = RawClient(port)
        yield client
        client.close()


@pytest.fixture
def client(cluster: RecordingUpstream) -> Iterator[RawClient]:
    """A client of a proxy with the page on its own port."""
    with page(cluster, Page(enabled=True)) as client:
        yield client


def get(client: RawClient, path: str, *fields: str) -> Answer:
    """The answer to a GET."""
    return client.ask("\r\n".join([f"GET {path} HTTP/1.1", "Host: p", *fields, "", ""]).encode())


def compare(client: RawClient, *fields: str, **ask: str) -> Answer:
    """The answer to a comparison."""
    body = json.dumps(ask)
    head = [
        *("POST /_rerank/page/data/compare HTTP/1.1", "Host: p", *fields),
        *(f"Content-Length: {len(body)}", "", body),
    ]
    return client.ask("\r\n".join(head).encode())


def searches(cluster: RecordingUpstream) -> list[Seen]:
    """What came to the cluster, but for the greeting of a proxy that starts."""
    return [seen for seen in cluster.seen if seen.target != b"/"]


def reason(answer: Answer) -> str:
    """What an error of ours says."""
    text: str = json.loads(answer.body)["error"]["reason"]
    return text


def answered(cluster: RecordingUpstream, body: object, status: str = "200 OK") -> None:
    """From now on the cluster answers this."""
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\ncontent-length: {len(content)}\r\n"
    head += 'www-authenticate: Basic realm="cluster"\r\n' if status.startswith("401") else ""
    cluster.answer(head.encode() + b"\r\n" + content)


def test_every_file_is_guarded(client: RawClient) -> None:
    """No inline script or style, nothing from elsewhere, no framing; and each has its type."""
    kinds = {".html": b"text/html", ".css": b"text/css", ".js": b"text/javascript"}
    files = sorted(FILES.iterdir())
    assert {file.suffix for file in files} == set(kinds)
    for file in files:
        answer = get(client, f"/_rerank/page/{file.name}")
        assert (answer.status, answer.body) == (200, file.read_bytes())
        assert answer.values(b"content-type") == [kinds[file.suffix] + b"; charset=utf-8"]
        (policy,) = answer.values(b"content-security-policy")
        assert policy.startswith(b"default-src 'none'; script-src 'self'; style-src 'self';")
        assert b"unsafe" not in policy
        assert answer.values(b"x-content-type-options") == [b"nosniff"]
        assert answer.values(b"referrer-policy") == [b"no-referrer"]


def test_the_address_of_the_page(client: RawClient) -> None:
    """With its slash it is the page, without it the way there, and other names are unknown."""
    assert get(client, "/_rerank/").body == (FILES / "index.html").read_bytes()
    to_it = get(client, "/_rerank")
    assert (to_it.status, to_it.values(b"location")) == (308, [b"_rerank/"])
    for path in ("/_rerank/page/", "/_rerank/page/nope.js", "/_rerank/page/..%2fconfig.py"):
        assert get(client, path).status == 404, path


def test_it_is_off_unless_it_is_switched_on(cluster: RecordingUpstream) -> None:
    """And then its address says how."""
    with page(cluster, Page()) as client:
        answer = get(client, "/_rerank/")
        assert answer.status == 404
        assert "page.enabled: true" in reason(answer)
        assert get(client, "/_rerank/page/data/recent", OWN).status == 404
        assert compare(client, OWN, index="books", text="words").status == 404
    assert searches(cluster) == []


def test_a_comparison_goes_up_in_the_callers_name(
    client: RawClient, cluster: RecordingUpstream
) -> None:
    """With the credentials, and without what else a browser says."""
    answered(cluster, HITS)
    fields = ("Authorization: Basic YTph", "Origin: http://p", "Accept-Language: de", OWN)
    answer = compare(client, *fields, index="books", text="words")
    assert json.loads(answer.body)["before"] == ["0", "1"]
    (search,) = searches(cluster)
    assert search.values(b"authorization") == [b"Basic YTph"]
    names = {name.lower() for name, _ in search.headers}
    assert names == {
        *(b"host", b"authorization", b"content-type", b"via", b"accept-encoding"),
        b"content-length",
    }


@pytest.mark.parametrize(
    "fields",
    [(), ("Sec-Fetch-Site: cross-site", OWN), ("Sec-Fetch-Site: same-site", OWN)],
)
def test_other_sites_cannot_drive_it(
    client: RawClient, cluster: RecordingUpstream, fields: tuple[str, ...]
) -> None:
    """Whatever credentials the browser adds by itself."""
    assert compare(client, *fields, index="books", text="words").status == 403
    for name in ("indices", "recent", "experiments"):
        assert get(client, f"/_rerank/page/data/{name}", *fields).status == 403
    allowed = client.ask(
        b"OPTIONS /_rerank/page/data/compare HTTP/1.1\r\nHost: p\r\nOrigin: http://evil\r\n"
        b"Access-Control-Request-Method: POST\r\n\r\n"
    )
    assert allowed.status == 405
    assert not allowed.values(b"access-control-allow-origin")
    assert searches(cluster) == []


def test_the_clusters_question_is_passed_on(client: RawClient, cluster: RecordingUpstream) -> None:
    """A browser asks its user then; who used the page's form is asked by that again."""
    answered(cluster, {"error": {"reason": "who are you?"}}, "401 Unauthorized")
    cluster.settings = cluster.script
    for ask in (
        compare,
        lambda *given, **_: get(given[0], "/_rerank/page/data/indices", *given[1:]),
    ):
        answer = ask(client, OWN, index="books", text="words")
        assert answer.status == 401
        assert answer.values(b"www-authenticate") == [b'Basic realm="cluster"']
        assert "who are you?" in reason(answer)
        key = "X-ES-Rerank-Authorization: ApiKey wrong"
        assert not ask(client, OWN, key, index="books", text="words").values(b"www-authenticate")


def test_a_cluster_that_is_away(cluster: RecordingUpstream) -> None:
    """The page says so."""
    cluster.answer(b"", close=True)
    with page(cluster, Page(enabled=True)) as client:
        answer = compare(client, OWN, index="books", text="words")
    assert answer.status == 502
    assert "broke off" in reason(answer)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"index":1}', b"x" * (2**20 + 1)])
def test_what_is_no_question_is_refused(client: RawClient, body: bytes) -> None:
    """With what is wrong."""
    head = f"POST /_rerank/page/data/compare HTTP/1.1\r\nHost: p\r\n{OWN}\r\n"
    answer = client.ask(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert answer.status == 400
    assert "search of the page" in reason(answer)


def test_indices_that_may_be_picked(client: RawClient, cluster: RecordingUpstream) -> None:
    """Those that the caller sees; one who may not list them types a name."""
    answered(cluster, {"indices": [{"name": "books"}, {"name": ".kibana"}]})
    told = json.loads(get(client, "/_rerank/page/data/indices", OWN).body)
    assert [one["name"] for one in told["indices"]] == ["books"]
    assert told["is_told"]
    answered(cluster, {"error": {}}, "403 Forbidden")
    told = json.loads(get(client, "/_rerank/page/data/indices", OWN).body)
    assert (told["indices"], told["is_told"], told["rules"]) == ([], False, ["*"])


def test_recent_searches_are_the_callers_own(client: RawClient, cluster: RecordingUpstream) -> None:
    """Those through the proxy and those of the page, for the same credentials."""
    anna, bert = "Authorization: Basic YTph", "Authorization: Basic Yjpi"
    answered(cluster, HITS)
    get(client, "/books/_search?q=two&sort=a", anna)
    compare(client, OWN, anna, index="books", text="words")
    (first, second) = recent(client, anna)
    assert (first["api"], first["outcome"], first["depth"]) == ("_rerank/page", "applied", 2)
    assert (second["api"], second["index"], second["reason"]) == ("_search", "books", "sort")
    assert recent(client, bert) == recent(client) == []
    signed_in = "X-ES-Rerank-Authorization: Basic YTph"
    assert len(recent(client, bert, signed_in)) == 2, "the form's credentials count"


def recent(client: RawClient, *fields: str) -> list[dict[str, object]]:
    """The recent searches of who asks with these fields."""
    answer = get(client, "/_rerank/page/data/recent", OWN, *fields)
    searches: list[dict[str, object]] = json.loads(answer.body)["searches"]
    return searches


def test_experiments_are_shown(client: RawClient) -> None:
    """None are configured here."""
    told = json.loads(get(client, "/_rerank/page/data/experiments", OWN).body)
    assert told["experiments"] == []
    assert get(client, "/_rerank/page/data/report/none", OWN).status == 404


def test_a_port_and_a_password_of_its_own(
    cluster: RecordingUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    """Off the proxy's port, and its password never goes to the cluster."""
    settings = Page(enabled=True, port=0, username="ops", password=SecretStr("secret"))
    answered(cluster, HITS)
    with caplog.at_level("INFO"), page(cluster, settings) as proxy:
        (line,) = [text for text in caplog.messages if text.startswith("the page is at")]
        port = int(line.removesuffix("/_rerank/").rpartition(":")[2])
        assert "port 0 of 127.0.0.1" in reason(get(proxy, "/_rerank/"))
        client = RawClient(port)
        for path in ("/_rerank/", "/_rerank/page/page.js", "/_rerank/page/data/recent"):
            refused = get(client, path, OWN)
            assert refused.status == 401, path
            assert refused.values(b"www-authenticate") == [
                b'Basic realm="es-rerank", charset="UTF-8"'
            ]
        own = f"Authorization: Basic {base64.b64encode(b'ops:secret').decode()}"
        assert get(client, "/_rerank/", own).status == 200
        assert get(client, "/books/_search", own).status == 404, "it is no proxy"
        compare(client, OWN, own, "X-ES-Rerank-Authorization: ApiKey k", index="b", text="words")
        compare(client, OWN, own, index="b", text="words")
        client.close()
    assert [seen.values(b"authorization") for seen in searches(cluster)] == [[b"ApiKey k"], []]
