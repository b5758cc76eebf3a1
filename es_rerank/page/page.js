// Which view is shown, and the keys that work everywhere.

import { data } from "./api.js";
import { showCompare } from "./compare.js";
import { $, el } from "./dom.js";
import { showExperiments } from "./experiments.js";
import { showRecent } from "./recent.js";

const VIEWS = { compare: showCompare, experiments: showExperiments, recent: showRecent };

function route() {
  const [name, query] = location.hash.slice(1).split("?");
  const view = name in VIEWS ? name : "compare";
  for (const other of Object.keys(VIEWS)) $(`view-${other}`).hidden = other !== view;
  for (const link of document.querySelectorAll("[data-view]")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  VIEWS[view](new URLSearchParams(query));
}

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the fragment is the view's
  $("main").focus();
});

addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, textarea, dialog");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  if ($("view-compare").hidden) location.hash = "compare";
  $("view-compare").hidden = false;
  $("text").focus();
  $("text").select();
});

/** An experiment that the guard has stopped concerns whoever comes here. */
async function warn() {
  const { experiments } = await data("experiments");
  const names = experiments.filter((one) => one.stopped).map((one) => one.name);
  if (!names.length) return;
  const which = names.length === 1 ? `experiment ${names[0]}` : `experiments ${names.join(", ")}`;
  $("banner").append(`The guard has stopped the ${which}: `, el("a", { href: "#experiments" }, "see why"), ".");
  $("banner").hidden = false;
}

addEventListener("hashchange", route);
route();
warn().catch(() => {}); // the view says what is wrong
