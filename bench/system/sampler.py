"""What a process uses while it is measured: CPU, memory and disk, twice a second, as series of the report."""

import os
import threading
import time

from machine import cpu_seconds

SECONDS = 0.5
# Walking a large store's folder twice a second would be load of its own.
DISK_EVERY = 4


def folder_bytes(folder):
    total = 0
    try:
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                total += folder_bytes(entry.path)
            elif entry.is_file(follow_symlinks=False):
                total += entry.stat().st_size
    except FileNotFoundError:  # a file that the store removed meanwhile
        pass
    return total


class Sampler:
    """With a table, a Daemon and its folder: samples from enter to exit. The daemon may be stopped and started meanwhile."""

    def __init__(self, table, daemon, folder):
        self.table, self.daemon, self.folder = table, daemon, folder
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _sample(self, count, before):
        pid = self.daemon.process.pid
        now, cpu = time.monotonic(), cpu_seconds(pid)
        if before and before[0] == pid and cpu >= before[2]:
            self.table.point("CPU of clavigerd", "cores", (cpu - before[2]) / (now - before[1]))
        self.table.point("memory of clavigerd", "MiB", self.daemon.resident_bytes() / (1 << 20))
        if self.folder and count % DISK_EVERY == 0:
            self.table.point("disk of its store", "MiB", folder_bytes(self.folder) / (1 << 20))
        return pid, now, cpu

    def _watch(self):
        before, count = None, 0
        while not self._over.wait(SECONDS):
            try:
                before = self._sample(count, before)
                count += 1
            except (OSError, StopIteration, ValueError):  # it ended, or begins
                before = None

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


def add_intervals(table, name, began, figures):
    """The figures over time of a claviger-load run that began at `began` on the table's clock."""
    intervals = figures.get("intervals")
    if not intervals:
        return
    each = intervals["seconds"]
    for i, done in enumerate(intervals["done"]):
        at = began + i * each
        table.point(f"throughput/{name}", "/s", done / each, at)
        for which, said in (("us_p50", "p50"), ("us_p99", "p99"), ("us_p999", "p99.9")):
            if done:
                table.point(f"latency of {name} {said}", "ms", intervals[which][i] / 1000, at)
