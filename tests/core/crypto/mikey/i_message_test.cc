#include "core/crypto/mikey/i_message.h"

#include <gtest/gtest.h>

#include "core/crypto/mikey/key_id.h"
#include "core/crypto/random.h"
#include "tests/core/crypto/mikey/published.h"

namespace claviger::mikey {
namespace {

// The independent implementation's domain, users and messages.
struct Interop {
  codec::JsonObject values = object_at(published(), "interop");
  KmsDomain domain{text_at(values, "kms_uri"), *SakkePublicKey::from_octets(octets_at(values, "PubEncKey")),
                   *EccsiPublicKey::from_octets(octets_at(values, "PubAuthKey")), *KeyPeriods::make(16777215, 0)};
  NtpSeconds time{0xEC898DA8};

  codec::JsonObject key_set(std::string_view uri) const {
    for (const auto value : array_at(values, "key_sets")) {
      if (*value.as_object()->string_at("user_uri") == uri) return *value.as_object();
    }
    CLAVIGER_ASSERT(false);
    return values;
  }
  std::vector<codec::JsonObject> messages() const {
    std::vector<codec::JsonObject> all;
    for (const auto value : array_at(values, "i_messages")) all.push_back(*value.as_object());
    return all;
  }
};

// A receiver with the keys of one user.
struct Holder {
  Holder(const Interop& interop, std::string user) : uri(std::move(user)) {
    const auto set = interop.key_set(uri);
    rsk = secret_of<kSakkePointBytes>(octets_at(set, "RSK"));
    key.rsk = &rsk;
    const auto octets = octets_at(set, "uid");
    std::copy(octets.begin(), octets.end(), key.uid.begin());
    receiver = {uri, std::span(&interop.domain, 1), std::span(&key, 1), interop.time, {}};
  }
  std::string uri;
  Rsk rsk;
  ReceiverKey key{};
  IMessageReceiver receiver;
};

TEST(KeyId, ReproducesTheIndependentGukIds) {
  for (const auto value : array_at(object_at(published(), "gpp"), "guk_id")) {
    const auto entry = *value.as_object();
    EXPECT_EQ(guk_id(secret_of<16>(octets_at(entry, "gmk")), load_be<std::uint32_t>(octets_at(entry, "gmk_id")),
                     text_at(entry, "user_uri")),
              load_be<std::uint32_t>(octets_at(entry, "guk_id")));
  }
}

TEST(KeyId, ReproducesTheIndependentTrafficKeys) {
  for (const auto value : array_at(object_at(published(), "gpp"), "traffic_key")) {
    const auto entry = *value.as_object();
    const TrafficKey key =
        derive_traffic_key(secret_of<16>(octets_at(entry, "tgk")), static_cast<std::uint8_t>(*entry.int_at("cs_id")),
                           load_be<std::uint32_t>(octets_at(entry, "csb_id")), octets_at(entry, "rand"));
    EXPECT_EQ(to_hex(key.tek.reveal()), text_at(entry, "tek"));
    EXPECT_EQ(to_hex(key.salt.reveal()), text_at(entry, "salt"));
  }
}

TEST(KeyId, HasAPurposeInItsTopBits) {
  EXPECT_EQ(*purpose_of(0x2DDD5BF0), KeyPurpose::Csk);
  EXPECT_EQ(*purpose_of(0x0DF9BC39), KeyPurpose::Gmk);
  EXPECT_TRUE(purpose_of(0x70000000).failed_with(Code::NotFound));
  EXPECT_EQ(*purpose_of(*random_key_id(KeyPurpose::MuSik)), KeyPurpose::MuSik);
}

TEST(IMessage, OpensEveryMessageOfAnIndependentImplementation) {
  const Interop interop;
  for (const auto& entry : interop.messages()) {
    Holder holder(interop, text_at(entry, "responder"));
    const std::string initiator = text_at(entry, "initiator");
    holder.receiver.expected_initiator = initiator;
    const auto message = octets_at(entry, "i_message");
    const auto opened = open_i_message(message, holder.receiver);
    ASSERT_TRUE(opened) << text_at(entry, "kind") << ' ' << opened.error().where;
    EXPECT_EQ(to_hex(opened->key.reveal()), text_at(entry, "key"));
    EXPECT_EQ(to_hex(opened->initiator_uid), text_at(interop.key_set(initiator), "uid"));
    EXPECT_EQ(opened->time.count, interop.time.count);
    ASSERT_EQ(opened->view.extension_count, 1U);
    EXPECT_EQ(opened->view.extensions[0].type, 7);
  }
}

TEST(IMessage, ReadsTheMapOfAGroupKey) {
  const Interop interop;
  const auto entry = interop.messages()[0];
  const auto message = octets_at(entry, "i_message");
  const auto view = parse_i_message(message);
  ASSERT_TRUE(view);
  ASSERT_EQ(view->session_count, 1U);
  EXPECT_EQ(view->sessions[0].cs_id, 4);
  EXPECT_EQ(to_hex(view->sessions[0].spi), "0df9bc3906a12aea");
  EXPECT_EQ(view->csb_id, guk_id(secret_of<16>(octets_at(entry, "key")), 0x0DF9BC39, text_at(entry, "responder")));
  EXPECT_EQ(as_text(view->identity(MikeyRole::InitiatorKms)), "kms.mydev.streamwide.com");
}

// SAKKE's part follows from key and receiver: all but the signature is to the octet what the other one wrote.
TEST(IMessage, BuildsWhatTheIndependentImplementationBuilt) {
  const Interop interop;
  for (const auto& entry : interop.messages()) {
    const auto theirs = octets_at(entry, "i_message");
    const auto view = parse_i_message(theirs);
    ASSERT_TRUE(view);
    if (theirs[9] == std::byte{0}) continue;  // the legacy map, which we only read
    const auto set = interop.key_set(text_at(entry, "initiator"));
    EccsiUserKey key{secret_of<32>(octets_at(set, "SSK")), {}};
    const auto pvt = octets_at(set, "PVT");
    std::copy(pvt.begin(), pvt.end(), key.pvt.begin());
    const std::string initiator = text_at(entry, "initiator");
    const std::string responder = text_at(entry, "responder");
    const IMessageContent content{.csb_id = view->csb_id,
                                  .sessions = std::span(view->sessions).first(view->session_count),
                                  .time = interop.time,
                                  .random = view->random,
                                  .initiator_uri = initiator,
                                  .responder_uri = responder,
                                  .srtp_policy = view->srtp_policy,
                                  .extensions = std::span(view->extensions).first(view->extension_count)};
    const auto ours =
        build_i_message(content, interop.domain, key, interop.domain, secret_of<16>(octets_at(entry, "key")));
    ASSERT_TRUE(ours);
    EXPECT_EQ(to_hex(Bytes(*ours).first(view->signed_part.size())), to_hex(view->signed_part));
    Holder holder(interop, responder);
    EXPECT_TRUE(open_i_message(*ours, holder.receiver));
  }
}

TEST(IMessage, Row39RefusesEveryAlteredOctetEveryTruncationAndWhatTrails) {
  const Interop interop;
  const Holder holder(interop, "sip:alice@streamwide.com");
  const auto good = octets_at(interop.messages()[0], "i_message");
  std::vector<std::byte> message = good;
  for (std::size_t at = 0; at < message.size(); ++at) {
    message[at] ^= static_cast<std::byte>(1U << (at % 8));
    EXPECT_TRUE(open_i_message(message, holder.receiver).failed_with(Code::SealBroken)) << at;
    message[at] = good[at];
  }
  for (std::size_t size = 0; size < message.size(); ++size) {
    EXPECT_TRUE(open_i_message(Bytes(message).first(size), holder.receiver).failed_with(Code::SealBroken)) << size;
  }
  message.push_back(std::byte{0});
  EXPECT_TRUE(open_i_message(message, holder.receiver).failed_with(Code::SealBroken));
  EXPECT_TRUE(open_i_message(good, holder.receiver));
}

TEST(IMessage, RefusesOtherReceiversTimesDomainsAndSenders) {
  const Interop interop;
  const auto message = octets_at(interop.messages()[0], "i_message");
  const auto where = [&](const IMessageReceiver& receiver) {
    const auto opened = open_i_message(message, receiver);
    return opened ? std::string_view("opened") : opened.error().where;
  };
  const Holder alice(interop, "sip:alice@streamwide.com");
  EXPECT_EQ(where(alice.receiver), "opened");
  EXPECT_EQ(where(Holder(interop, "sip:bob@streamwide.com").receiver), "i_message.responder");
  IMessageReceiver changed = alice.receiver;
  changed.now.count += 16777216;  // one period and a second
  EXPECT_EQ(where(changed), "i_message.time");
  changed.now.count = interop.time.count - 16777216;
  EXPECT_EQ(where(changed), "i_message.time");
  changed.now.count = interop.time.count + 16777215;
  EXPECT_EQ(where(changed), "opened");
  changed = alice.receiver;
  changed.domains = {};
  EXPECT_EQ(where(changed), "i_message.kms");
  changed = alice.receiver;
  changed.expected_initiator = "sip:bob@streamwide.com";
  EXPECT_EQ(where(changed), "i_message.initiator");
  changed = alice.receiver;
  changed.keys = {};
  EXPECT_EQ(where(changed), "i_message.key");
}

// A domain of our own, with users whose keys we issue.
struct Domain {
  SakkeMasterSecret z = *SakkeMasterSecret::generate();
  EccsiMasterSecret ksak = *EccsiMasterSecret::generate();
  KmsDomain domain{"kms.example.org", z.public_key(), ksak.public_key(), *KeyPeriods::make(2592000, 0)};
  NtpSeconds now{3'900'000'000};

  Uid uid(std::string_view uri) const {
    return *compute_uid(uri, domain.uri, domain.periods, *domain.periods.number_at(now));
  }
  Rsk rsk(std::string_view uri) const { return *extract_rsk(z, uid(uri)); }
  EccsiUserKey key(std::string_view uri) const { return *issue_eccsi_key(ksak, uid(uri)); }
};

TEST(IMessage, CarriesAGroupKeyToItsMember) {
  const Domain here;
  const Domain there;  // the member's domain is another
  KmsDomain member_domain = there.domain;
  member_domain.uri = "kms.bravo.example";
  const std::string member = "sip:member@bravo.example";
  const Uid member_uid =
      *compute_uid(member, member_domain.uri, member_domain.periods, *member_domain.periods.number_at(there.now));
  const Rsk rsk = *extract_rsk(there.z, member_uid);
  const SharedSecret gmk = *crypto::random_bytes<16>();
  const std::uint32_t gmk_id = *random_key_id(KeyPurpose::Gmk);
  const std::array<std::byte, 3> parameters{};
  const MikeyExtension extension{7, parameters};
  const auto message =
      build_group_key_message({gmk_id, here.now, "sip:gms@example.org", member, std::span(&extension, 1)}, here.domain,
                              here.key("sip:gms@example.org"), member_domain, gmk);
  ASSERT_TRUE(message);

  const KmsDomain domains[] = {here.domain, member_domain};
  const ReceiverKey key{member_uid, &rsk};
  const auto opened = open_i_message(*message, {member, domains, std::span(&key, 1), here.now, "sip:gms@example.org"});
  ASSERT_TRUE(opened) << opened.error().where;
  EXPECT_TRUE(opened->key.equals(gmk.reveal()));
  EXPECT_EQ(opened->view.csb_id, guk_id(gmk, gmk_id, member));
  EXPECT_EQ(load_be<std::uint32_t>(opened->view.sessions[0].spi), gmk_id);
  EXPECT_EQ(opened->view.extensions[0].data.size(), 3U);
}

TEST(IMessage, NamesItsUsersWhenTheyNeedNotBeHidden) {
  const Domain domain;
  const Rsk rsk = domain.rsk("sip:b@example.org");
  const SharedSecret pck = *crypto::random_bytes<16>();
  const std::array<std::byte, 16> random{std::byte{1}};
  const CryptoSession sessions[] = {{0, {}}, {1, {}}};
  const IMessageContent content{.csb_id = make_key_id(KeyPurpose::Pck, 77),
                                .sessions = sessions,
                                .time = domain.now,
                                .random = random,
                                .initiator_uri = "sip:a@example.org",
                                .responder_uri = "sip:b@example.org",
                                .hides_identities = false,
                                .srtp_policy = private_srtp_profile()};
  const auto message = build_i_message(content, domain.domain, domain.key("sip:a@example.org"), domain.domain, pck);
  ASSERT_TRUE(message);
  const ReceiverKey key{domain.uid("sip:b@example.org"), &rsk};
  const auto opened =
      open_i_message(*message, {"sip:b@example.org", std::span(&domain.domain, 1), std::span(&key, 1), domain.now, {}});
  ASSERT_TRUE(opened);
  EXPECT_EQ(as_text(opened->view.identity(MikeyRole::Initiator)), "sip:a@example.org");
  EXPECT_EQ(opened->initiator_uid, domain.uid("sip:a@example.org"));
  EXPECT_TRUE(opened->key.equals(pck.reveal()));

  // Signed with the key of somebody else.
  const auto forged =
      build_i_message(content, domain.domain, domain.key("sip:mallory@example.org"), domain.domain, pck);
  ASSERT_TRUE(forged);
  EXPECT_EQ(
      open_i_message(*forged, {"sip:b@example.org", std::span(&domain.domain, 1), std::span(&key, 1), domain.now, {}})
          .error()
          .where,
      "eccsi.signature");
}

TEST(IMessage, RefusesToBuildWhatNobodyReads) {
  const Domain domain;
  const EccsiUserKey key = domain.key("sip:a@example.org");
  const SharedSecret secret = *crypto::random_bytes<16>();
  const std::array<std::byte, 16> random{};
  const IMessageContent good{
      .time = domain.now, .random = random, .initiator_uri = "sip:a@example.org", .responder_uri = "sip:b@example.org"};
  const auto code = [&](const IMessageContent& content) {
    return build_i_message(content, domain.domain, key, domain.domain, secret).error().code;
  };
  IMessageContent bad = good;
  bad.random = Bytes(random).first(15);
  EXPECT_EQ(code(bad), Code::BadValue);
  bad = good;
  bad.responder_uri = "";
  EXPECT_EQ(code(bad), Code::Empty);
  bad = good;
  const std::vector<CryptoSession> sessions(kCryptoSessionsMax + 1);
  bad.sessions = sessions;
  EXPECT_EQ(code(bad), Code::TooMany);
  bad = good;
  const CryptoSession twice[] = {{1, {}}, {1, {}}};
  bad.sessions = twice;
  EXPECT_EQ(code(bad), Code::Duplicate);
  bad = good;
  const std::vector<std::byte> large(kIMessageBytesMax);
  const MikeyExtension extension{7, large};
  bad.extensions = std::span(&extension, 1);
  EXPECT_EQ(code(bad), Code::TooLarge);
  EXPECT_TRUE(build_i_message(good, domain.domain, key, domain.domain, secret));
}

// Payload by payload: what the parser alone refuses, named by what it says.
TEST(IMessage, RefusesPayloadsTwiceMissingOrUnknown) {
  const Interop interop;
  const auto good = octets_at(interop.messages()[2], "i_message");  // no sessions: T starts at 10
  const auto where = [](const std::vector<std::byte>& message) {
    const auto view = parse_i_message(message);
    return view ? std::string_view("good") : view.error().where;
  };
  EXPECT_EQ(where(good), "good");
  const auto with = [&](std::size_t at, unsigned value) {
    std::vector<std::byte> message = good;
    message[at] = static_cast<std::byte>(value);
    return where(message);
  };
  EXPECT_EQ(with(0, 2), "i_message.header");
  EXPECT_EQ(with(1, 27), "i_message.header");
  EXPECT_EQ(with(2, 11), "i_message.timestamp");
  EXPECT_EQ(with(3, 0x81), "i_message.prf");  // V = 1
  EXPECT_EQ(with(3, 0), "i_message.prf");
  EXPECT_EQ(with(8, 1), "i_message.map");  // a session in an empty map
  EXPECT_EQ(with(9, 9), "i_message.map");
  EXPECT_EQ(with(11, 1), "i_message.timestamp");
  EXPECT_EQ(with(10, 99), "i_message.payload");
  EXPECT_EQ(with(21, 15), "i_message.rand");
  // The first IDR follows RAND, at 38: next, role 8, type, length, 32 octets; then role 9.
  EXPECT_EQ(with(39, 3), "i_message.identity.role");
  EXPECT_EQ(with(40, 0), "i_message.identity.type");
  EXPECT_EQ(with(39, 9), "i_message.identity");  // role 9 twice
  EXPECT_EQ(with(39, 6), "i_message.identity");  // the initiator's KMS twice
  EXPECT_EQ(with(39, 2), "i_message.payloads");  // the receiver both hidden and named, the sender not at all
}

}  // namespace
}  // namespace claviger::mikey
