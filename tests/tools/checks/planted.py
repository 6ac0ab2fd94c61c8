"""A small tree in a temporary folder, in which a test plants one violation of a check."""

import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "tools", "checks"))


class PlantedTest(unittest.TestCase):
    def complaints(self, check, tree):
        """What check(root) says about a tree given as {path: text}."""
        with tempfile.TemporaryDirectory() as root:
            for path, text in tree.items():
                os.makedirs(os.path.dirname(os.path.join(root, path)) or root, exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text)
            return check(root)

    def assert_refused(self, check, tree, saying):
        found = self.complaints(check, tree)
        self.assertEqual(len(found), 1, found)
        self.assertIn(saying, found[0])

    def assert_clean(self, check, tree):
        self.assertEqual(self.complaints(check, tree), [])
