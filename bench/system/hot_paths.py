"""Where the time of each hot path goes: its CPU, system calls, allocations and copies per operation, and its stacks.

Time, counts and stacks come from runs of their own: whoever is counted or sampled is slower. Stacks are sampled by a
clock (perf, cpu-clock) where the machine has no cycle counter, frames by frame pointer: ours have them, so have the
kernel's; libraries built without are cut short, and stand where they were called from.
"""

import os
import re
import subprocess
import tempfile

import counts
import diameter_peer
import flame
import parts
import peer_figures
from clavigerd import Failure
from figures import Figure
from machine import LOAD_CPU, SERVER_CPU, pinned
from whole import WARM_UP, Bench

HERTZ = 1999
# Of the path's own rate: a probe costs a microsecond, and an operation may meet hundreds.
ALLOCATIONS_SHARE, COPIES_SHARE = 0.1, 0.03
BARE_CALLS = 2_000_000
# Named system calls of the table; the others are in its sum.
CALLS = ("read", "write", "writev", "sendmsg", "sendto", "recvmsg", "recvfrom", "epoll_wait", "epoll_pwait", "epoll_ctl", "futex", "fdatasync", "pwrite64",
         "pread64", "madvise")
COPY_FRAMES = r"^(_*mem(cpy|move)\w*|_?copy_(to|from)_\w*|_?rep_movs\w*|_copy_\w*iter\w*)(_\[k\])?$"
# name: scenario of claviger-load and its options. What a scenario prepares is counted, too: few tokens.
SERVED = {"introspection": ("introspect", "--tokens", "8", "--connections", "8", "--streams", "32"),
          "key delivery": ("keys", "--connections", "8", "--streams", "8"),
          "sign-in": ("sign-in", "--connections", "8", "--streams", "4"),
          "refresh": ("refresh", "--connections", "8", "--streams", "8")}
COLUMNS = ["path", "CPU ns", "syscalls", "allocations", "copies", "copied octets", "time in copies %", "cache misses", "in the kernel %", "in cryptography %",
           "ours over these"]


class Row:
    def __init__(self, name):
        self.name = name
        self.cpu_ns = self.syscalls = self.allocations = self.copies = self.copied = self.copy_share = self.misses = self.kernel = self.cryptography = None

    def share_out(self, stacks):
        """By the function that ran: the kernel's, cryptography's; the rest is ours to make smaller."""
        self.copy_share = flame.share_of(stacks, COPY_FRAMES)
        self.kernel = flame.share_of(stacks, r"_\[k\]$")
        self.cryptography = flame.share_of(stacks, rf"^(?!.*_\[k\]$).*({flame.CRYPTOGRAPHY})")

    def cells(self):
        given = (self.kernel or 0) + (self.cryptography or 0)
        return [self.name, self.cpu_ns, self.syscalls, self.allocations, self.copies, self.copied, percent(self.copy_share), self.misses,
                percent(self.kernel), percent(self.cryptography), 1 / given if given else None]


def percent(share):
    return None if share is None else 100 * share


def bare_syscall_ns():
    """What entering and leaving the kernel costs here, as perf bench measures it; None without."""
    run = subprocess.run(pinned(SERVER_CPU, "perf", "bench", "-f", "simple", "syscall", "basic", "-l", str(BARE_CALLS)), capture_output=True, text=True, check=False)
    found = re.search(r"^\s*([\d.]+)\s*$", run.stdout, re.MULTILINE)
    return float(found[1]) / BARE_CALLS * 1e9 if found else None


def stacks_of(path, cpu=None):
    command = ["perf", "script", "-i", path, "-F", "comm,pid,tid,ip,sym,dso"] + (["-C", str(cpu)] if cpu is not None else [])
    return flame.fold(subprocess.run(command, capture_output=True, text=True, errors="replace", check=False).stdout)


class Profile(Bench):
    def __init__(self, table, build, sandbox, peers_folder, is_quick, wanted=()):
        super().__init__(table, build, sandbox, peers_folder, is_quick)
        self.is_quick, self.wanted = is_quick, wanted
        self.seconds = 3 if is_quick else 6
        self.program = os.path.join(build, "bin", "clavigerd")
        self.rows = []
        self.calls = {}
        self.syscall_ns = bare_syscall_ns()
        self.signature_us = peer_figures.openssl_speed("ecdsap256", 1).get("sign")

    def record(self, seconds, *target):
        """Stacks of what runs meanwhile: ("-p", pid), or a command."""
        out = tempfile.NamedTemporaryFile(suffix=".perf")
        wait = ["sleep", str(seconds)] if target[0] == "-p" else []
        return out, subprocess.Popen(["perf", "record", "-q", "-o", out.name, "-e", "cpu-clock", "-F", str(HERTZ), "--call-graph", "fp", "--sample-cpu", *target, *wait],
                                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def served(self, name):
        scenario, *options = SERVED[name]
        row, pid = Row(name), self.daemon.process.pid
        figures = self.load(scenario, *options)
        row.cpu_ns = figures["server_cpu_ns_per_operation"]
        out, recording = self.record(self.seconds + WARM_UP, "-p", str(pid))
        with out:
            self.load(scenario, *options, is_shown=False)
            recording.wait()
            stacks = stacks_of(out.name)
        row.share_out(stacks)
        self.table.flames.append({"title": f"{name}: clavigerd under claviger-load {scenario}", "stacks": stacks})
        events = [f"syscalls:sys_enter_{call}" for call in CALLS]
        with counts.Counting(pid, [counts.SYSCALLS, *events]) as counting:
            done = self.operations(self.load(scenario, *options, is_shown=False))
        if counting.found.get(counts.SYSCALLS) is not None:
            row.syscalls = counting.found[counts.SYSCALLS] / done
            self.calls[name] = {call: (counting.found.get(event) or 0) / done for call, event in zip(CALLS, events)}
        rate = figures["per_second"]
        try:
            row.allocations = self.probed(counts.allocation_probes(self.program), scenario, options, rate * ALLOCATIONS_SHARE)
            row.copies = self.probed(counts.copy_probes(self.program), scenario, options, rate * COPIES_SHARE)
            row.copied = self.copied(scenario, options, rate * COPIES_SHARE)
        except Failure as failure:  # a busy machine gets none of them done while probed; what was measured stands
            self.table.note(f"{name}, allocations and copies: {failure}")
        self.end_row(row)

    def probed(self, probes, scenario, options, rate):
        with probes:
            if not probes.events:
                return None
            with counts.Counting(self.daemon.process.pid, probes.events) as counting:
                done = self.operations(self.load(scenario, *options, "--rate", str(rate), is_shown=False))
            return sum(value or 0 for value in counting.found.values()) / done

    def copied(self, scenario, options, rate):
        """Octets that memcpy and memmove were asked for, per operation, of one second of a slow rate: every call is written down."""
        with counts.copy_probes(self.program) as probes, tempfile.NamedTemporaryFile(suffix=".perf") as out:
            if not probes.events:
                return None
            wanted, self.seconds = self.seconds, 2
            try:
                recording = subprocess.Popen(["perf", "record", "-q", "-o", out.name, "-e", ",".join(probes.events), "-p", str(self.daemon.process.pid)],
                                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                done = self.operations(self.load(scenario, *options, "--rate", str(rate), is_shown=False))
                recording.send_signal(2)
                recording.wait()
            finally:
                self.seconds = wanted
            said = subprocess.run(["perf", "script", "-i", out.name, "-F", "trace"], capture_output=True, text=True, check=False).stdout
        return sum(int(value, 0) for value in re.findall(r"bytes=(\w+)", said)) / done

    def end_row(self, row):
        self.rows.append(row)
        self.table.add(Figure(f"{row.name}, CPU", row.cpu_ns and row.cpu_ns / 1000, "us"))
        for what, value in (("system calls", row.syscalls), ("heap allocations", row.allocations), ("copies", row.copies)):
            self.table.add(Figure(f"  {what}", value, ""))

    # Paths of a process of their own ------------------------------------------------------------------------------------

    def validation(self):
        """The verifier in its host's process: tokens never seen and tokens seen before."""
        yield
        program = os.path.join(self.build, "bin", "bench_broker_tokens_verifier")
        if not os.path.exists(program):
            raise Failure("bench_broker_tokens_verifier is not built: configure with -DCLAVIGER_BENCH=ON")
        for name, chosen, counter, scale in (("validation, never seen", "cold/es256", "ours_us", 1000), ("validation, seen before", "seen_before/1000000", "", 0)):
            row = Row(name)
            with tempfile.TemporaryDirectory() as folder, counts.allocation_probes(program):
                out, recording = self.record(0, *pinned(SERVER_CPU, program, f"--benchmark_filter={chosen}", f"--benchmark_min_time={self.seconds / 2}",
                                                        f"--benchmark_out={folder}/out.json", "--benchmark_out_format=json"))
                with out:
                    recording.wait()
                    stacks = {stack: samples for stack, samples in stacks_of(out.name).items() if re.search(r"TokenCache|Verifier|verify", stack)}
                rows = parts.medians(parts.run_binary(program, folder, self.seconds / 4, 3, chosen, is_silent=True) or [])
            found = next(iter(rows.values()), {})
            row.cpu_ns = found[counter] * scale if counter and counter in found else 1e9 / found["items_per_second"] if found.get("items_per_second") else None
            row.allocations, row.syscalls = found.get("allocations"), 0.0
            row.share_out(stacks)
            self.rows.append(row)
            self.table.add(Figure(f"{name}, CPU", row.cpu_ns and row.cpu_ns / 1000, "us"))
            self.table.add(Figure("  heap allocations", row.allocations, ""))
            self.table.flames.append({"title": f"{name}: bench_broker_tokens_verifier {chosen}", "stacks": stacks})

    def relay(self):
        yield
        row = Row("relay, window 256")
        # Time, system calls and allocations of one run; stacks of another, for who is sampled is slower.
        found = diameter_peer.rows_of(self.build, self.seconds, 1, 256)[0][0]
        row.cpu_ns, row.allocations, row.syscalls = found["cpu_us"] * 1000, found["allocations"], found.get("system_calls")
        command = [os.path.join(self.build, "bin", "bench_diameter_relay"), "--connections", "1", "--window", "256", "--seconds", str(self.seconds),
                   "--cpus", f"{SERVER_CPU},{LOAD_CPU}"]
        out, recording = self.record(0, *command)
        with out:
            recording.wait()
            stacks = stacks_of(out.name, SERVER_CPU)
        row.share_out(stacks)
        self.table.flames.append({"title": "relay: the Diameter node of bench_diameter_relay, window 256", "stacks": stacks})
        self.end_row(row)

    def introspection(self):
        yield
        self.served("introspection")

    def key_delivery(self):
        yield
        self.served("key delivery")

    def sign_in(self):
        yield
        self.served("sign-in")

    def refresh(self):
        yield
        self.served("refresh")

    def summary(self):
        yield
        hardware = counts.hardware_of(self.daemon.process.pid)
        lacking = sorted(event for event, value in hardware.items() if value is None)
        if lacking:
            self.table.note(f"this machine shows no hardware counters to perf ({', '.join(lacking)}): no cache misses, stacks sampled by the clock")
        self.table.tables.insert(0, {
            "title": "What one operation costs", "columns": COLUMNS, "rows": [row.cells() for row in self.rows],
            "note": "copies: memcpy and memmove of the C library, not those that the compiler wrote inline. In the kernel, in cryptography: by the function "
                    "that ran when sampled. Who keeps sockets and TLS keeps these two; the last column is the whole over both: 1 would be the limit"})
        if self.calls:
            names = [call for call in CALLS if any(found[call] >= 0.001 for found in self.calls.values())]
            self.table.tables.append({"title": "System calls per operation", "columns": ["path", *names],
                                      "rows": [[path, *[found[call] for call in names]] for path, found in self.calls.items()]})
        if self.syscall_ns:
            self.table.note(f"a bare system call takes {self.syscall_ns:.0f} ns here (perf bench syscall basic); an ES256 signature {self.signature_us or 0:.1f} us "
                            f"(openssl speed)")

    def measures(self):
        return [*(getattr(self, name) for name in self.wanted or MEASURES), self.summary]


MEASURES = ("validation", "introspection", "key_delivery", "relay", "sign_in", "refresh")
