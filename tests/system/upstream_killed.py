#!/usr/bin/env python3
"""A hundred thousand requests for vectors wait for a primary system's agent, which is killed: each of them is answered once, by the
other agent or with an error, and the relay goes on (RFC 3539 clause 3.4, the time budgets of broker/migration/relay.h). Then the
same with nobody left to ask. Says how many waited, and how long the answers took.

usage: upstream_killed.py [--requests N]     CLAVIGER_BUILD: the build folder.
"""

import argparse
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "tools", "demo"))
import s_cscf as cx  # noqa: E402
from clavigerd import Failure, Sandbox  # noqa: E402
from migration_relay import AGENT, CSCF, DOWN, GAMMA, OTHER_AGENT, REALM, SERVER, UP, Cscf, vector  # noqa: E402
from operators_day import Ctl, expect  # noqa: E402

# The last one: whoever was killed is not trusted again before its third answer to a watchdog (RFC 3539 clause 3.4.1).
LAST_AGENT = "last.gamma.example"
# All answers: a machine that has other things to do takes longer than the budget of 4.2 s.
ANSWERED_SECONDS_MAX = 120
BATCH = 500
# An agent that takes what comes and says nothing: a process of its own, to be killed.
SILENT = """
import sys
sys.path.append(sys.argv[1])
import s_cscf as cx
node = cx.Node(sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5], timeout=None)
print("there", flush=True)
while node.socket.recv(1 << 20):
    pass
"""


class Silent:
    def __init__(self, bravo, identity):
        self.process = subprocess.Popen([sys.executable, "-B", "-c", SILENT, os.path.dirname(cx.__file__), bravo.diameter_host,
                                         bravo.diameter_port, identity, GAMMA], stdout=subprocess.PIPE)
        expect(self.process.stdout.readline() == b"there\n", f"{identity} is not connected")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def messages(take, buffer):
    """Whole messages out of what comes in."""
    while more := take(1 << 20):
        buffer += more
        at = 0
        while len(buffer) - at >= 4:
            length = int.from_bytes(buffer[at + 1:at + 4], "big")
            if len(buffer) - at < length:
                break
            yield bytes(buffer[at:at + length])
            at += length
        del buffer[:at]


class Answering(threading.Thread):
    """The other agent: one vector for everybody, at once."""

    def __init__(self, bravo, identity):
        super().__init__(daemon=True)
        self.node = cx.Node(bravo.diameter_host, int(bravo.diameter_port), identity, GAMMA, timeout=None)
        self.seen = self.repeated = 0
        self.start()

    def run(self):
        body = b"".join([cx.avp(263, "s"), cx.avp(264, self.node.identity), cx.avp(296, GAMMA), *vector(UP[0], UP[1])])
        head = struct.pack("!III", 1 << 24 | 20 + len(body), 0x40 << 24 | cx.MAR, cx.CX)
        try:
            for message in messages(self.node.socket.recv, bytearray(self.node.buffer)):
                if int.from_bytes(message[5:8], "big") == cx.MAR:
                    self.seen += 1
                    self.repeated += bool(message[4] & 0x10)
                    self.node.socket.sendall(head + message[12:20] + body)
                else:
                    self.node.answer(cx.Message(message), [cx.avp(268, 2001)])
        except OSError:
            pass


class Storm:
    """An S-CSCF that asks for everybody at once."""

    def __init__(self, bravo, count, series):
        # One of its own for each storm: what was asked before under the same End-to-End Identifier is answered as before.
        self.cscf, self.count, self.series = Cscf(bravo), count, series
        self.sent, self.answers = [0.0] * count, {}
        self.more_than_once, self.late = 0, []
        first = cx.Message(self.cscf.request(cx.MAR, cx.CX, [
            cx.avp(263, CSCF + ";1;1"), cx.avp(264, CSCF), cx.avp(296, REALM), cx.avp(283, REALM),
            cx.avp(260, [cx.avp(266, cx.VENDOR), cx.avp(258, cx.CX)]), cx.avp(277, 1), cx.cx(601, DOWN[1]), cx.avp(1, DOWN[0]),
            cx.cx(607, 1), cx.cx(612, [cx.cx(608, "Digest-AKAv1-MD5")]), cx.cx(602, SERVER)])).octets
        self.head, self.tail = first[:12], first[20:]
        self.cscf.socket.settimeout(ANSWERED_SECONDS_MAX)
        self.all_sent = threading.Event()

    def ask(self):
        for begin in range(0, self.count, BATCH):
            numbers = range(begin, min(begin + BATCH, self.count))
            octets = b"".join(self.head + struct.pack("!II", 1 << 20 | number, self.series << 24 | number) + self.tail for number in numbers)
            now = time.monotonic()
            for number in numbers:
                self.sent[number] = now
            self.cscf.socket.sendall(octets)
        self.all_sent.set()

    def hear(self):
        for message in messages(self.cscf.socket.recv, bytearray(self.cscf.buffer)):
            if message[4] & 0x80:
                self.cscf.answer(cx.Message(message), [cx.avp(268, 2001)])  # DWR
                continue
            number = int.from_bytes(message[12:16], "big") & 0xFFFFF
            result = cx.Message(message).result() if number not in self.answers else None
            self.more_than_once += result is None
            self.answers[number] = result
            self.late.append(time.monotonic() - self.sent[number])
            if len(self.answers) == self.count:
                return

    def run(self, kill):
        sender = threading.Thread(target=self.ask, daemon=True)
        killer = threading.Thread(target=kill, args=(self,), daemon=True)
        sender.start()
        killer.start()
        try:
            self.hear()
        except socket.timeout as nothing:
            raise Failure(f"{len(self.answers)} of {self.count} were answered") from nothing
        sender.join()
        killer.join()
        # Whatever would be answered again comes before this.
        after = self.cscf.vector(*DOWN)
        expect(self.more_than_once == 0 and not self.cscf.requests, f"{self.more_than_once} were answered twice")
        results = {}
        for result in self.answers.values():
            results[result] = results.get(result, 0) + 1
        self.late.sort()
        return results, self.late[len(self.late) // 2], self.late[-1], after.result()


def pending(ctl, identity):
    return next((int(each["pending"]) for each in ctl.json("peer", "list")["items"] if each["identity"] == identity), 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=100_000)
    count = parser.parse_args().requests
    with Sandbox() as sandbox:
        bravo = sandbox.system("BRAVO")
        # Of its places a third is kept for requests of higher priority (RFC 7944).
        sandbox.take_over(bravo, {"diameter": {"pending_max": 1 << 18}})
        ctl = Ctl(bravo.admin_socket)
        ctl.run("agreement", "add", "mc.gamma.example", "--own-system", "bravo.example", "--inbound", "static", "--service", "mcptt",
                "--requests-per-minute-of-user", "1000000", "--requests-per-second", "1000000", "--domain", GAMMA, "--range",
                "gvisitors.bravo.example", "--realm", GAMMA, "--core-host", AGENT, "--core-host", OTHER_AGENT, "--core-host",
                LAST_AGENT)
        ctl.run("binding", "add", "mc.gamma.example", "--partner-impi", DOWN[0], "--partner-impu", DOWN[1], "--primary-impi", UP[0],
                "--primary-impu", UP[1])
        for identity in (AGENT, OTHER_AGENT, LAST_AGENT):
            ctl.run("peer", "add", identity, GAMMA, "--transport", "tcp", "--route", GAMMA)
        ctl.run("peer", "add", CSCF, REALM, "--transport", "tcp", "--route", REALM)
        other = Answering(bravo, OTHER_AGENT)
        for is_alone in (False, True):
            identity = LAST_AGENT if is_alone else AGENT
            silent = Silent(bravo, identity)
            if is_alone:
                other.node.close()
            waited = []

            def kill(storm, victim=silent, name=identity, seen=waited):
                # As soon as so many wait for it as one sees; at last when all have been sent.
                most = 0
                while most < count // 2 and not storm.all_sent.is_set():
                    most = max(most, pending(ctl, name))
                seen.append(max(most, pending(ctl, name)))
                victim.kill()
            storm = Storm(bravo, count, 2 if is_alone else 1)
            results, middle, last, after = storm.run(kill)
            storm.cscf.close()
            expect(set(results) <= ({"3002", "3004"} if is_alone else {"2001", "3002", "3004"}), f"answers: {results}")
            expect(waited[0] > 0, "nobody waited for the one that was killed")
            expect(after == ("3002" if is_alone else "2001"), f"afterwards: {after}")
            expect(not any(pending(ctl, each) for each in (AGENT, OTHER_AGENT, LAST_AGENT)), "somebody is waited for")
            print(f"{'nobody left' if is_alone else 'another agent'}: {waited[0]} waited when it was killed; {count} answered once: {results}; "
                  f"half of them within {middle:.2f} s, all within {last:.2f} s", flush=True)
        expect(0 < other.repeated <= other.seen, f"of {other.seen} that came {other.repeated} had the T bit")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"upstream_killed.py: {failure}")
