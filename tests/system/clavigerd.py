"""One clavigerd under a test's hand: the configuration of a sandbox's system, changed; started, killed, started again.

The sandbox (tools/sandbox) makes keys, certificates, demo users and clients; a test then takes a system over, so that it
owns the process, sees its exit status and may change its settings. Readiness is what the daemon tells systemd.
"""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import tomllib

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(SOURCE, "tools", "demo"))
from sandbox_parts import free_port  # noqa: E402, F401  # for servers beside a sandbox

# A cold start under a sanitizer with a database to recover takes some seconds; beyond this it hangs.
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60


class Failure(Exception):
    """What the test is there to find."""


def build_folder():
    return os.path.abspath(os.environ.get("CLAVIGER_BUILD", os.path.join(SOURCE, "build", "release")))


def read_environment(file):
    values = {}
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            name, equals, value = line.strip().partition("=")
            if equals and not name.startswith("#"):
                values[name] = value.strip("'\"")
    return values


def to_toml(settings, path=""):
    """The few kinds of value that our configuration has: scalars, lists of them, tables, arrays of tables."""
    lines, tables = [], []
    for name, value in settings.items():
        if isinstance(value, dict):
            tables.append(f"[{path}{name}]\n{to_toml(value, f'{path}{name}.')}")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            tables += [f"[[{path}{name}]]\n{to_toml(item, f'{path}{name}.')}" for item in value]
        else:
            lines.append(f"{name} = {json.dumps(value)}")
    return "\n".join(lines + tables) + "\n"


def merged(settings, changes):
    result = dict(settings)
    for name, value in changes.items():
        result[name] = merged(result.get(name, {}), value) if isinstance(value, dict) else value
    return result


class Sandbox:
    """A sandbox in a folder of its own, down and gone at the end; kept when the test failed and CLAVIGER_KEEP is set."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="claviger-system.")
        self.daemons = []

    def __enter__(self):
        # Whoever ends a test early (a time limit, Ctrl-C) gets no daemons left behind.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        try:
            self._tool("up")
        except BaseException:
            self.__exit__(Failure)
            raise
        self.values = read_environment(os.path.join(self.folder, "sandbox.env"))
        return self

    def __exit__(self, kind, *_):
        for daemon in self.daemons:
            daemon.kill()
        self._tool("down")
        if kind and os.environ.get("CLAVIGER_KEEP"):
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _tool(self, verb):
        run = subprocess.run([os.path.join(SOURCE, "tools", "sandbox"), verb, self.folder], text=True, timeout=600,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             env=os.environ | {"CLAVIGER_BUILD": build_folder()})
        if run.returncode != 0 and verb == "up":
            raise Failure(f"tools/sandbox up: status {run.returncode}\n{run.stdout}")

    def system(self, name="ALPHA"):
        return System({key[len(name) + 1:]: value for key, value in self.values.items() if key.startswith(name + "_")})

    def take_over(self, system, changes):
        """Ends the sandbox's own process of this system and starts ours in its place, with changed settings."""
        os.kill(int(system.pid), signal.SIGTERM)
        daemon = Daemon(system, changes)
        self.daemons.append(daemon)
        daemon.wait_for_predecessor(int(system.pid))
        daemon.start()
        return daemon


class System:
    """The values of sandbox.env that concern one system, as members: issuer, ca, admin_socket, client_id..."""

    def __init__(self, values):
        self.values = values
        self.tenant = values["ISSUER"].rstrip("/").rsplit("/", 1)[1]

    def __getattr__(self, name):
        try:
            return self.values[name.upper()]
        except KeyError:
            raise AttributeError(name) from None


class Daemon:
    def __init__(self, system, changes):
        self.system = system
        self.config = system.config + ".taken_over"
        self.output = system.config + ".output"
        self.process = None
        with open(system.config, "rb") as file:
            settings = merged(tomllib.load(file), changes)
        descriptor = os.open(self.config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(to_toml(settings))

    @staticmethod
    def wait_for_predecessor(pid):
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        ended, _, _ = select.select([descriptor], [], [], STOP_SECONDS_MAX)
        os.close(descriptor)
        if not ended:
            raise Failure(f"SIGTERM: process {pid} still runs after {STOP_SECONDS_MAX} s")

    def launch(self):
        """Starts the process and returns at once."""
        path = self.config + ".notify"
        if os.path.exists(path):
            os.unlink(path)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(path)
        self.notify.settimeout(0.1)
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(
                [os.path.join(build_folder(), "bin", "clavigerd"), "--config", self.config], stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, env=os.environ | {"NOTIFY_SOCKET": path})

    def start(self):
        self.launch()
        for _ in range(START_SECONDS_MAX * 10):
            try:
                if b"READY=1" in self.notify.recv(4096):
                    self.notify.close()
                    return
            except TimeoutError:
                if self.process.poll() is not None:
                    raise Failure(f"clavigerd ended with status {self.process.returncode}:\n{self.last_output()}") from None
        raise Failure(f"clavigerd is not ready after {START_SECONDS_MAX} s:\n{self.last_output()}")

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self):
        """SIGTERM; it must drain and end with status 0."""
        self.process.terminate()
        try:
            status = self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            raise Failure(f"SIGTERM: still running after {STOP_SECONDS_MAX} s") from None
        if status != 0:
            raise Failure(f"SIGTERM: ended with status {status}:\n{self.last_output()}")

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def last_output(self):
        with open(self.output, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-40:])

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))

    def descriptors(self):
        """0 for who may not look: the daemon cannot be dumped, so that its files in /proc are root's."""
        try:
            return len(os.listdir(f"/proc/{self.process.pid}/fd"))
        except PermissionError:
            return 0
