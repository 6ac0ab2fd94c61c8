#include "core/crypto/aead.h"

#include <gtest/gtest.h>

#include "tests/core/crypto/vectors.h"

namespace claviger::crypto {
namespace {

Aead with_key(std::byte octet) {
  Secret<kAeadKeyBytes> key;
  for (std::byte& at : key.reveal_for_writing()) at = octet;
  auto made = Aead::make(key);
  CLAVIGER_ASSERT(made.has_value());
  return *std::move(made);
}

TEST(Aead, OpensWhatItSealed) {
  Aead aead = with_key(std::byte{7});
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 1000U, 100000U}) {
    const std::vector<std::byte> text(size, std::byte{0x5A});
    std::vector<std::byte> sealed(sealed_size(size));
    ASSERT_EQ(*aead.seal(as_bytes("users/1"), text, sealed), sealed.size());
    std::vector<std::byte> opened(size);
    ASSERT_EQ(*aead.open(as_bytes("users/1"), sealed, opened), size);
    EXPECT_EQ(opened, text);
  }
}

TEST(Aead, NoAssociatedDataIsAssociatedDataToo) {
  Aead aead = with_key(std::byte{7});
  auto sealed = aead.seal({}, as_bytes("text"));
  ASSERT_TRUE(sealed);
  EXPECT_TRUE(aead.open({}, sealed->reveal())->equals(as_bytes("text")));
  EXPECT_TRUE(aead.open(as_bytes("x"), sealed->reveal()).failed_with(Code::SealBroken));
}

TEST(Aead, RefusesEachFlippedBit) {
  Aead aead = with_key(std::byte{7});
  auto sealed = aead.seal(as_bytes("a"), as_bytes("secret"));
  ASSERT_TRUE(sealed);
  const MutableBytes bytes = sealed->reveal_for_writing();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_TRUE(aead.open(as_bytes("a"), bytes).failed_with(Code::SealBroken));
    bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
  }
  EXPECT_TRUE(aead.open(as_bytes("a"), bytes));
}

TEST(Aead, RefusesEachTruncation) {
  Aead aead = with_key(std::byte{7});
  const auto sealed = aead.seal(as_bytes("a"), as_bytes("secret"));
  ASSERT_TRUE(sealed);
  for (std::size_t size = 0; size < sealed->size(); ++size) {
    EXPECT_TRUE(aead.open(as_bytes("a"), sealed->reveal().first(size)).failed_with(Code::SealBroken));
  }
}

TEST(Aead, RefusesAnotherKeyAndLeavesNoPlaintext) {
  Aead aead = with_key(std::byte{7});
  Aead other = with_key(std::byte{8});
  std::vector<std::byte> sealed(sealed_size(6));
  ASSERT_TRUE(aead.seal({}, as_bytes("secret"), sealed));
  std::vector<std::byte> out(6, std::byte{0xEE});
  EXPECT_TRUE(other.open({}, sealed, out).failed_with(Code::SealBroken));
  EXPECT_EQ(out, std::vector<std::byte>(6));
  // A failure leaves nothing behind that the next operation would see.
  EXPECT_TRUE(aead.open({}, sealed, out));
}

TEST(Aead, NeverUsesANonceTwice) {
  Aead aead = with_key(std::byte{7});
  std::vector<std::byte> first(sealed_size(0));
  std::vector<std::byte> second(sealed_size(0));
  ASSERT_TRUE(aead.seal({}, {}, first) && aead.seal({}, {}, second));
  EXPECT_FALSE(std::equal(first.begin(), first.begin() + kAeadNonceBytes, second.begin()));
}

TEST(Aead, OnceIsAsAnAeadWithThatKey) {
  Secret<kAeadKeyBytes> key;
  for (std::byte& at : key.reveal_for_writing()) at = std::byte{7};
  Aead aead = with_key(std::byte{7});
  const Bytes place = as_bytes("cookie");
  for (const std::size_t size : {0U, 1U, 16U, 1000U}) {
    const std::vector<std::byte> text(size, std::byte{0x5A});
    std::vector<std::byte> sealed(sealed_size(size));
    std::vector<std::byte> again(sealed.size());
    ASSERT_EQ(*seal_once(key, place, text, sealed), sealed.size());
    ASSERT_EQ(*seal_once(key, place, text, again), again.size());
    EXPECT_FALSE(std::equal(sealed.begin(), sealed.begin() + kAeadNonceBytes, again.begin()));
    EXPECT_TRUE(aead.open(place, sealed)->equals(text));
    EXPECT_TRUE(open_once(key, place, sealed)->equals(text));
    const auto other = aead.seal(place, text);
    ASSERT_TRUE(other);
    EXPECT_TRUE(open_once(key, place, other->reveal())->equals(text));
    EXPECT_TRUE(open_once(key, as_bytes("other"), sealed).failed_with(Code::SealBroken));
    for (std::size_t at = 0; at < sealed.size(); ++at) {
      sealed[at] ^= std::byte{1};
      EXPECT_TRUE(open_once(key, place, sealed).failed_with(Code::SealBroken)) << at;
      sealed[at] ^= std::byte{1};
    }
    for (std::size_t left = 0; left < sealed.size(); ++left) {
      EXPECT_TRUE(open_once(key, place, Bytes(sealed).first(left)).failed_with(Code::SealBroken)) << left;
    }
  }
}

TEST(Aead, PublishedValue) {  // The GCM specification (McGrew, Viega), test case 14: zero key, zero nonce
  Aead aead = with_key(std::byte{0});
  const auto sealed = from_hex(
      "000000000000000000000000"
      "cea7403d4d606b6e074ec5d3baf39d18"
      "d0d1c8a799996bf0265b98b5d48ab919");
  EXPECT_TRUE(aead.open({}, sealed)->equals(from_hex("00000000000000000000000000000000")));
}

}  // namespace
}  // namespace claviger::crypto
