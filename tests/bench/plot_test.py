#!/usr/bin/env python3
"""Plots: round axis values, units kept apart, gaps and single points, peaks that survive thinning, limits where they are."""

import unittest
import xml.etree.ElementTree as xml

import places  # noqa: F401
import plot
import svg


class Axes(unittest.TestCase):
    def test_ticks_are_round_and_hold_the_values(self):
        for low, high in ((0, 1), (0, 7), (0, 1234), (0, 0.00031), (-3, 8), (0, 0), (5, 5)):
            marks = svg.ticks(low, high)
            self.assertLessEqual(marks[0], low)
            self.assertGreaterEqual(marks[-1], high)
            self.assertLessEqual(len(marks), svg.TICKS + 3)

    def test_log_ticks(self):
        self.assertEqual(svg.log_ticks(0.2, 30), [0.1, 1, 10, 100])
        self.assertEqual(svg.log_ticks(10, 10), [10, 100])

    def test_numbers(self):
        for value, said in ((None, "–"), (0, "0"), (0.01234, "0.0123"), (12.34, "12.3"), (1234.5, "1,234"), (2.5e6, "2.5 M"), (0.0001, "1.0e-04")):
            self.assertEqual(svg.number(value), said)
        self.assertEqual(svg.duration(300), "5:00 min")
        self.assertEqual(svg.duration(7260), "2:01 h")

    def test_time_ticks(self):
        self.assertEqual(svg.time_ticks(0, 5), [0, 1, 2, 3, 4, 5])
        self.assertLessEqual(len(svg.time_ticks(0, 86400)), 10)


class Groups(unittest.TestCase):
    def test_percentiles_share_a_plot_and_units_do_not(self):
        series = {"latency p50": {"unit": "ms"}, "latency p99.9": {"unit": "ms"}, "rate/a": {"unit": "/s"}, "rate/b": {"unit": "ms"},
                  "alone": {"unit": "MiB"}, "x": {"unit": "ms", "plot": "latency"}, "latency/u": {"unit": "ms", "x": "users"}}
        found = {(title, unit, x): [name for name, _ in lines] for title, unit, x, lines in plot.groups(series)}
        self.assertEqual(found[("latency", "ms", "")], ["p50", "p99.9", "x"])
        self.assertEqual(found[("rate", "/s", "")], ["a"])
        self.assertEqual(found[("rate", "ms", "")], ["b"])
        self.assertEqual(found[("alone", "MiB", "")], ["alone"])
        self.assertEqual(found[("latency", "ms", "users")], ["u"])


class Lines(unittest.TestCase):
    def draw(self, t, v, **more):
        picture = plot.lines("a title", "ms", [("a", {"t": t, "v": v})], **more)
        return xml.fromstring(picture) if picture else None

    def test_one_point_none_and_gaps(self):
        self.assertIsNone(self.draw([], []))
        self.assertIsNone(self.draw([1, 2], [None, None]))
        self.assertIsNotNone(self.draw([1], [5]))
        self.assertIsNotNone(self.draw([1, 2, 3], [5, None, 0]))
        self.assertIsNotNone(self.draw([0, 1], [0, 0]))

    def test_events_outside_are_not_drawn(self):
        root = self.draw([0, 10], [1, 2], events=[{"t": 5, "what": "in"}, {"t": 99, "what": "out"}])
        self.assertEqual(len([line for line in root.iter("line") if line.get("class") == "event"]), 1)

    def test_users_are_logarithmic(self):
        self.assertIsNotNone(self.draw([10_000, 1_000_000], [1, 2], x="users"))

    def test_peaks_survive_thinning(self):
        points = [(i, 1.0) for i in range(50_000)]
        points[31_000] = (31_000, 99.0)
        thin = plot.thinned(points)
        self.assertEqual(len(thin), plot.POINTS_MAX)
        self.assertIn((31_000, 99.0), thin)

    def test_no_line_crosses_a_pause(self):
        self.assertEqual([len(part) for part in plot.unbroken([(0, 1), (1, 1), (2, 1), (50, 9), (51, 9), (52, 9)])], [3, 3])
        self.assertEqual(plot.unbroken([(0, 1)]), [[(0, 1), (0, 1)]])

    def test_labels_do_not_lie_on_each_other(self):
        ys = [y for y, _ in plot.spread([(100, "a"), (101, "b"), (102, "c")])]
        self.assertTrue(all(later - earlier >= 13 for earlier, later in zip(ys, ys[1:])))


class Bars(unittest.TestCase):
    def test_limits(self):
        self.assertEqual(plot.limit_of({"bar": "<= 1.3 x", "peer_value": 10.0}), (13.0, True))
        self.assertEqual(plot.limit_of({"bar": ">= 5 M/s", "peer_value": None}), (5.0, False))
        self.assertEqual(plot.limit_of({"bar": "<= 2 x"}), (2.0, True))
        self.assertIsNone(plot.limit_of({"bar": ""}))

    def test_nothing_to_compare_is_no_picture(self):
        self.assertEqual(plot.bars({"name": "x", "ours": 1, "bar": "", "peer_value": None}), "")
        self.assertEqual(plot.bars({"name": "x", "ours": None, "bar": "<= 1 us"}), "")
        xml.fromstring(plot.bars({"name": "x", "ours": 0, "unit": "us", "bar": "<= 0 ", "peer_value": None, "is_met": True}))


if __name__ == "__main__":
    unittest.main()
