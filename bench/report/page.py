"""One report as one HTML file: everything inside it, nothing fetched, nothing run.

What it draws is the JSON document of a run (document.py says what is in it), so any run can be drawn again.
"""

import os
from html import escape

import flame
import plot
import svg

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = {"run": "Benchmarks", "day": "A national day", "peers": "Side by side", "profile": "Where the time goes",
         "compare": "What changed", "growth": "Cost and users"}
VERDICT = {True: "<span class=met-word>✓ met</span>", False: "<span class=missed-word>✗ not met</span>"}


def page(document):
    sections = [section for section in (figures(document), over_time(document), growth(document), tables(document),
                                        flames(document), notes(document), about(document)) if section]
    title = KINDS.get(document["kind"], document["kind"])
    with open(os.path.join(HERE, "style.css"), encoding="utf-8") as file:
        style = file.read()
    links = "".join(f'<li><a href="#{anchor}">{escape(name)}</a></li>' for anchor, name, _ in sections)
    body = "".join(f'<section id="{anchor}" aria-labelledby="{anchor}-title"><h2 id="{anchor}-title">{escape(name)}</h2>{html}</section>'
                   for anchor, name, html in sections)
    machine = document.get("machine", {})
    return ("<!DOCTYPE html>\n<html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width, initial-scale=1\">"
            f"<title>Claviger: {escape(title)}, {escape(machine.get('date', ''))}</title><style>{style}</style>"
            f"<header><div class=brand>Claviger</div><h1>{escape(document.get('title') or title)}</h1>"
            f"<div class=quiet>{escape(one_line(machine))}</div>{cards(document)}<nav aria-label=Sections><ul>{links}</ul></nav></header>"
            f"<main>{body}</main><footer>Made by {escape(document.get('command') or 'bench/run')}. CPU counts every thread of the "
            "process. Ratios were measured side by side and travel better than microseconds.</footer></html>\n")


def one_line(machine):
    parts = [machine.get("cpu"), f"{machine['cpus']} CPUs" if machine.get("cpus") else None, machine.get("openssl"),
             f"commit {machine['commit']}" if machine.get("commit") else None, machine.get("date")]
    return " · ".join(part for part in parts if part)


def cards(document):
    rows = document.get("rows", [])
    met, missed = (sum(row.get("is_met") is wanted for row in rows) for wanted in (True, False))
    absent = sum(row.get("ours") is None or (bool(row.get("peer")) and row.get("peer_value") is None) for row in rows)
    found = [("", met, "bars met" if met != 1 else "bar met")] if met or missed else []
    found += [("missed", missed, "not met")] if missed else []
    found += [("", len(rows), "figures")] if rows else []
    found += [("", absent, "peer or figure missing")] if absent else []
    found += [("", value, name) for name, value in document.get("cards", {}).items()]
    made = "".join(f'<div class="card {state}"><b>{value if isinstance(value, str) else svg.number(value)}</b><span>{escape(name)}</span></div>'
                   for state, value, name in found)
    return f"<div class=cards>{made}</div>" if made else ""


def figures(document):
    rows = document.get("rows", [])
    if not rows:
        return None
    body = []
    for row in rows:
        unit = escape(row.get("unit") or "")
        spread = row.get("samples") or []
        ours = f"{svg.number(row.get('ours'))} <span class=unit>{unit}</span>"
        if len(spread) > 1:
            ours = f'<span title="{len(spread)} repetitions: {svg.number(min(spread))} to {svg.number(max(spread))}">{ours}</span>'
        peer = f"{escape(row['peer'])} {svg.number(row.get('peer_value')) if row.get('peer_value') is not None else 'missing'}" if row.get("peer") else ""
        ratio = f"{row['ratio']:.2f}" if row.get("ratio") else ""
        verdict = VERDICT.get(row.get("is_met"), "<span class=quiet>not measured</span>" if row.get("ours") is None else "")
        part = " class=part" if row["name"].startswith(" ") else ""
        body.append(f"<tr{part}><th scope=row>{escape(row['name'].strip())}</th><td>{ours}</td><td class=words>{peer}</td><td>{ratio}</td>"
                    f"<td class=words>{plot.bars(row)}</td><td class=words>{escape(row.get('bar') or '')}</td><td class=verdict>{verdict}</td></tr>")
    head = heads(("figure", "Claviger", "beside it", "ratio", "to scale", "bar", ""), {2, 4, 5, 6})
    return "figures", "Figures", (
        "<p class=quiet>The upper bar is Claviger, the lower one what was measured beside it, the line is the bar to meet; its tick "
        f"points to the good side.</p><div class=wide><table class=figures><tr>{head}</tr>{''.join(body)}</table></div>")


def over_time(document):
    events = sorted(document.get("events") or [], key=lambda event: event["t"])
    made = "".join(one_plot(title, unit, lines, events, "") for title, unit, x, lines in plot.groups(document.get("series") or {}) if not x)
    if not made and not events:
        return None
    listed = "".join(f"<li><b>{svg.duration(event['t'])}</b> {escape(event['what'])}</li>" for event in events)
    return "time", "Over time", made + (f"<h3>What happened when</h3><ol class=events>{listed}</ol>" if listed else "")


def one_plot(title, unit, lines, events, x):
    picture = plot.lines(title, unit, lines, events, x)
    if not picture:
        return ""
    return f"<figure><h3>{escape(title)}</h3><div>{picture}</div><div class=wide>{plot.summary(lines, unit, x)}</div></figure>"


def growth(document):
    made = "".join(one_plot(title, unit, lines, (), x) for title, unit, x, lines in plot.groups(document.get("series") or {}) if x)
    return ("growth", "How it grows", "<p class=quiet>Both axes are logarithmic: a line that is level costs the same however many there are.</p>"
            + made) if made else None


def tables(document):
    made = []
    for table in document.get("tables") or []:
        head = heads(table["columns"], {i for i, value in enumerate(table["rows"][0] if table["rows"] else ()) if isinstance(value, str)})
        body = "".join("<tr>" + "".join(cell(value, i) for i, value in enumerate(row)) + "</tr>" for row in table["rows"])
        said = f"<figcaption>{escape(table['note'])}</figcaption>" if table.get("note") else ""
        made.append(f"<figure class=whole><h3>{escape(table['title'])}</h3><div class=wide><table class=figures><tr>{head}</tr>{body}</table></div>{said}</figure>")
    return ("tables", "Tables", "".join(made)) if made else None


def heads(words, of_words):
    """Column heads; those over words stand on the left as these do."""
    return "".join(f"<th scope=col{' class=words' if i in of_words else ''}>{escape(str(word))}</th>" for i, word in enumerate(words))


def cell(value, column):
    words = svg.number(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else escape("–" if value is None else str(value))
    if column == 0:
        return f"<th scope=row>{words}</th>"
    return f"<td>{words}</td>" if isinstance(value, (int, float)) or value is None else f"<td class=words>{words}</td>"


def flames(document):
    made = []
    for one in document.get("flames") or []:
        rows = "".join(f"<tr><th scope=row><code>{escape(name)}</code></th><td>{100 * own:.1f} %</td><td>{100 * whole:.1f} %</td></tr>"
                       for name, own, whole in flame.heaviest(one["stacks"]))
        made.append(f"<figure class=whole><h3>{escape(one['title'])}</h3><div>{flame.draw(one['title'], one['stacks'])}</div>"
                    f"<table class=beside><caption>the heaviest functions</caption><tr><th scope=col>function</th><th scope=col>its own</th>"
                    f"<th scope=col>with callees</th></tr>{rows}</table></figure>")
    if not made:
        return None
    words = {"ours": "Claviger", "crypto": "cryptography", "store": "storage", "library": "other libraries", "kernel": "kernel"}
    key = "".join(f"<li><i class={name}></i>{word}</li>" for name, word in words.items())
    return "flames", "Flame graphs", (
        "<p class=quiet>Width is the share of CPU time, callees stand on their callers. The pointer over a frame shows its whole name and share.</p>"
        f"<ul class=key>{key}</ul>" + "".join(made))


def notes(document):
    said = document.get("notes") or []
    return ("notes", "Notes", "<ul>" + "".join(f"<li>{escape(note)}</li>" for note in said) + "</ul>") if said else None


def about(document):
    machine = document.get("machine") or {}
    rows = "".join(f"<dt>{escape(str(name))}</dt><dd>{escape(str(value))}</dd>" for name, value in machine.items())
    return ("machine", "The machine", f"<dl>{rows}</dl>") if rows else None
