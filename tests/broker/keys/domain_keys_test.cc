#include "broker/keys/domain_keys.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "core/codec/hex.h"
#include "core/codec/json_reader.h"

namespace claviger::keys {
namespace {

std::string bytes_of(std::string_view hex) {
  std::string bytes(hex.size() / 2, '\0');
  EXPECT_TRUE(codec::hex_decode(hex, std::as_writable_bytes(std::span(bytes))).has_value());
  return bytes;
}

std::string text_of(const codec::JsonObject& object, std::string_view name) {
  return std::string(*object.find(name)->as_string());
}
std::uint64_t number_of(const codec::JsonObject& object, std::string_view name) {
  return static_cast<std::uint64_t>(*object.find(name)->as_int());
}

class Vectors : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file(CLAVIGER_SOURCE_DIR "/tests/vectors/mikey_sakke.json", std::ios::binary);
    text_.assign(std::istreambuf_iterator<char>(file), {});
    const auto value = reader_.parse(text_);
    ASSERT_TRUE(value.has_value());
    const auto root = value->as_object();
    ASSERT_TRUE(root.has_value());
    root_ = *root;
  }
  std::string text_;
  codec::JsonReader reader_;
  std::optional<codec::JsonObject> root_;
};

TEST_F(Vectors, UidsOfTheStandard) {  // TS 33.180 F.2.1
  const auto gpp = root_->find("gpp")->as_object();
  const auto uids = gpp->find("uid")->as_array();
  std::size_t count = 0;
  for (const codec::JsonValue each : *uids) {
    const auto uid = *each.as_object();
    const auto made = make_uid(text_of(uid, "user_uri"), text_of(uid, "kms_uri"),
                               static_cast<std::uint32_t>(number_of(uid, "period")),
                               static_cast<std::uint32_t>(number_of(uid, "offset")), number_of(uid, "number"));
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(as_text(*made), bytes_of(text_of(uid, "uid")));
    ++count;
  }
  EXPECT_EQ(count, 8U);
}

TEST_F(Vectors, IssuedKeys) {
  const auto issued = root_->find("issued")->as_array();
  for (const codec::JsonValue each : *issued) {
    const auto one = *each.as_object();
    std::string z = bytes_of(text_of(one, "z"));
    z.insert(0, kZBytes - z.size(), '\0');
    const std::string secrets = z + bytes_of(text_of(one, "ksak"));
    const auto keys = DomainKeys::restore(as_bytes(secrets));
    ASSERT_TRUE(keys.has_value());
    EXPECT_EQ(as_text((*keys)->public_encryption()), bytes_of(text_of(one, "Z")));
    EXPECT_EQ(as_text((*keys)->public_authentication()), bytes_of(text_of(one, "KPAK")));
    const std::string uid = bytes_of(text_of(one, "uid"));
    const auto made = (*keys)->issue(as_bytes(uid));
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(as_text(made->rsk.reveal()), bytes_of(text_of(one, "RSK")));
    // The same user again: the same RSK, another pair.
    const auto again = (*keys)->issue(as_bytes(uid));
    ASSERT_TRUE(again.has_value());
    EXPECT_TRUE(again->rsk.equals(made->rsk.reveal()));
    EXPECT_NE(again->pvt, made->pvt);
  }
}

TEST(DomainKeys, GeneratedOnesComeBack) {
  const auto keys = DomainKeys::generate();
  ASSERT_TRUE(keys.has_value());
  const SecretBytes secrets = (*keys)->secrets();
  ASSERT_EQ(secrets.size(), kDomainSecretBytes);
  const auto restored = DomainKeys::restore(secrets.reveal());
  ASSERT_TRUE(restored.has_value());
  EXPECT_EQ((*restored)->public_encryption(), (*keys)->public_encryption());
  EXPECT_EQ((*restored)->public_authentication(), (*keys)->public_authentication());
}

TEST(DomainKeys, RefusesWhatIsNoSecret) {
  EXPECT_FALSE(DomainKeys::restore({}).has_value());
  const std::string zeros(kDomainSecretBytes, '\0');
  EXPECT_FALSE(DomainKeys::restore(as_bytes(zeros)).has_value());
  const std::string ones(kDomainSecretBytes, '\xFF');
  EXPECT_FALSE(DomainKeys::restore(as_bytes(ones)).has_value());
}

TEST(Uid, RefusesAUriThatIsTooLong) { EXPECT_FALSE(make_uid(std::string(65'536, 'a'), "k", 1, 0, 1).has_value()); }

}  // namespace
}  // namespace claviger::keys
