"""The figures of a run: each with its peer, the ratio, the bar it must meet; a table for people, JSON for programs."""

import json


class Figure:
    def __init__(self, name, ours, unit, peer="", peer_value=None, bar="", is_met=None):
        self.name, self.ours, self.unit, self.bar, self.is_met = name, ours, unit, bar, is_met
        self.peer, self.peer_value = peer, peer_value

    def ratio(self):
        return self.ours / self.peer_value if self.ours and self.peer_value else None

    def as_json(self):
        return vars(self) | {"ratio": self.ratio()}


def at_most(name, ours, unit, limit):
    return Figure(name, ours, unit, bar=f"<= {limit:g} {unit}", is_met=None if ours is None else ours <= limit)


def at_least(name, ours, unit, limit):
    return Figure(name, ours, unit, bar=f">= {limit:g} {unit}", is_met=None if ours is None else ours >= limit)


def cost_against(name, ours, unit, peer, peer_value, ratio_max):
    """Costs: ours / peer must not be above ratio_max. Without the peer nothing is said of the bar."""
    is_met = None if ours is None or peer_value is None else ours <= ratio_max * peer_value
    return Figure(name, ours, unit, peer, peer_value, f"<= {ratio_max:g} x", is_met)


class Table:
    def __init__(self):
        self.figures = []
        self.notes = []

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

    def print_all(self, machine):
        print(f"\n{machine['cpu']}, {machine['cpus']} CPUs, {machine['openssl']}, commit {machine['commit']}, {machine['date']}")
        print(f"{'figure':<52} {'ours':>14} {'peer':>26} {'ratio':>7}  {'bar':<14}")
        for figure in self.figures:
            print(self._line(figure))
        for note in self.notes:
            print(f"note: {note}")

    def write(self, path, machine):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"machine": machine, "figures": [figure.as_json() for figure in self.figures], "notes": self.notes},
                      file, indent=1)

    def are_met(self):
        return all(figure.is_met is not False for figure in self.figures)
