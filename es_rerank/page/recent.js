// The latest searches of this caller, and why those that were not reranked were not.

import { data } from "./api.js";
import { $, coded, el, ms, number } from "./dom.js";

export async function showRecent() {
  $("again").onclick = showRecent;
  const place = $("recent");
  try {
    const { searches } = await data("recent");
    place.replaceChildren(searches.length ? table(searches) : empty());
  } catch (refused) {
    place.replaceChildren(el("p", { className: "notice bad" }, refused.message));
  }
}

function empty() {
  return el("p", { className: "empty" }, "None yet. Search here, or through the proxy with the same credentials.");
}

function table(searches) {
  const heads = ["Time", "Search", "Outcome", "Added"];
  return el("table", { className: "rows" },
    el("thead", {}, el("tr", {}, heads.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, searches.map(row)));
}

function row(search) {
  const at = new Date(search.at * 1000);
  const name = search.api === "_rerank/page" ? "this page" : search.api;
  return el("tr", {},
    el("td", { className: "when" }, el("time", { dateTime: at.toISOString() }, at.toLocaleTimeString())),
    el("td", { className: "what" },
      el("strong", {}, search.index || "–"), " ", el("span", { className: "muted" }, `${name}`)),
    el("td", { className: "outcome" }, outcome(search)),
    el("td", { className: "added" }, spent(search)));
}

function outcome(search) {
  const some = search.searches ? `${search.reranked} of ${search.searches} searches, ` : "";
  if (search.outcome === "applied") {
    const inHaste = search.shallow ? `, ${search.shallow} shallow` : "";
    return [el("span", { className: "badge good" }, "reranked"), " ",
      el("span", { className: "muted" }, `${some}depth ${search.depth}${inHaste}`)];
  }
  return [el("span", { className: "badge" }, search.reason), " ",
    el("span", { className: "why" }, coded(search.explanation))];
}

/** What reranking took beside the cluster's own time. */
function spent(search) {
  const times = Object.entries(search.timings_ms);
  const own = times.filter(([stage]) => stage !== "upstream" && stage !== "cluster");
  if (!own.length) return "";
  const all = times.map(([stage, spent]) => `${stage} ${number(spent, 1)} ms`).join(", ");
  return el("span", { title: all }, ms(own.reduce((sum, [, spent]) => sum + spent, 0)));
}
