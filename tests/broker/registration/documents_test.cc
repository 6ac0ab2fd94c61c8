#include <gtest/gtest.h>

#include <string>

#include "broker/registration/info_document.h"
#include "broker/registration/records.h"
#include "broker/registration/service.h"
#include "broker/registration/settings_document.h"
#include "broker/registration/token_facts.h"

namespace claviger::registration {
namespace {

Services services() {
  settings::Sip sip;
  settings::SipService wall;
  wall.name = "wall";
  wall.scope = "val:wall";
  wall.identity_claim = "val_user_id";
  wall.feature_tags = {"+g.example.wall"};
  wall.info_media_type = "application/vnd.3gpp.wall-info+xml";
  wall.info_namespace = "urn:3gpp:ns:wallInfo:1.0";
  sip.services.push_back(wall);
  return Services(sip);
}

std::string info_of(const std::string& inside) {
  return "<mcpttinfo xmlns=\"urn:3gpp:ns:mcpttInfo:1.0\"><mcptt-Params>" + inside + "</mcptt-Params></mcpttinfo>";
}

TEST(Services, NamedByFeatureTagAndIcsi) {
  const Services all = services();
  using Names = std::vector<std::string>;
  EXPECT_EQ(all.named_by_contact(";+g.3gpp.mcptt;q=1"), Names{"mcptt"});
  EXPECT_EQ(all.named_by_contact(";+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mcvideo,x\""),
            Names{"mcvideo"});
  EXPECT_EQ(all.named_by_contact(";+g.3gpp.mcdata.fd;+g.example.wall"), (Names{"mcdata", "wall"}));
  EXPECT_EQ(all.named_by_contact(";+g.3gpp.mcpttx"), Names{});
  EXPECT_EQ(all.find_by_media_type("APPLICATION/vnd.3gpp.wall-info+xml")->name, "wall");
  EXPECT_EQ(all.find_by_media_type("application/xml"), nullptr);
}

TEST(InfoDocument, InAnyOrderWithAnyPrefix) {
  const Services all = services();
  const Service& mcptt = *all.find("mcptt");
  const auto info = parse_info(
      "<?xml version=\"1.0\"?><p:mcpttinfo xmlns:p=\"urn:3gpp:ns:mcpttInfo:1.0\" "
      "xmlns:o=\"urn:o\"><p:mcptt-Params><o:mcptt-client-id>"
      "<p:mcpttString>no</p:mcpttString></o:mcptt-client-id><p:mcptt-client-id type=\"Normal\"><p:mcpttString> "
      "urn:uuid:1 </p:mcpttString>"
      "</p:mcptt-client-id><p:unknown/><p:mcptt-request-uri><p:mcpttURI>sip:a@b</p:mcpttURI></p:mcptt-request-uri></"
      "p:mcptt-Params></p:mcpttinfo>",
      mcptt, BodyKeys());
  ASSERT_TRUE(info);
  EXPECT_EQ(info->client_id, "urn:uuid:1");
  EXPECT_EQ(info->request_uri, "sip:a@b");
  EXPECT_TRUE(info->access_token.empty());
}

// RFC 8141 clause 3.1: two writings of a UUID are one client, in whichever document.
TEST(InfoDocument, AClientIdHasOneWriting) {
  const Services all = services();
  const auto info = parse_info(info_of("<mcptt-client-id><mcpttString>URN:uuid:2F</mcpttString></mcptt-client-id>"),
                               *all.find("mcptt"), BodyKeys());
  ASSERT_TRUE(info);
  EXPECT_EQ(info->client_id, "urn:uuid:2f");
  const auto settings = parse_settings_document(
      "<poc-settings xmlns=\"urn:oma:params:xml:ns:poc:poc-settings\"><entity id=\"urn:uuid:2E\"/>"
      "<entity id=\"urn:UUID:2F\"><am-settings><answer-mode>manual</answer-mode></am-settings></entity></poc-settings>",
      info->client_id);
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->answer_mode, "manual");
  // Told in its own, across a restart: it may compare octets.
  Publication publication;
  publication.name = {"sip:a@b", "mcptt", info->client_id};
  publication.settings = *settings;
  const auto kept = decode_publication(storage::Value::owned(encode(publication), 1, 0), "tag");
  ASSERT_TRUE(kept);
  ClientState client;
  client.binding.name = kept->name;
  client.has_full_access = client.has_settings = true;
  client.settings = kept->settings;
  EXPECT_NE(write_state_document({client}, false).find("<entity id=\"urn:UUID:2F\">"), std::string::npos);
  client.has_settings = false;
  EXPECT_NE(write_state_document({client}, false).find("<entity id=\"urn:uuid:2f\">"), std::string::npos);
}

// As a version wrote them that took them for two.
TEST(Records, TwoWritingsOfAClientAreReadAsOne) {
  Registration registration;
  registration.bindings = {{"sip:a@b", "mcptt", "urn:uuid:2F"}, {"sip:a@b", "mcptt", "urn:uuid:2f"}};
  const auto read = decode_registration(storage::Value::owned(encode(registration), 1, 0), "sip:a@b");
  ASSERT_TRUE(read);
  ASSERT_EQ(read->bindings.size(), 1U);
  EXPECT_EQ(read->bindings.front().client_id, "urn:uuid:2f");
}

TEST(InfoDocument, Refusals) {
  const Services all = services();
  const Service& mcptt = *all.find("mcptt");
  const auto code_of = [&mcptt](const std::string& xml) {
    const auto info = parse_info(xml, mcptt, BodyKeys());
    return info ? Code::Closed : info.error().code;
  };
  const std::string id = "<mcptt-client-id><mcpttString>x</mcpttString></mcptt-client-id>";
  EXPECT_EQ(code_of(info_of(id)), Code::Closed);
  EXPECT_EQ(code_of(info_of(id + id)), Code::XmlSchema);
  EXPECT_EQ(code_of(info_of("<mcptt-client-id/>")), Code::XmlSchema);
  EXPECT_EQ(
      code_of(info_of("<mcptt-client-id><mcpttString>" + std::string(256, 'a') + "</mcpttString></mcptt-client-id>")),
      Code::XmlSchema);
  EXPECT_EQ(code_of(info_of("<mcptt-client-id><mcpttString>a&#10;b</mcpttString></mcptt-client-id>")), Code::XmlSchema);
  EXPECT_EQ(code_of(info_of("<mcptt-access-token type=\"Encrypted\"/>")), Code::XmlEncryption);
  EXPECT_EQ(
      code_of(info_of(
          "<mcptt-access-token><e:EncryptedData xmlns:e=\"http://www.w3.org/2001/04/xmlenc#\"/></mcptt-access-token>")),
      Code::XmlEncryption);
  EXPECT_EQ(code_of("<mcpttinfo xmlns=\"urn:other\"/>"), Code::XmlSchema);
  EXPECT_EQ(code_of("<!DOCTYPE a><mcpttinfo xmlns=\"urn:3gpp:ns:mcpttInfo:1.0\"/>"), Code::XmlDoctype);
  EXPECT_EQ(code_of("\xFF\xFE<"), Code::Utf8Invalid);
  EXPECT_EQ(code_of("<mcpttinfo"), Code::XmlSyntax);
}

TEST(SettingsDocument, ReadAndWritten) {
  BodyKeyRef key;
  const auto settings = parse_settings_document(
      "<poc-settings xmlns=\"urn:oma:params:xml:ns:poc:poc-settings\" xmlns:m=\"urn:3gpp:mcsSettings:1.0\"><entity "
      "id=\"other\"/><entity id=\"c1\">"
      "<am-settings><answer-mode>manual</answer-mode></am-settings><isb-settings><incoming-session-barring "
      "active=\"true\"/></isb-settings>"
      "<m:selected-user-profile-index><m:user-profile-index>2</m:user-profile-index></m:selected-user-profile-index>"
      "<m:multiplex-support>false</m:multiplex-support></entity></poc-settings>",
      "c1", BodyKeys(), key);
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->answer_mode, "manual");
  EXPECT_EQ(settings->profile_index, 2);
  EXPECT_EQ(settings->multiplex, 0);
  EXPECT_EQ(settings->session_barring, 1);
  EXPECT_EQ(settings->alert_barring, -1);
  ClientState client;
  client.binding.name = {"sip:a@b", "mcptt", "c1"};
  client.binding.impu = "sip:<&\">";
  client.settings = *settings;
  client.has_settings = client.has_full_access = true;
  const std::string written = write_state_document({client}, true);
  const auto again = parse_settings_document(written, "c1", BodyKeys(), key);
  ASSERT_TRUE(again) << written;
  EXPECT_EQ(*again, *settings);
  EXPECT_NE(written.find("sip:&lt;&amp;&quot;&gt;"), std::string::npos);
  client.has_full_access = false;
  EXPECT_EQ(write_state_document({client}, false).find("entity"), std::string::npos);
}

TEST(SettingsDocument, Refusals) {
  const auto fails = [](const std::string& inside) {
    BodyKeyRef key;
    return !parse_settings_document(
                "<poc-settings xmlns=\"urn:oma:params:xml:ns:poc:poc-settings\">" + inside + "</poc-settings>", "c",
                BodyKeys(), key)
                .has_value();
  };
  EXPECT_FALSE(fails("<entity id=\"another\"/>"));
  EXPECT_TRUE(fails(""));
  EXPECT_TRUE(fails("<entity id=\"a\"/><entity id=\"b\"/>"));
  EXPECT_TRUE(fails("<entity id=\"c\"><am-settings><answer-mode>never</answer-mode></am-settings></entity>"));
  EXPECT_TRUE(fails("<entity id=\"c\"><isb-settings><incoming-session-barring active=\"2\"/></isb-settings></entity>"));
  EXPECT_TRUE(
      fails("<entity id=\"c\"><s:selected-user-profile-index "
            "xmlns:s=\"urn:3gpp:mcsSettings:1.0\"><s:user-profile-index>256</s:user-profile-index></"
            "s:selected-user-profile-index></entity>"));
}

TEST(Records, EachReadsBackAsItWas) {
  Registration registration;
  registration.impu = "sip:a@b";
  registration.s_cscf = "sip:s";
  registration.path = {"<sip:p;lr>"};
  registration.expires_at = 10;
  registration.bindings = {{"sip:m@b", "mcptt", "c"}};
  const auto value = storage::Value::owned(encode(registration), 7, 0);
  const auto read = decode_registration(value, "sip:a@b");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->bindings, registration.bindings);
  EXPECT_EQ(read->path, registration.path);
  EXPECT_EQ(read->version, 7U);
  EXPECT_TRUE(read->is_active_at(9 + kExpiryGrace));
  EXPECT_FALSE(read->is_active_at(10 + kExpiryGrace));
  // "memory per registration ≤ 1 KiB": what one weighs with a client, its settings and its timer.
  Binding binding;
  binding.name = registration.bindings.front();
  binding.impu = registration.impu;
  binding.token_digest = std::string(32, 'd');
  binding.ended = EndReason::Revoked;
  const auto binding_read = decode_binding(storage::Value::owned(encode(binding), 1, 0));
  ASSERT_TRUE(binding_read);
  EXPECT_EQ(binding_read->ended, EndReason::Revoked);
  EXPECT_EQ(binding_read->token_digest, binding.token_digest);
  Publication publication;
  publication.etag = "e";
  publication.name = binding.name;
  publication.impu = binding.impu;
  publication.settings.profile_index = 0;
  const auto publication_read = decode_publication(storage::Value::owned(encode(publication), 1, 0), "e");
  ASSERT_TRUE(publication_read);
  EXPECT_EQ(publication_read->settings, publication.settings);
  EXPECT_LT(encode(registration).size() + encode(binding).size() + encode(publication).size(), 1024U);
  Subscription subscription;
  subscription.dialog.routes = {"<sip:r;lr>"};
  subscription.dialog.local_sequence = 5;
  const auto subscription_read = decode_subscription(storage::Value::owned(encode(subscription), 1, 0), "t");
  ASSERT_TRUE(subscription_read);
  EXPECT_EQ(subscription_read->dialog.routes, subscription.dialog.routes);
  EXPECT_FALSE(decode_registration(storage::Value::owned("broken", 1, 0), "x"));
}

TEST(Records, IndexKeys) {
  const std::string prefix = revocable_prefix("alpha", "s", "sid1");
  const auto name = name_of_index(prefix + "sip:m@b" + '\0' + "mcptt" + '\0' + "c");
  ASSERT_TRUE(name);
  EXPECT_EQ(*name, (BindingName{"sip:m@b", "mcptt", "c"}));
  EXPECT_FALSE(name_of_index(prefix));
  EXPECT_EQ(*tag_of_index(resource_prefix("alpha", "r") + "tag"), "tag");
  EXPECT_FALSE(tag_of_index(resource_prefix("alpha", "r")));
}

TEST(Identities, OneWritingEach) {
  EXPECT_EQ(*canonical_mc_service_id("SIP:A@Host"), "sip:A@host");
  EXPECT_EQ(*canonical_mc_service_id("val-user 1"), "val-user 1");
  EXPECT_FALSE(canonical_mc_service_id(""));
  EXPECT_FALSE(canonical_mc_service_id(std::string("a\0b", 3)));
  EXPECT_FALSE(canonical_mc_service_id(std::string(256, 'a')));
}

}  // namespace
}  // namespace claviger::registration
