"""What tools/sandbox sets up for configuration management: a profile of the demo user, a client that may write documents."""

import contextlib
import json
import os

from sandbox_parts import write

DEMO_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<mcptt-user-profile xmlns="urn:3gpp:mcptt:user-profile:1.0" xmlns:cp="urn:ietf:params:xml:ns:common-policy"
    XUI-URI="{mcptt_id}" user-profile-index="0">
  <Name>Demo user</Name>
  <Status>true</Status>
  <ProfileName>Patrol</ProfileName>
  <Pre-selected-indication/>
  <Common index="0">
    <UserAlias><alias-entry index="0" xml:lang="en">Demo</alias-entry></UserAlias>
    <MCPTTUserID><uri-entry>{mcptt_id}</uri-entry></MCPTTUserID>
    <ParticipantType>First responder</ParticipantType>
    <MissionCriticalOrganization>{name}.example</MissionCriticalOrganization>
  </Common>
  <cp:ruleset>
    <cp:rule id="demo"><cp:actions>
      <allow-private-call>true</allow-private-call>
      <allow-emergency-group-call>true</allow-emergency-group-call>
    </cp:actions></cp:rule>
  </cp:ruleset>
  <OnNetwork index="0">
    <MCPTTGroupInfo>
      <entry index="0"><uri-entry>sip:patrol@{name}.example</uri-entry><display-name>Patrol</display-name></entry>
      <entry index="1"><uri-entry>sip:command@{name}.example</uri-entry></entry>
    </MCPTTGroupInfo>
    <MaxAffiliationsN2>5</MaxAffiliationsN2>
  </OnNetwork>
</mcptt-user-profile>
"""


def provision(system):
    """A user profile of the demo user, and a client that may write documents. What is there already stays."""
    path = os.path.join(system.folder, "profiles.json")
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8") as file:
        return json.load(file)
    demo = system.provision()
    root = f"https://127.0.0.1:{system.https}/xcap/{system.name}/"
    profile = f"org.3gpp.mcptt.user-profile/users/{demo['MCPTT_ID']}/mcptt-user-profile-0.xml"
    document = os.path.join(system.folder, "demo-profile.xml")
    write(document, DEMO_PROFILE.format(mcptt_id=demo["MCPTT_ID"], name=system.name))
    partner = next(other.name for other in system.sandbox.systems if other is not system)
    system.ctl("profile", "set", profile, document, "--migration-system", f"{partner}.example")
    system.ctl("client", "remove", "demo-config-admin", "--yes", may_fail=True)  # of a run that was broken off
    writer = system.ctl("client", "add", "demo-config-admin", "--name", "Demo configuration administrator", "--authentication",
                        "client_secret_basic", "--grant", "client_credentials", "--scope", "claviger:configuration:write")
    facts = {"XCAP_ROOT": root, "PROFILE_URL": root + profile, "MC_SYSTEM_ID": f"{system.name}.example",
             "CONFIG_SCOPES": "openid 3gpp:mc:ptt_config_management_service",
             "CONFIG_CLIENT_ID": "demo-config-admin", "CONFIG_CLIENT_SECRET": writer["client_secret"]}
    write(path, json.dumps(facts, indent=1))
    return facts
