#!/usr/bin/env python3
"""Exponents of growth, what openssl speed prints, and that two builds are really measured in turn."""

import unittest

import places  # noqa: F401
import figures
import growth
import peer_figures
import whole

SPEED = """                              sign    verify    sign/s verify/s
 256 bits ecdsa (nistp256)   0.0000s   0.0001s  36461.0  11567.0
"""


class Growth(unittest.TestCase):
    def test_exponents(self):
        counts = [10_000, 100_000, 1_000_000]
        self.assertAlmostEqual(growth.exponent(counts, [5, 5, 5]), 0)
        self.assertAlmostEqual(growth.exponent(counts, [1, 10, 100]), 1)
        self.assertAlmostEqual(growth.exponent(counts, [1, 10 ** 0.5, 10]), 0.5)
        self.assertIsNone(growth.exponent([10_000], [5]))
        self.assertIsNone(growth.exponent(counts, [None, 0, 5]))

    def test_names(self):
        self.assertEqual([growth.in_short(count) for count in growth.SIZES], ["10k", "100k", "1M", "10M"])


class Speed(unittest.TestCase):
    def test_reads_what_openssl_prints(self):
        found = peer_figures.parse_speed(SPEED, "ecdsap256")
        self.assertAlmostEqual(found["sign"], 1e6 / 36461)
        self.assertAlmostEqual(found["verify"], 1e6 / 11567)
        self.assertAlmostEqual(peer_figures.parse_speed("sha256   960000.00k\n", "sha256")["bytes"], 700 / 960e6 * 1e6)
        for algorithm in ("ecdsap256", "sha256"):
            self.assertEqual(peer_figures.parse_speed("", algorithm), {})


class InTurn(unittest.TestCase):
    def test_the_order_turns_round(self):
        taken = []

        class Bench:
            def __init__(self, name):
                self.name, self.table = name, figures.Table()

            def measure(self):
                for _ in range(3):
                    taken.append(self.name)
                    yield

            def measures(self):
                return [self.measure]

        whole.in_turn([Bench("a"), Bench("b")])
        self.assertEqual("".join(taken), "abbaab")

    def test_one_that_fails_does_not_stop_the_other(self):
        class Bench:
            def __init__(self, fails):
                self.fails, self.table, self.rounds = fails, figures.Table(), 0

            def measure(self):
                for _ in range(3):
                    if self.fails:
                        raise whole.Failure("no peer")
                    self.rounds += 1
                    yield

            def measures(self):
                return [self.measure]

        benches = [Bench(True), Bench(False)]
        whole.in_turn(benches)
        self.assertEqual(benches[1].rounds, 3)
        self.assertIn("no peer", benches[0].table.notes[0])


if __name__ == "__main__":
    unittest.main()
