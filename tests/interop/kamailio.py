"""Kamailio as the S-CSCF of a SIP core: Diameter (cdp) towards one peer, authentication by ims_auth."""

import os
import shutil
import signal
import subprocess

from clavigerd import free_port

MODULES = "/usr/lib/x86_64-linux-gnu/kamailio/modules/"

PEERS = """<?xml version="1.0" encoding="UTF-8"?>
<DiameterPeer FQDN="{identity}" Realm="{realm}" Vendor_Id="10415" Product_Name="CDiameterPeer" AcceptUnknownPeers="0"
  DropUnknownOnDisconnect="1" Tc="5" Workers="2" QueueLength="32" ConnectTimeout="5" TransactionTimeout="5"
  SessionsHashSize="128" DefaultAuthSessionTimeout="3600" MaxAuthSessionTimeout="3600">
  <Peer FQDN="{peer_identity}" Realm="{peer_realm}" port="{peer_port}" src_addr="127.0.0.1"/>
  <Acceptor port="{diameter_port}" bind="127.0.0.1"/>
  <Auth id="16777216" vendor="10415"/>
  <SupportedVendor vendor="10415"/>
  <Realm name="{peer_realm}"><Route FQDN="{peer_identity}" metric="3"/></Realm>
  <DefaultRoute FQDN="{peer_identity}" metric="10"/>
</DiameterPeer>
"""

SCRIPT = """#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=2
tcp_children=2
listen=udp:127.0.0.1:{sip_port}
listen=tcp:127.0.0.1:{sip_port}
alias="{realm}"
auto_aliases=no
dns=no
rev_dns=no
{hosts}
mpath="{modules}"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "textops.so"
loadmodule "xlog.so"
loadmodule "kex.so"
loadmodule "tmx.so"
loadmodule "cdp.so"
loadmodule "ims_auth.so"
modparam("tm", "failure_reply_mode", 3)
modparam("tm", "fr_timer", 10000)
modparam("cdp", "config_file", "{folder}/peers.xml")
modparam("ims_auth", "name", "{name}")
modparam("ims_auth", "registration_default_algorithm", "AKAv1-MD5")
modparam("ims_auth", "cxdx_dest_realm", "{peer_realm}")
modparam("ims_auth", "cxdx_forced_peer", "{peer_identity}")
modparam("ims_auth", "av_request_at_once", 1)
modparam("ims_auth", "av_request_at_sync", 1)
modparam("ims_auth", "registration_qop", "auth")

route {{
  if (t_precheck_trans()) {{
    t_check_trans();
    exit;
  }}
  t_check_trans();
  if (is_method("REGISTER")) {{
    route(REGISTER);
    exit;
  }}
  sl_send_reply("404", "Not here");
}}

route[REGISTER] {{
  if (!ims_www_authenticate("{realm}")) {{
    if ($? == -2) {{
      sl_send_reply("403", "Authentication Failed");
    }} else if ($? == -3) {{
      sl_send_reply("400", "Bad Request");
    }} else if ($? == -9) {{
      if (t_newtran()) ims_www_resync_auth("RESYNC_REPLY", "{realm}");
    }} else {{
      ims_www_challenge("MAR_REPLY", "{realm}", "AKAv1-MD5");
    }}
    exit;
  }}
  append_to_reply("Service-Route: <sip:orig@127.0.0.1:{sip_port};lr>\\r\\n");
  sl_send_reply("200", "OK");
  exit;
}}

# The new vector lies ready; the challenge that takes it is ours to send.
route[RESYNC_REPLY] {{
  if ($avp(s:maa_return_code) == 1) ims_www_challenge("MAR_REPLY", "{realm}", "AKAv1-MD5");
  else send_reply("403", "Forbidden");
  exit;
}}

route[MAR_REPLY] {{
  if ($avp(s:maa_return_code) != 1) {{
    xlog("L_ERR", "MAR: $avp(s:maa_return_code)\\n");
    send_reply("403", "Forbidden");
  }}
  exit;
}}
"""


class Scscf:
    """Runs until close(). `peer`: identity, realm and port of the Diameter node that has the subscribers."""

    def __init__(self, folder, identity, realm, peer, diameter_port=None, name=None):
        self.folder, self.identity, self.realm = folder, identity, realm
        self.sip_port, self.diameter_port = free_port(), diameter_port or free_port()
        os.makedirs(folder, exist_ok=True)
        values = {"identity": identity, "realm": realm, "peer_identity": peer[0], "peer_realm": peer[1], "peer_port": peer[2],
                  "diameter_port": self.diameter_port, "sip_port": self.sip_port, "folder": folder, "modules": MODULES,
                  "host": "127.0.0.1", "name": name or f"sip:{identity}:{self.sip_port}", "hosts": ""}
        for file, text in (("peers.xml", PEERS), ("kamailio.cfg", SCRIPT)):
            with open(os.path.join(folder, file), "w", encoding="utf-8") as out:
                out.write(text.format(**values))
        self.log = os.path.join(folder, "kamailio.log")
        self.process = None

    @staticmethod
    def is_installed():
        return shutil.which("kamailio") is not None and os.path.exists(MODULES + "ims_auth.so")

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(["kamailio", "-f", os.path.join(self.folder, "kamailio.cfg"), "-DD", "-E", "-w", self.folder,
                                             "-Y", self.folder, "-m", "64", "-M", "16"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True)
        return self

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def close(self):
        if self.process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(timeout=10)
                break
            except (subprocess.TimeoutExpired, ProcessLookupError):
                continue

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()
