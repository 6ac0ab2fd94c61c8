"""The home subscriber server of a SIP core, as far as an S-CSCF needs it for service registration: who is assigned to it gets a
profile whose initial filter criteria send REGISTERs with an MC feature tag to the MC service (TS 29.228 annex B, TS 29.229).
"""

import threading

import s_cscf as cx

PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<IMSSubscription><PrivateID>{impi}</PrivateID><ServiceProfile>
<PublicIdentity><BarringIndication>0</BarringIndication><Identity>{impu}</Identity></PublicIdentity>
<InitialFilterCriteria><Priority>0</Priority><TriggerPoint><ConditionTypeCNF>1</ConditionTypeCNF>
<SPT><ConditionNegated>0</ConditionNegated><Group>0</Group><Method>REGISTER</Method><Extension></Extension></SPT>
<SPT><ConditionNegated>0</ConditionNegated><Group>1</Group><SIPHeader><Header>Contact</Header>
<Content>.*g\\.3gpp\\.mcptt.*</Content></SIPHeader><Extension></Extension></SPT></TriggerPoint>
<ApplicationServer><ServerName>{server}</ServerName><DefaultHandling>0</DefaultHandling>
<Extension><IncludeRegisterRequest/></Extension></ApplicationServer></InitialFilterCriteria>
</ServiceProfile></IMSSubscription>
"""


class HomeSubscriberServer:
    """Connected to an S-CSCF's Diameter port until close(). `server`: the SIP URI of the application server in every profile."""

    def __init__(self, port, identity, realm, server):
        self.server, self.assigned = server, []  # (public identity, assignment type) of every SAR
        self.node = cx.Node("127.0.0.1", port, identity, realm)
        self.node.socket.settimeout(None)
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self.node.close()

    def _serve(self):
        try:
            while True:
                request = self.node.receive()
                if request.command == cx.SAR:
                    self._assign(request)
                elif request.is_request():
                    self.node.answer(request, [cx.avp(268, 2001)])
        except (OSError, ConnectionError):
            pass

    def _assign(self, request):
        impi, impu = request.text(1), request.text(601, cx.VENDOR)
        self.assigned.append((impu, int.from_bytes(request.find(614, cx.VENDOR), "big")))
        profile = PROFILE.format(impi=impi, impu=impu, server=self.server)
        self.node.answer(request, [cx.avp(260, [cx.avp(266, cx.VENDOR), cx.avp(258, cx.CX)]), cx.avp(268, 2001), cx.avp(277, 1),
                                   cx.avp(1, impi), cx.cx(606, profile)])
