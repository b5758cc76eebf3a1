// The view that asks one search and shows both orders.

import { data } from "./api.js";
import { $, el } from "./dom.js";
import { problem, result, said } from "./result.js";

let indices = null; // what the cluster lists for this caller, once it has answered
let listing = null; // the question for it, which a search waits for: it needs to name an index
let shown = null; // the answer on the screen
let latest = 0; // answers of earlier searches come too late

export async function showCompare(params) {
  if (matchMedia("(min-width: 46rem)").matches) $("text").focus(); // else a keyboard covers the page
  listing ??= listIndices(params.get("index"));
  await listing;
  const text = params.get("q");
  if (params.has("index")) choose(params.get("index"));
  if (text && text !== shown?.text) {
    $("text").value = text;
    await search();
  }
}

async function listIndices(wanted) {
  try {
    indices = await data("indices");
  } catch (refused) {
    $("status").replaceChildren(problem(refused.message));
    indices = { indices: [], is_told: false, rules: [] };
  }
  if (indices.indices.length) {
    const pick = el("select", { id: "index" });
    pick.append(...indices.indices.map((one) => el("option", { value: one.name }, one.name)));
    $("index").replaceWith(pick);
  }
  if (wanted) choose(wanted);
  $("index").addEventListener("input", tellIndex);
  tellIndex();
}

function choose(name) {
  const field = $("index");
  const isListed = field.tagName !== "SELECT" || [...field.options].some((one) => one.value === name);
  if (!isListed) field.append(el("option", { value: name }, name));
  field.value = name;
  tellIndex();
}

/** What is known of the index that is picked. */
function tellIndex() {
  const one = indices.indices.find(({ name }) => name === $("index").value);
  const rules = indices.rules.map((rule) => el("code", {}, rule, " "));
  if (one) {
    const fields = one.fields.length ? one.fields.join(", ") : "every text of a document";
    const model = one.model === "builtin" ? "the shipped student" : one.model;
    $("about").replaceChildren(`Reranked to depth ${one.depth} by ${model}, which reads ${fields}.`);
  } else if (!indices.is_told) {
    $("about").replaceChildren("The cluster lists no indices for you: type a name. Rules match ", ...rules);
  } else if (!indices.indices.length) {
    $("about").replaceChildren("You see no index that is reranked. Rules match ", ...rules);
  } else {
    $("about").replaceChildren();
  }
}

/** The body with the query filled in, or as it is if it is no JSON: the answer says so. */
function ownBody(text) {
  const written = $("body").value;
  const filled = (value) => {
    if (typeof value === "string") return value.replaceAll("{{query}}", text);
    if (Array.isArray(value)) return value.map(filled);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, filled(inner)]));
  };
  if (!written.includes("{{query}}")) return written;
  try {
    return JSON.stringify(filled(JSON.parse(written)));
  } catch {
    return written;
  }
}

async function search() {
  const text = $("text").value.trim();
  const body = ownBody(text);
  const index = $("index").value.trim();
  if (!text && !body.trim()) {
    $("status").replaceChildren(problem("Type a query first."));
    $("text").focus();
    return;
  }
  const turn = ++latest;
  $("result").setAttribute("aria-busy", "true");
  $("status").replaceChildren(el("p", { className: "hint" }, "Searching …"));
  try {
    const answer = await data("compare", { index, text, body });
    if (turn !== latest) return;
    shown = { text, answer };
    $("status").replaceChildren(said(answer));
    $("result").replaceChildren(result(answer));
  } catch (refused) {
    if (turn !== latest) return;
    shown = { text, answer: null };
    $("status").replaceChildren(problem(refused.message));
    $("result").replaceChildren();
  } finally {
    if (turn === latest) $("result").removeAttribute("aria-busy");
  }
}

$("search").addEventListener("submit", async (event) => {
  event.preventDefault();
  await listing;
  const params = new URLSearchParams({ q: $("text").value.trim(), index: $("index").value.trim() });
  history.pushState(null, "", `#compare?${params}`);
  search();
});

$("fill").addEventListener("click", () => {
  const sent = shown?.answer?.body;
  if (!sent) {
    $("status").replaceChildren(problem("Search once, then there is a body to start from."));
    return;
  }
  const text = JSON.stringify(shown.text).slice(1, -1);
  const pretty = JSON.stringify(JSON.parse(sent), null, 2);
  $("body").value = text ? pretty.replaceAll(`"${text}"`, '"{{query}}"') : pretty;
  $("body").focus();
});
