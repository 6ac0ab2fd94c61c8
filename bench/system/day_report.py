"""What a day has shown: rows with the bars of the national day, series and events for plots."""

import argon2
from figures import Figure, at_most

# Of p99, in milliseconds, while nothing is wrong.
BARS = {"validate": 2, "keys": 10, "vector": 10}
SIGN_IN_BESIDE_HASH_MS = 20
NORMAL_SECONDS, SERVICE_SECONDS = 10, 10
CALM = ("mission", "key-period")


def total(result, name):
    return sum(kind[name] for phase in result["phases"] for kind in phase["kinds"].values())


def phases_of(result, *names):
    return [phase for phase in result["phases"] if phase["name"] in names]


def worst(result, kind, member, *names):
    """The largest of the phases, in milliseconds; None when it was not done in them."""
    found = [phase["kinds"][kind][member] / 1000 for phase in phases_of(result, *names) if phase["kinds"].get(kind, {}).get("done")]
    return max(found) if found else None


def seconds_to_normal(result, since, until):
    """From `since` until validation is what it was in the mission, but for as many seconds as stood out there, too; None when it
    does not become so before `until`."""
    series = result["series"].get("validate p99", {"t": [], "v": []})
    points = list(zip(series["t"], series["v"]))
    calm = spans_of(result, *CALM)
    before = sorted(ms for t, ms in points if any(begin < t <= end for begin, end in calm))
    after = [(t, ms) for t, ms in points if since < t <= until]
    if not before or not after:
        return None
    limit = max(BARS["validate"], before[int(0.9 * (len(before) - 1))])
    for i, (t, _) in enumerate(after):
        slow = sum(1 for _, ms in after[i:] if ms > limit)
        if slow <= 0.1 * len(after[i:]) and after[i][1] <= limit:
            return max(0.0, t - 1 - since)
    return None


def spans_of(result, *names):
    """(from, to) of each phase of these names, in seconds."""
    return [(phase["from_ms"] / 1000, following["from_ms"] / 1000) for phase, following in zip(result["phases"], result["phases"][1:])
            if phase["name"] in names]


def mean(series, spans):
    values = [value for t, value in zip(series["t"], series["v"]) if any(begin + 1 < t <= end for begin, end in spans)]
    return sum(values) / len(values) if values else None


def outages(events):
    """How long alpha did not serve, each time."""
    gone, spans = None, []
    for event in events:
        if event["what"] == "alpha does not serve" and gone is None:
            gone = event["t"]
        elif event["what"] == "alpha serves" and gone is not None:
            spans.append(event["t"] - gone)
            gone = None
    return spans


def add_rows(table, result, town, samples, operator, set_up, is_timed):
    """`is_timed`: the machine is ours, so that bars of time mean something."""
    def bar(name, ours, unit, limit):
        table.add(at_most(name, ours, unit, limit) if is_timed else Figure(name, ours, unit, bar=f"({limit:g} {unit})"))

    print("\n== the bars")
    for name in ("shift", "mission", "storm"):
        spans = spans_of(result, name)
        if spans:
            table.add(Figure(f"cores that alpha is busy with, {name}", mean(samples.series.get("alpha CPU", {"t": [], "v": []}), spans), ""))
            table.add(Figure("  the generator", mean(samples.series.get("generator CPU", {"t": [], "v": []}), spans), ""))
            table.add(Figure("  validations", mean(result["series"].get("validate rate", {"t": [], "v": []}), spans), "/s"))
    bar("validation, p99 in the mission", worst(result, "validate", "p99_us", *CALM), "ms", BARS["validate"])
    bar("key delivery, p99 in the mission", worst(result, "keys", "p99_us", *CALM), "ms", BARS["keys"])
    bar("relay, p99 in the mission", worst(result, "vector", "p99_us", *CALM), "ms", BARS["vector"])
    hash_us = argon2.cost_us(town.memory_kib, town.passes, town.lanes)
    bar("sign-in of the shift, p99", worst(result, "sign-in", "p99_us", "shift"), "ms", SIGN_IN_BESIDE_HASH_MS + (hash_us or 0) / 1000)
    storm, evening = phases_of(result, "storm"), phases_of(result, "evening")
    if storm and evening:
        ended, over = evening[0]["from_ms"] / 1000, phases_of(result, "books")[0]["from_ms"] / 1000
        bar("normal again after the storm", seconds_to_normal(result, ended, over), "s", NORMAL_SECONDS)
    gaps = outages(result["events"])
    if any("kill" in event["what"] for event in operator.events):
        bar("in service after kill -9", max(gaps) if gaps else None, "s", SERVICE_SECONDS)
    bar("largest memory of alpha", samples.peak("alpha memory"), "MiB", town.memory_limit / (1 << 20))
    books = result["books"]
    table.add(Figure("acknowledged acts in the ledger", books["entries"], ""))
    table.add(Figure("  done in all", total(result, "done"), ""))
    table.add(Figure("  asked again after a refusal or a break", total(result, "asked_again"), ""))
    table.add(Figure("  passwords tried in vain", sum(phase["kinds"].get("stuff", {}).get("refused", 0) for phase in result["phases"]), ""))
    table.add(Figure("  given up after 30 s", result["unserved"], ""))
    for name in ("users", "sessions", "ended_sessions", "dismissed", "users_with_keys", "key_sets", "tokens", "publications", "profiles",
                 "migrants", "unknown", "begun_again"):
        table.add(Figure(f"books: {name.replace('_', ' ')}", books[name], ""))
    if set_up is not None:
        table.add(Figure("books: users set up at the partner", set_up, ""))
    table.add(at_most("acts answered otherwise than they must be", result["wrong"], "", 0))
    table.add(at_most("violations of the books", len(books["violations"]) + len(operator.wrong), "", 0))


def phases_table(result):
    """How every kind of act went in every phase."""
    rows = [[phase["name"], kind, one["begun"], one["done"], one["wrong"], one["refused"], one["asked_again"], one["unserved"],
             *(f"{one[share] / 1000:.2f}" for share in ("p50_us", "p90_us", "p99_us", "p999_us", "max_us"))]
            for phase in result["phases"] for kind, one in phase["kinds"].items()]
    return {"title": "Acts by phase, milliseconds from the instant when each was due",
            "columns": ["phase", "act", "begun", "done", "wrong", "refused", "again", "given up", "p50", "p90", "p99", "p99.9", "max"],
            "rows": rows, "note": "Again: asked again after a refusal for overload or a connection that broke."}


def over_time(table, result, samples, operator):
    for name, one in samples.series.items():
        system, _, what = name.partition(" ")
        table.series[f"{what}/{system}"] = one
    table.series |= result["series"]
    table.events += sorted(result["events"] + operator.events, key=lambda event: event["t"])
    table.tables.append(phases_table(result))
