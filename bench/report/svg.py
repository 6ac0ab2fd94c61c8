"""SVG by hand: elements, round axis values, numbers that people read. No library, no script, no network."""

import math
from html import escape


def element(name, *children, **attributes):
    """element("text", "12", x=3, text_anchor="end"): children are markup already; use text() for words."""
    said = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(_short(value))}"' for key, value in attributes.items() if value is not None)
    return f"<{name}{said}>{''.join(children)}</{name}>" if children else f"<{name}{said}/>"


def text(words, x, y, **attributes):
    return element("text", escape(str(words)), x=x, y=y, **attributes)


def image(width, height, title, description, *children, style=""):
    """A picture that a screen reader can name: role, title and description. Scales with the page."""
    named = f"{title}. {description}" if description else title
    return element("svg", element("title", escape(title)), *children, viewBox=f"0 0 {width} {height}", role="img",
                   aria_label=named, class_=style or None, preserveAspectRatio="xMinYMin meet")


def _short(value):
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)


def number(value):
    """Three digits that matter: 0.0123, 1.23, 12.3, 123, 12,300, 1.23 M."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e9:
        return f"{value / 1e9:.3g} G"
    if size >= 1e6:
        return f"{value / 1e6:.3g} M"
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 1e-3:
        return f"{value:.3g}" if size < 100 else f"{value:.0f}"
    return f"{value:.1e}"


def short_number(value):
    """For axes: 1.5k, 20M."""
    size = abs(value)
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size >= limit:
            return f"{value / limit:g}{letter}"
    return f"{value:.6g}"


def duration(seconds):
    seconds = round(seconds, 3 if seconds < 10 else 1)
    if seconds >= 3600:
        return f"{int(seconds // 3600)}:{int(seconds % 3600 // 60):02d} h"
    if seconds >= 120:
        return f"{int(seconds // 60)}:{int(seconds % 60):02d} min"
    return f"{seconds:g} s"


# An axis with more lines than this is a fence.
TICKS = 5


def ticks(low, high):
    """Round values from low to high, about TICKS of them; the last is not below high."""
    if high <= low:
        high = low + 1
    raw = (high - low) / TICKS
    power = 10 ** math.floor(math.log10(raw))
    step = next(step for step in (1, 2, 2.5, 5, 10) if step * power >= raw * 0.999) * power
    first = math.floor(low / step + 1e-9)
    return [round((first + i) * step, 12) for i in range(math.ceil(high / step - 1e-9) - first + 1)]


def log_ticks(low, high):
    """Powers of ten that hold both; at least two."""
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    return [10.0 ** power for power in range(first, max(last, first + 1) + 1)]


# Time steps that people count in.
TIME_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)


def time_ticks(low, high):
    span = max(high - low, 1e-3)
    step = next((step for step in TIME_STEPS if span / step <= 9), span / 8)
    first = math.ceil(low / step - 1e-9)
    return [(first + i) * step for i in range(int((high + 1e-9) / step) - first + 1)]
