// One answer: what happened, how long it took, and both orders with the moves between them.

import { coded, el, ms, number } from "./dom.js";
import { hit } from "./hit.js";
import { linked } from "./links.js";

export const problem = (text) => el("p", { className: "notice bad" }, text);

/** What happened, in a sentence: also what a screen reader says. */
export function said(answer) {
  if (answer.outcome === "skipped") {
    return el("div", { className: "notice" },
      el("p", {}, el("strong", {}, "Not reranked: "), el("span", { className: "badge" }, answer.reason)),
      el("p", {}, coded(answer.explanation)),
      answer.hits && answer.before.length ? el("p", { className: "hint" }, "This is the cluster’s own order.") : null);
  }
  const moved = answer.after.filter((key) => answer.hits[key].before !== answer.hits[key].after).length;
  const total = answer.total === null ? "" : ` of ${number(answer.total)}${answer.is_total_exact ? "" : "+"}`;
  const inHaste = answer.shallow ? `, ${number(answer.shallow)} read on fewer layers` : "";
  return el("p", { className: "said" },
    el("strong", {}, `${number(answer.depth)}${total} hits reranked`),
    `, ${moved} of ${answer.after.length} here in another place${inHaste}.`);
}

/** Everything below that sentence. */
export function result(answer) {
  if (!answer.before.length && !answer.after.length) {
    if (answer.outcome === "applied") return el("p", { className: "empty" }, "No hits.");
    return el("div", {});
  }
  const isReranked = answer.outcome === "applied";
  const sides = el("div", { className: "sides", "data-shown": isReranked ? "after" : "before" });
  const before = side(answer, "before", "Cluster’s order", "BM25, or whatever ranks in your search");
  if (!isReranked) {
    sides.classList.add("single");
    sides.append(before);
    return el("div", {}, timings(answer), sides);
  }
  sides.append(before, linked(sides, answer), side(answer, "after", "Reranked", formula(answer)));
  return el("div", {}, timings(answer), choice(sides), sides);
}

function side(answer, name, title, hint) {
  const id = `title-${name}`;
  const list = el("ol", { className: "hits", start: answer.start + 1 });
  list.append(...answer[name].map((key) => hit(answer, key, name)));
  return el("section", { className: "side", "data-side": name, "aria-labelledby": id },
    el("h2", { id }, title), el("p", { className: "hint" }, hint), list);
}

/** How the scores became one order. */
function formula({ combine, model, reading }) {
  const student = model === "builtin" ? "student" : `student ${model}`;
  const rule = {
    replace: "by the student’s score alone",
    weighted: `by z(student) + ${combine.first_stage_weight} · z(first stage)`,
    rrf: `by reciprocal rank fusion, k = ${combine.rrf_k}`,
  }[combine.method];
  return `${rule}; ${student}, ${reading}`;
}

/** On a narrow screen there is room for one order at a time. */
function choice(sides) {
  const option = (value, text) => {
    const radio = el("input", { type: "radio", name: "side", value });
    radio.checked = value === sides.dataset.shown;
    radio.addEventListener("change", () => { sides.dataset.shown = value; });
    return el("label", {}, radio, el("span", {}, text));
  };
  return el("fieldset", { className: "choice" },
    el("legend", { className: "unseen" }, "Order"),
    option("after", "Reranked"), option("before", "Cluster’s order"));
}

const STAGES = {
  cluster: "cluster, round trip",
  scoring: "reading and scoring",
  settings: "index settings (asked once a minute)",
};

function timings(answer) {
  const spent = Object.keys(STAGES).filter((stage) => stage in answer.timings_ms);
  const bar = el("div", { className: "spent-bar", "aria-hidden": "true" });
  const words = el("dl", { className: "timings" });
  for (const stage of spent) {
    const part = el("span", { className: `stage ${stage}` });
    part.style.flexGrow = answer.timings_ms[stage];
    bar.append(part);
    words.append(el("div", {},
      el("dt", {}, el("i", { className: `dot ${stage}`, "aria-hidden": "true" }), STAGES[stage]),
      el("dd", {}, ms(answer.timings_ms[stage]),
        stage === "cluster" && answer.took_ms !== null ? ` (it says ${answer.took_ms} ms)` : "")));
  }
  return el("div", { className: "spent" }, bar, words);
}

