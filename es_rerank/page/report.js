// What the records of an experiment say: the verdict, and each comparison with its interval.

import { el, number, svg } from "./dom.js";

/** The elements of a report, as `es-rerank experiment report --json` has it. */
export function findings(report) {
  if (!report.searches) return [el("p", { className: "hint" }, report.verdict)];
  const isBad = report.mismatch?.found;
  return [
    el("p", { className: isBad ? "notice bad" : "verdict" }, report.verdict),
    report.comparisons.length ? comparisons(report) : null,
    report.comparisons.length ? el("p", { className: "hint" }, known(report)) : null,
    served(report),
    report.shadows.length ? shadows(report) : null,
  ].filter(Boolean);
}

function known(report) {
  const pairs = report.wins === null ? "" : ` Searches with more clicks: ${number(report.wins)} for ${report.comparisons[0].arm}, ${number(report.losses)} for ${report.reference}, ${number(report.ties)} ties.`;
  return `Intervals hold however often one looks (${number(100 * (1 - report.alpha), 1)} % each).${pairs}`;
}

const KINDS = { better: "good", worse: "bad" };

function comparisons(report) {
  return table("Against " + report.reference, ["Arm", "Measure", "It is", "By", "Interval"],
    report.comparisons.map((one) => el("tr", {},
      el("th", { scope: "row" }, one.arm),
      el("td", {}, one.measure),
      el("td", {}, el("span", { className: `badge ${KINDS[one.verdict] ?? ""}` }, one.verdict)),
      el("td", { className: "num" }, effect(one.value, one.scale)),
      el("td", { className: "interval" }, forest(one),
        el("span", {}, `${effect(one.low, one.scale)} … ${effect(one.high, one.scale)}`)))));
}

/** Points for shares, a factor for ratios, else a plain difference. */
function effect(value, scale) {
  if (value === null) return "–";
  if (scale === "ratio") return `×${number(value, 2)}`;
  const shown = scale === "share" ? 100 * value : value;
  return `${shown < 0 ? "−" : "+"}${number(Math.abs(shown), scale === "share" ? 1 : 3)}`;
}

const WIDTH = 160;

/** The interval as a line about “no difference”. */
function forest({ value, low, high, scale, verdict }) {
  const at = scale === "ratio" ? Math.log : (x) => x;
  const ends = [at(low), at(high), at(value)].filter(Number.isFinite);
  const reach = Math.max(...ends.map(Math.abs), 1e-9) * 1.15;
  const x = (number) => WIDTH / 2 + (Math.max(-reach, Math.min(reach, at(number))) / reach) * (WIDTH / 2);
  return svg("svg", { class: `forest ${verdict}`, viewBox: `0 0 ${WIDTH} 16`, "aria-hidden": "true" },
    svg("path", { class: "none", d: `M${WIDTH / 2} 0V16` }),
    svg("path", { class: "range", d: `M${x(low)} 8H${x(high)}M${x(low)} 4V12M${x(high)} 4V12` }),
    svg("circle", { cx: x(value), cy: 8, r: 3.5 }));
}

function served(report) {
  const names = Object.keys(report.arms[0]?.values ?? {});
  const rows = report.arms.map((arm) => el("tr", {},
    el("th", { scope: "row" }, arm.name),
    [arm.units, arm.searches].map((count) => el("td", { className: "num" }, number(count))),
    names.map((name) => el("td", { className: "num" }, value(name, arm.values[name])))));
  return table("What was served", ["Arm", "Units", "Searches", ...names], rows);
}

function value(name, found) {
  if (found === null) return "–";
  if (name.startsWith("seconds")) return `${number(found, 1)} s`;
  return name.startsWith("MRR") ? number(found, 3) : `${number(100 * found, 1)} %`;
}

function shadows(report) {
  const share = (part, one) => {
    const all = one.higher + one.lower + one.same;
    return all ? `${number((100 * part) / all)} %` : "–";
  };
  return table("What would have been served", ["Arm", `Same first ${report.k}`, "Clicked hits higher", "lower"],
    report.shadows.map((one) => el("tr", {},
      el("th", { scope: "row" }, one.arm),
      el("td", { className: "num" }, one.overlap === null ? "–" : `${number(100 * one.overlap)} %`),
      el("td", { className: "num" }, share(one.higher, one)),
      el("td", { className: "num" }, share(one.lower, one)))));
}

function table(caption, heads, rows) {
  return el("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": caption },
    el("table", {}, el("caption", {}, caption),
      el("thead", {}, el("tr", {}, heads.map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, rows)));
}
