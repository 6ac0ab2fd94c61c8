#!/usr/bin/env python3
"""Two shards against one: whatever fails, no sandbox is left behind."""

import unittest
import unittest.mock

import places  # noqa: F401
import shards
from clavigerd import Failure


class Place:
    """Stands for a sandbox; the second one's daemon does not start."""
    made = []

    def __init__(self):
        self.is_open = False
        Place.made.append(self)

    def __enter__(self):
        self.is_open = True
        return self

    def __exit__(self, *_):
        self.is_open = False

    def system(self):
        return None

    def take_over(self, *_):
        if len(Place.made) == 2:
            raise Failure("does not start")


class Leaves(unittest.TestCase):
    def test_nothing_behind_a_side_that_cannot_begin(self):
        with unittest.mock.patch.multiple(shards, Sandbox=Place), \
                unittest.mock.patch.object(shards.Side, "cost_us"), unittest.mock.patch("os.cpu_count", lambda: 2):
            with self.assertRaises(Failure):
                shards.run(None, "nowhere", True)
        self.assertEqual([place.is_open for place in Place.made], [False, False])


if __name__ == "__main__":
    unittest.main()
