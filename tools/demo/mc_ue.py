"""An MC client's side of service registration (TS 24.379 clause 7): REGISTER, PUBLISH with an access token, SUBSCRIBE to its own
service state, NOTIFYs answered; all over one TLS connection to the SIP core, with a certificate of its own.
"""

import os
import sys
import types

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "tests", "system"))
from clavigerd import Failure  # noqa: E402, F401
from sip_core import INFO, SETTINGS, Core, info, multipart, settings  # noqa: E402

TAGS = ";+sip.instance=\"<{client}>\";+g.3gpp.mcptt;+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mcptt\""
SERVICE = "urn:urn-7:3gpp-service.ims.icsi.mcptt"


class Ue(Core):
    """At a core's TLS port. What tests/system/sip_core.py says as a core in a UE's name, this says as the UE: it asserts nothing."""

    def __init__(self, port, impu, server, ca, certificate, client):
        super().__init__(types.SimpleNamespace(sip_host="127.0.0.1", sip_port=port, sip_tls_port=port, sip_psi=server), "tls", ca, certificate)
        self.impu, self.client = impu, client
        self.realm = impu.rpartition("@")[2]

    def _own(self, tag):
        return {"From": f"<{self.impu}>;tag={tag}", "P-Asserted-Identity": None, "P-Preferred-Identity": f"<{self.impu}>",
                "P-Preferred-Service": SERVICE}

    def sign_on(self, expires=600, tags=TAGS):
        """The REGISTER and its answer."""
        return self.ask("REGISTER", f"sip:{self.realm}", {"From": f"<{self.impu}>;tag=r", "To": f"<{self.impu}>", "Expires": str(expires),
                                                         "Contact": f"<{self.uri()}>" + tags.format(client=self.client)})

    def authorise_with(self, token, mode="automatic"):
        kind, body = multipart((INFO.format("mcptt"), info(token=token, client=self.client)), (SETTINGS, settings(self.client, mode)))
        return self.publish(self.impu, kind, body, fields=self._own("p"))

    def log_off(self, etag):
        return self.publish(self.impu, if_match=etag, expires=0, fields=self._own("p"))

    def watch(self, mc_id, expires=4294967295):
        return self.subscribe(self.impu, mc_id, expires=expires, fields=self._own("s"))
