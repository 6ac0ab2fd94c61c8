#include "core/crypto/key_wrap.h"

#include <gtest/gtest.h>

#include "tests/core/crypto/vectors.h"

namespace claviger::crypto {
namespace {

constexpr KeyWrapMode kModes[] = {KeyWrapMode::Rfc3394, KeyWrapMode::Rfc5649};

std::vector<std::byte> at(codec::JsonObject object, std::string_view name) { return from_hex(*object.string_at(name)); }

constexpr KeyWrapEngine kEngines[] = {KeyWrapEngine::Fastest, KeyWrapEngine::Portable};

void expect_pair(KeyWrapMode mode, Bytes key, Bytes plain, Bytes wrapped) {
  auto wrap = KeyWrap::make();
  for (const KeyWrapEngine engine : kEngines) {
    std::vector<std::byte> out(wrapped_size(mode, plain.size()));
    ASSERT_EQ(*KeyWrap::make(engine)->wrap(mode, key, plain, out), out.size());
    EXPECT_EQ(to_hex(out), to_hex(wrapped));
  }
  const auto opened = wrap->unwrap(mode, key, wrapped);
  ASSERT_TRUE(opened);
  EXPECT_EQ(to_hex(opened->reveal()), to_hex(plain));
}

TEST(KeyWrap, ReproducesThePublishedValuesOfBothModes) {
  for (const auto value : array_at(vectors_of("keywrap.json"), "rfc3394")) {
    const auto entry = *value.as_object();
    expect_pair(KeyWrapMode::Rfc3394, at(entry, "kek"), at(entry, "plain"), at(entry, "wrapped"));
  }
  for (const auto value : array_at(vectors_of("keywrap.json"), "rfc5649")) {
    const auto entry = *value.as_object();
    expect_pair(KeyWrapMode::Rfc5649, at(entry, "kek"), at(entry, "plain"), at(entry, "wrapped"));
  }
}

TEST(KeyWrap, WrapsUserKeyMaterialInAllThreeForms) {
  for (const auto value : array_at(vectors_of("keywrap.json"), "key_material")) {
    const auto entry = *value.as_object();
    const auto key = at(entry, "trk");
    const auto plain = at(entry, "plain");
    expect_pair(KeyWrapMode::Rfc5649, key, plain, at(entry, "wrapped_5649"));
    if (entry.contains("wrapped_3394")) expect_pair(KeyWrapMode::Rfc3394, key, plain, at(entry, "wrapped_3394"));
    if (entry.contains("wrapped_3394_without_prefix_octet")) {
      expect_pair(KeyWrapMode::Rfc3394, key, Bytes(plain).subspan(1), at(entry, "wrapped_3394_without_prefix_octet"));
    }
  }
}

TEST(KeyWrap, Row41RefusesWhatWasNotWrappedSo) {  // bit flip, length, the other mode's data, a pad that is not zero
  auto wrap = KeyWrap::make();
  for (const auto value : array_at(vectors_of("keywrap.json"), "reject")) {
    const auto entry = *value.as_object();
    const KeyWrapMode mode = *entry.string_at("alg") == "3394" ? KeyWrapMode::Rfc3394 : KeyWrapMode::Rfc5649;
    EXPECT_TRUE(wrap->unwrap(mode, at(entry, "kek"), at(entry, "wrapped")).failed_with(Code::SealBroken))
        << *entry.string_at("what");
  }
}

TEST(KeyWrap, RefusesEveryFlippedBitAndEveryTruncation) {
  auto wrap = KeyWrap::make();
  const std::vector<std::byte> key(32, std::byte{7});
  const std::vector<std::byte> plain(32, std::byte{9});
  for (const KeyWrapMode mode : kModes) {
    std::vector<std::byte> wrapped(wrapped_size(mode, plain.size()));
    ASSERT_TRUE(wrap->wrap(mode, key, plain, wrapped));
    for (std::size_t bit = 0; bit < 8 * wrapped.size(); ++bit) {
      wrapped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      EXPECT_TRUE(wrap->unwrap(mode, key, wrapped).failed_with(Code::SealBroken));
      wrapped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    }
    for (std::size_t size = 0; size < wrapped.size(); ++size) {
      EXPECT_TRUE(wrap->unwrap(mode, key, Bytes(wrapped).first(size)).failed_with(Code::SealBroken));
    }
    EXPECT_TRUE(wrap->unwrap(mode, key, wrapped));  // the context still serves after all these
  }
}

TEST(KeyWrap, RefusesKeysAndLengthsThatTheModesDoNotKnow) {
  auto wrap = KeyWrap::make();
  std::array<std::byte, 2048> out{};
  const std::vector<std::byte> plain(kKeyWrapPlainBytesMax + 8);
  for (const std::size_t size : {0U, 15U, 17U, 31U, 33U}) {
    const Bytes key = Bytes(plain).first(size);
    EXPECT_TRUE(wrap->wrap(KeyWrapMode::Rfc5649, key, Bytes(plain).first(16), out).failed_with(Code::KeyMalformed));
    EXPECT_TRUE(wrap->unwrap(KeyWrapMode::Rfc5649, key, Bytes(plain).first(24)).failed_with(Code::KeyMalformed));
  }
  const Bytes key = Bytes(plain).first(16);
  for (const std::size_t size : {std::size_t{0}, std::size_t{8}, std::size_t{17}, plain.size()}) {
    EXPECT_TRUE(wrap->wrap(KeyWrapMode::Rfc3394, key, Bytes(plain).first(size), out).failed_with(Code::OutOfRange));
  }
  EXPECT_TRUE(wrap->wrap(KeyWrapMode::Rfc5649, key, {}, out).failed_with(Code::OutOfRange));
  EXPECT_TRUE(wrap->wrap(KeyWrapMode::Rfc5649, key, plain, out).failed_with(Code::OutOfRange));
}

TEST(KeyWrap, PadsEveryLengthUpToAnRsk) {
  auto wrap = KeyWrap::make();
  const std::vector<std::byte> key(16, std::byte{7});
  std::vector<std::byte> plain;
  for (std::size_t size = 1; size <= 257; ++size) {
    plain.push_back(static_cast<std::byte>(size));
    std::vector<std::byte> wrapped(wrapped_size(KeyWrapMode::Rfc5649, size));
    ASSERT_TRUE(wrap->wrap(KeyWrapMode::Rfc5649, key, plain, wrapped));
    const auto opened = wrap->unwrap(KeyWrapMode::Rfc5649, key, wrapped);
    ASSERT_TRUE(opened);
    EXPECT_TRUE(opened->equals(plain));
  }
}

TEST(KeyWrap, EnginesAgreeOnEveryLengthAndKeySize) {
  auto fastest = KeyWrap::make();
  auto portable = KeyWrap::make(KeyWrapEngine::Portable);
  std::vector<std::byte> plain(300);
  for (std::size_t i = 0; i < plain.size(); ++i) plain[i] = static_cast<std::byte>(i * 37 + 11);
  for (const std::size_t key_size : {16U, 24U, 32U}) {
    const Bytes key = Bytes(plain).subspan(200, key_size);
    for (std::size_t size = 1; size <= 272; ++size) {
      for (const KeyWrapMode mode : kModes) {
        if (mode == KeyWrapMode::Rfc3394 && (size < 16 || size % 8 != 0)) continue;
        const Bytes text = Bytes(plain).first(size);
        std::vector<std::byte> out(wrapped_size(mode, size) + 1, std::byte{0xEE});
        std::vector<std::byte> wanted = out;
        ASSERT_TRUE(fastest->wrap(mode, key, text, out) && portable->wrap(mode, key, text, wanted));
        ASSERT_EQ(to_hex(out), to_hex(wanted)) << key_size << " " << size;  // the octet behind is untouched
      }
    }
  }
}

// Side by side each is what it is alone, whatever goes beside it.
TEST(KeyWrap, SeveralTogetherAreAsEachAlone) {
  for (const KeyWrapEngine engine : {KeyWrapEngine::Fastest, KeyWrapEngine::Portable}) {
    auto wrap = KeyWrap::make(engine);
    ASSERT_TRUE(wrap.has_value());
    std::array<std::byte, 32> key{};
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::byte>(7 * i + 1);
    constexpr std::array<std::size_t, 8> kSizes{257, 257, 65, 256, 32, 24, 16, 1};
    std::array<std::array<std::byte, 272>, 8> plain{}, out{}, alone{};
    for (std::size_t count = 0; count <= kSizes.size(); ++count) {
      std::array<KeyWrap::Wrapping, 8> all;
      for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = 0; j < kSizes[i]; ++j) plain[i][j] = static_cast<std::byte>(31 * j + i);
        all[i] = {Bytes(plain[i]).first(kSizes[i]), out[i], 0};
      }
      ASSERT_TRUE(wrap->wrap_together(KeyWrapMode::Rfc5649, key, std::span(all).first(count)).has_value());
      for (std::size_t i = 0; i < count; ++i) {
        const auto size = wrap->wrap(KeyWrapMode::Rfc5649, key, all[i].plain, alone[i]);
        ASSERT_TRUE(size.has_value());
        EXPECT_EQ(all[i].size, *size);
        EXPECT_TRUE(std::equal(out[i].begin(), out[i].begin() + *size, alone[i].begin())) << count << " " << i;
      }
    }
    KeyWrap::Wrapping odd{Bytes(plain[0]).first(65), out[0], 0};
    EXPECT_FALSE(wrap->wrap_together(KeyWrapMode::Rfc3394, key, {&odd, 1}).has_value());
  }
}

}  // namespace
}  // namespace claviger::crypto
