"""Kamailio's registrar, and SIPp, which registers at it and at us: the same REGISTER, UDP, the server on one CPU.

Kamailio keeps its locations in memory (db_mode 0); our answer leaves when the registration is on disk.
"""

import os
import shutil
import subprocess
import threading

from clavigerd import Failure, free_port
from machine import LOAD_CPU, SERVER_CPU, cpu_seconds, pinned

SCENARIO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "register.xml")
IN_FLIGHT, RATE = 256, 2000
SECONDS_MAX = 120
CONFIGURATION = """#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children=1
{transport}
auto_aliases=no
alias="ims.alpha.example"
dns=no
rev_dns=no
mpath="{modules}"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("usrloc", "db_mode", 0)
modparam("usrloc", "hash_size", 16)
modparam("registrar", "max_expires", 7200)
request_route {{
  if (method == "REGISTER") {{
    save("location");
    exit;
  }}
  sl_send_reply("404", "Not here");
}}
"""
# One process that answers, whichever way requests come.
TRANSPORTS = {"udp": "disable_tcp=yes\nlisten=udp:127.0.0.1:{port}", "tcp": "tcp_children=1\nlisten=tcp:127.0.0.1:{port}"}
MODULES = "/usr/lib/x86_64-linux-gnu/kamailio/modules/"


class Kamailio:
    """All its processes on the server's CPU."""

    def __init__(self, folder, transport="udp"):
        self.port, self.transport = free_port(), transport
        path = os.path.join(folder, "kamailio.cfg")
        with open(path, "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format(transport=TRANSPORTS[transport].format(port=self.port), modules=MODULES))
        self._log = open(os.path.join(folder, "kamailio.log"), "wb")
        self.process = subprocess.Popen(pinned(SERVER_CPU, "kamailio", "-DD", "-E", "-f", path, "-w", folder, "-Y", folder, "-m", "512", "-M", "32"),
                                        stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)

    def pids(self):
        """The process and its children."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            return [int(pid) for pid in [self.process.pid, *file.read().split()]]

    def cpu_seconds(self):
        return sum(cpu_seconds(pid) for pid in self.pids())

    def __enter__(self):
        pause = threading.Event()
        for _ in range(100):
            with open(f"/proc/net/{self.transport}", encoding="ascii") as file:
                if f": 0100007F:{self.port:04X} " in file.read():
                    return self
            pause.wait(0.1)
        self.__exit__()
        raise Failure("Kamailio does not listen")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()


def has_kamailio():
    return shutil.which("kamailio") is not None and os.path.exists(MODULES + "registrar.so")


def register(folder, host, port, psi, calls, prefix):
    """SIPp: `calls` registrations of as many users; refused or unanswered ones are a Failure."""
    run = subprocess.run(
        pinned(LOAD_CPU, "sipp", f"{host}:{port}", "-sf", SCENARIO, "-t", "u1", "-i", "127.0.0.1", "-m", str(calls), "-l", str(IN_FLIGHT), "-r",
               str(RATE), "-key", "psi", psi, "-key", "prefix", prefix, "-nostdin", "-timeout", f"{SECONDS_MAX}s"),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd=folder)
    if run.returncode != 0:
        raise Failure(f"sipp: status {run.returncode}: {run.stderr[-400:]}")
