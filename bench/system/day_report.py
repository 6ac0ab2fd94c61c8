"""What a day has shown: rows with the bars of the national day, series and events for plots."""

import argon2
from figures import Figure, at_most

# Of p99, in milliseconds, while nothing is wrong.
BARS = {"validate": 2, "keys": 10, "vector": 10}
SIGN_IN_BESIDE_HASH_MS = 20
NORMAL_SECONDS, SERVICE_SECONDS = 10, 10
CALM = ("mission", "key-period")
# A second is normal again when its p99 of validation is below this.
NORMAL_MS = BARS["validate"]


def total(result, name):
    return sum(kind[name] for phase in result["phases"] for kind in phase["kinds"].values())


def phases_of(result, *names):
    return [phase for phase in result["phases"] if phase["name"] in names]


def worst(result, kind, member, *names):
    """The largest of the phases, in milliseconds; None when it was not done in them."""
    found = [phase["kinds"][kind][member] / 1000 for phase in phases_of(result, *names) if phase["kinds"].get(kind, {}).get("done")]
    return max(found) if found else None


def seconds_to_normal(result, since, until):
    """From `since` until validation is as fast as it must be and stays so; None when it does not become so before `until`."""
    series = result["series"].get("validate p99", {"t": [], "v": []})
    slow = [t for t, ms in zip(series["t"], series["v"]) if since < t <= until and ms > NORMAL_MS]
    if slow and slow[-1] >= until - 1.5:
        return None
    return max(0.0, slow[-1] - since) if slow else 0.0


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

    for phase in result["phases"]:
        for kind, figures in phase["kinds"].items():
            if figures["done"]:
                table.add(Figure(f"{phase['name']}: {kind}, p50", figures["p50_us"] / 1000, "ms"))
                table.add(Figure(f"{phase['name']}: {kind}, p99", figures["p99_us"] / 1000, "ms"))
    print("\n== the bars")
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
                 "migrants", "unknown"):
        table.add(Figure(f"books: {name.replace('_', ' ')}", books[name], ""))
    if set_up is not None:
        table.add(Figure("books: users set up at the partner", set_up, ""))
    table.add(at_most("acts answered otherwise than they must be", result["wrong"], "", 0))
    table.add(at_most("violations of the books", len(books["violations"]) + len(operator.wrong), "", 0))


def document(table, machine, result, samples, operator, options):
    events = sorted(result["events"] + operator.events, key=lambda event: event["t"])
    return {"kind": "soak" if options.soak else "day", "machine": machine, "rows": [figure.as_json() for figure in table.figures],
            "notes": table.notes, "users": options.users, "series": result["series"] | samples.series, "events": events,
            "phases": result["phases"], "books": result["books"]}
