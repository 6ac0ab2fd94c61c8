#!/usr/bin/env python3
"""Mutated Diameter messages against a living daemon: it neither ends, nor hangs, nor grows, whatever it says back is well
formed, and a neighbour's connection goes on meanwhile.

  tests/system/diameter_mutations.py [--messages N] [--seed S]
"""

import argparse
import multiprocessing
import os
import random
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import clavigerd  # noqa: E402
from diameter_peers import REALM, Node, check  # noqa: E402
from diameter_wire import CX, PROXIABLE, REQUEST, VENDOR, Message, Peer, avp, message  # noqa: E402

BURST = 64
# What a daemon of some hundred megabytes may gain by caches and pools that fill.
GROWTH_MAX = 128 << 20


def samples(origin):
    session = avp(263, "far;1;2")
    common = [session, *origin, avp(283, "alpha.example"), avp(260, avp(266, VENDOR) + avp(258, CX)), avp(277, 1)]
    item = avp(612, avp(608, "Digest-AKAv1-MD5", VENDOR) + avp(610, bytes(30), VENDOR), VENDOR)
    identity = [avp(601, "sip:a@alpha.example", VENDOR), avp(1, "a@alpha.example")]
    yield message(280, 0, origin)
    yield message(257, 0, [*origin, avp(257, b"\0\1\x7f\0\0\1"), avp(266, 0), avp(269, "x", flags=0), avp(258, CX)])
    for command in (300, 301, 302, 303):
        yield message(command, CX, [*common, *identity, avp(607, 1, VENDOR), item, avp(602, "sip:s@far", VENDOR),
                                    avp(614, 1, VENDOR), avp(624, 0, VENDOR), avp(600, "far", VENDOR)], REQUEST | PROXIABLE)
    yield message(303, CX, [session, avp(268, 2001), *origin, *identity, item], PROXIABLE)
    yield message(304, CX, [*common, avp(284, avp(280, "p") + avp(33, "s")), avp(282, "r1"), avp(282, "r2"), avp(301, 3, flags=0),
                            avp(279, avp(1, "x"))], REQUEST | PROXIABLE)


def mutated(octets, dice):
    octets = bytearray(octets)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(4, len(octets))
        what = dice.randrange(6)
        if what == 0:
            octets[at] ^= 1 << dice.randrange(8)
        elif what == 1:
            octets[at] = dice.choice((0, 1, 7, 8, 12, 0x7f, 0x80, 0xff))
        elif what == 2:  # an AVP's length, perhaps
            octets[at // 4 * 4:at // 4 * 4 + 4] = struct.pack(">I", dice.choice((0, 7, 8, 11, 12, 0xffffff, 0x40000008)))
        elif what == 3:
            del octets[at // 4 * 4:at // 4 * 4 + 4 * dice.randint(1, 8)]
        elif what == 4:
            octets[at // 4 * 4:at // 4 * 4] = octets[20:20 + 4 * dice.randint(1, 40)]
        else:
            octets[at:at + 4] = dice.randbytes(4)
        if len(octets) < 24:
            break
    octets = octets[:len(octets) // 4 * 4]
    octets[0] = 1 if dice.random() < 0.98 else dice.randrange(256)
    # Mostly of the right length, or the connection would end at once.
    if dice.random() < 0.995:
        octets[1:4] = len(octets).to_bytes(3, "big")
    return bytes(octets)


def drain(peer, left):
    """Takes what the node said; each whole message is looked at. What is left over; None at the end."""
    try:
        piece = peer.socket.recv(1 << 20)
    except (BlockingIOError, TimeoutError):
        return left
    except ConnectionError:
        return None
    if not piece:
        return None
    left += piece
    while len(left) >= 20:
        length = struct.unpack(">I", left[:4])[0] & 0xffffff
        if length < 20 or length % 4 != 0:
            raise clavigerd.Failure(f"the node said a message of {length} octets")
        if len(left) < length:
            break
        Message(left[:length])
        left = left[length:]
    return left


def attack(node, count, dice):
    sent = connections = 0
    while sent < count:
        identity = f"mutant{dice.randrange(4)}.far.example"
        with Peer(node.address, identity, REALM) as peer:
            Peer.states = dice.randrange(1 << 31)
            try:
                peer.exchange()
            except (EOFError, ConnectionError):
                continue
            connections += 1
            peer.socket.settimeout(0.002)
            good, left = list(samples(peer.origin())), b""
            while left is not None and sent < count:
                burst = b"".join(mutated(dice.choice(good), dice) for _ in range(BURST))
                try:
                    peer.socket.settimeout(10)
                    peer.socket.sendall(burst)
                except ConnectionError:
                    break
                sent += BURST
                peer.socket.settimeout(0.002)
                left = drain(peer, left)
    return connections


def neighbour(address, told):
    """Asks and asks; how often a second, until it is told to end."""
    with Peer(address, "calm.far.example", REALM) as peer:
        peer.exchange()
        done, start = 0, time.monotonic()
        told.send("asking")
        while not told.poll():
            if peer.ask(280, 0, peer.origin()).result() != 2001:
                raise clavigerd.Failure("a neighbour was refused")
            done += 1
        told.send(done / (time.monotonic() - start))


def rate_of(address, work):
    ours, its = multiprocessing.Pipe()
    process = multiprocessing.Process(target=neighbour, args=(address, its))
    process.start()
    if not ours.poll(20) or ours.recv() != "asking":
        raise clavigerd.Failure("the neighbour does not get through")
    work()
    ours.send("end")
    if not ours.poll(20):
        raise clavigerd.Failure("the neighbour waits for an answer")
    rate = ours.recv()
    process.join()
    return rate


def resident(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--messages", type=int, default=200_000)
    options.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = options.parse_args()
    print(f"seed {options.seed}", flush=True)
    dice = random.Random(options.seed)
    with clavigerd.Sandbox() as sandbox:
        node, pid = Node(sandbox), int(sandbox.values["ALPHA_PID"])
        for identity in ("calm.far.example", *(f"mutant{i}.far.example" for i in range(4))):
            node.admit(identity)
        attack(node, options.messages // 10, dice)  # pools and caches fill
        before = resident(pid)
        connections = []
        rate = rate_of(node.address, lambda: connections.append(attack(node, options.messages, dice)))
        check(os.path.exists(f"/proc/{pid}"), f"the daemon lives after {options.messages} messages on {connections[0]} connections")
        grown = resident(pid) - before
        check(grown < GROWTH_MAX, f"it has grown by {grown >> 20} MiB")
        print(f"a neighbour asked {rate:.0f} times a second meanwhile")
        with Peer(node.address, "mutant0.far.example", REALM) as peer:
            Peer.states = 7
            check(peer.exchange().result() == 2001, "who asks properly is answered")
        status = node.ctl("status")
        check(status is not None, "and so is the operator")


if __name__ == "__main__":
    try:
        main()
    except (clavigerd.Failure, socket.timeout) as failure:
        sys.exit(f"diameter_mutations: {failure}")
