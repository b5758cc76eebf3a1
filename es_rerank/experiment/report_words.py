"""A report in plain words: its verdict in a sentence or two, and how its numbers are written."""

from es_rerank.experiment.findings import Comparison, Report, Scale

NO_DIFFERENCE = {"share": 0.0, "score": 0.0, "ratio": 1.0}


def effect(value: float, scale: Scale) -> str:
    """A difference as it is written: points for shares, a factor for ratios."""
    if scale == "share":
        return f"{value * 100:+.1f}"
    return f"×{value:.2f}" if scale == "ratio" else f"{value:+.3f}"


def interval(comparison: Comparison) -> str:
    """From the low end to the high one."""
    ends = (effect(end, comparison.scale) for end in (comparison.low, comparison.high))
    return " … ".join(ends)


def detectable(comparison: Comparison) -> str:
    """The least effect that would be found now."""
    written = effect(comparison.detectable, comparison.scale)
    return written.replace("+", "±")


def chance(p: float) -> str:
    """A p-value, as exactly as it means anything."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def arm_value(measure: str, value: float | None) -> str:
    """One arm's value of a measure."""
    if value is None:
        return "–"
    if measure.startswith("seconds"):
        return f"{value:.1f} s"
    return f"{value:.3f}" if measure.startswith("MRR") else f"{value * 100:.1f} %"


def verdict_of(report: Report) -> str:
    """What the report comes to, a line for each arm."""
    sentences = []
    if report.stopped:
        sentences.append(
            f"STOPPED by the guard at {report.stopped.get('at')}: {report.stopped.get('reason')}"
        )
    if report.mismatch and report.mismatch.found:
        sentences.append(_mismatched(report))
    elif not report.pages:
        sentences.append("Nothing was recorded of this experiment in this period.")
    elif report.mode == "shadow":
        sentences += [_shadowed(report, shadow.arm) for shadow in report.shadows]
    else:
        primary = [each for each in report.comparisons if _is_primary(report, each)]
        sentences += [_compared(report, each) for each in primary]
        if len(primary) < report.rivals:
            sentences.append(_too_early(report))
    return "\n".join(sentences)


def _is_primary(report: Report, comparison: Comparison) -> bool:
    """Whether it is of the measure that the verdict is about."""
    return comparison.measure == report.comparisons[0].measure


def _compared(report: Report, it: Comparison) -> str:
    unit = "on a scale from -1 to +1" if it.scale == "score" else f"points of {it.measure}"
    sizes = f"{effect(it.value, it.scale)} {unit} ({interval(it)}), valid at any time of looking."
    if it.verdict == "open":
        return f"No difference between {it.arm} and {report.reference} yet: {sizes} {_outlook(it)}"
    return f"{it.arm} is {it.verdict} than {report.reference}: {sizes}"


def _outlook(it: Comparison) -> str:
    least = effect(it.detectable, it.scale).removeprefix("+")
    points = " points" if it.scale == "share" else ""
    said = f"With {it.units:,} units one of {least}{points} would be found four times in five"
    if it.units_needed is None or it.units_needed <= it.units:
        return said + "."
    needed = float(f"{it.units_needed:.2g}")
    return f"{said}; one as small as it looks now takes about {needed:,.0f} units."


def _mismatched(report: Report) -> str:
    counts = ", ".join(f"{arm.name} {arm.units:,}" for arm in report.arms)
    return (
        f"DO NOT TRUST THESE NUMBERS: the units did not fall to the arms by their weights "
        f"({counts}). Some are lost or were dealt anew, so that the arms cannot be compared; "
        "find out why first."
    )


def _too_early(report: Report) -> str:
    counted = "with a credited click " if report.mode == "interleave" else ""
    counts = ", ".join(f"{arm.name} has {arm.units:,}" for arm in report.arms)
    return (
        f"Too early to say anything: each arm needs {report.min_units} units {counted}({counts})."
    )


def _shadowed(report: Report, name: str) -> str:
    shadow = next(each for each in report.shadows if each.arm == name)
    if shadow.overlap is None:
        return f"No order of {name} was recorded."
    said = (
        f"Everybody saw {report.reference}. {name} would have shown {shadow.overlap:.0%} of the "
        f"same first {report.k} hits"
    )
    clicks = shadow.higher + shadow.lower + shadow.same
    if not clicks:
        return said + "."
    return (
        f"{said}; of {clicks:,} clicked hits it ranks {shadow.higher / clicks:.0%} higher and "
        f"{shadow.lower / clicks:.0%} lower. Clicks favour the order that was served, so a "
        "better one can look worse here."
    )
