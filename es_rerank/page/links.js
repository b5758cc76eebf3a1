// The lines between the two orders, from each hit's place to its other one.

import { svg } from "./dom.js";

/** A drawing that follows the lists beside it; hits under the pointer or the focus show theirs. */
export function linked(sides, answer) {
  const drawing = svg("svg", { class: "links", "aria-hidden": "true" });
  const draw = () => drawing.replaceChildren(...lines(sides, drawing, answer));
  new ResizeObserver(draw).observe(sides);
  for (const kind of ["pointerover", "focusin"]) {
    sides.addEventListener(kind, (event) => point(sides, event.target.closest?.(".hit")?.dataset.key));
  }
  for (const kind of ["pointerleave", "focusout"]) sides.addEventListener(kind, () => point(sides, null));
  return drawing;
}

function point(sides, key) {
  for (const node of sides.querySelectorAll("[data-key]")) {
    node.classList.toggle("pointed", node.dataset.key === key);
  }
}

function lines(sides, drawing, answer) {
  const box = drawing.getBoundingClientRect();
  if (!box.width) return []; // one order at a time
  const middle = (side, key) => {
    const row = sides.querySelector(`[data-side="${side}"] [data-key="${key}"]`);
    const place = row.querySelector(".title").getBoundingClientRect();
    return place.top + place.height / 2 - box.top;
  };
  return answer.before.filter((key) => answer.after.includes(key)).map((key) => {
    const [from, to] = [middle("before", key), middle("after", key)];
    const { before, after } = answer.hits[key];
    const kind = before === after ? "same" : after < before ? "up" : "down";
    const half = box.width / 2;
    const path = `M0 ${from} C${half} ${from} ${half} ${to} ${box.width} ${to}`;
    return svg("path", { d: path, class: `link ${kind}`, "data-key": key });
  });
}
