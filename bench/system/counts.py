"""Events of a running process counted by the kernel: system calls, context switches, allocations, copies.

Counting is perf's; what it cannot count here is None, and the reason is said. Allocations and copies are user probes
that cost a microsecond each: they are counted in a run of their own, never while time is measured.
"""

import os
import re
import shutil
import subprocess

SYSCALLS = "raw_syscalls:sys_enter"
HARDWARE = ("instructions", "cycles", "cache-misses", "LLC-load-misses", "branch-misses", "dTLB-load-misses")
PROBE_GROUP = "claviger_bench"
ALLOCATIONS = ("malloc", "calloc", "realloc", "posix_memalign", "_Znwm", "_Znam", "_ZnwmSt11align_val_t")
COPIES = re.compile(r"^__mem(?:move|cpy)_(?!chk)\w*(?:unaligned|erms|ssse3)\w*$")


def has_perf():
    if shutil.which("perf") is None:
        return False
    run = subprocess.run(["perf", "stat", "-x,", "-e", SYSCALLS, "true"], capture_output=True, text=True, check=False)
    return run.returncode == 0 and "not supported" not in run.stderr


def parse(text):
    """{event: count} of perf stat -x,: what is not supported or not counted is None."""
    found = {}
    for line in text.splitlines():
        fields = line.split(",")
        if len(fields) >= 3 and fields[2]:
            found[fields[2]] = int(fields[0]) if fields[0].isdigit() else None
    return found


class Counting:
    """Counts `events` of a process from enter to exit; then .found."""

    def __init__(self, pid, events):
        self.pid, self.events, self.found = pid, events, {}

    def __enter__(self):
        self._perf = subprocess.Popen(["perf", "stat", "-x,", "-e", ",".join(self.events), "-p", str(self.pid)], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        self._perf.send_signal(2)  # perf stat says what it counted when it is interrupted
        self.found = parse(self._perf.communicate()[1])


def hardware_of(pid, seconds=0.2):
    """What the machine's counters show of a process: {event: count or None}."""
    run = subprocess.run(["perf", "stat", "-x,", "-e", ",".join(HARDWARE), "-p", str(pid), "sleep", str(seconds)],
                         capture_output=True, text=True, check=False)
    return parse(run.stderr)


def library_of(program, name):
    """The file of a library that the loader gives the program."""
    run = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    found = re.search(rf"\s(/\S*/{name}\.so[^/\s]*)", run.stdout)
    return os.path.realpath(found.group(1)) if found else None


def symbols(library):
    """{name: offset} of its functions, exported or not, with those of its debug file when that is installed."""
    found = {}
    build = subprocess.run(["readelf", "-n", library], capture_output=True, text=True, check=False)
    ident = re.search(r"Build ID: (\w+)", build.stdout)
    debug = [f"/usr/lib/debug/.build-id/{ident[1][:2]}/{ident[1][2:]}.debug"] if ident else []
    for file, options in [(library, ["-D"]), *[(path, []) for path in debug if os.path.exists(path)]]:
        run = subprocess.run(["nm", *options, "--defined-only", file], capture_output=True, text=True, check=False)
        for line in run.stdout.splitlines():
            fields = line.split()
            if len(fields) == 3 and fields[1] in "tTwW":
                found.setdefault(fields[2].split("@")[0], int(fields[0], 16))
    return found


def probe_file():
    return next((path for path in ("/sys/kernel/tracing/uprobe_events", "/sys/kernel/debug/tracing/uprobe_events") if os.path.exists(path)), None)


class Probes:
    """User probes at functions of a library, by perf's name; gone with the block. Empty where the machine allows none."""

    def __init__(self, library, wanted, arguments=""):
        self.events, self._made, self._arguments = [], [], arguments
        known = symbols(library) if library else {}
        names = [name for name in known if (wanted.match(name) if isinstance(wanted, re.Pattern) else name in wanted)]
        # aliases (malloc, mi_malloc) are one place
        self._places = {known[name]: name for name in names}
        self._library = library

    def __enter__(self):
        for offset, name in self._places.items():
            event = re.sub(r"\W", "_", name).strip("_")
            if self._write(f"p:{PROBE_GROUP}/{event} {self._library}:{offset:#x} {self._arguments}".rstrip()):
                self._made.append(event)
                self.events.append(f"{PROBE_GROUP}:{event}")
        return self

    @staticmethod
    def _write(line):
        """open() for appending would seek, which this file refuses."""
        try:
            descriptor = os.open(probe_file() or "", os.O_WRONLY | os.O_APPEND)
        except OSError:
            return False
        try:
            return os.write(descriptor, (line + "\n").encode()) > 0
        except OSError:
            return False
        finally:
            os.close(descriptor)

    def __exit__(self, *_):
        for event in self._made:
            self._write(f"-:{PROBE_GROUP}/{event}")


def allocation_probes(program):
    """Where the program takes its memory from: mimalloc when it is linked with it, else the C library."""
    return Probes(library_of(program, "libmimalloc") or library_of(program, "libc"), ALLOCATIONS)


def copy_probes(program):
    """memcpy and memmove of the C library that this processor is given; small copies that the compiler wrote inline are not seen."""
    return Probes(library_of(program, "libc"), COPIES, "bytes=%dx:u64")

