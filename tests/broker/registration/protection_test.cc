// What a service wants of a PUBLISH's protection, and whose key counts: asked once, of the publication that is meant.
#include <gtest/gtest.h>

#include "broker/registration/encrypted_xml.h"
#include "broker/registration/sip_requests.h"
#include "tests/broker/registration/registration_bed.h"

namespace claviger::registration {
namespace {

constexpr std::uint32_t kAnnsKey = 0x20000001;
constexpr std::uint32_t kAnothersKey = 0x20000002;
constexpr std::string_view kBob = "sip:bob.ptt@alpha.example";

settings::Sip wanting(std::vector<std::string> integrity, std::vector<std::string> confidentiality = {}) {
  settings::Sip sip = sip_settings();
  sip.integrity_required = std::move(integrity);
  sip.confidentiality_required = std::move(confidentiality);
  return sip;
}

Protection in_the_clear() {
  Protection protection;
  protection.is_unsigned = true;
  protection.is_clear = true;
  return protection;
}
Protection protected_under(std::uint32_t id, std::string_view user = keys::kAnn) {
  Protection protection;
  protection.csk_id = id;
  protection.mc_service_id = user;
  return protection;
}

class ProtectionBed : public RegistrationBed {
 public:
  explicit ProtectionBed(settings::Sip sip) : RegistrationBed(std::move(sip)) {
    EXPECT_EQ(register_at(), Code::Closed);
  }
  Result<PublishOutcome> authorise_under(std::string client, Protection protection,
                                         std::string_view user = keys::kAnn) {
    PublishRequest one = publication();
    one.authorisation = authorisation(std::move(client), user);
    one.authorisation->csk_id = protection.csk_id;
    one.protection = std::move(protection);
    return publish_it(std::move(one));
  }
  // A PUBLISH of a body without an info part.
  Result<PublishOutcome> settings_alone(const std::string& etag, Protection protection) {
    PublishRequest one = publication();
    one.if_match = etag;
    one.csk_id = protection.csk_id;
    one.protection = std::move(protection);
    return publish_it(std::move(one));
  }
};

TEST(Protection, IsWhatTheServiceOfTheTokenWants) {
  ProtectionBed bed(wanting({"mcptt"}, {"mcptt"}));
  EXPECT_EQ(RegistrationBed::code_of(bed.authorise_under("c", in_the_clear())), Code::XmlSignature);
  Protection is_signed = protected_under(kAnnsKey);
  is_signed.is_clear = true;
  EXPECT_EQ(RegistrationBed::code_of(bed.authorise_under("c", is_signed)), Code::XmlEncryption);
  EXPECT_FALSE(bed.has_access("c"));
  EXPECT_TRUE(bed.authorise_under("c", protected_under(kAnnsKey)));
  EXPECT_TRUE(bed.has_access("c"));
}

TEST(Protection, OfSettingsAloneIsWhatThePublicationsServiceWants) {
  ProtectionBed bed(wanting({"mcptt"}));
  const auto first = bed.authorise_under("c", protected_under(kAnnsKey));
  ASSERT_TRUE(first);
  EXPECT_EQ(RegistrationBed::code_of(bed.settings_alone(first->etag, in_the_clear())), Code::XmlSignature);
  const auto second = bed.settings_alone(first->etag, protected_under(kAnnsKey));
  ASSERT_TRUE(second);
  PublishRequest refresh = bed.publication();
  refresh.settings.reset();
  refresh.if_match = second->etag;
  EXPECT_TRUE(bed.publish_it(refresh)) << "without a body there is nothing to sign";

  ProtectionBed other(wanting({"mcvideo"}));
  const auto clear = other.authorise_under("c", in_the_clear());
  ASSERT_TRUE(clear);
  EXPECT_TRUE(other.settings_alone(clear->etag, in_the_clear())) << "another service's wish";
}

TEST(Protection, AnotherUsersKeySignsNothingOfHis) {
  ProtectionBed bed(wanting({"mcptt"}));
  const auto anns = bed.authorise_under("c", protected_under(kAnnsKey));
  const auto bobs = bed.authorise_under("c", protected_under(kAnothersKey, kBob), kBob);
  ASSERT_TRUE(anns && bobs);
  EXPECT_EQ(RegistrationBed::code_of(bed.settings_alone(anns->etag, protected_under(kAnothersKey, kBob))),
            Code::ServiceNotAuthorised);
  EXPECT_EQ(bed.binding("c").etag, anns->etag) << "nothing was changed";
  EXPECT_TRUE(bed.settings_alone(bobs->etag, protected_under(kAnothersKey, kBob)));
  auto uploaded = std::make_shared<ClientServerKey>();
  uploaded->id = kAnothersKey + 1;
  uploaded->mc_service_id = kBob;
  PublishRequest bringing = bed.publication();
  bringing.if_match = anns->etag;
  bringing.protection = protected_under(kAnnsKey);
  bringing.csk_id = uploaded->id;
  bringing.uploaded = uploaded;
  EXPECT_EQ(RegistrationBed::code_of(bed.publish_it(bringing)), Code::ServiceNotAuthorised) << "nor comes for him";
}

TEST(Protection, AnotherClientsKeyNeither) {
  ProtectionBed bed(wanting({"mcptt"}));
  const auto first = bed.authorise_under("c", protected_under(kAnnsKey));
  const auto second = bed.authorise_under("d", protected_under(kAnothersKey));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(RegistrationBed::code_of(bed.settings_alone(first->etag, protected_under(kAnothersKey))),
            Code::ServiceNotAuthorised);
  EXPECT_EQ(bed.binding("c").csk_id, kAnnsKey);
  EXPECT_TRUE(bed.settings_alone(first->etag, protected_under(kAnothersKey + 1))) << "one that nobody else has";
  EXPECT_EQ(bed.binding("c").csk_id, kAnothersKey + 1);
}

TEST(Protection, AnInfoPartBesideAnEntityTagNamesNobodyElse) {
  ProtectionBed bed(sip_settings());
  const auto outcome = bed.authorise("c");
  ASSERT_TRUE(outcome);
  PublishRequest one = bed.publication();
  one.if_match = outcome->etag;
  const auto code_with = [&](std::string service, std::string_view user, std::string client) {
    one.service = std::move(service);
    one.mc_service_id = user;
    one.client_id = std::move(client);
    return RegistrationBed::code_of(bed.publish_it(one));
  };
  EXPECT_EQ(code_with("mcvideo", "", ""), Code::BindingDiffers);
  EXPECT_EQ(code_with("mcptt", kBob, ""), Code::BindingDiffers);
  EXPECT_EQ(code_with("mcptt", keys::kAnn, "d"), Code::BindingDiffers);
  EXPECT_EQ(code_with("mcptt", keys::kAnn, "c"), Code::Closed);
}

// The reader's part of it: what it found, and no judgement.
TEST(Protection, OfSettingsWhoseIdentitiesAreEncryptedIsNoSignature) {
  RegistrationBed bed(wanting({"mcptt"}));
  const BodyKeyRef key =
      derive_body_key(settings::Sip(), kAnnsKey, std::string(keys::kAnn), keys::kAnn, mikey::SharedSecret());
  BodyAccess access;
  access.keys.add(key);
  const auto client = encrypt_uri(*key, "urn:uuid:1", "as.alpha.example");
  ASSERT_TRUE(client);
  const std::string body =
      "<poc-settings xmlns=\"urn:oma:params:xml:ns:poc:poc-settings\"><entity id=\"" + *client + "\"/></poc-settings>";
  const std::string text =
      "PUBLISH sip:as.alpha.example SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=f\r\n"
      "To: <sip:as.alpha.example>\r\nCall-ID: c\r\nCSeq: 7 PUBLISH\r\nEvent: poc-settings\r\nSIP-If-Match: e\r\n"
      "Content-Type: application/poc-settings+xml\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  sip::Message message;
  ASSERT_TRUE(message.parse(text, sip::Framing::Stream));
  const auto request = bed.wait([](Registrar* registrar, const sip::Message* of,
                                   const BodyAccess* with) -> runtime::Task<Result<PublishRequest>> {
    co_return read_publish(*registrar, *of, std::string(kImpu), *with);
  }(bed.registrar(), &message, &access));
  ASSERT_TRUE(request) << request.error().where;
  EXPECT_TRUE(request->protection.is_unsigned);
  EXPECT_EQ(request->protection.csk_id, kAnnsKey);
  EXPECT_EQ(request->protection.mc_service_id, keys::kAnn);
}

}  // namespace
}  // namespace claviger::registration
