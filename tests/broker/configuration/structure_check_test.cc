// The grammars by examples: a document of each kind as the standard's schema has it, and what a slip in it is answered.
#include "broker/configuration/structure_check.h"

#include <gtest/gtest.h>

#include <tuple>

#include "broker/configuration/document_check.h"
#include "tests/broker/configuration/profile_text.h"

namespace claviger::configuration {
namespace {

constexpr std::string_view kPttBody = R"(
 <Name xml:lang="en">Ann</Name><Status>true</Status><ProfileName>Day</ProfileName><Pre-selected-indication/>
 <Common index="0">
  <UserAlias><alias-entry index="0" xml:lang="en">A</alias-entry></UserAlias>
  <MCPTTUserID entry-info="UsePreConfigured"><uri-entry>sip:ann@a</uri-entry><display-name>Ann</display-name></MCPTTUserID>
  <PrivateCall>
   <PrivateCallList index="0">
    <PrivateCallURI index="0"><uri-entry>sip:bob@a</uri-entry></PrivateCallURI>
    <PrivateCallURI index="1"><uri-entry>sip:eve@a</uri-entry></PrivateCallURI>
   </PrivateCallList>
   <EmergencyCall><MCPTTPrivateRecipient>
    <entry index="0" entry-info="LocallyDetermined"><uri-entry>sip:bob@a</uri-entry></entry>
    <ProSeUserID-entry index="0"><User-Info-ID>0123456789ab</User-Info-ID></ProSeUserID-entry>
   </MCPTTPrivateRecipient></EmergencyCall>
  </PrivateCall>
  <MCPTT-group-call>
   <MaxSimultaneousCallsN6>3</MaxSimultaneousCallsN6>
   <EmergencyCall><MCPTTGroupInitiation><entry entry-info="DedicatedGroup"><uri-entry>sip:g0@a</uri-entry></entry>
   </MCPTTGroupInitiation></EmergencyCall>
   <ImminentPerilCall><MCPTTGroupInitiation><entry><uri-entry>sip:g0@a</uri-entry></entry></MCPTTGroupInitiation></ImminentPerilCall>
   <EmergencyAlert><entry index="0"><uri-entry>sip:g0@a</uri-entry></entry></EmergencyAlert>
   <Priority>1000</Priority>
  </MCPTT-group-call>
  <ParticipantType>dispatcher</ParticipantType>
  <anyExt><Anything we="like"><entry/></Anything></anyExt>
 </Common>
 <cp:ruleset><cp:rule id="r"><cp:actions><allow-private-call>true</allow-private-call>
  <anyExt><allow-adhoc-group-call>0</allow-adhoc-group-call></anyExt></cp:actions></cp:rule></cp:ruleset>
 <OnNetwork index="0">
  <MCPTTGroupInfo>
   <entry index="0"><uri-entry>sip:g0@a</uri-entry><display-name>0</display-name><anyExt><x:more/></anyExt></entry>
   <entry index="1"><uri-entry>sip:g1@a</uri-entry><x:here/></entry>
  </MCPTTGroupInfo>
  <MaxAffiliationsN2>0</MaxAffiliationsN2>
  <ImplicitAffiliations><entry index="0"><uri-entry>sip:g0@a</uri-entry></entry></ImplicitAffiliations>
  <MaxSimultaneousTransmissionsN7>1</MaxSimultaneousTransmissionsN7>
  <PrivateEmergencyAlert><entry entry-info="UsePreConfigured"><uri-entry>sip:bob@a</uri-entry></entry></PrivateEmergencyAlert>
  <RemoteGroupSelectionURIList/>
  <LaterRelease/>
  <x:OfAnOperator>1</x:OfAnOperator>
  <anyExt><FunctionalAliasList><entry><uri-entry>sip:chief@a</uri-entry></entry></FunctionalAliasList></anyExt>
 </OnNetwork>
 <OffNetwork index="0"><MCPTTGroupInfo/></OffNetwork>
)";

std::string document(std::string_view root, std::string_view space, std::string_view attributes,
                     std::string_view body) {
  return "<" + std::string(root) + " xmlns=\"" + std::string(space) +
         "\" xmlns:cp=\"urn:ietf:params:xml:ns:common-policy\" xmlns:x=\"urn:x\" " + std::string(attributes) + ">" +
         std::string(body) + "</" + std::string(root) + ">";
}

std::string ptt_profile() {
  return document("mcptt-user-profile", "urn:3gpp:mcptt:user-profile:1.0",
                  "XUI-URI=\"sip:ann@alpha.example\" user-profile-index=\"3\"", kPttBody);
}

// "" for a good one; else the code's name and the sentence.
std::string said(const DocumentName& name, const std::string& text) {
  const auto application = application_of(name);
  if (!application) return "no usage";
  const auto checked = check_document(*application, name, text);
  return checked ? "" : std::string(name_of(checked.fault->code)) + ": " + checked.fault->phrase;
}

DocumentName named(std::string_view path) { return *read_document_name(path); }

void expect_slips(const DocumentName& name, const std::string& good,
                  const std::vector<std::tuple<std::string, std::string, std::string>>& slips) {
  EXPECT_EQ(said(name, good), "");
  for (const auto& [from, to, answer] : slips) {
    ASSERT_NE(good.find(from), std::string::npos) << from;
    EXPECT_EQ(said(name, replaced(good, from, to)), answer) << from << " -> " << to;
  }
}

TEST(Structure, OfAnMcpttUserProfile) {
  const std::string list = "DocumentInvalid: mcptt-user-profile/OnNetwork/MCPTTGroupInfo";
  expect_slips(
      ann_profile(), ptt_profile(),
      {{"<entry index=\"1\"><uri", "<entry><uri", list + "/entry[2]: the attribute index is missing."},
       {"<entry index=\"1\"><uri", "<entry index=\"0\"><uri", "XcapUniqueness: Two <entry> have one index."},
       {"<entry index=\"1\"><uri-entry>sip:g1@a</uri-entry>", "<entry index=\"1\">",
        list + "/entry[2]: <uri-entry> is missing."},
       {"<entry index=\"1\"><uri-entry>", "<entry index=\"1\"><display-name/><uri-entry>",
        list + "/entry[2]: <uri-entry> stands behind <display-name>."},
       {"<entry index=\"1\"><uri-entry>", "<entry index=\"1\"><uri-entry>sip:a@b</uri-entry><uri-entry>",
        list + "/entry[2]: there is more than one <uri-entry>."},
       {"<entry index=\"1\"><uri-entry>sip:g1@a", "<entry index=\"1\"><uri-entry>g1",
        list + "/entry[2]/uri-entry: the value is not of its type."},
       {"<entry index=\"1\"><uri", "<entry index=\"1\"><group/><uri",
        list + "/entry[2]: <group> is none of its elements."},
       {"<entry index=\"1\"><uri", "<entri index=\"2\"/><entry index=\"1\"><uri",
        list + ": <entri> is none of its elements."},
       {"<entry index=\"1\"><uri", "text<entry index=\"1\"><uri", list + ": there is text between the elements."},
       {"entry-info=\"DedicatedGroup\"", "entry-info=\"Any\"",
        "DocumentInvalid: mcptt-user-profile/Common/MCPTT-group-call/EmergencyCall/MCPTTGroupInitiation/entry: the "
        "value of the "
        "attribute entry-info is not of its type."},
       {"<alias-entry index=\"0\"", "<alias-entry",
        "DocumentInvalid: mcptt-user-profile/Common/UserAlias/alias-entry: the attribute index is missing."},
       {"<PrivateCallURI index=\"1\">", "<PrivateCallURI index=\"0\">",
        "XcapUniqueness: Two <PrivateCallURI> have one index."},
       {"<MaxAffiliationsN2>0", "<MaxAffiliationsN2>few",
        "DocumentInvalid: mcptt-user-profile/OnNetwork/MaxAffiliationsN2: the value is not of its type."},
       {"<MaxAffiliationsN2>0", "<MaxAffiliationsN2>1</MaxAffiliationsN2><MaxAffiliationsN2>0",
        "DocumentInvalid: mcptt-user-profile/OnNetwork: there is more than one <MaxAffiliationsN2>."},
       {"<MaxSimultaneousCallsN6>3", "<MaxSimultaneousCallsN6>0",
        "DocumentInvalid: mcptt-user-profile/Common/MCPTT-group-call/MaxSimultaneousCallsN6: the value is not of its "
        "type."},
       {"<Priority>1000", "<Priority>70000",
        "DocumentInvalid: mcptt-user-profile/Common/MCPTT-group-call/Priority: the value is not of its type."},
       {"<User-Info-ID>0123456789ab", "<User-Info-ID>0123",
        "DocumentInvalid: mcptt-user-profile/Common/PrivateCall/EmergencyCall/MCPTTPrivateRecipient/ProSeUserID-entry/"
        "User-Info-ID: the value is not of its type."},
       {"<Status>true", "<Status><true/>true",
        "DocumentInvalid: mcptt-user-profile/Status: there are elements in a value."},
       {"<Status>true</Status>", "", "DocumentInvalid: mcptt-user-profile: <Status> is missing."},
       {"<LaterRelease/>", "", ""},
       {"index=\"0\">\n  <MCPTTGroupInfo>", ">\n  <MCPTTGroupInfo>", ""},
       {"allow-adhoc-group-call>0", "allow-adhoc-group-call>no",
        "DocumentInvalid: mcptt-user-profile/ruleset/rule/actions/anyExt/allow-adhoc-group-call: the value is not of "
        "its type."},
       {"<cp:rule id=\"r\">", "<cp:rule>",
        "DocumentInvalid: mcptt-user-profile/ruleset/rule: the attribute id is missing."},
       {"</cp:rule>", "</cp:rule><cp:rule id=\"r\"/>", "XcapUniqueness: Two <rule> have one id."}});
}

// TS 24.484 clause 8.3.2.1: MCPTTGroupInfo is there, empty for a user without groups.
TEST(Structure, AUserWithoutGroupsHasAnEmptyList) {
  const std::string good = document("mcptt-user-profile", "urn:3gpp:mcptt:user-profile:1.0",
                                    "XUI-URI=\"sip:ann@alpha.example\" user-profile-index=\"3\"",
                                    "<Status>1</Status><OnNetwork><MCPTTGroupInfo/></OnNetwork>");
  expect_slips(
      ann_profile(), good,
      {{"<MCPTTGroupInfo/>", "", "DocumentInvalid: mcptt-user-profile/OnNetwork: <MCPTTGroupInfo> is missing."},
       {"<MCPTTGroupInfo/>", "<MCPTTGroupinfo/>",
        "DocumentInvalid: mcptt-user-profile/OnNetwork: <MCPTTGroupInfo> is missing."},
       {"user-profile-index=\"3\"", "",
        "DocumentInvalid: mcptt-user-profile: the attribute user-profile-index is missing."}});
}

// What the answer names is what a node selector finds (RFC 4825 clause 11.2.11).
TEST(Structure, UniquenessNamesWhatIsThereTwice) {
  const auto checked =
      check_document(mcptt(), ann_profile(), replaced(ptt_profile(), "<entry index=\"1\"", "<entry index=\"0\""));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.fault->field, "mcptt-user-profile/OnNetwork/MCPTTGroupInfo/entry[2]/@index");
}

TEST(Structure, OfProfilesOfMcVideoAndMcDataInEitherNamespace) {
  constexpr std::string_view kBody =
      "<Status>true</Status><Common "
      "index=\"1\"><MCVideoUserID><uri-entry>tel:+1</uri-entry></MCVideoUserID><PrivateCall>"
      "<PrivateCallList><PrivateCallOnNetwork><PrivateCallURI><uri-entry>tel:+2</uri-entry></"
      "PrivateCallURI><PrivateCallKMSURI>"
      "<PrivateCallKMSURI><uri-entry>https://kms.a</uri-entry></PrivateCallKMSURI></PrivateCallKMSURI></"
      "PrivateCallOnNetwork>"
      "</PrivateCallList></PrivateCall><MCVideo-group-call><Priority>255</Priority></MCVideo-group-call></Common>"
      "<OnNetwork index=\"1\"><MCVideoGroupInfo><MCVideo-Group-ID><uri-entry>sip:g@a</uri-entry></MCVideo-Group-ID>"
      "<RelativePresentationPriority>3</RelativePresentationPriority></"
      "MCVideoGroupInfo><MCVideoGroupInfo><MCVideo-Group-ID>"
      "<uri-entry>sip:h@a</uri-entry></MCVideo-Group-ID></MCVideoGroupInfo><MaxSimultaneousVideoStreams>1"
      "</MaxSimultaneousVideoStreams></OnNetwork>";
  for (const std::string space : {"urn:3gpp:mcvideo:user-profile:1.0", "urn:3gpp:ns:mcvideo:user-profile:1.0"}) {
    expect_slips(
        named("org.3gpp.mcvideo.user-profile/users/tel:+1/mcvideo-user-profile-1.xml"),
        document("mcvideo-user-profile", space, "XUI-URI=\"tel:+1\" user-profile-index=\"1\"", kBody),
        {{"<MaxSimultaneousVideoStreams>1", "<MaxSimultaneousVideoStreams>0",
          "DocumentInvalid: mcvideo-user-profile/OnNetwork/MaxSimultaneousVideoStreams: the value is not of its type."},
         {"<Priority>255", "<Priority>256",
          "DocumentInvalid: mcvideo-user-profile/Common/MCVideo-group-call/Priority: the value is not of its type."},
         {"<uri-entry>sip:h@a</uri-entry>", "",
          "DocumentInvalid: mcvideo-user-profile/OnNetwork/MCVideoGroupInfo[2]/MCVideo-Group-ID: <uri-entry> is "
          "missing."}});
  }
  const std::string data = document(
      "mcdata-user-profile", "urn:3gpp:mcdata:user-profile:1.0", "XUI-URI=\"sip:a@a\" user-profile-index=\"0\"",
      "<Status>true</Status><Common index=\"0\"><UserAlias><alias-entry index=\"0\">A</alias-entry></UserAlias>"
      "<MCDataUserID><uri-entry>sip:a@a</uri-entry></MCDataUserID><FileDistribution/></Common>"
      "<OnNetwork index=\"0\"><MCDataGroupInfo><entry "
      "index=\"0\"><uri-entry>sip:g@a</uri-entry></entry></MCDataGroupInfo></OnNetwork>");
  expect_slips(
      named("org.3gpp.mcdata.user-profile/users/sip:a@a/mcdata-user-profile-0.xml"), data,
      {{"<entry index=\"0\">", "<entry>",
        "DocumentInvalid: mcdata-user-profile/OnNetwork/MCDataGroupInfo/entry: the attribute index is missing."},
       {"<uri-entry>sip:a@a", "<uri-entry>a",
        "DocumentInvalid: mcdata-user-profile/Common/MCDataUserID/uri-entry: the value is not of its type."}});
}

TEST(Structure, OfUeConfigurations) {
  constexpr std::string_view kBody =
      "<name xml:lang=\"en\">U</name><mcptt-UE-id "
      "index=\"0\"><Instance-ID-URN>urn:gsma:imei:1</Instance-ID-URN><IMEI-range>"
      "<TAC>35875810</TAC><SNR>123456</SNR><SNR-range><Low-SNR>1</Low-SNR><High-SNR>9</High-SNR></SNR-range></"
      "IMEI-range>"
      "</mcptt-UE-id><common index=\"0\"><private-call><Max-Simul-Call-N10>1</Max-Simul-Call-N10></private-call>"
      "<MCPTT-Group-Call><Max-Simul-Call-N4>1</Max-Simul-Call-N4><Max-Simul-Trans-N5>2</Max-Simul-Trans-N5>"
      "<Prioritized-MCPTT-Group><MCPTT-Group-Priority><MCPTT-Group-ID>sip:g@a</"
      "MCPTT-Group-ID><group-priority-hierarchy>1"
      "</group-priority-hierarchy></MCPTT-Group-Priority></Prioritized-MCPTT-Group></MCPTT-Group-Call></common>"
      "<on-network><IPv6Preferred>false</IPv6Preferred><Relay-Service>true</Relay-Service></on-network>";
  expect_slips(
      named("org.3gpp.mcptt.ue-config/users/sip:a@a/ue.xml"),
      document("mcptt-UE-configuration", "urn:3gpp:mcptt:mcpttUEConfig:1.0", "domain=\"a.example\"", kBody),
      {{"<TAC>35875810</TAC>", "", "DocumentInvalid: mcptt-UE-configuration/mcptt-UE-id/IMEI-range: <TAC> is missing."},
       {"<High-SNR>9</High-SNR>", "",
        "DocumentInvalid: mcptt-UE-configuration/mcptt-UE-id/IMEI-range/SNR-range: <High-SNR> is missing."},
       {"<Max-Simul-Call-N10>1", "<Max-Simul-Call-N10>none",
        "DocumentInvalid: mcptt-UE-configuration/common/private-call/Max-Simul-Call-N10: the value is not of its "
        "type."},
       {"<IPv6Preferred>false", "<IPv6Preferred>no",
        "DocumentInvalid: mcptt-UE-configuration/on-network/IPv6Preferred: the value is not of its type."},
       {"<common index=\"0\">", "<common/><common index=\"0\">",
        "DocumentInvalid: mcptt-UE-configuration: there is more than one <common>."},
       {"domain=\"a.example\"", "domain=\"a b\"",
        "DocumentInvalid: mcptt-UE-configuration: the value of the attribute domain is not of its type."},
       {"<name", "<nome/><name", "DocumentInvalid: mcptt-UE-configuration: <nome> is none of its elements."}});
}

TEST(Structure, OfUeInitialConfigurations) {
  constexpr std::string_view kBody =
      "<name>I</name><Default-user-profile User-ID=\"default\" "
      "user-profile-index=\"0\"/><on-network><Timers><T100>4</T100></Timers>"
      "<HPLMN PLMN=\"00101\"><service><MCPTT-to-con-ref>i</MCPTT-to-con-ref><MC-common-core-to-con-ref>i"
      "</MC-common-core-to-con-ref><MC-ID-to-con-ref>i</MC-ID-to-con-ref></service></HPLMN><App-Server-Info>"
      "<idms-auth-endpoint>https://a/</idms-auth-endpoint><http-proxy></http-proxy><tls-tunnel-auth-method>"
      "<mutual-authentication>false</mutual-authentication></tls-tunnel-auth-method></App-Server-Info>"
      "<GMS-URI>sip:gms@a</GMS-URI><integrity-protection-enabled>false</integrity-protection-enabled><anyExt>"
      "<MCPTT-Service-Details/></anyExt></on-network><off-network><Timers><TFG1>1000</TFG1></Timers></off-network>";
  const std::string root = "DocumentInvalid: mcptt-UE-initial-configuration";
  expect_slips(
      named("org.3gpp.mcptt.ue-init-config/users/sip:a@a/i.xml"),
      document("mcptt-UE-initial-configuration", "urn:3gpp:mcptt:mcpttUEinitConfig:1.0", "domain=\"a\"", kBody),
      {{" PLMN=\"00101\"", "", root + "/on-network/HPLMN: the attribute PLMN is missing."},
       {"<MC-ID-to-con-ref>i</MC-ID-to-con-ref>", "",
        root + "/on-network/HPLMN/service: <MC-ID-to-con-ref> is missing."},
       {"<T100>4", "<T100>400", root + "/on-network/Timers/T100: the value is not of its type."},
       {"<TFG1>1000", "<TFG1>soon", root + "/off-network/Timers/TFG1: the value is not of its type."},
       {" user-profile-index=\"0\"", "", root + "/Default-user-profile: the attribute user-profile-index is missing."},
       {"<GMS-URI>sip:gms@a</GMS-URI><integrity-protection-enabled>false</integrity-protection-enabled>",
        "<integrity-protection-enabled>false</integrity-protection-enabled><GMS-URI>sip:gms@a</GMS-URI>",
        root + "/on-network: <GMS-URI> stands behind <integrity-protection-enabled>."}});
}

TEST(Structure, OfServiceConfigurations) {
  constexpr std::string_view kBody =
      "<service-configuration-params "
      "domain=\"a.example\"><common><min-length-alias>1</min-length-alias><broadcast-group>"
      "<num-levels-group-hierarchy>3</num-levels-group-hierarchy></broadcast-group></common><on-network>"
      "<transmit-time><time-limit>PT300S</time-limit><time-warning>PT5S</time-warning></transmit-time>"
      "<fc-timers-counters><T1-end-of-rtp-media>PT0.5S</T1-end-of-rtp-media><C7-floor-idle>3</C7-floor-idle></"
      "fc-timers-counters>"
      "<signalling-protection><confidentiality-protection>false</confidentiality-protection></signalling-protection>"
      "<emergency-resource-priority><resource-priority-namespace>mcpttp</resource-priority-namespace>"
      "<resource-priority-priority>15</resource-priority-priority></emergency-resource-priority></on-network>"
      "</service-configuration-params>";
  const std::string root = "DocumentInvalid: service-configuration-info/service-configuration-params";
  expect_slips(named("org.3gpp.mcptt.service-config/global/service-config.xml"),
               document("service-configuration-info", "urn:3gpp:ns:mcpttServiceConfig:1.0", "", kBody),
               {{" domain=\"a.example\"", "", root + ": the attribute domain is missing."},
                {"<time-limit>PT300S", "<time-limit>300",
                 root + "/on-network/transmit-time/time-limit: the value is not of its type."},
                {"confidentiality-protection>false", "confidentiality-protection>off",
                 root + "/on-network/signalling-protection/confidentiality-protection: the value is not of its type."},
                {"<resource-priority-priority>15</resource-priority-priority>", "",
                 root + "/on-network/emergency-resource-priority: <resource-priority-priority> is missing."},
                {"<service-configuration-params", "<on-network/><service-configuration-params",
                 "DocumentInvalid: service-configuration-info: <on-network> is none of its elements."}});
}

TEST(Structure, OfValDocumentsInBothSpellings) {
  const DocumentName profile = named("v2x.example/users/ann/seal-user-profile-1.xml");
  const std::string lower = document(
      "seal-user-profile", "urn:3gpp:ns:seal:SealUserProfile:1.0", "user-profile-index=\"1\"",
      "<profile-name>Day</profile-name><status>false</status><is-default>true</is-default><profile-configuration>"
      "<common><Speed>80</Speed>fast</common><Own/></profile-configuration>");
  expect_slips(
      profile, lower,
      {{"<status>false</status>", "", "DocumentInvalid: A profile has one <Status>."},
       {"<status>false", "<status>off", "DocumentInvalid: seal-user-profile/status: the value is not of its type."},
       {"<is-default>true", "<is-default>",
        "DocumentInvalid: seal-user-profile/is-default: the value is not of its type."},
       {"<status>", "<Status>1</Status><status>", "DocumentInvalid: A profile has one <Status>."},
       {"user-profile-index=\"1\"", "user-profile-index=\"256\"",
        "DocumentInvalid: seal-user-profile: the value of the attribute user-profile-index is not of its type."}});
  const Application val = *application_of(profile);
  const auto facts = check_document(val, profile, lower);
  ASSERT_TRUE(facts);
  EXPECT_FALSE(facts->is_active);
  EXPECT_TRUE(facts->is_preselected);
  EXPECT_EQ(facts->profile_name, "Day");
  EXPECT_EQ(without_preselection(val, lower), replaced(lower, "<is-default>true", "<is-default>false"));
  const std::string both = replaced(lower, "<status>", "<Pre-selected-indication/><status>");
  EXPECT_EQ(without_preselection(val, both), replaced(lower, "<is-default>true", "<is-default>false"));
  EXPECT_TRUE(is_users_change(val, lower, replaced(lower, ">Day<", ">Night<")));
  EXPECT_FALSE(is_users_change(val, lower, replaced(lower, "status>false", "status>true")));

  for (const std::string space : {"urn:3gpp:ns:seal:SealUEConfig:1.0", "urn:3gpp:ns:seal:sealUEConfig:1.0"}) {
    expect_slips(
        named("v2x.example/users/ann/seal-ue-config.xml"),
        document("seal-UE-configuration", space, "domain=\"a\"",
                 "<VAL-UE-id><IMEI-range><TAC>1</TAC><SNR-range><low-SNR>1</low-SNR><high-SNR>2</high-SNR></SNR-range>"
                 "</IMEI-range></VAL-UE-id><common/><on-network><t1>3</t1></on-network>"),
        {{"<TAC>1</TAC>", "", "DocumentInvalid: seal-UE-configuration/VAL-UE-id/IMEI-range: <TAC> is missing."},
         {"<high-SNR>2</high-SNR>", "",
          "DocumentInvalid: seal-UE-configuration/VAL-UE-id/IMEI-range/SNR-range: <high-SNR> is missing."},
         {"<common/>", "<commons/>", "DocumentInvalid: seal-UE-configuration: <commons> is none of its elements."}});
  }
}

// A name without a prefix is of the document's own namespace, whichever of the two it is (RFC 4825 clause 6.4).
TEST(Structure, SelectorsFollowTheDocumentsNamespace) {
  const Application video = *find_application("org.3gpp.mcvideo.user-profile");
  EXPECT_EQ(space_in(video, "urn:3gpp:ns:mcvideo:user-profile:1.0"), "urn:3gpp:ns:mcvideo:user-profile:1.0");
  EXPECT_EQ(space_in(video, "urn:3gpp:mcvideo:user-profile:1.0"), "urn:3gpp:mcvideo:user-profile:1.0");
  EXPECT_EQ(space_in(video, "urn:other"), "urn:3gpp:mcvideo:user-profile:1.0");
  EXPECT_EQ(space_in(mcptt(), ""), "urn:3gpp:mcptt:user-profile:1.0");
}

// References are resolved before a value is looked at, in attributes as in elements.
TEST(Structure, ValuesMayBeWrittenWithReferences) {
  const DocumentName name = named("v2x.example/users/ann/seal-user-profile-1.xml");
  const Application val = *application_of(name);
  const std::string text =
      document("seal-user-profile", "urn:3gpp:ns:seal:SealUserProfile:1.0",
               "user-profile-index=\"&#49;\" isDefault=\"tr&#117;e\"", "<Status>tr&#117;e</Status>");
  const auto facts = check_document(val, name, text);
  ASSERT_TRUE(facts) << facts.fault->phrase;
  EXPECT_EQ(facts->index, 1);
  EXPECT_TRUE(facts->is_active);
  EXPECT_TRUE(facts->is_preselected);
  EXPECT_EQ(without_preselection(val, text), replaced(text, "isDefault=\"tr&#117;e\"", "isDefault=\"false\""));
}

// What was stored before there were grammars can be changed: nobody is refused for what he did not touch.
TEST(Structure, ASlipThatStandsThereAlreadyKeepsNobodyFromAnotherChange) {
  const std::string old = replaced(ptt_profile(), "<entry index=\"1\"><uri", "<entry><uri");
  EXPECT_FALSE(check_document(mcptt(), ann_profile(), old));
  const auto changed = check_document(mcptt(), ann_profile(), replaced(old, ">Day<", ">Night<"), old);
  ASSERT_TRUE(changed) << changed.fault->phrase;
  EXPECT_EQ(changed->profile_name, "Night");
  EXPECT_TRUE(check_document(mcptt(), ann_profile(), ptt_profile(), old)) << "and it can be mended";
  EXPECT_FALSE(check_document(mcptt(), ann_profile(), replaced(old, "<Priority>1000", "<Priority>x"), old));
  EXPECT_FALSE(check_document(mcptt(), ann_profile(), replaced(old, "<Status>true", "<Status>maybe"), old));
  EXPECT_FALSE(check_document(mcptt(), ann_profile(), old, ptt_profile())) << "a new slip";
}

// As the profiles of earlier releases have it.
TEST(Structure, AListOfPrivateCallsMayHaveAKeyManagementServer) {
  const std::string with =
      "</PrivateCallURI><PrivateCallKMSURI><uri-entry>https://kms.a</uri-entry></PrivateCallKMSURI>";
  EXPECT_EQ(said(ann_profile(), replaced(ptt_profile(), "</PrivateCallURI>", with)), "");
}

TEST(Structure, EveryUsageHasRowsThatACheckCanCount) {
  std::vector<const TypeRule*> open;
  for (const Application& each : known_applications()) {
    if (const TypeRule* grammar = grammar_of(each)) open.push_back(grammar);
  }
  open.push_back(&val_profile_grammar());
  open.push_back(&val_ue_grammar());
  while (!open.empty()) {
    const TypeRule& type = *open.back();
    open.pop_back();
    EXPECT_LE(type.rows.size(), kRowsMax);
    for (const ElementRow& row : type.rows) {
      EXPECT_LE(row.least, row.most);
      open.push_back(row.type);
    }
  }
}

}  // namespace
}  // namespace claviger::configuration
