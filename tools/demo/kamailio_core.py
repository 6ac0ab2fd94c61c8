"""Kamailio as the SIP core between UEs and an MC service: an S-CSCF with ims_registrar_scscf and ims_isc, TLS on both sides.

A UE is who its certificate says (the URI of its subject alternative name): it registers that public identity and no other,
and the core asserts it in what it passes on. Who is registered with an MC feature tag is registered by ims_isc with the MC
service, too, his own REGISTER in the body. SUBSCRIBE is recorded, so that NOTIFY comes back this way. Every message that
passes leaves a line "passed ..." in the log.

ims_registrar_scscf 5.6 crashes in save() with two arguments (kamailio issue 3412): it is given all four.
"""

import os
import shutil
import signal
import socket
import subprocess
import time

from home_subscriber_server import HomeSubscriberServer
from sandbox_parts import free_port

MODULES = "/usr/lib/x86_64-linux-gnu/kamailio/modules/"
NEEDED = ("ims_isc.so", "ims_registrar_scscf.so", "tls.so", "presence.so", "jsonrpcs.so")
READY_SECONDS_MAX = 30

PEERS = """<?xml version="1.0" encoding="UTF-8"?>
<DiameterPeer FQDN="{identity}" Realm="{realm}" Vendor_Id="10415" Product_Name="CDiameterPeer" AcceptUnknownPeers="0"
  DropUnknownOnDisconnect="1" Tc="30" Workers="2" QueueLength="32" ConnectTimeout="5" TransactionTimeout="5"
  SessionsHashSize="128" DefaultAuthSessionTimeout="3600" MaxAuthSessionTimeout="3600">
  <Peer FQDN="{hss}" Realm="{realm}" port="0"/>
  <Acceptor port="{diameter_port}" bind="127.0.0.1"/>
  <Auth id="16777216" vendor="10415"/>
  <SupportedVendor vendor="10415"/>
  <DefaultRoute FQDN="{hss}" metric="10"/>
</DiameterPeer>
"""

CERTIFICATES = """[server:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
private_key = {key}
certificate = {certificate}
ca_list = {ca}
[client:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
private_key = {key}
certificate = {certificate}
ca_list = {ca}
"""

SCRIPT = """#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=1
tcp_children=2
enable_tls=yes
tcp_connection_lifetime=3605
listen=tls:127.0.0.1:{port}
alias="{realm}"
auto_aliases=no
rev_dns=no
mpath="{modules}"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "kex.so"
loadmodule "tmx.so"
loadmodule "jsonrpcs.so"
loadmodule "tls.so"
loadmodule "cdp.so"
loadmodule "cdp_avp.so"
loadmodule "presence.so"
loadmodule "ims_dialog.so"
loadmodule "ims_usrloc_scscf.so"
loadmodule "ims_registrar_scscf.so"
loadmodule "ims_isc.so"
modparam("jsonrpcs", "transport", 2)
modparam("tls", "config", "{folder}/tls.cfg")
modparam("tm", "failure_reply_mode", 3)
modparam("tm", "fr_timer", 10000)
modparam("cdp", "config_file", "{folder}/peers.xml")
modparam("ims_dialog", "dlg_flag", 5)
modparam("ims_usrloc_scscf", "matching_mode", 0)
modparam("ims_registrar_scscf", "scscf_name", "{name}")
modparam("ims_registrar_scscf", "cxdx_dest_realm", "{realm}")
modparam("ims_registrar_scscf", "min_expires", 60)
modparam("ims_registrar_scscf", "max_expires", 3600)
modparam("ims_isc", "my_uri", "scscf.{realm}:{port}")

# The name server's part: where the application server of the filter criteria is.
event_route[core:worker-one-init] {{
  jsonrpc_exec('{{"jsonrpc":"2.0","method":"dns.add_a","params":["{as_host}",86400,"{as_address}",2]}}');
  jsonrpc_exec('{{"jsonrpc":"2.0","method":"dns.add_srv","params":["_sips._tcp.{as_host}",86400,1,1,{as_port},"{as_host}",2]}}');
}}

request_route {{
  if (t_precheck_trans()) {{
    t_check_trans();
    exit;
  }}
  t_check_trans();
  if (is_method("REGISTER")) {{
    if ($tls_peer_verified != 1 || $tu != $tls_peer_san_uri) {{
      sl_send_reply("403", "Not Your Identity");
      exit;
    }}
    xlog("L_ALERT", "passed REGISTER of $tu, certificate verified $tls_peer_verified\\n");
    if (!impu_registered("location")) {{
      save("ASSIGNED", "location", "0", "0");
    }} else {{
      isc_match_filter_reg("1", "location");
      save("ASSIGNED_AGAIN", "location", "0", "0");
    }}
    exit;
  }}
  if (has_totag()) {{
    if (!loose_route()) {{
      sl_send_reply("404", "No Route");
      exit;
    }}
    route(RELAY);
  }}
  if (is_method("PUBLISH|SUBSCRIBE") && $ru == "{server}") {{
    if ($tls_peer_verified != 1 || $fu != $tls_peer_san_uri) {{
      sl_send_reply("403", "Not Your Identity");
      exit;
    }}
    remove_hf("P-Asserted-Identity");
    remove_hf("P-Preferred-Identity");
    append_hf("P-Asserted-Identity: <$fu>\\r\\n");
    record_route();
    $du = "{server};transport=tls";
    route(RELAY);
  }}
  sl_send_reply("404", "Not Here");
}}

route[RELAY] {{
  xlog("L_ALERT", "passed $rm of $fu, certificate verified $tls_peer_verified\\n");
  if (!t_relay()) sl_reply_error();
  exit;
}}

reply_route {{
  xlog("L_ALERT", "passed $rs to $rm of $fu, certificate verified $tls_peer_verified\\n");
}}

# The 200 to the UE is sent by then.
route[ASSIGNED] {{
  if ($avp(s:saa_return_code) == 1) isc_match_filter_reg("0", "location");
  exit;
}}
route[ASSIGNED_AGAIN] {{
  exit;
}}

event_route[tm:local-request] {{
  xlog("L_ALERT", "passed third-party $rm of $tu\\n");
}}
event_route[tm:local-response] {{
  xlog("L_ALERT", "passed $rs to $rm of $tu, to the UE\\n");
}}
"""


def is_installed():
    return shutil.which("kamailio") is not None and all(os.path.exists(MODULES + name) for name in NEEDED)


class Kamailio:
    """Runs until close(). `server`: the MC service's PSI, at `address`; `files`: certificate, key and CA of the core."""

    def __init__(self, folder, realm, server, address, files):
        self.folder, self.port, self.realm = folder, free_port(), realm
        self.log = os.path.join(folder, "kamailio.log")
        diameter_port, hss = free_port(), f"hss.{realm}"
        os.makedirs(folder, mode=0o700, exist_ok=True)
        values = {"port": self.port, "realm": realm, "identity": f"scscf.{realm}", "hss": hss, "name": f"sip:scscf.{realm}:{self.port}",
                  "diameter_port": diameter_port, "folder": folder, "modules": MODULES, "server": server, "as_host": server.partition(":")[2],
                  "as_address": address[0], "as_port": address[1], "certificate": files[0], "key": files[1], "ca": files[2]}
        for file, text in (("peers.xml", PEERS), ("tls.cfg", CERTIFICATES), ("kamailio.cfg", SCRIPT)):
            with open(os.path.join(folder, file), "w", encoding="utf-8") as out:
                out.write(text.format(**values))
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["kamailio", "-f", os.path.join(folder, "kamailio.cfg"), "-DD", "-E", "-w", folder, "-Y", folder,
                                             "-m", "64", "-M", "16"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            self.subscribers = self._as_soon_as_it_listens(lambda: HomeSubscriberServer(diameter_port, hss, realm, server + ";transport=tls"))
            self._as_soon_as_it_listens(lambda: socket.create_connection(("127.0.0.1", self.port))).close()
        except BaseException:
            self._end()
            raise

    def _as_soon_as_it_listens(self, connect):
        until = time.monotonic() + READY_SECONDS_MAX
        while True:
            try:
                return connect()
            except ConnectionRefusedError:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise ConnectionError(f"kamailio does not start: {self.said()[-2000:]}") from None
                time.sleep(0.02)

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def passed(self):
        """What went through, in order."""
        return [line.partition("passed ")[2] for line in self.said().splitlines() if ": passed " in line]

    def _end(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(timeout=10)
                return
            except (subprocess.TimeoutExpired, ProcessLookupError):
                continue

    def close(self):
        self.subscribers.close()
        self._end()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
