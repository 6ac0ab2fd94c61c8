"""What a measurement needs of the machine: pinning, CPU time of a process with all its threads, who we are."""

import glob
import os
import platform
import subprocess
import time

# "One core": every thread of the server on one CPU, the generator on another.
SERVER_CPU, LOAD_CPU = 0, 1


def pinned(cpu, *command):
    return ["taskset", "-c", str(min(cpu, os.cpu_count() - 1)), *command]


def cpu_seconds(pid):
    """From schedstat: nanoseconds, where utime of stat is sampled by a tick of 10 ms."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path, encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / 1e9


def own_cpu_of(call):
    before = time.process_time()
    call()
    return time.process_time() - before


class Process:
    """A peer server: pinned, its first line of output kept, ended with the block."""

    def __init__(self, *command, cpu=SERVER_CPU, says_ready=True, env=None):
        self._process = subprocess.Popen(pinned(cpu, *command), stdin=subprocess.DEVNULL, text=True, env=env,
                                         stdout=subprocess.PIPE if says_ready else subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self._process.pid
        self.first_line = self._process.stdout.readline().strip() if says_ready else ""

    def is_alive(self):
        return self._process.poll() is None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()


def commit_of_build(build):
    """Of the source tree that the build folder was configured for; "?" when that is not a repository."""
    try:
        with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as file:
            source = next(line.split("=", 1)[1].strip() for line in file if line.startswith("CMAKE_HOME_DIRECTORY"))
    except (OSError, StopIteration):
        return "?"
    run = subprocess.run(["git", "-C", source, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return run.stdout.strip() or "?"


class Stolen:
    """How much of its CPUs the host of a virtual machine gave to others since this was made: what they wait for is in every
    latency, and in no figure of ours."""

    SHARE_TOLD = 0.002

    def __init__(self):
        self._begun, self._before = time.monotonic(), self._seconds()

    @staticmethod
    def _seconds():
        with open("/proc/stat", encoding="ascii") as file:
            return int(file.readline().split()[8]) / os.sysconf("SC_CLK_TCK")

    def note(self, table):
        share = (self._seconds() - self._before) / max(1e-9, (time.monotonic() - self._begun) * os.cpu_count())
        if share > self.SHARE_TOLD:
            table.note(f"the host gave {100 * share:.1f} % of these CPUs to others meanwhile (steal): latencies have their milliseconds in them")


def describe(source):
    def first_of(path, prefix):
        with open(path, encoding="utf-8") as file:
            return next((line.split(":", 1)[1].strip() for line in file if line.startswith(prefix)), "?")

    commit = subprocess.run(["git", "-C", source, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    openssl = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=False)
    return {"cpu": first_of("/proc/cpuinfo", "model name"), "cpus": os.cpu_count(), "kernel": platform.release(),
            "openssl": openssl.stdout.strip(), "commit": commit.stdout.strip(), "load": os.getloadavg()[0],
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
