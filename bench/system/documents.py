"""GET of a user profile (XCAP), 200 and 304, beside nghttpd with a file of the same size on the same machine."""

import email.utils
import os
import tempfile
import urllib.parse

import peers
from figures import cost_against, middle
from wire import https
from clavigerd import Failure
from user_agent import UserAgent, new_verifier

BAR = 1.5
SHAPE = ["-c8", "-m32"]


def token_of(bench):
    agent = UserAgent(bench.system, https(bench.system))
    verifier = new_verifier()
    page = agent.login_page(verifier, scope=bench.system.config_scopes)
    location = urllib.parse.urlsplit(agent.submit(page, bench.system.username, bench.system.password).headers["location"])
    return agent.redeem(urllib.parse.parse_qs(location.query)["code"][0], verifier).json()["access_token"]


def run(bench):
    """`bench`: whole.Bench. A generator that yields after each repetition."""
    authorization = "Bearer " + token_of(bench)
    connection = https(bench.system)
    path = bench.system.profile_url[bench.system.profile_url.index("/xcap/"):]
    answer = connection.ask("GET", path, {"Authorization": authorization}, None)
    if answer.status != 200:
        raise Failure(f"profile: {answer}")
    etag = answer.headers["etag"]
    work = tempfile.mkdtemp(dir=bench.sandbox.folder)
    with open(os.path.join(work, "profile"), "wb") as file:
        file.write(answer.body)
    peer, port = peers.nghttpd(work, *bench.certificate())
    try:
        bench.wait_for_port(port)
        # The same fields to both: reading a token of a kilobyte costs a server, whether it looks at it or not.
        own = ["-H", f"authorization: {authorization}"]
        for name, ours_more, theirs_more in (
                ("200", [], []),
                ("304", ["-H", f"if-none-match: {etag}"], ["-H", f"if-modified-since: {email.utils.formatdate(usegmt=True)}"])):
            ours, theirs = [], []
            for _ in range(bench.rounds):
                ours.append(bench.cost(bench.daemon.process.pid, bench.requests,
                                       bench.h2load(bench.system.profile_url, *SHAPE, *own, *ours_more)))
                if peer:
                    theirs.append(bench.cost(peer.pid, bench.requests,
                                             bench.h2load(f"https://127.0.0.1:{port}/profile", *SHAPE, *own, *theirs_more)))
                yield
            bench.table.add(cost_against(f"XCAP GET of {len(answer.body)} octets, {name}, server CPU", middle(ours), "us", "nghttpd",
                                         middle(theirs), BAR, ours, theirs))
    finally:
        if peer:
            peer.__exit__()
