#include "broker/subscriber/subscriber.h"

#include <gtest/gtest.h>

namespace claviger::subscriber {
namespace {

TEST(Subscriber, PrivateIdentitiesHaveOneForm) {
  EXPECT_EQ(*canonical_private_identity("Ann@IMS.Alpha.Example"), "Ann@ims.alpha.example");
  for (const std::string_view wrong :
       {"", "ann", "@alpha", "ann@", "a@b@c", "ann @x", "ann@.x", "ann@x.", "a\n@x", "\"a\"@x"}) {
    EXPECT_EQ(canonical_private_identity(wrong).error().code, Code::SubscriberInvalid) << wrong;
  }
  EXPECT_FALSE(canonical_private_identity(std::string(250, 'a').append("@x.y")));
  EXPECT_FALSE(canonical_private_identity(std::string("a\0b@x", 5)));
}

TEST(Subscriber, PublicIdentitiesHaveOneForm) {
  EXPECT_EQ(*canonical_public_identity("SIP:Ann@IMS.Alpha.Example;user=phone"), "sip:Ann@ims.alpha.example");
  EXPECT_EQ(*canonical_public_identity("tel:+49-170-1"), "tel:+491701");
  for (const std::string_view wrong :
       {"", "sip:", "sip:alpha.example", "http:a@b", "tel:", "tel:+", "tel:1+2", "tel:12a", "sip:a@b@c", "ann@x"}) {
    EXPECT_EQ(canonical_public_identity(wrong).error().code, Code::SubscriberInvalid) << wrong;
  }
}

TEST(Subscriber, RecordsComeBackAsTheyWere) {
  Subscriber subscriber;
  subscriber.private_identity = "ann@x.y";
  subscriber.public_identities = {"sip:ann@x.y", "tel:+491701"};
  subscriber.algorithm = aka::Algorithm::Tuak;
  subscriber.key_bytes = 32;
  subscriber.response_bytes = 16;
  subscriber.iterations = 2;
  subscriber.sealed_key = "sealed";
  subscriber.amf = {std::byte{0x80}, std::byte{1}};
  subscriber.ind_bits = 3;
  subscriber.is_enabled = false;
  subscriber.serves_unregistered = true;
  subscriber.visited_networks = {"bravo.example"};
  subscriber.capabilities = {7, 9};
  subscriber.sequence = {-5, 4096, 17, 3};
  subscriber.server = {"sip:s", "h", "r", Registration::Unregistered, true, 5};
  subscriber.created_at = 1;
  subscriber.changed_at = 2;
  const std::string bytes = encode_subscriber(subscriber);
  const auto read = decode_subscriber(storage::Value::owned(bytes, 4, 0), "ann@x.y");
  ASSERT_TRUE(read);
  EXPECT_EQ(encode_subscriber(*read), bytes);
  EXPECT_EQ(read->version, 4U);
  EXPECT_EQ(read->capabilities, subscriber.capabilities);
  EXPECT_EQ(read->sequence.offset, -5);
  EXPECT_EQ(read->sequence.module_sequence, 4096U);
  EXPECT_EQ(read->sequence.resynchronisations, 3U);
  EXPECT_EQ(read->server.server_name, "sip:s");
  EXPECT_EQ(read->server.host, "h");
  EXPECT_EQ(read->server.realm, "r");
  EXPECT_EQ(read->server.registration, Registration::Unregistered);
  EXPECT_TRUE(read->server.is_pending);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto cut = decode_subscriber(storage::Value::owned(bytes.substr(0, size), 4, 0), "ann@x.y");
    EXPECT_TRUE(!cut || !cut->public_identities.empty()) << size;
  }
}

TEST(Subscriber, ARecordWithLengthsOfNoAlgorithmIsCorrupt) {
  Subscriber subscriber;
  subscriber.public_identities = {"sip:ann@x.y"};
  subscriber.key_bytes = 24;
  EXPECT_EQ(decode_subscriber(storage::Value::owned(encode_subscriber(subscriber), 1, 0), "a").error().code,
            Code::Corrupt);
}

}  // namespace
}  // namespace claviger::subscriber
