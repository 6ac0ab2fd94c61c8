"""Plots: lines over time (or over users), and the small bars beside a figure. Each comes with its numbers as a table."""

import re
import statistics
from html import escape

import svg

WIDTH, HEIGHT = 760, 250
LEFT, RIGHT, TOP, BOTTOM = 58, 132, 14, 34
# A page with more points than pixels is only longer.
POINTS_MAX = 700
# Hues of style.css, in order; lines differ by dash, too, for who sees no colours or prints without.
HUES = 6
PERCENTILE = re.compile(r"^(?P<what>.*\S)\s+(?P<which>p\d+(?:\.\d+)?|max|mean|min)$")


def groups(series):
    """Series that belong into one picture: [(title, [(line, series)])]. `plot` says it; else "a/b" is line b of a, and
    "latency p99" line p99 of latency. Different units never share an axis."""
    found = {}
    for name, one in series.items():
        match = PERCENTILE.match(name)
        if one.get("plot"):
            title, line = one["plot"], name
        elif "/" in name:
            title, line = name.rsplit("/", 1)
        elif match:
            title, line = match["what"], match["which"]
        else:
            title, line = name, name
        found.setdefault((title, one.get("unit", ""), one.get("x", "")), []).append((line, one))
    return [(title, unit, x, lines) for (title, unit, x), lines in found.items()]


def usable(one):
    return [(t, v) for t, v in zip(one["t"], one["v"]) if t is not None and v is not None]


def thinned(points, most=POINTS_MAX):
    """Of each bin the point that stands out most from the median: peaks are what one looks for."""
    if len(points) <= most:
        return points
    size, kept = len(points) / most, []
    for i in range(most):
        part = points[int(i * size):int((i + 1) * size)]
        middle = statistics.median(v for _, v in part)
        kept.append(max(part, key=lambda point: abs(point[1] - middle)))
    return kept


# A pause so many times longer than the usual step is a time without measurements: no line crosses it.
GAP_STEPS = 4


def unbroken(points):
    """The points in runs without such a pause; a lone one is drawn as a dash."""
    steps = [later[0] - earlier[0] for earlier, later in zip(points, points[1:])]
    usual = statistics.median(steps) if steps else 0
    parts = [[points[0]]]
    for step, point in zip(steps, points[1:]):
        if usual and step > GAP_STEPS * usual:
            parts.append([point])
        else:
            parts[-1].append(point)
    return [part if len(part) > 1 else [part[0], part[0]] for part in parts]


class Axis:
    def __init__(self, marks, low_pixel, high_pixel, is_log):
        self.marks, self.is_log = marks, is_log
        self.low, self.high = self._of(marks[0]), self._of(marks[-1])
        self.low_pixel, self.high_pixel = low_pixel, high_pixel

    def _of(self, value):
        return svg.math.log10(max(value, 1e-12)) if self.is_log else value

    def at(self, value):
        share = (self._of(value) - self.low) / ((self.high - self.low) or 1)
        return self.low_pixel + share * (self.high_pixel - self.low_pixel)


def _is_wide(values):
    """Two orders of magnitude in one picture: a linear axis would show one line and a floor."""
    positive = [value for value in values if value > 0]
    return len(positive) == len(values) and bool(positive) and max(positive) / min(positive) > 80


def spread(labels, least=13):
    """Label positions pushed apart: [(y, what)] sorted by y, at least `least` between two."""
    placed = []
    for y, what in sorted(labels, key=lambda label: label[0]):
        placed.append((max(y, placed[-1][0] + least) if placed else y, what))
    over = placed[-1][0] - (HEIGHT - BOTTOM + 4) if placed else 0
    if over > 0:
        placed = [(y - over, what) for y, what in placed]
    return placed


def lines(title, unit, lines_of, events=(), x=""):
    """One picture. x: "" for seconds, else what is counted ("users"): both axes are then logarithmic."""
    drawn = [(name, thinned(usable(one))) for name, one in lines_of]
    drawn = [(name, points) for name, points in drawn if points]
    if not drawn:
        return ""
    ts = [t for _, points in drawn for t, _ in points]
    vs = [v for _, points in drawn for _, v in points]
    is_log = _is_wide(vs) or (bool(x) and min(vs) > 0 and max(vs) / min(vs) > 4)
    down = Axis(svg.log_ticks(min(vs), max(vs)) if is_log else svg.ticks(min(0, *vs), max(vs)), HEIGHT - BOTTOM, TOP, is_log)
    if x:
        across = Axis(svg.log_ticks(min(ts), max(ts)), LEFT, WIDTH - RIGHT, True)
    else:
        across = Axis([min(ts), max(ts) if max(ts) > min(ts) else min(ts) + 1], LEFT, WIDTH - RIGHT, False)
    parts = [svg.text(unit, LEFT - 8, TOP - 3, class_="unit", text_anchor="end")]
    for mark in down.marks:
        parts.append(svg.element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=down.at(mark), y2=down.at(mark),
                                 class_="axis" if mark == down.marks[0] else "grid"))
        if mark != down.marks[-1] or len(down.marks) < 3:
            parts.append(svg.text(svg.short_number(mark), LEFT - 8, down.at(mark) + 4, class_="tick", text_anchor="end"))
    for mark in across.marks if x else svg.time_ticks(min(ts), max(ts)):
        where = across.at(mark)
        parts.append(svg.element("line", x1=where, x2=where, y1=HEIGHT - BOTTOM, y2=HEIGHT - BOTTOM + 4, class_="axis"))
        parts.append(svg.text(svg.short_number(mark) if x else svg.duration(mark), where, HEIGHT - BOTTOM + 17, class_="tick",
                              text_anchor="middle"))
    if x:
        parts.append(svg.text(x, WIDTH - RIGHT + 10, HEIGHT - BOTTOM + 17, class_="unit"))
    parts += event_marks(events, across, min(ts), max(ts))
    labels = []
    for i, (name, points) in enumerate(drawn):
        path = "".join("M" + "L".join(f"{across.at(t):.1f},{down.at(v):.1f}" for t, v in part) for part in ([points] if x else unbroken(points)))
        parts.append(svg.element("path", d=path, class_=f"line hue{i % HUES}"))
        if x or len(points) == 1:
            parts += [svg.element("circle", cx=across.at(t), cy=down.at(v), r=3.5, class_=f"dot hue{i % HUES}") for t, v in points]
        labels.append((down.at(points[-1][1]) + 4, (i, name)))
    for y, (i, name) in spread(labels):
        parts.append(svg.text(shortened(name, 16), WIDTH - RIGHT + 8, y, class_=f"name hue{i % HUES}"))
    description = "; ".join(f"{name}: {svg.number(min(v for _, v in points))} to {svg.number(max(v for _, v in points))} {unit}"
                            for name, points in drawn)
    return svg.image(WIDTH, HEIGHT, title, description, *parts, style="plot")


def event_marks(events, across, first, last):
    """Numbered; the list beside the plots says what each number is. Where several fall on one place, one number stands."""
    marks, before = [], -100.0
    for i, event in enumerate(events, 1):
        if event["t"] < first or event["t"] > last:
            continue
        x = across.at(event["t"])
        marks.append(svg.element("line", x1=x, x2=x, y1=TOP, y2=HEIGHT - BOTTOM, class_="event"))
        if x - before >= 14:
            marks.append(svg.text(i, x + 3, TOP + 8, class_="event"))
            before = x
    return marks


def shortened(words, most):
    return words if len(words) <= most else words[:most - 1] + "…"


def summary(lines_of, unit, x=""):
    """The same in figures: one row a line; over users every point."""
    if x:
        counts = sorted({t for _, one in lines_of for t, _ in usable(one)})
        head = "".join(f"<th scope=col>{svg.short_number(count)}</th>" for count in counts)
        body = "".join(f"<tr><th scope=row>{escape(name)}</th>" + "".join(f"<td>{svg.number(dict(usable(one)).get(count))}</td>" for count in counts)
                       + "</tr>" for name, one in lines_of)
        return f"<table class=beside><caption>{escape(unit)} by {escape(x)}</caption><tr><td></td>{head}</tr>{body}</table>"
    rows = []
    for name, one in lines_of:
        values = [v for _, v in usable(one)]
        if values:
            cells = (min(values), statistics.median(values), max(values), values[-1])
            rows.append(f"<tr><th scope=row>{escape(name)}</th>{''.join(f'<td>{svg.number(cell)}</td>' for cell in cells)}</tr>")
    head = "".join(f"<th scope=col>{word}</th>" for word in ("least", "median", "most", "last"))
    return f"<table class=beside><caption>{escape(unit)}</caption><tr><td></td>{head}</tr>{''.join(rows)}</table>"


BAR_WIDTH, BAR_HEIGHT = 220, 26


def limit_of(row):
    """(value on the axis of `ours`, whether less is better) of a bar such as "<= 1.3 x" or ">= 5 M/s"; None without one."""
    match = re.match(r"(<=|>=)\s*([\d.e+-]+)\s*(.*)", row.get("bar") or "")
    if not match:
        return None
    value = float(match[2])
    if match[3].strip() == "x" and row.get("peer_value") is not None:
        value *= row["peer_value"]
    return value, match[1] == "<="


def bars(row):
    """Ours above, the peer's below, the limit as a line through both; to one scale from zero."""
    limit, ours, theirs = limit_of(row), row.get("ours"), row.get("peer_value")
    if ours is None or (limit is None and theirs is None):
        return ""
    most = max(ours, theirs or 0, limit[0] * 1.08 if limit else 0) or 1
    wide = BAR_WIDTH - 6
    state = {True: "met", False: "missed", None: "plain"}[row.get("is_met")]
    height = 9 if theirs is not None else 12
    parts = [svg.element("rect", x=0, y=3, width=max(wide * ours / most, 1.0), height=height, rx=1.5, class_=f"ours {state}")]
    said = [f"{svg.number(ours)} {row.get('unit', '')}"]
    if theirs is not None:
        parts.append(svg.element("rect", x=0, y=15, width=max(wide * theirs / most, 1.0), height=6, rx=1.5, class_="theirs"))
        said.append(f"{row.get('peer', 'peer')} {svg.number(theirs)}")
    if limit:
        where = wide * limit[0] / most
        parts.append(svg.element("path", d=f"M{where:.1f},0V{BAR_HEIGHT - 1}", class_="limit"))
        parts.append(svg.element("path", d=f"M{where:.1f},0l{-4 if limit[1] else 4},0", class_="limit"))
        said.append(f"bar {row['bar']}")
    return svg.image(BAR_WIDTH, BAR_HEIGHT, row["name"].strip(), ", ".join(said), *parts, style="bars")
