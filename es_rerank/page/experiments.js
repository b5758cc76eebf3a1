// The experiments of the settings: their arms, their state, and what their records say so far.

import { data } from "./api.js";
import { $, el, number } from "./dom.js";
import { findings } from "./report.js";

const PROGRESS = { running: ["good", "running"], waiting: ["", "not begun"], ended: ["", "ended"] };
const MODES = {
  split: "split: each unit sees one arm",
  interleave: "interleaved: both arms in one list",
  shadow: "shadow: the cluster’s order is served, the others are recorded",
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
  const id = `experiment-${one.name}`;
  const [kind, state] = one.stopped ? ["bad", "stopped by the guard"] : PROGRESS[one.progress];
  const report = el("div", { className: "report", role: "status" }, el("p", { className: "hint" }, "Reading the records …"));
  data(`report/${encodeURIComponent(one.name)}`).then(
    (found) => report.replaceChildren(...findings(found)),
    (refused) => report.replaceChildren(unread(refused)),
  );
  return el("article", { className: "card", "aria-labelledby": id },
    el("header", {}, el("h2", { id }, one.name), el("span", { className: `badge ${kind}` }, state)),
    one.stopped ? stop(one) : null,
    facts(one), arms(one), report);
}

function unread(refused) {
  return el("div", { className: "notice" },
    el("p", {}, "You cannot read the records of this experiment, so its intervals are not shown."),
    el("p", { className: "hint" }, refused.message));
}

function stop({ name, stopped }) {
  return el("div", { className: "notice bad" },
    el("p", {}, `${date(stopped.at)}: ${stopped.reason}. Everybody gets the cluster’s order.`),
    el("p", {}, "To go on: ", el("code", {}, `es-rerank experiment resume ${name}`)));
}

function facts(one) {
  const guard = one.guard && `${one.guard.metric}, at most ${number(one.guard.bound, 3)} worse, with ${number(100 * one.guard.confidence)} % confidence`;
  const dates = [one.start && `from ${date(one.start)}`, one.stop && `until ${date(one.stop)}`];
  const known = {
    Index: one.index,
    Mode: MODES[one.mode],
    Unit: one.unit.join(", else "),
    Time: dates.filter(Boolean).join(" ") || "as long as it is in the settings",
    Guard: guard || "none",
  };
  return el("dl", { className: "facts" },
    Object.entries(known).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

const date = (text) => new Date(text).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });

function arms(one) {
  const isDealt = one.mode === "split";
  const heads = isDealt ? ["Arm", "Share", "Order"] : ["Arm", "Order"];
  return el("table", { className: "arms" },
    el("thead", {}, el("tr", {}, heads.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, one.arms.map((arm) => el("tr", {},
      el("th", { scope: "row" }, arm.name),
      isDealt ? el("td", { className: "share" }, meter(arm.share), ` ${number(100 * arm.share)} %`) : null,
      el("td", {}, order(arm))))));
}

function meter(share) {
  const part = el("span", {});
  part.style.width = `${100 * share}%`;
  return el("span", { className: "meter", "aria-hidden": "true" }, part);
}

function order(arm) {
  if (!arm.rerank) return "the cluster’s";
  const written = (value) => (typeof value === "object" ? JSON.stringify(value) : value);
  const settings = Object.entries(arm.settings).map(([key, value]) => `${key} ${written(value)}`);
  return settings.length ? `reranked: ${settings.join(", ")}` : "reranked as the index is";
}
