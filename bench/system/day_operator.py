"""What is done to the broker during the day by others than its users: the operator's clock, kill -9, users set up at the
partner, hostile and slow peers; and what is read off it every second."""

import json
import subprocess
import threading
import time
import urllib.parse

import http1_attacks
import http2_attacks
from clavigerd import Failure
from machine import cpu_seconds
from many_users import folder_bytes
from wire import ConnectionLost

SETTLED_SECONDS_MAX = 120
# Between two malformed requests: as many as the generator's core has room for.
ATTACK_EVERY = 0.02
SET_UPS_MAX = 60
DISK_EVERY = 5
# Attackers come from an address of their own, so that bounds by source do not meet anybody else.
ATTACKER = "127.0.0.66"
# The day is not before tomorrow: nothing that the sandbox was set up with is from its future.
DAY_AHEAD = 86400


class Samples:
    """Every second: CPU, memory, descriptors, disk of both systems."""

    def __init__(self, town, started, generator):
        self.town, self.started, self.generator = town, started, generator
        self.series, self._over = {}, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _add(self, name, unit, at, value):
        one = self.series.setdefault(name, {"unit": unit, "t": [], "v": []})
        one["t"].append(round(at, 2))
        one["v"].append(value)

    def _watch(self):
        last, count = {}, 0
        while not self._over.wait(1):
            for name, daemon, system in (("alpha", self.town.alpha_daemon, self.town.alpha), ("bravo", self.town.bravo_daemon, self.town.bravo)):
                now = time.monotonic()
                at = now - self.started
                try:
                    pid = daemon.process.pid
                    cpu, memory, descriptors = cpu_seconds(pid), daemon.resident_bytes(), daemon.descriptors()
                except (OSError, StopIteration):
                    last.pop(name, None)  # it is dead just now
                    continue
                if last.get(name, (0,))[0] == pid and cpu >= last[name][1]:
                    self._add(f"{name} CPU", "cores", at, round((cpu - last[name][1]) / (now - last[name][2]), 3))
                last[name] = (pid, cpu, now)
                self._add(f"{name} memory", "MiB", at, round(memory / (1 << 20), 1))
                self._add(f"{name} descriptors", "", at, descriptors)
                if count % DISK_EVERY == 0:
                    try:
                        self._add(f"{name} disk", "MiB", at, round(folder_bytes(system.data) / (1 << 20), 1))
                    except OSError:
                        pass  # a file went away under our hands
            try:
                now, used = time.monotonic(), cpu_seconds(self.generator)
                if "generator" in last:
                    self._add("generator CPU", "cores", now - self.started, round((used - last["generator"][1]) / (now - last["generator"][0]), 3))
                last["generator"] = (now, used)
            except OSError:
                pass  # its day is over
            count += 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def peak(self, name):
        return max(self.series.get(name, {"v": [0]})["v"])


class Operator:
    def __init__(self, town, phases, speed):
        self.town, self.speed = town, speed
        self.events, self.wrong, self.threads = [], [], []
        self.setups = []
        self.is_over = threading.Event()
        self.timetable = []
        at = 0
        for phase in phases:
            self.timetable += [(at + share * phase.seconds, act, phase) for share, act in phase.acts]
            if phase.name == "key-period":
                self.period_at = at
            at += phase.seconds
        self.seconds = at

    def set_clocks(self):
        """So that the key period ends when the timetable says; the day's first second is now."""
        ends = self.town.key_period_ends(time.time() + DAY_AHEAD)
        self.first = ends - (getattr(self, "period_at", self.seconds) + 1) * self.speed
        self.began, self.lag = time.monotonic(), 0
        for system in (self.town.alpha, self.town.bravo):
            self.town.set_clock(system, self.now(), self.speed)

    def now(self):
        return self.first + (time.monotonic() - self.began) * self.speed - self.lag

    def slow_down(self):
        """Books are read at the machine's pace."""
        for system in (self.town.alpha, self.town.bravo):
            self.town.set_clock(system, self.now(), 1)

    def note(self, what):
        self.events.append({"t": round(time.monotonic() - self.started, 2), "what": what})

    def begin(self, started):
        self.started = started
        self._spawn(self._follow)

    def _spawn(self, work, *arguments):
        thread = threading.Thread(target=self._guarded, args=(work, *arguments), daemon=True)
        self.threads.append(thread)
        thread.start()

    def _guarded(self, work, *arguments):
        try:
            work(*arguments)
        except (Failure, OSError, ConnectionLost, subprocess.SubprocessError) as failure:
            self.wrong.append(f"{work.__name__}: {failure}")

    def _follow(self):
        for at, act, phase in sorted(self.timetable, key=lambda entry: entry[0]):
            if self.is_over.wait(max(0, self.started + at - time.monotonic())):
                return
            self._spawn({"kill": self.kill, "attack": self.attack, "set up at the partner": self.set_up}[act], phase)

    def kill(self, _):
        self.note("kill -9 of alpha")
        before, stood_at = time.monotonic(), self.now()
        self.town.alpha_daemon.kill()
        self.town.alpha_daemon.start()
        self.note(f"alpha is ready again after {time.monotonic() - before:.2f} s")
        # A sandbox's clock is the machine's again after a restart; until it is set the users wait outside. An outage lasts as long as
        # it lasts: what users may repeat for half a minute they may repeat now, too.
        self.lag += (time.monotonic() - before) * (self.speed - 1)
        self.town.set_clock(self.town.alpha, max(stood_at, self.now()), self.speed)
        self.town.set_clock(self.town.bravo, self.now(), self.speed)

    def attack(self, phase):
        ends = time.monotonic() + 0.8 * phase.seconds
        target = http2_attacks.Target(self.town.alpha, urllib.parse.urlsplit(self.town.alpha.issuer).path, ATTACKER)
        self.note("malformed traffic and slow peers")
        self._spawn(self._slow_peers, target, ends)
        sent = 0
        while time.monotonic() < ends and not self.is_over.is_set():
            for one in http2_attacks.BROKEN + http2_attacks.MALFORMED:
                if time.monotonic() >= ends:
                    break
                try:
                    one(target)
                    sent += 1
                    self.is_over.wait(ATTACK_EVERY)
                except (OSError, Failure, ConnectionLost):
                    self.is_over.wait(0.1)  # killed meanwhile, or cut off: what it does to us is not looked at here
        self.note(f"{sent} malformed attacks are over")

    def _slow_peers(self, target, ends):
        held = []
        for begin in http1_attacks.SLOW * 8:
            try:
                peer = begin(target)
                held.append(peer[0] if isinstance(peer, tuple) else peer)
            except (OSError, Failure, ConnectionLost):
                continue
        self.note(f"{len(held)} slow peers")
        self.is_over.wait(max(0, ends - time.monotonic()))
        for peer in held:
            try:
                peer.socket.close()
            except OSError:
                pass

    def set_up(self, _):
        """An administrator sets a tenth of all users up at the partner."""
        path = self.town.path("setup.users")
        count = self.town.migrants
        with open(path, "w", encoding="ascii") as file:
            file.writelines(f"sip:day{n}@alpha.example\n" for n in range(count))
        self.note(f"{count} users are to be set up at the partner")
        # Under one key it may be asked again and again: the kill may come in between.
        for tries in range(SET_UPS_MAX):
            try:
                said = self.town.ctl(self.town.alpha, "acm", "setup", "--client", self.town.alpha.acm_client, "--target", "bravo.example",
                                     "--users-from", path, "--key", "day")
                break
            except Failure:
                if tries == SET_UPS_MAX - 1:
                    raise
                self.is_over.wait(0.5)
        self.setups = [json.loads(line)["request_id"] for line in said.splitlines() if line.strip()]
        self.note("the set-up is acknowledged")

    def check_set_up(self):
        """Every user whose set-up was acknowledged is at the partner, once; how many there are."""
        pause, ends = threading.Event(), time.monotonic() + SETTLED_SECONDS_MAX
        created = set()
        for request in self.setups:
            while True:
                users = json.loads(self.town.ctl(self.town.alpha, "acm", "status", request, "--users"))["items"]
                if all(one["status"] != "PENDING" for one in users) or time.monotonic() > ends:
                    break
                pause.wait(0.5)
            for one in users:
                if one["status"] not in ("CREATED", "EXISTED"):
                    self.wrong.append(f"set-up of {one['mc_id']}: {one['status']}")
                elif one["mc_id"] in created:
                    self.wrong.append(f"{one['mc_id']} is set up twice")
                created.add(one["mc_id"])
        return len(created)

    def end(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join(60)
