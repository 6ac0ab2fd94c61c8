// CSKs: I_MESSAGEs that our own KMS's keys open, and what is kept of them (TS 33.180 clauses 5.4, E.4).
#include <gtest/gtest.h>

#include "broker/keys/issue_procedure.h"
#include "broker/keys/user_keys.h"
#include "core/crypto/mikey/i_message.h"
#include "core/crypto/mikey/key_id.h"
#include "tests/broker/registration/registration_bed.h"

namespace claviger::registration {
namespace {

constexpr std::uint32_t kId = 0x20000001;

// The client's side, with ann's own keys.
class CskBed : public RegistrationBed {
 public:
  using RegistrationBed::RegistrationBed;
  struct Made {
    std::string to{kPsi};
    std::uint32_t id = kId;
    std::int64_t age = 0;
    bool hides = false;
  };
  std::string message(const Made& made) {
    const keys::DomainRef domain = domains().active();
    const std::int64_t at = now() - made.age;
    const keys::KeysWanted wanted{domain, *domain->domain.periods.number_at(at), std::string(keys::kAnn)};
    const auto value = wait(keys::find_or_issue(&kms(), context(), wanted));
    EXPECT_TRUE(value);
    SecretBytes wire(keys::kWireBytes);
    const auto stored = keys::read_user_keys(*value);
    EXPECT_TRUE(keys::open_user_keys(context()->sealer, wanted.key(), *stored, wire.reveal_for_writing()));
    const auto own = keys::parse_wire(wire.reveal());
    mikey::EccsiUserKey signing;
    std::ranges::copy(own->ssk.reveal(), signing.ssk.reveal_for_writing().begin());
    signing.pvt = own->pvt;
    const mikey::KmsDomain kms_domain{
        domain->domain.kms_uri, *mikey::SakkePublicKey::from_octets(domain->domain.public_encryption),
        *mikey::EccsiPublicKey::from_octets(domain->domain.public_authentication),
        *mikey::KeyPeriods::make(domain->domain.periods.seconds, domain->domain.periods.offset)};
    const std::array<std::byte, mikey::kRandBytesMin> random{std::byte{static_cast<unsigned char>(++count_)}};
    mikey::IMessageContent content;
    content.csb_id = made.id;
    content.time = *mikey::to_ntp(std::chrono::sys_seconds(std::chrono::seconds(at)));
    content.random = random;
    content.initiator_uri = keys::kAnn;
    content.responder_uri = made.to;
    content.hides_identities = made.hides;
    const mikey::SharedSecret secret;
    const auto built = mikey::build_i_message(content, kms_domain, signing, kms_domain, secret);
    EXPECT_TRUE(built);
    return std::string(as_text(*built));
  }
  Result<UploadedKey> open(std::string message, std::vector<std::string> candidates = {}) {
    auto upload = std::make_shared<Upload>();
    upload->message = std::move(message);
    upload->impu = kImpu;
    upload->candidates = std::move(candidates);
    return wait(registrar()->csk_opener()->open(registrar(), std::move(upload)));
  }
  bool refuses(std::string message, std::vector<std::string> candidates = {}) {
    return open(std::move(message), std::move(candidates)).failed_with(Code::CskInvalid);
  }
  Code stored(std::uint32_t id = kId) {
    return code_of(wait(read_client_server_key(registrar(), std::string(kImpu), id)));
  }
  Result<PublishOutcome> authorise_with(std::string client, const UploadedKey& key,
                                        std::string_view user = keys::kAnn) {
    PublishRequest one = publication();
    one.authorisation = authorisation(std::move(client), user);
    one.authorisation->uploaded = key.record;
    one.authorisation->csk_id = key.record->id;
    return publish_it(std::move(one));
  }

 private:
  int count_ = 0;
};

TEST(CskOpener, OpensWhatIsEncryptedToUs) {
  CskBed bed;
  const auto opened = bed.open(bed.message({}));
  ASSERT_TRUE(opened) << opened.error().where;
  EXPECT_EQ(opened->record->id, kId);
  EXPECT_EQ(opened->record->mc_service_id, keys::kAnn);
  EXPECT_EQ(opened->record->user_uri, keys::kAnn);
  const auto expected =
      derive_body_key(sip_settings(), kId, std::string(keys::kAnn), keys::kAnn, mikey::SharedSecret());
  EXPECT_TRUE(opened->key->integrity.equals(expected->integrity.reveal()));
  EXPECT_TRUE(opened->key->confidentiality.equals(expected->confidentiality.reveal()));
  // A record is not put by opening.
  EXPECT_EQ(bed.stored(), Code::CskMissing);
}

TEST(CskOpener, Refusals) {
  CskBed bed;
  EXPECT_TRUE(bed.refuses(""));
  EXPECT_TRUE(bed.refuses("no message"));
  EXPECT_TRUE(bed.refuses(bed.message({.to = "sip:other@alpha.example"})));
  EXPECT_TRUE(bed.refuses(bed.message({.id = mikey::make_key_id(mikey::KeyPurpose::Pck, 1)})));
  EXPECT_TRUE(bed.refuses(bed.message({.age = kMessageAgeMax + 1})));
  EXPECT_TRUE(bed.refuses(bed.message({.age = -kClockAheadMax - 1})));
  std::string broken = bed.message({});
  broken[broken.size() - 3] = static_cast<char>(broken[broken.size() - 3] ^ 1);
  EXPECT_TRUE(bed.refuses(broken));
  EXPECT_TRUE(bed.refuses(broken)) << "from the list of those that were refused";
  bed.advance(kRefusedKept + 1);
  EXPECT_TRUE(bed.refuses(broken));
  std::string another = bed.message({});
  const std::size_t at = another.find(keys::kKmsUri, another.find(keys::kKmsUri) + 1);
  ASSERT_NE(at, std::string::npos);
  another[at] = 'x';
  EXPECT_TRUE(bed.refuses(another)) << "of another KMS";
}

TEST(CskOpener, HiddenIdentities) {
  CskBed bed;
  EXPECT_TRUE(bed.refuses(bed.message({.hides = true})));
  EXPECT_TRUE(bed.refuses(bed.message({.hides = true}), {"sip:bob.ptt@alpha.example"}));
  const auto opened = bed.open(bed.message({.hides = true}), {"sip:bob.ptt@alpha.example", std::string(keys::kAnn)});
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->record->mc_service_id, keys::kAnn);
}

TEST(CskOpener, AUserOfOurNameWouldHaveOurKeys) {
  settings::Sip sip = sip_settings();
  sip.domain_security_identity = keys::kAnn;
  CskBed bed(sip);
  EXPECT_TRUE(bed.refuses(bed.message({.to = std::string(keys::kAnn)})));
}

TEST(CskOpener, TheSameAgainIsKnown) {
  CskBed bed;
  EXPECT_EQ(bed.register_at(), Code::Closed);
  const std::string message = bed.message({});
  const auto opened = bed.open(message);
  ASSERT_TRUE(opened);
  ASSERT_TRUE(bed.authorise_with("c", *opened));
  bed.advance(kMessageAgeMax + 10);
  const auto again = bed.open(message);
  ASSERT_TRUE(again) << "however old it is by now";
  EXPECT_EQ(again->record->message_digest, opened->record->message_digest);
  EXPECT_TRUE(again->key->integrity.equals(opened->key->integrity.reveal()));
}

TEST(ClientServerKeys, EndWithTheirBinding) {
  CskBed bed;
  EXPECT_EQ(bed.register_at(), Code::Closed);
  const auto first = bed.open(bed.message({}));
  ASSERT_TRUE(first);
  const auto outcome = bed.authorise_with("c", *first);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(bed.stored(), Code::Closed);
  EXPECT_EQ(bed.binding("c").csk_id, kId);
  // A second client of the user shares it: it stays until the last is gone.
  const auto second = bed.authorise_with("d", *first);
  ASSERT_TRUE(second);
  PublishRequest leave = bed.publication();
  leave.expires = 0;
  leave.settings.reset();
  leave.if_match = outcome->etag;
  EXPECT_TRUE(bed.publish_it(leave));
  EXPECT_EQ(bed.stored(), Code::Closed);
  leave.if_match = second->etag;
  EXPECT_TRUE(bed.publish_it(leave));
  EXPECT_EQ(bed.stored(), Code::CskMissing);
  EXPECT_EQ(bed.binding("c").csk_id, 0U);
}

TEST(ClientServerKeys, AreReplaced) {
  CskBed bed;
  EXPECT_EQ(bed.register_at(), Code::Closed);
  ASSERT_TRUE(bed.authorise_with("c", *bed.open(bed.message({}))));
  ASSERT_TRUE(bed.authorise_with("c", *bed.open(bed.message({.id = kId + 1}))));
  EXPECT_EQ(bed.stored(), Code::CskMissing);
  EXPECT_EQ(bed.stored(kId + 1), Code::Closed);
  // A token without a key leaves the key as it is.
  EXPECT_TRUE(bed.authorise("c"));
  EXPECT_EQ(bed.binding("c").csk_id, kId + 1);
  EXPECT_EQ(bed.register_at(0), Code::Closed);
  EXPECT_EQ(bed.stored(kId + 1), Code::CskMissing) << "it goes with the registration";
}

// One REGISTER may authorise a client for several services, and bring each its next key.
class TwoServicesBed : public CskBed {
 public:
  Code register_with(const UploadedKey& ptt, const UploadedKey& video) {
    auto request = std::make_shared<RegisterRequest>();
    request->impu = kImpu;
    request->expires = 3600;
    for (const auto& [service, key] : {std::pair("mcptt", &ptt), std::pair("mcvideo", &video)}) {
      request->authorisations.push_back(authorisation("c"));
      request->authorisations.back().service = service;
      request->authorisations.back().uploaded = key->record;
      request->authorisations.back().csk_id = key->record->id;
    }
    return code_of(wait(register_identity(registrar(), std::move(request))));
  }
};

TEST(ClientServerKeys, TwoServicesChangeTheirsInOneRegister) {
  TwoServicesBed bed;
  const auto first = bed.open(bed.message({}));
  const auto second = bed.open(bed.message({.id = kId + 1}));
  const auto third = bed.open(bed.message({.id = kId + 2}));
  ASSERT_TRUE(first && second && third);
  EXPECT_EQ(bed.register_with(*first, *first), Code::Closed);
  EXPECT_EQ(bed.stored(kId), Code::Closed);
  EXPECT_EQ(bed.register_with(*second, *second), Code::Closed);
  EXPECT_EQ(bed.stored(kId), Code::CskMissing) << "neither has it any more";
  EXPECT_EQ(bed.stored(kId + 1), Code::Closed);
  EXPECT_EQ(bed.register_with(*second, *third), Code::Closed);
  EXPECT_EQ(bed.stored(kId + 1), Code::Closed) << "one of them has it";
  // Each takes the other's.
  EXPECT_EQ(bed.register_with(*third, *second), Code::Closed);
  EXPECT_EQ(bed.stored(kId + 1), Code::Closed);
  EXPECT_EQ(bed.stored(kId + 2), Code::Closed);
  EXPECT_EQ(bed.register_with(*first, *third), Code::Closed);
  EXPECT_EQ(bed.stored(kId), Code::Closed);
  EXPECT_EQ(bed.stored(kId + 1), Code::CskMissing);
  EXPECT_EQ(bed.stored(kId + 2), Code::Closed);
}

TEST(ClientServerKeys, AnIdentifierInUseIsNobodyElses) {
  CskBed bed;
  EXPECT_EQ(bed.register_at(), Code::Closed);
  const auto anns = bed.open(bed.message({}));
  ASSERT_TRUE(anns);
  ASSERT_TRUE(bed.authorise_with("c", *anns));
  auto record = std::make_shared<ClientServerKey>(*anns->record);
  record->mc_service_id = "sip:bob.ptt@alpha.example";
  record->message_digest = "another";
  const UploadedKey bobs{record, anns->key};
  EXPECT_EQ(RegistrationBed::code_of(bed.authorise_with("c", bobs, record->mc_service_id)), Code::CskInvalid);
  EXPECT_FALSE(bed.has_access("c", record->mc_service_id)) << "nothing was changed";
  EXPECT_EQ(bed.wait(read_client_server_key(bed.registrar(), std::string(kImpu), kId))->mc_service_id, keys::kAnn);
}

TEST(ClientServerKeys, SealedToTheirPlace) {
  CskBed bed;
  const auto opened = bed.open(bed.message({}));
  ASSERT_TRUE(opened);
  const auto read = decode_client_server_key(storage::Value::owned(encode(*opened->record), 1, 0), kImpu, kId);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->user_uri, keys::kAnn);
  EXPECT_EQ(read->made_at, bed.now());
  ClientServerKey moved = *read;
  moved.impu = "sip:else@ims.alpha.example";
  EXPECT_FALSE(bed.wait([](Registrar* registrar, ClientServerKey key) -> runtime::Task<bool> {
    co_return open_csk(*registrar, key).has_value();
  }(bed.registrar(), moved)));
  EXPECT_EQ(read->sealed.find(std::string(16, '\0')), std::string::npos);
}

}  // namespace
}  // namespace claviger::registration
