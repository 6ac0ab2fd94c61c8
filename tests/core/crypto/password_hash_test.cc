#include "core/crypto/password_hash.h"

#include <argon2.h>
#include <gtest/gtest.h>

#include "core/crypto/password_hash_text.h"
#include "tests/core/crypto/vectors.h"

namespace claviger::crypto {
namespace {

// Cheap: tests are about the text and the verdicts.
constexpr Argon2Parameters kCheap{.memory_kib = 64, .passes = 1, .lanes = 1};

std::string base64(Bytes bytes) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  unsigned bits = 0;
  unsigned count = 0;
  for (const std::byte octet : bytes) {
    bits = bits << 8U | std::to_integer<unsigned>(octet);
    for (count += 8; count >= 6; count -= 6) text += kAlphabet[bits >> (count - 6) & 63U];
  }
  if (count != 0) text += kAlphabet[bits << (6 - count) & 63U];
  return text;
}

Code code_of(const Result<Unit>& result) { return result ? Code::Internal : result.error().code; }

TEST(PasswordHash, VerifiesItsOwn) {
  const auto hash = hash_password(as_bytes("correct horse"), kCheap);
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
  EXPECT_TRUE(verify_password(as_bytes("correct horse"), *hash));
  EXPECT_EQ(code_of(verify_password(as_bytes("correct horsf"), *hash)), Code::PasswordMismatch);
  EXPECT_EQ(code_of(verify_password(as_bytes("correct hors"), *hash)), Code::PasswordMismatch);
  EXPECT_NE(*hash, *hash_password(as_bytes("correct horse"), kCheap));
  // libargon2's own reader takes it, too.
  EXPECT_EQ(argon2id_verify(hash->c_str(), "correct horse", 13), ARGON2_OK);
}

TEST(PasswordHash, VerifiesLibargon2s) {
  std::array<char, 256> encoded{};
  ASSERT_EQ(argon2id_hash_encoded(2, 256, 4, "pass", 4, "saltsaltsalt", 12, 32, encoded.data(), encoded.size()),
            ARGON2_OK);
  EXPECT_TRUE(verify_password(as_bytes("pass"), encoded.data()));
  EXPECT_EQ(code_of(verify_password(as_bytes("past"), encoded.data())), Code::PasswordMismatch);
}

TEST(PasswordHash, Rfc9106Clause5) {  // The library under us, with the inputs that a PHC text cannot name.
  const auto vector = object_at(vectors(), "argon2id");
  auto password = from_hex(*vector.string_at("password_hex"));
  auto salt = from_hex(*vector.string_at("salt_hex"));
  auto secret = from_hex(*vector.string_at("secret_hex"));
  auto associated = from_hex(*vector.string_at("ad_hex"));
  std::array<std::byte, 32> tag{};
  argon2_context context{};
  const auto uchar = [](auto& bytes) { return reinterpret_cast<std::uint8_t*>(bytes.data()); };
  const auto size = [](const auto& bytes) { return static_cast<std::uint32_t>(bytes.size()); };
  context.out = uchar(tag), context.outlen = size(tag);
  context.pwd = uchar(password), context.pwdlen = size(password);
  context.salt = uchar(salt), context.saltlen = size(salt);
  context.secret = uchar(secret), context.secretlen = size(secret);
  context.ad = uchar(associated), context.adlen = size(associated);
  context.t_cost = static_cast<std::uint32_t>(*vector.int_at("t"));
  context.m_cost = static_cast<std::uint32_t>(*vector.int_at("m_kib"));
  context.lanes = static_cast<std::uint32_t>(*vector.int_at("p"));
  context.threads = 1;
  context.version = ARGON2_VERSION_13;
  ASSERT_EQ(argon2id_ctx(&context), ARGON2_OK);
  EXPECT_EQ(to_hex(tag), *vector.string_at("tag_hex"));
}

TEST(PasswordHash,
     VerifiesScrypt) {  // RFC 7914 clause 12, the cases with salts that PHC allows and memory we grant
  int verified = 0;
  for (const codec::JsonValue value : array_at(object_at(vectors(), "scrypt"), "cases")) {
    const auto vector = *value.as_object();
    const auto n = static_cast<unsigned>(*vector.int_at("N"));
    const auto salt = *vector.string_at("salt");
    if (n > 16384 || salt.size() < kHashSaltBytesMin) continue;
    const std::string hash = "$scrypt$ln=" + std::to_string(__builtin_ctz(n)) +
                             ",r=" + std::to_string(*vector.int_at("r")) + ",p=" + std::to_string(*vector.int_at("p")) +
                             "$" + base64(as_bytes(salt)) + "$" + base64(from_hex(*vector.string_at("dk_hex")));
    EXPECT_TRUE(verify_password(as_bytes(*vector.string_at("password")), hash));
    EXPECT_EQ(code_of(verify_password(as_bytes("other"), hash)), Code::PasswordMismatch);
    ++verified;
  }
  EXPECT_EQ(verified, 1);
}

TEST(PasswordHash, VerifiesPbkdf2InBothForms) {
  // passlib.hash.pbkdf2_sha256's documentation: "password" at 6400 rounds.
  const std::string passlib = "$pbkdf2-sha256$6400$0ZrzXitFSGltTQnBWOsdAw$Y11AchqV4b0sUisdZd0Xr97KWoymNE0LNNrnEgY4H9M";
  EXPECT_TRUE(verify_password(as_bytes("password"), passlib));
  EXPECT_EQ(code_of(verify_password(as_bytes("passwore"), passlib)), Code::PasswordMismatch);
  const std::string phc = "$pbkdf2-sha256$i=6400$0ZrzXitFSGltTQnBWOsdAw$Y11AchqV4b0sUisdZd0Xr97KWoymNE0LNNrnEgY4H9M";
  EXPECT_TRUE(verify_password(as_bytes("password"), phc));
}

TEST(PasswordHash, ReadsPasslibsDots) {
  // The same hash with a salt of 0xFB bytes, whose base64 is all '+' and '/', or '.' and '/'.
  const auto parsed = PasswordHashText::parse("$pbkdf2-sha256$6400$./././././././.$" + std::string(43, 'A'));
  const auto standard = PasswordHashText::parse("$pbkdf2-sha256$6400$+/+/+/+/+/+/+/+$" + std::string(43, 'A'));
  EXPECT_FALSE(parsed);  // 15 characters leave bits that must be zero
  EXPECT_FALSE(standard);
  const auto dots = PasswordHashText::parse("$pbkdf2-sha256$6400$./././././././.A$" + std::string(43, 'A'));
  const auto pluses = PasswordHashText::parse("$pbkdf2-sha256$6400$+/+/+/+/+/+/+/+A$" + std::string(43, 'A'));
  ASSERT_TRUE(dots && pluses);
  EXPECT_EQ(to_hex(dots->salt()), to_hex(pluses->salt()));
}

TEST(PasswordHash, PasswordsHaveBounds) {
  const std::string longest(kPasswordBytesMax, 'p');
  const auto hash = hash_password(as_bytes(longest), kCheap);
  ASSERT_TRUE(hash);
  EXPECT_TRUE(verify_password(as_bytes(longest), *hash));
  EXPECT_EQ(code_of(verify_password(as_bytes(longest + "p"), *hash)), Code::PasswordLength);
  EXPECT_EQ(code_of(verify_password({}, *hash)), Code::PasswordLength);
  EXPECT_TRUE(hash_password({}, kCheap).failed_with(Code::PasswordLength));
  EXPECT_TRUE(hash_password(as_bytes(longest + "p"), kCheap).failed_with(Code::PasswordLength));
  // NUL is a character like any other.
  const auto with_nul = hash_password(as_bytes(std::string_view("a\0b", 3)), kCheap);
  EXPECT_EQ(code_of(verify_password(as_bytes(std::string_view("a\0c", 3)), *with_nul)), Code::PasswordMismatch);
}

TEST(PasswordHash, HostileCostsAreRefusedBeforeTheyAreTried) {
  const std::string tail = "$c2FsdHNhbHQ$" + std::string(43, 'A');
  for (const std::string_view head : {
           "$argon2id$v=19$m=4294967295,t=1,p=1",
           "$argon2id$v=19$m=262145,t=1,p=1",
           "$argon2id$v=19$m=262144,t=9,p=1",
           "$argon2id$v=19$m=64,t=4294967295,p=1",
           "$argon2id$v=19$m=64,t=0,p=1",
           "$argon2id$v=19$m=64,t=1,p=0",
           "$argon2id$v=19$m=7,t=1,p=1",
           "$argon2id$v=19$m=1024,t=1,p=17",
           "$argon2id$v=19$m=0,t=1,p=1",
           "$scrypt$ln=19,r=8,p=1",
           "$scrypt$ln=63,r=1,p=1",
           "$scrypt$ln=64,r=1,p=1",
           "$scrypt$ln=0,r=8,p=1",
           "$scrypt$ln=18,r=8,p=9",
           "$scrypt$ln=10,r=0,p=1",
           "$scrypt$ln=10,r=8,p=0",
           "$scrypt$ln=10,r=65,p=1",
           "$scrypt$ln=16,r=1,p=1",
           "$scrypt$ln=4294967295,r=4294967295,p=4294967295",
           "$pbkdf2-sha256$i=5000001",
           "$pbkdf2-sha256$i=999",
           "$pbkdf2-sha256$i=0",
       }) {
    const std::string hash = std::string(head) + tail;
    EXPECT_EQ(code_of(check_password_hash(hash)), Code::PasswordHashCost) << hash;
    EXPECT_EQ(code_of(verify_password(as_bytes("x"), hash)), Code::PasswordHashCost) << hash;
  }
  EXPECT_TRUE(check_password_hash("$argon2id$v=19$m=262144,t=8,p=1" + tail));
  EXPECT_TRUE(check_password_hash("$scrypt$ln=18,r=8,p=8" + tail));
  EXPECT_TRUE(check_password_hash("$scrypt$ln=17,r=8,p=1" + tail));
  EXPECT_TRUE(check_password_hash("$pbkdf2-sha256$i=5000000" + tail));
}

TEST(PasswordHash, RefusesOtherTexts) {
  const std::string good = "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$" + std::string(43, 'A');
  EXPECT_TRUE(check_password_hash(good));
  for (std::size_t size = 0; size + 21 < good.size(); ++size) {
    EXPECT_EQ(code_of(check_password_hash(good.substr(0, size))), Code::PasswordHashFormat) << size;
  }
  for (const std::string_view bad : {
           "$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
           "$argon2id$m=64,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
           "$argon2id$v=16$m=64,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
           "$argon2id$v=19$t=1,m=64,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
           "$argon2id$v=19$m=064,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
           "$argon2id$v=19$m=+64,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
           "$argon2id$v=19$m=-64,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
           "$argon2id$v=19$m=4294967296,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
           "$argon2id$v=19$m=64,t=1,p=1,x=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
           "$argon2id$v=19$m=64,t=1,p=1$c2Fs$AAAAAAAAAAAAAAAAAAAAAAAAAAA",          // salt of 3
           "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAA",          // tag of 15
           "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ=$AAAAAAAAAAAAAAAAAAAAAAAAAAA",  // padding
           "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNh-HQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA",   // base64url
           "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA$",
           "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
           "password",
           "",
           "$",
           "$argon2id",
           "$scrypt$ln=17,r=8$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
       }) {
    EXPECT_EQ(code_of(check_password_hash(bad)), Code::PasswordHashFormat) << bad;
    EXPECT_TRUE(needs_upgrade(bad, kCheap));
  }
  EXPECT_EQ(code_of(check_password_hash(good + std::string(300, 'A'))), Code::PasswordHashFormat);
}

TEST(PasswordHash, UpgradesWhatIsNotOurs) {
  const auto hash = hash_password(as_bytes("p"), kCheap);
  EXPECT_FALSE(needs_upgrade(*hash, kCheap));
  EXPECT_TRUE(needs_upgrade(*hash, Argon2Parameters{.memory_kib = 65, .passes = 1, .lanes = 1}));
  EXPECT_TRUE(needs_upgrade(*hash, Argon2Parameters{.memory_kib = 64, .passes = 2, .lanes = 1}));
  EXPECT_TRUE(needs_upgrade(*hash, Argon2Parameters{}));
  EXPECT_TRUE(needs_upgrade("$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$" + std::string(43, 'A'),
                            kCheap));  // short salt
  EXPECT_TRUE(needs_upgrade("$scrypt$ln=17,r=8,p=1$c2FsdHNhbHQ$" + std::string(43, 'A'), kCheap));
}

TEST(PasswordHash, TheDummyLooksTrueAndMatchesNothing) {
  const auto dummy = dummy_password_hash(kCheap);
  ASSERT_TRUE(dummy);
  EXPECT_TRUE(check_password_hash(*dummy));
  EXPECT_FALSE(needs_upgrade(*dummy, kCheap));
  EXPECT_EQ(code_of(verify_password(as_bytes("x"), *dummy)), Code::PasswordMismatch);
  EXPECT_NE(*dummy, *dummy_password_hash(kCheap));
}

TEST(PasswordHash, ParametersAreChecked) {
  EXPECT_TRUE(check_parameters({}));
  EXPECT_FALSE(check_parameters({.memory_kib = 7, .passes = 1, .lanes = 1}));
  EXPECT_FALSE(check_parameters({.memory_kib = 1U << 30U, .passes = 1, .lanes = 1}));
  EXPECT_TRUE(
      hash_password(as_bytes("p"), {.memory_kib = 0, .passes = 0, .lanes = 0}).failed_with(Code::PasswordHashCost));
}

}  // namespace
}  // namespace claviger::crypto
