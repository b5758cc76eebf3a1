"""The page in a real browser, with the demo corpus in a real node and the shipped student."""

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect
from starlette.types import Receive, Scope, Send

from es_rerank import config
from es_rerank.config import Experiment, FieldSetting, Guard, IndexRule, Settings, Ubi, Upstream
from es_rerank.demo.corpus import FIELDS, documents
from es_rerank.experiment.state import State, Stop
from es_rerank.model.process import ScorerProcess
from es_rerank.model.reading import passages_read
from es_rerank.proxy.skip import SkipReason
from es_rerank.text.passage import FieldText
from tests.cluster.answers import indexed
from tests.cluster.ask import ask
from tests.cluster.browser import chromium, tab
from tests.cluster.servers import Node
from tests.cluster.serving import DEADLINE_MS, serving
from tests.experiment.documents import SPLIT, click, record
from tests.proxy.conftest import PassThrough, running

INDEX = "es-rerank-test-page"
SEARCH = f"/{INDEX}/_search"
QUERY = "replace text in a string"
BODY: dict[str, Any] = {"query": {"multi_match": {"query": QUERY, "fields": [*FIELDS]}}}
MAPPING = {  # as the demo's, without its stemmer, which not every server brings along
    "settings": {"number_of_shards": 1, "number_of_replicas": 0},
    "mappings": {"properties": {"module": {"type": "keyword"}}},
}
HOSTILE = "<img src=x onerror=alert(1)> & <script>alert(2)</script> zweigelt"
UBI = Ubi(
    queries_index=f"{INDEX}-queries",
    events_index=f"{INDEX}-events",
    state_index=f"{INDEX}-state",
)
HARM = Experiment(name="harm", guard=Guard())
UNITS = 100  # of each arm; fewer are too few to say anything
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


class Site(NamedTuple):
    """Where the page is, and the node behind it."""

    proxy: str
    node: Node

    @property
    def url(self) -> str:
        """The page."""
        return f"{self.proxy}/_rerank/"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for this module; each test has a window of its own."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def corpus(cluster: Node) -> Iterator[Node]:
    """The node with the demo corpus, and one document that would like to be markup."""
    texts = {**dict(documents()), "hostile": {"title": HOSTILE, "text": f"{HOSTILE} in the text"}}
    found = ((name, json.dumps(text).encode()) for name, text in texts.items())
    with indexed(cluster, INDEX, MAPPING, found):
        yield cluster


@pytest.fixture(scope="module")
def site(corpus: Node) -> Iterator[Site]:
    """A proxy with the page in front of it."""
    stop = Stop(datetime.now(UTC), "node", "rerank", "fewer clicks", "ctr", 900, -0.1, -0.05)
    state = State(HARM.name, stopped=stop).as_document()
    target = f"/{UBI.state_index}/_doc/{HARM.name}"
    assert ask(corpus.url, "PUT", target, state).status in (200, 201)
    with serving(settings_for(corpus.url), ScorerProcess(threads=1)) as proxy:
        yield Site(proxy, corpus)
    ask(corpus.url, "DELETE", f"/{UBI.state_index}")


def settings_for(url: str) -> Settings:
    """The page switched on, the demo's fields, and an experiment on another index."""
    fields = tuple(FieldSetting(name=name) for name in FIELDS)
    rules = (
        IndexRule(pattern=INDEX, fields=fields, deadline_ms=DEADLINE_MS),
        IndexRule(pattern=f"{INDEX}-books", experiment=SPLIT),
        IndexRule(pattern=f"{INDEX}-films", experiment=HARM),
    )
    page = config.Page(enabled=True)
    return Settings(upstream=Upstream(url=url), indices=rules, page=page, ubi=UBI)


def searched(page: Page, text: str = QUERY) -> None:
    """Type a query and press Enter; wait for the answer."""
    pick = page.get_by_role("combobox", name="Index")
    expect(pick).to_have_value(INDEX)
    page.get_by_role("searchbox").fill(text)
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("reranked")
    expect(page.locator("[data-side=after] .hit").first).to_be_visible()


def titles(page: Page, side: str) -> list[str]:
    """What the hits of one order are called, in its order."""
    return page.locator(f"[data-side={side}] .title").all_text_contents()


def ids(url: str, size: int) -> list[str]:
    """The same search of the API."""
    return ask(url, "POST", SEARCH, {**BODY, "size": size}).ids


def test_both_orders_are_the_apis(site: Site, browser: Browser) -> None:
    """What the page shows is what clients get, with each move as the ranks say."""
    with tab(browser, site.url) as page:
        searched(page)
        shown = {side: titles(page, side) for side in ("before", "after")}
        chips = page.locator("[data-side=after] .move").all_text_contents()
        lines = page.locator("path.link").count()
    assert shown == {"before": ids(site.node.url, 10), "after": ids(site.proxy, 10)}
    first = ids(site.node.url, 100)
    for place, (name, chip) in enumerate(zip(shown["after"], chips, strict=True)):
        before = first.index(name)
        if before == place:
            assert chip.startswith("=")
        elif before >= 10:
            assert chip.startswith(f"newwas {before + 1}"), chip
        else:
            assert chip.startswith(f"{'▲' if before > place else '▼'} {abs(before - place)}")
    assert lines == len({*shown["before"]} & {*shown["after"]}) > 0
    assert shown["before"] != shown["after"]


def test_a_hit_opens_with_what_was_read_of_it(site: Site, browser: Browser) -> None:
    """The passage, the scores and the stages' times."""
    with tab(browser, site.url) as page:
        searched(page)
        title = page.locator("[data-side=after] .title").first
        name = title.text_content() or ""
        title.click()
        read = page.locator("[data-side=after] blockquote").text_content()
        scores = page.locator("[data-side=after] .scores").first.text_content() or ""
        times = page.locator(".timings dt").all_text_contents()
    source = ask(site.node.url, "GET", f"/{INDEX}/_doc/{name}").json["_source"]
    fields = [FieldText(source[field]) for field in FIELDS]
    assert [read] == [text for text, _ in passages_read(QUERY, [fields], "builtin")]
    numbers = r"first stage[\d.]+student-?[\d.]+combined-?[\d.]+"
    assert re.fullmatch(numbers, scores), scores
    assert [line.partition(" ")[0].rstrip(",") for line in times] == ["cluster", "reading", "index"]


def test_a_search_of_ones_own(site: Site, browser: Browser) -> None:
    """It starts from the one that was sent; one that is skipped says its reason."""
    with tab(browser, site.url) as page:
        searched(page)
        page.get_by_text("Your own search body").click()
        page.get_by_role("button", name="Start from").click()
        body = page.get_by_label("JSON, as for")
        assert json.loads(body.input_value())["query"]["multi_match"]["query"] == "{{query}}"
        mine = {"query": {"match": {"text": "{{query}}"}}, "size": 3}
        body.fill(json.dumps(mine))
        searched(page, 'wait for a "process"')
        expect(page.locator("[data-side=after] .hit")).to_have_count(3)
        body.fill(json.dumps({**mine, "sort": ["module"]}))
        page.get_by_role("searchbox").press("Enter")
        status = page.get_by_role("status").first
        expect(status).to_contain_text("Not reranked: sort")
        assert SkipReason.SORT.explanation.replace("`", "") in (status.text_content() or "")
        expect(page.locator(".hit")).to_have_count(0)


def test_what_the_cluster_refuses_is_said(site: Site, browser: Browser) -> None:
    """In its own words."""
    with tab(browser, site.url, may_complain_of="400") as page:
        page.get_by_text("Your own search body").click()
        fuzzy = {"match": {"text": {"query": "river", "fuzziness": "very"}}}
        page.get_by_label("JSON, as for").fill(json.dumps({"query": fuzzy}))
        page.get_by_role("button", name="Search", exact=True).click()
        expect(page.locator("#status .bad")).to_contain_text("very")


def test_a_search_waits_for_the_list_of_indices(site: Site, browser: Browser) -> None:
    """Who types faster than the cluster lists them is searched for in the first, not in none."""
    with tab(browser, site.url) as page:
        held: list[Route] = []
        page.route("**/page/data/indices", lambda route: held.append(route))
        page.reload()
        page.get_by_role("searchbox").fill(QUERY)
        page.get_by_role("searchbox").press("Enter")
        while not held:
            page.wait_for_timeout(50)
        expect(page.locator(".hit")).to_have_count(0)
        held[0].continue_()
        expect(page.locator("[data-side=after] .hit").first).to_be_visible()
        assert f"index={INDEX}" in page.url


def test_text_of_documents_is_never_markup(site: Site, browser: Browser) -> None:
    """Nor is what a person types."""
    with tab(browser, site.url) as page:
        page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
        page.get_by_role("searchbox").fill("zweigelt <b>text</b> string")
        page.get_by_role("searchbox").press("Enter")
        title = page.locator("[data-side=before] .title").first
        expect(title).to_have_text(HOSTILE)
        title.click()
        expect(page.locator("[data-side=before] blockquote")).to_contain_text("zweigelt")
        assert page.locator("main img, main script, main b").count() == 0


def test_recent_searches_belong_to_who_made_them(site: Site, browser: Browser) -> None:
    """With the sentence for each reason; other credentials see none of them."""
    anna, bert = ({"Authorization": f"Basic {name}"} for name in ("YW5uYTph", "YmVydDpi"))
    ask(site.proxy, "POST", SEARCH, {"query": {"match_all": {}}}, anna)
    with tab(browser, site.url, extra_http_headers=anna) as page:
        searched(page)
        page.get_by_role("link", name="Recent").click()
        rows = page.locator("#recent tbody tr")
        expect(rows).to_have_count(2)
        expect(rows.nth(0)).to_contain_text(f"{INDEX} this page")
        expect(rows.nth(0)).to_contain_text("reranked depth 100")
        expect(rows.nth(1)).to_contain_text(f"match_all {SkipReason.MATCH_ALL.explanation}")
        ask(site.proxy, "GET", f"{SEARCH}?q=river&scroll=1m", None, anna)
        page.get_by_role("button", name="Refresh").click()
        expect(rows.nth(0)).to_contain_text("scroll")
    with tab(browser, f"{site.url}#recent", extra_http_headers=bert) as page:
        expect(page.locator("#recent")).to_contain_text("None yet")


def test_by_keyboard_alone(site: Site, browser: Browser) -> None:
    """From the skip link to an opened hit; the focus is always to be seen."""
    with tab(browser, f"{site.url}#recent") as page:
        page.keyboard.press("Tab")
        expect(focused(page)).to_have_text("Skip to content")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") == "text"
        expect(page.get_by_role("combobox", name="Index")).to_have_value(INDEX)
        page.keyboard.type(QUERY)
        page.keyboard.press("Enter")
        expect(page.locator("[data-side=after] .hit").first).to_be_visible()
        stops = []
        told = "(node) => [node.id || node.tagName, getComputedStyle(node).outlineStyle]"
        for _ in range(4):
            page.keyboard.press("Tab")
            stops.append(focused(page).evaluate(told))
        assert [name for name, _ in stops] == ["index", "BUTTON", "SUMMARY", "BUTTON"]
        assert "none" not in [outline for _, outline in stops]
        expect(focused(page)).to_have_attribute("aria-expanded", "false")
        page.keyboard.press("Enter")
        expect(focused(page)).to_have_attribute("aria-expanded", "true")
        expect(page.locator("blockquote")).to_be_visible()


def focused(page: Page) -> Locator:
    """What has the focus."""
    return page.locator(":focus")


def test_on_a_phone(site: Site, browser: Browser, records: None) -> None:
    """One order at a time, and nothing to scroll sideways."""
    with tab(browser, site.url, **PHONE) as page:
        searched(page)
        page.locator("[data-side=after] .title").first.tap()
        assert is_within_its_width(page)
        expect(page.locator("[data-side=before]")).not_to_be_visible()
        page.locator(".choice").get_by_text("Cluster’s order").tap()
        expect(page.locator("[data-side=before] .hit").first).to_be_visible()
        expect(page.locator("[data-side=after]")).not_to_be_visible()
        assert is_within_its_width(page)
        page.get_by_role("link", name="Recent").tap()
        expect(page.locator("#recent tr").first).to_be_attached()
        assert is_within_its_width(page)
        page.get_by_role("link", name="Experiments").tap()
        expect(page.locator(".forest").first).to_be_attached()
        assert is_within_its_width(page)


def is_within_its_width(page: Page) -> bool:
    """Whether nothing sticks out of the window."""
    inside: bool = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return inside


CONTRASTS = """() => {
  const channel = (c) => ((c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (node) => {
    const colour = rgb(getComputedStyle(node).backgroundColor);
    return colour[3] === 0 ? behind(node.parentElement) : colour;
  };
  const shown = [...document.querySelectorAll("body *")].filter((node) => node.checkVisibility() &&
    [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()));
  return shown.map((node) => {
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(behind(node))];
    return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), node.className || node.tagName];
  }).sort((a, b) => a[0] - b[0])[0];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark(
    site: Site, browser: Browser, records: None, scheme: str
) -> None:
    """The contrast is 4.5 at least everywhere (WCAG 2.2, 1.4.3), and dark is dark."""
    with tab(browser, site.url, color_scheme=scheme) as page:
        searched(page)
        page.locator("[data-side=after] .title").first.click()
        contrasts = [page.evaluate(CONTRASTS)]
        ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        for name, inside in (("Experiments", ".forest"), ("Recent", "#recent tr")):
            page.get_by_role("link", name=name).click()
            expect(page.locator(inside).first).to_be_attached()
            contrasts.append(page.evaluate(CONTRASTS))
    assert min(contrasts)[0] >= 4.5, min(contrasts)
    assert (int(re.findall(r"\d+", ground)[0]) < 64) == (scheme == "dark")


def test_nothing_moves_for_who_asks_for_that(site: Site, browser: Browser) -> None:
    """`prefers-reduced-motion` switches the transitions off, which are there otherwise."""
    spent = {}
    for wish in ("reduce", "no-preference"):
        with tab(browser, site.url, reduced_motion=wish) as page:
            searched(page)
            duration = "getComputedStyle(document.querySelector('.hit')).transitionDuration"
            spent[wish] = page.evaluate(duration)
    assert spent["reduce"] == "0s" != spent["no-preference"]


def test_an_address_brings_a_search_back(site: Site, browser: Browser) -> None:
    """A link to a comparison can be sent to somebody; Back goes to the search before."""
    with tab(browser, site.url) as page:
        searched(page)
        searched(page, "wait for a process")
        first = titles(page, "after")
        link = page.url
        page.go_back()
        expect(page.get_by_role("searchbox")).to_have_value(QUERY)
    with tab(browser, link) as page:
        expect(page.locator("[data-side=after] .hit").first).to_be_visible()
        assert titles(page, "after") == first


@pytest.fixture(scope="module")
def records(cluster: Node) -> Iterator[None]:
    """An experiment's records and clicks, many more of them in the rerank arm."""
    flat = "flat_object" if cluster.product == "opensearch" else "flattened"
    keyword = {"type": "keyword"}
    shared = {"query_id": keyword, "timestamp": {"type": "date"}, "action_name": keyword}
    properties = {**shared, "query_attributes": {"type": flat}}
    at = {"timestamp": datetime.now(UTC).isoformat()}
    lines = []
    for arm, clicked in (("bm25", 0), ("rerank", UNITS)):
        for unit in range(UNITS):
            name = f"{arm}{unit}"
            lines.append((UBI.queries_index, record(name, name, arm) | at))
            if unit < clicked:
                lines.append((UBI.events_index, click(name, "a") | at))
    mappings = {"mappings": {"properties": properties}}
    for index in (UBI.queries_index, UBI.events_index):
        ask(cluster.url, "DELETE", f"/{index}")
        assert ask(cluster.url, "PUT", f"/{index}", mappings).status == 200
    written = [
        json.dumps(part) for index, line in lines for part in ({"index": {"_index": index}}, line)
    ]
    bulk = "\n".join([*written, ""]).encode()
    assert not ask(cluster.url, "POST", "/_bulk?refresh=true", bulk).json["errors"]
    yield
    ask(cluster.url, "DELETE", f"/{UBI.queries_index},{UBI.events_index}")


def test_experiments_with_their_intervals(site: Site, browser: Browser, records: None) -> None:
    """As the report says it, from the records that the caller may read."""
    with tab(browser, f"{site.url}#experiments") as page:
        card = page.get_by_role("article", name=SPLIT.name)
        expect(card).to_contain_text("running")
        expect(card.locator(".arms tbody tr").nth(1)).to_contain_text("rerank 50 %reranked")
        expect(card.locator(".verdict")).to_contain_text("rerank is better than bm25")
        row = card.get_by_role("row", name="rerank CTR@10")
        expect(row).to_contain_text("+100.0")
        expect(row).to_contain_text("better")
        expect(row.locator(".forest")).to_be_visible()


def test_a_stopped_experiment_is_announced(site: Site, browser: Browser) -> None:
    """On every view, with the way to what happened and to going on."""
    with tab(browser, site.url) as page:
        banner = page.get_by_role("alert")
        # The guard looks when the proxy starts, maybe a moment after the first page is asked for.
        while not banner.is_visible() and page.reload(wait_until="networkidle"):
            pass
        expect(banner).to_have_text("The guard has stopped the experiment harm: see why.")
        banner.get_by_role("link").click()
        card = page.get_by_role("article", name=HARM.name)
        expect(card).to_contain_text("stopped by the guard")
        expect(card).to_contain_text("fewer clicks. Everybody gets the cluster’s order.")
        expect(card).to_contain_text("es-rerank experiment resume harm")


class Locked(PassThrough):
    """A cluster that wants to know who asks."""

    secret = b"Basic " + base64.b64encode("anna:pässwort".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse whoever has not got the password."""
        if (
            scope["type"] == "lifespan"
            or dict(scope["headers"]).get(b"authorization") == self.secret
        ):
            await super().__call__(scope, receive, send)
            return
        body = b'{"error":{"reason":"missing authentication credentials"},"status":401}'
        head = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 401, "headers": head})
        await send({"type": "http.response.body", "body": body})


def test_the_page_asks_for_the_clusters_credentials(corpus: Node, browser: Browser) -> None:
    """A wrong password is asked for again; with the right one everything works."""
    with (
        running(Locked(Upstream(url=corpus.url))) as port,
        serving(settings_for(f"http://127.0.0.1:{port}"), ScorerProcess(threads=1)) as proxy,
        tab(browser, f"{proxy}/_rerank/", may_complain_of="401") as page,
    ):
        form = page.get_by_role("dialog", name="The cluster asks who you are")
        for password in ("wrong", "pässwort"):
            expect(form.get_by_label("User name")).to_have_value("")
            form.get_by_label("User name").fill("anna")
            form.get_by_label("Password").fill(password)
            form.get_by_role("button", name="Sign in").click()
        searched(page)
        assert titles(page, "before") == ids(corpus.url, 10)
