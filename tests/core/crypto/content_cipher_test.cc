#include "core/crypto/content_cipher.h"

#include <gtest/gtest.h>

#include <string>

namespace claviger::crypto {
namespace {

using Key = Secret<kContentKeyBytes>;

TEST(ContentCipher, ThereAndBack) {
  const Key key;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{16}, std::size_t{5000}}) {
    const std::string text(size, 'x');
    const auto sealed = encrypt_content(key, as_bytes(text));
    ASSERT_TRUE(sealed);
    EXPECT_EQ(sealed->size(), kContentIvBytes + size + kContentTagBytes);
    const auto opened = decrypt_content(key, as_bytes(*sealed));
    ASSERT_TRUE(opened);
    EXPECT_EQ(as_text(opened->reveal()), text);
    EXPECT_NE(*encrypt_content(key, as_bytes(text)), *sealed) << "a fresh IV each time";
  }
}

// NIST SP 800-38D's test case 2: a key and IV of zeros, one block of zeros.
TEST(ContentCipher, KnownAnswer) {
  const std::string sealed(
      "\0\0\0\0\0\0\0\0\0\0\0\0\x03\x88\xda\xce\x60\xb6\xa3\x92\xf3\x28\xc2\xb9\x71\xb2\xfe\x78\xab\x6e\x47\xd4\x2c\xec"
      "\x13\xbd\xf5\x3a\x67\xb2\x12\x57\xbd\xdf",
      44);
  const auto opened = decrypt_content(Key(), as_bytes(sealed));
  ASSERT_TRUE(opened);
  EXPECT_EQ(as_text(opened->reveal()), std::string(16, '\0'));
}

TEST(ContentCipher, EveryBitCounts) {
  const Key key;
  const auto sealed = encrypt_content(key, as_bytes("secret"));
  ASSERT_TRUE(sealed);
  for (std::size_t i = 0; i < sealed->size(); ++i) {
    std::string bad = *sealed;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_TRUE(decrypt_content(key, as_bytes(bad)).failed_with(Code::SealBroken)) << i;
  }
  for (std::size_t size = 0; size < sealed->size(); ++size) {
    EXPECT_FALSE(decrypt_content(key, as_bytes(sealed->substr(0, size)))) << size;
  }
  Key other;
  other.reveal_for_writing()[0] = std::byte{1};
  EXPECT_FALSE(decrypt_content(other, as_bytes(*sealed)));
}

}  // namespace
}  // namespace claviger::crypto
