#!/usr/bin/env python3
"""Stacks from the text of perf script: names as people know them, counts kept, hostile names harmless."""

import unittest
import xml.etree.ElementTree as xml

import places  # noqa: F401
import counts
import flame

SCRIPT = """clavigerd 17544/17545 45714.360976:    1001001 cpu-clock:
\tffffffff816b6125 vfs_write+0x85 ([kernel.kallsyms])
\t           f8350 __GI___libc_write+0x10 (/usr/lib/libc.so.6)
\t           12345 claviger::net::Stream::flush(claviger::Slice const&)+0x1 (/x/clavigerd)
\t           12345 std::function<void (int)>::operator()(int) const+0x1 (/x/clavigerd)

clavigerd 17544/17545 45714.361976:    1001001 cpu-clock:
\tffffffff816b6125 vfs_write+0x85 ([kernel.kallsyms])
\t           f8350 __GI___libc_write+0x10 (/usr/lib/libc.so.6)
\t           12345 claviger::net::Stream::flush(claviger::Slice const&)+0x1 (/x/clavigerd)
\t           12345 std::function<void (int)>::operator()(int) const+0x1 (/x/clavigerd)

hash pool 17544/17546 45714.362967:    1001001 cpu-clock:
\t            2290 [unknown] (/usr/lib/libargon2.so.1)
"""


class Flame(unittest.TestCase):
    def test_folds_and_counts(self):
        stacks = flame.fold(SCRIPT)
        self.assertEqual(stacks, {"clavigerd;std::function::operator();claviger::net::Stream::flush;__GI___libc_write;vfs_write_[k]": 2,
                                  "hash pool;[libargon2.so.1]": 1})

    def test_the_last_stack_needs_no_empty_line_behind_it(self):
        self.assertEqual(sum(flame.fold(SCRIPT.rstrip()).values()), 3)

    def test_nothing_and_rubbish(self):
        for text in ("", "\n\n", "no frame at all", "\t broken line\n", "a 1/2 3: 4 x:\n\tzz\n"):
            flame.draw("t", flame.fold(text))

    def test_names(self):
        for given, wanted in (("a<b<c>>::d(int)", "a::d"), ("operator new(unsigned long)", "operator new"), ("x::operator<(y)", "x::operator<"),
                              ("x::operator()(y)", "x::operator()"), ("f(std::vector<int>)", "f")):
            self.assertEqual(flame.frame_name(given, "/x"), wanted)
        self.assertLessEqual(len(flame.frame_name("n" * 4000, "/x")), flame.NAME_MAX)

    def test_draws_each_frame_with_its_share(self):
        picture = flame.draw("t", flame.fold(SCRIPT))
        root = xml.fromstring(picture)
        titles = [title.text for title in root.iter("title")]
        self.assertTrue(any(title.startswith("claviger::net::Stream::flush: 66.7 %, 2 samples") for title in titles))

    def test_hostile_names_stay_text(self):
        xml.fromstring(flame.draw("<t>", {"a;<script>alert(1)</script>;\"&": 1}))
        self.assertNotIn("<script", flame.draw("t", {"a;<script>": 1}))

    def test_deep_and_many(self):
        xml.fromstring(flame.draw("t", {";".join(f"f{i}" for i in range(500)): 1, **{f"a;f{i}": 1 for i in range(5000)}}))

    def test_shares(self):
        stacks = {"t;a;memcpy": 1, "t;a": 3}
        self.assertEqual(flame.share_of(stacks, "^memcpy$"), 0.25)
        self.assertIsNone(flame.share_of({}, "x"))
        self.assertEqual(flame.heaviest(stacks)[0], ("a", 0.75, 1.0))


class Counts(unittest.TestCase):
    def test_what_the_machine_does_not_count_is_none(self):
        self.assertEqual(counts.parse("12,,raw_syscalls:sys_enter,1,100.00,,\n<not supported>,,cache-misses,0,100.00,,\n\njunk\n"),
                         {"raw_syscalls:sys_enter": 12, "cache-misses": None})


if __name__ == "__main__":
    unittest.main()
