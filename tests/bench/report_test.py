#!/usr/bin/env python3
"""The report of a run: whole, self-contained, well formed, accessible, and nothing of a name goes through unescaped."""

import copy
import os
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

import places
import document
import figures
import page

MACHINE = {"cpu": "A <CPU> & more", "cpus": 2, "openssl": "OpenSSL 3", "commit": "abc1234", "date": "2026-11-21T07:00:00Z"}
WHOLE = {
    "kind": "day", "command": "bench/day --users 100k", "machine": MACHINE,
    "rows": [{"name": "introspection <u>", "ours": 4.4, "unit": "us", "peer": "nghttpd", "peer_value": 5.0, "ratio": 0.88, "bar": "<= 1.3 x", "is_met": True,
              "samples": [4.3, 4.5]},
             {"name": "  a part", "ours": 90, "unit": "us", "peer": "", "peer_value": None, "ratio": None, "bar": "<= 70 us", "is_met": False},
             {"name": "absent", "ours": None, "unit": "us", "peer": "a peer", "peer_value": None, "ratio": None, "bar": "", "is_met": None}],
    "series": {"validation p50": {"unit": "ms", "t": [0, 1, 2], "v": [0.1, 0.2, None]}, "validation p99": {"unit": "ms", "t": [0, 1, 2], "v": [1, 2, 3]},
               "cost/validation": {"unit": "us", "x": "users", "t": [10000, 100000], "v": [4.0, 4.2]}},
    "events": [{"t": 1.5, "what": "kill -9 & <recovery>"}],
    "tables": [{"title": "counts", "columns": ["path", "ns"], "rows": [["relay", 3100], ["other", None]], "note": "a note"}],
    "flames": [{"title": "validation", "stacks": {"d;main;claviger::verify": 3, "d;main;SSL_read": 1}}],
    "notes": ["one <note>"]}


class Report(unittest.TestCase):
    def setUp(self):
        self.html = page.page(WHOLE)

    def test_fetches_and_runs_nothing(self):
        self.assertNotRegex(self.html, r"(?i)<script|<link|<img|<iframe|\bon\w+=|url\(|@import|https?://")

    def test_what_is_named_is_escaped(self):
        for raw in ("<CPU>", "<u>", "<recovery>", "<note>"):
            self.assertNotIn(raw, self.html)
        self.assertIn("A &lt;CPU&gt; &amp; more", self.html)

    def test_each_picture_is_xml_with_a_name_and_a_title(self):
        pictures = re.findall(r"<svg.*?</svg>", self.html, re.DOTALL)
        self.assertGreaterEqual(len(pictures), 5)
        for picture in pictures:
            root = xml.fromstring(picture)
            self.assertEqual(root.get("role"), "img")
            self.assertTrue(root.get("aria-label"))
            self.assertEqual(root[0].tag, "title")

    def test_each_plot_has_its_table(self):
        for figure in re.findall(r"<figure.*?</figure>", self.html, re.DOTALL):
            self.assertIn("<table", figure)

    def test_verdicts_are_words_not_only_colours(self):
        self.assertIn("✓ met", self.html)
        self.assertIn("✗ not met", self.html)
        self.assertIn("not measured", self.html)
        self.assertIn("a peer missing", self.html)

    def test_light_dark_and_print(self):
        self.assertIn("prefers-color-scheme: dark", self.html)
        self.assertIn("@media print", self.html)

    def test_links_inside_lead_somewhere(self):
        for target in re.findall(r'href="#([\w-]+)"', self.html):
            self.assertIn(f'id="{target}"', self.html)

    def test_an_empty_run_is_a_page(self):
        self.assertIn("</html>", page.page({"kind": "run", "machine": {}}))


class Document(unittest.TestCase):
    def refuses(self, why, **changes):
        broken = copy.deepcopy(WHOLE) | changes
        with self.assertRaises(document.Malformed) as caught:
            document.check(broken)
        self.assertIn(why, str(caught.exception))

    def test_refusals(self):
        self.refuses("kind", kind=None)
        self.refuses("row", rows=[{"ours": 1}])
        self.refuses("times", series={"a": {"unit": "ms", "t": [1], "v": []}})
        self.refuses("event", events=[{"t": "now", "what": "x"}])

    def test_a_file_that_is_not_ours(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.json")
            for content in ("", "[]", "{}", "{\"kind\""):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(content)
                self.assertRaises(document.Malformed, document.read, path)
            self.assertRaises(document.Malformed, document.read, os.path.join(folder, "absent.json"))

    def test_table_to_files_and_back(self):
        table = figures.Table("run", "bench/run system")
        table.add(figures.cost_against("x", 4.0, "us", "peer", 5.0, 1.3, [3.9, 4.0, 4.1], [5, 5, 5]))
        table.point("memory", "MiB", 12.5, 1.0)
        table.tables.append({"title": "t", "columns": ["a", "b"], "rows": [["x", 1.5], ["y", None]]})
        table.note("said")
        with tempfile.TemporaryDirectory() as folder:
            written = table.write(os.path.join(folder, "run.json"), MACHINE)
            self.assertEqual([os.path.basename(path) for path in written], ["run.json", "run.txt", "run.html"])
            again = document.read(written[0])
            self.assertEqual(again["rows"][0]["samples"], [3.9, 4.0, 4.1])
            self.assertEqual(again["rows"][0]["ratio"], 0.8)
            with open(written[1], encoding="utf-8") as file:
                text = file.read()
            self.assertIn("met", text)
            self.assertIn("note: said", text)
            drawn = subprocess.run([sys.executable, "-B", os.path.join(places.SOURCE, "bench", "report", "document.py"), written[0]],
                                   capture_output=True, text=True, check=True)
            self.assertEqual(drawn.stdout.strip(), written[2])


if __name__ == "__main__":
    unittest.main()
