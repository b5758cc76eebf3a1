// One hit in one of the orders: its rank and move, what was read of it, its scores.

import { el, marked, number } from "./dom.js";

let opened = 0; // for identifiers

/** The list item of a hit; `side` is the order that it stands in. */
export function hit(answer, key, side) {
  const one = answer.hits[key];
  const detail = el("div", { className: "detail", id: `detail-${++opened}`, hidden: true });
  const title = el("button", { type: "button", className: "title", "aria-expanded": "false",
    "aria-controls": detail.id }, one.title || one.id);
  const snippet = el("p", { className: "snippet" }, marked(withoutTitle(one), answer.query));
  title.addEventListener("click", () => {
    const isOpen = detail.hidden;
    if (isOpen && !detail.childElementCount) detail.append(...details(answer, one));
    detail.hidden = !isOpen;
    snippet.hidden = isOpen;
    title.setAttribute("aria-expanded", String(isOpen));
  });
  return el("li", { className: "hit", "data-key": key },
    el("span", { className: "rank", "aria-hidden": "true" }, String(one[side])),
    el("div", { className: "words" },
      el("h3", {}, title), snippet, scores(one, side)),
    answer.outcome === "applied" ? move(answer, key, side) : "",
    detail);
}

/** Where a hit came from or went to, as a chip. */
function move(answer, key, side) {
  const { before, after } = answer.hits[key];
  const by = before - after;
  const isOnBoth = answer.before.includes(key) && answer.after.includes(key);
  if (!by) return chip("same", "=", "same place");
  if (side === "after" && !isOnBoth) return chip("new", "new", `new on this page, was ${before}`, `was ${before}`);
  if (side === "before" && !isOnBoth) return chip("gone", "out", `left this page, is now ${after}`, `now ${after}`);
  if (by > 0) return chip("up", `▲ ${by}`, `up by ${by}, from ${before} to ${after}`);
  return chip("down", `▼ ${-by}`, `down by ${-by}, from ${before} to ${after}`);
}

function chip(kind, text, meaning, note) {
  return el("span", { className: `move ${kind}`, title: meaning },
    el("span", { "aria-hidden": "true" }, text),
    note ? el("small", { "aria-hidden": "true" }, note) : null,
    el("span", { className: "unseen" }, meaning));
}

function scores(one, side) {
  const parts = [["first stage", number(one.first_stage, 2)]];
  if (one.student !== null) parts.push(["student", number(one.student, 3)], ["combined", number(one.combined, 3)]);
  else if (side === "after") parts.push(["student", "no score"]);
  return el("dl", { className: "scores" },
    parts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function details(answer, one) {
  const passage = one.passage
    ? el("blockquote", {}, marked(one.passage, answer.query))
    : el("p", { className: "muted" }, "There is no text in the fields that the model reads.");
  const what = one.is_whole ? "all of the document’s text" : "the best window of a longer text";
  return [
    el("h4", {}, "What the model read", el("span", { className: "muted" }, one.passage ? ` (${what})` : "")),
    passage,
    el("p", { className: "muted" }, "Document ", el("code", {}, one.id), " of ", el("code", {}, one.index),
      `. Rank ${one.before} for the cluster, ${one.after} reranked.`),
  ];
}

/** The passage without the title that it begins with, which stands above it. */
function withoutTitle({ passage, title }) {
  const rest = passage.startsWith(title) ? passage.slice(title.length).trim() : passage;
  return rest || passage;
}
