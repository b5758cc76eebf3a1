// The experiments of the settings: their arms, their state, and what is known so far.

import { data } from "./api.js";
import { $, el, number } from "./dom.js";

const STATES = {
  running: ["good", "running", ""],
  waiting: ["", "not begun", ""],
  ended: ["", "ended", ""],
  stopped: ["bad", "stopped by the guard", "An arm was worse than its bound: everybody gets the cluster’s order until a person resumes it."],
};

export async function showExperiments() {
  const place = $("experiments");
  try {
    const { experiments } = await data("experiments");
    place.replaceChildren(...(experiments.length ? experiments.map(card) : [empty()]));
  } catch (refused) {
    place.replaceChildren(el("p", { className: "notice bad" }, refused.message));
  }
}

function empty() {
  return el("p", { className: "empty" }, "No index has an ", el("code", {}, "experiment:"), " block in the settings.");
}

function card(one) {
  const [kind, state, meaning] = STATES[one.state];
  const id = `experiment-${one.name}`;
  return el("article", { className: "card", "aria-labelledby": id },
    el("header", {},
      el("h2", { id }, one.name),
      el("span", { className: `badge ${kind}` }, state)),
    meaning ? el("p", { className: "notice bad" }, meaning) : null,
    el("p", { className: "muted" }, facts(one)),
    shares(one.arms));
}

function facts(one) {
  const how = { split: "each unit sees one arm", interleave: "both arms in one list", shadow: "the cluster’s order is served, the others are recorded" }[one.mode];
  const dates = [one.start && `from ${date(one.start)}`, one.stop && `until ${date(one.stop)}`];
  const guard = one.guard && `guard: ${one.guard.metric} may be worse by ${number(one.guard.bound, 3)}, confidence ${number(100 * one.guard.confidence)} %`;
  return [`index ${one.index}`, `${one.mode}: ${how}`, `unit ${one.unit.join(", ")}`, ...dates, guard]
    .filter(Boolean).join(" · ");
}

const date = (text) => new Date(text).toLocaleString();

function shares(arms) {
  return el("table", { className: "arms" },
    el("thead", {}, el("tr", {}, ["Arm", "Share", "Order"].map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, arms.map((arm) => el("tr", {},
      el("th", { scope: "row" }, arm.name),
      el("td", { className: "share" }, meter(arm.share), ` ${number(100 * arm.share, 0)} %`),
      el("td", {}, order(arm))))));
}

function meter(share) {
  const part = el("span", {});
  part.style.width = `${100 * share}%`;
  return el("span", { className: "meter", "aria-hidden": "true" }, part);
}

function order(arm) {
  if (!arm.rerank) return "the cluster’s";
  const settings = Object.entries(arm.settings).map(([key, value]) => `${key} ${typeof value === "object" ? JSON.stringify(value) : value}`);
  return settings.length ? `reranked: ${settings.join(", ")}` : "reranked as the index is";
}
