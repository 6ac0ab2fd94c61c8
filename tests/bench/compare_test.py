#!/usr/bin/env python3
"""bench/compare: what is noise is called noise, what is not is found, and too few repetitions decide nothing."""

import json
import os
import random
import subprocess
import sys
import tempfile
import unittest

import places
import significance

COMPARE = os.path.join(places.SOURCE, "bench", "compare")


def runs(change, count, noise=0.05, drift=0.5, seed=7, **members):
    """Two runs of one figure; each pair shares a drift of the machine that is larger than the change."""
    source = random.Random(seed)
    a, b = [], []
    for _ in range(count):
        minute = 1 + drift * source.random()
        a.append(100 * minute * (1 + noise * source.gauss(0, 1)))
        b.append(100 * minute * change * (1 + noise * source.gauss(0, 1)))

    def run(samples):
        row = {"name": "x", "ours": sorted(samples)[len(samples) // 2], "unit": "us", "peer": "", "peer_value": None, "bar": "", "is_met": None,
               "samples": samples, "peer_samples": []} | members
        return {"kind": "run", "machine": {"cpu": "c", "commit": "a"}, "rows": [row]}

    return run(a), run(b)


def compare(a, b, *options):
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, run in (("a.json", a), ("b.json", b)):
            paths.append(os.path.join(folder, name))
            with open(paths[-1], "w", encoding="utf-8") as file:
                json.dump(run, file)
        return subprocess.run([sys.executable, "-B", COMPARE, *paths, *options], capture_output=True, text=True, check=False)


class Tests(unittest.TestCase):
    def test_sign_flips(self):
        self.assertEqual(significance.sign_flip_p([1.0] * 6), 2 / 64)
        self.assertEqual(significance.sign_flip_p([1.0] * 5), 2 / 32)
        self.assertEqual(significance.sign_flip_p([1.0, -1.0]), 1.0)
        self.assertLess(significance.sign_flip_p([1.0] * 20), 0.001)

    def test_permutations(self):
        self.assertAlmostEqual(significance.permutation_p([1.0, 2.0, 3.0, 4.0], [11.0, 12.0, 13.0, 14.0]), 2 / 70)
        self.assertEqual(significance.permutation_p([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]), 1.0)

    def test_chance_alone_is_called_a_change_about_as_often_as_said(self):
        source, wrong = random.Random(3), 0
        for _ in range(400):
            wrong += significance.sign_flip_p([source.gauss(0, 1) for _ in range(8)]) < 0.05
        self.assertLess(wrong, 36)  # 20 expected

    def test_pairs_show_what_the_machine_hides(self):
        a, b = runs(1.05, 12, noise=0.01)
        unpaired = compare(a, b)
        self.assertIn("unclear", unpaired.stdout)
        self.assertIn("not taken in turn", unpaired.stdout)
        a["interleaved"] = b["interleaved"] = "one"
        paired = compare(a, b)
        self.assertIn("worse", paired.stdout)
        self.assertEqual(paired.returncode, 1)

    def test_of_a_rate_more_is_better(self):
        a, b = runs(1.2, 10, noise=0.01, drift=0, unit="/s")
        run = compare(a, b)
        self.assertIn("better", run.stdout)
        self.assertEqual(run.returncode, 0)

    def test_the_same_is_the_same(self):
        a, b = runs(1.0, 12, noise=0.002, drift=0)
        self.assertIn("same", compare(a, b).stdout)

    def test_few_repetitions_decide_nothing(self):
        a, b = runs(2.0, 5, noise=0.001, drift=0)
        a["interleaved"] = b["interleaved"] = "one"
        run = compare(a, b)
        self.assertIn("too few", run.stdout)
        self.assertEqual(run.returncode, 0)

    def test_without_repetitions(self):
        a, b = runs(2.0, 5)
        a["rows"][0]["samples"] = []
        self.assertIn("too few", compare(a, b).stdout)

    def test_what_only_one_has(self):
        a, b = runs(1.0, 6)
        b["rows"].append(a["rows"][0] | {"name": "new"})
        self.assertIn("only the second run has: new", compare(a, b).stdout)

    def test_refusals(self):
        a, b = runs(1.0, 6)
        b["rows"][0]["name"] = "another"
        self.assertEqual(compare(a, b).returncode, 2)
        self.assertEqual(compare(a, {"machine": {}}).returncode, 2)

    def test_html(self):
        a, b = runs(1.5, 8, noise=0.01, drift=0)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "changed.html")
            compare(a, b, "--html", path)
            with open(path, encoding="utf-8") as file:
                self.assertIn("worse", file.read())


if __name__ == "__main__":
    unittest.main()
