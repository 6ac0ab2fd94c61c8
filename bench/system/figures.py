"""The figures of a run: each with its peer, the ratio, the bar it must meet; a table for people, JSON for programs, and
the report that draws both (bench/report)."""

import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "report"))

import document  # noqa: E402


class Figure:
    """`samples` are the repetitions behind `ours`, in the order in which they were taken: what bench/compare tests."""

    def __init__(self, name, ours, unit, peer="", peer_value=None, bar="", is_met=None, samples=None, peer_samples=None):
        self.name, self.ours, self.unit, self.bar, self.is_met = name, ours, unit, bar, is_met
        self.peer, self.peer_value = peer, peer_value
        self.samples, self.peer_samples = list(samples or []), list(peer_samples or [])

    def ratio(self):
        return self.ours / self.peer_value if self.ours and self.peer_value else None

    def as_json(self):
        return vars(self) | {"ratio": self.ratio()}


def middle(samples):
    return statistics.median(samples) if samples else None


def at_most(name, ours, unit, limit, samples=None):
    return Figure(name, ours, unit, bar=f"<= {limit:g} {unit}", is_met=None if ours is None else ours <= limit, samples=samples)


def at_least(name, ours, unit, limit, samples=None):
    return Figure(name, ours, unit, bar=f">= {limit:g} {unit}", is_met=None if ours is None else ours >= limit, samples=samples)


def cost_against(name, ours, unit, peer, peer_value, ratio_max, samples=None, peer_samples=None):
    """Costs: ours / peer must not be above ratio_max. Without the peer nothing is said of the bar."""
    is_met = None if ours is None or peer_value is None else ours <= ratio_max * peer_value
    return Figure(name, ours, unit, peer, peer_value, f"<= {ratio_max:g} x", is_met, samples, peer_samples)


class Table:
    """A run as it grows. `series`, `events`, `tables`, `flames` and `cards` are the report's: bench/report/document.py."""

    def __init__(self, kind="run", command="bench/run"):
        self.kind, self.command = kind, command
        self.figures = []
        self.notes = []
        self.series, self.events, self.tables, self.flames, self.cards = {}, [], [], [], {}
        self.interleaved = ""
        self._began = time.monotonic()

    def now(self):
        """Seconds since the table was made: the clock of its series and events."""
        return time.monotonic() - self._began

    def point(self, series, unit, value, at=None):
        one = self.series.setdefault(series, {"unit": unit, "t": [], "v": []})
        one["t"].append(round(self.now() if at is None else at, 3))
        one["v"].append(value)

    def event(self, what):
        self.events.append({"t": round(self.now(), 3), "what": what})

    def add(self, figure):
        self.figures.append(figure)
        print("  " + self._line(figure), flush=True)

    def note(self, text):
        self.notes.append(text)
        print(f"  note: {text}", flush=True)

    @staticmethod
    def _number(value, unit=""):
        if value is None:
            return "-"
        return f"{value:.{0 if value >= 1000 else 1 if value >= 100 else 2}f}{' ' + unit if unit else ''}"

    def _line(self, figure):
        said = {None: "", True: "met", False: "NOT MET"}[figure.is_met]
        if figure.ours is None:
            said = "not measured"
        elif figure.peer and figure.peer_value is None:
            said = "peer missing"
        peer = f"{figure.peer} {self._number(figure.peer_value)}" if figure.peer else ""
        ratio = figure.ratio()
        return (f"{figure.name:<52} {self._number(figure.ours, figure.unit):>14} {peer:>26} "
                f"{self._number(ratio) if ratio else '':>7}  {figure.bar:<14} {said}").rstrip()

    def text(self, machine):
        lines = [f"{machine['cpu']}, {machine['cpus']} CPUs, {machine['openssl']}, commit {machine['commit']}, {machine['date']}",
                 f"{'figure':<52} {'ours':>14} {'peer':>26} {'ratio':>7}  {'bar':<14}".rstrip()]
        lines += [self._line(figure) for figure in self.figures]
        for table in self.tables:
            lines += ["", table["title"], *columns([table["columns"], *table["rows"]])]
        return "\n".join(lines + [f"note: {note}" for note in self.notes]) + "\n"

    def print_all(self, machine):
        print("\n" + self.text(machine), end="")

    def document(self, machine):
        made = {"kind": self.kind, "command": self.command, "machine": machine, "rows": [figure.as_json() for figure in self.figures],
                "series": self.series, "events": self.events, "tables": self.tables, "flames": self.flames, "cards": self.cards,
                "notes": self.notes}
        return made | ({"interleaved": self.interleaved} if self.interleaved else {})

    def write(self, path, machine):
        """PATH.json, and beside it .txt and .html; their paths."""
        return document.write(self.document(machine), path, self.text(machine))

    def are_met(self):
        return all(figure.is_met is not False for figure in self.figures)


def columns(rows):
    """Rows of anything as lines of text, columns aligned: numbers to the right."""
    def words(value):
        return "-" if value is None else str(value) if isinstance(value, (str, int)) else Table._number(value)

    said = [[words(value) for value in row] for row in rows]
    wide = [max(len(row[i]) for row in said) for i in range(len(said[0]))]
    is_number = [any(isinstance(row[i], (int, float)) for row in rows) for i in range(len(said[0]))]
    return ["  ".join(f"{value:>{wide[i]}}" if is_number[i] else f"{value:<{wide[i]}}" for i, value in enumerate(row)).rstrip() for row in said]
