#include "core/codec/base64url.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>
#include <vector>

#include "core/codec/base64_kernels.h"
#include "core/codec/hex.h"
#include "core/codec/json_reader.h"

namespace claviger::codec {
namespace {

constexpr std::string_view kUrlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::vector<std::byte> random_bytes(std::mt19937& random, std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() & 0xFFU);
  return bytes;
}

std::string encode(Bytes bytes) {
  std::string text;
  base64url_encode(bytes, text);
  return text;
}

Result<std::vector<std::byte>> decode(std::string_view text) {
  std::vector<std::byte> out(base64url_decoded_size_max(text.size()));
  CLAVIGER_TRY(size, base64url_decode(text, out));
  EXPECT_EQ(size, out.size());
  return out;
}

TEST(Base64Url, AgreesWithTheStrictVectors) {
  std::ifstream file(CLAVIGER_SOURCE_DIR "/tests/vectors/jws.json");
  std::ostringstream text;
  text << file.rdbuf();
  JsonLimits limits;
  limits.bytes_max = 1024 * 1024;
  JsonReader reader(limits);
  const auto document = reader.parse(text.str());
  ASSERT_TRUE(document);
  const auto table = (*document->as_object()).at("base64url_strict");
  ASSERT_TRUE(table);
  int count = 0;
  const auto rows = table->as_array();
  for (const JsonValue row : *rows) {
    const auto fields = *row.as_object();
    const std::string_view input = *fields.string_at("text");
    const auto decoded = decode(input);
    EXPECT_EQ(decoded.has_value(), *fields.bool_at("ok")) << input;
    if (decoded) {
      std::string hex;
      hex_encode(*decoded, hex);
      EXPECT_EQ(hex, *fields.string_at("hex"));
    } else {
      EXPECT_EQ(decoded.error().code, Code::Base64Invalid);
    }
    ++count;
  }
  EXPECT_EQ(count, 14);
}

TEST(Base64Url, RoundTripsEveryLength) {
  std::mt19937 random(7);
  for (std::size_t size = 0; size < 300; ++size) {
    const auto bytes = random_bytes(random, size);
    const std::string text = encode(bytes);
    EXPECT_EQ(text.size(), base64url_encoded_size(size));
    const auto decoded = decode(text);
    ASSERT_TRUE(decoded) << size;
    EXPECT_EQ(*decoded, bytes);
  }
}

TEST(Base64Url, RefusesAForeignCharacterAtEveryPlace) {
  for (const std::size_t size : {4U, 31U, 32U, 33U, 64U, 100U, 700U}) {
    if (size % 4 == 1) continue;
    const std::string good(size, 'A');
    ASSERT_TRUE(decode(good));
    for (std::size_t at = 0; at < size; ++at) {
      for (const char foreign : std::string_view("+/= \n\0.`{[@:,^\x80\xC1\xFF", 17)) {
        std::string bad = good;
        bad[at] = foreign;
        EXPECT_TRUE(decode(bad).failed_with(Code::Base64Invalid)) << size << " " << at << " " << foreign;
      }
    }
  }
}

TEST(Base64Url, RefusesBitsBehindTheLastByte) {
  for (const char last : kUrlAlphabet) {
    const std::size_t value = kUrlAlphabet.find(last);
    EXPECT_EQ(decode(std::string("A") + last).has_value(), value % 16 == 0) << last;
    EXPECT_EQ(decode(std::string("AA") + last).has_value(), value % 4 == 0) << last;
  }
}

TEST(Base64Url, TakesExactlyTheTextsThatItWrites) {  // every text of up to 3 characters of a hostile alphabet
  const std::string alphabet = "AQgwBz09-_+/= \n~\x80";
  for (const char a : alphabet) {
    for (const char b : alphabet) {
      for (const char c : alphabet) {
        for (std::size_t size = 1; size <= 3; ++size) {
          const std::string text = std::string({a, b, c}).substr(0, size);
          const auto decoded = decode(text);
          if (decoded) {
            EXPECT_EQ(encode(*decoded), text);
          }
        }
      }
    }
  }
}

TEST(Base64Url, LengthOneMoreThanAMultipleOfFourIsRefused) {
  for (std::size_t size = 1; size < 200; size += 4) {
    EXPECT_TRUE(decode(std::string(size, 'A')).failed_with(Code::Base64Invalid));
  }
}

TEST(Base64Url, WritesNothingBehindItsRoom) {
  const std::string text(90, 'z');  // a multiple of neither 32 nor 4
  const std::size_t size = base64url_decoded_size_max(text.size() - 2);
  std::vector<std::byte> out(size + 40, std::byte{0xEE});
  ASSERT_TRUE(base64url_decode(std::string_view(text).substr(2), out));
  for (std::size_t i = size; i < out.size(); ++i) EXPECT_EQ(out[i], std::byte{0xEE});
  EXPECT_TRUE(base64url_decode(text, MutableBytes(out).first(10)).failed_with(Code::TooLarge));
}

TEST(Base64Url, EncodesIntoASlab) {
  SlabPool pool;
  SlabWriter writer(pool, 16);
  base64url_encode(as_bytes("any carnal pleas"), writer);
  EXPECT_EQ(as_text(writer.written()), "YW55IGNhcm5hbCBwbGVhcw");
}

// The fast code against the portable one.
TEST(Base64Url, Avx2AgreesWithPortableDecoding) {
  if (!kernels::has_avx2()) GTEST_SKIP() << "no AVX2 here";
  std::mt19937 random(20260101);
  for (int round = 0; round < 20'000; ++round) {
    std::array<std::uint8_t, 96> text{};
    for (std::uint8_t& c : text) c = static_cast<std::uint8_t>(kUrlAlphabet[random() % 64]);
    const std::size_t at = random() % text.size();
    if (round % 2 == 0) text[at] = static_cast<std::uint8_t>(random());
    std::array<std::uint8_t, 72> fast{};
    std::array<std::uint8_t, 72> portable{};
    const kernels::Progress progress = kernels::decode_url_avx2(text.data(), text.size(), fast.data());
    const bool is_valid = kernels::decode_groups(kernels::Alphabet::Url, text.data(), 24, portable.data());
    ASSERT_EQ(progress.consumed, text.size());
    ASSERT_EQ(progress.valid, is_valid) << static_cast<int>(text[at]);
    if (is_valid) {
      ASSERT_EQ(fast, portable);
    }
  }
}

TEST(Base64Url, Avx2JudgesEveryByteValueLikeTheTable) {
  if (!kernels::has_avx2()) GTEST_SKIP() << "no AVX2 here";
  for (unsigned value = 0; value < 256; ++value) {
    for (std::size_t at = 0; at < 32; ++at) {
      std::array<std::uint8_t, 32> text{};
      text.fill('A');
      text[at] = static_cast<std::uint8_t>(value);
      std::array<std::uint8_t, 24> fast{};
      std::array<std::uint8_t, 24> portable{};
      const bool fast_valid = kernels::decode_url_avx2(text.data(), text.size(), fast.data()).valid;
      ASSERT_EQ(fast_valid, kernels::decode_groups(kernels::Alphabet::Url, text.data(), 8, portable.data())) << value;
      if (fast_valid) {
        ASSERT_EQ(fast, portable);
      }
    }
  }
}

TEST(Base64Url, Avx2AgreesWithPortableEncoding) {
  if (!kernels::has_avx2()) GTEST_SKIP() << "no AVX2 here";
  std::mt19937 random(20260102);
  for (std::size_t size = 28; size < 200; ++size) {
    const auto bytes = random_bytes(random, size);
    for (const kernels::Alphabet alphabet : {kernels::Alphabet::Url, kernels::Alphabet::Standard}) {
      std::vector<std::uint8_t> fast(400);
      std::vector<std::uint8_t> portable(400);
      const std::size_t done = kernels::encode_avx2(alphabet, as_uchar(Bytes(bytes)), size, fast.data());
      EXPECT_EQ(done % 24, 0U);
      EXPECT_GT(done, 0U);
      kernels::encode_groups(alphabet, as_uchar(Bytes(bytes)), done / 3, portable.data());
      EXPECT_EQ(fast, portable);
    }
  }
}

TEST(Base64, AgreesWithRfc4648Clause10) {
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"},
                                                                   {"\xfb\xff", "+/8="}};
  for (const auto& [plain, text] : vectors) {
    std::string encoded;
    base64_encode(as_bytes(plain), encoded);
    EXPECT_EQ(encoded, text);
    std::array<std::byte, 16> out{};
    const auto size = base64_decode(text, out);
    ASSERT_TRUE(size);
    EXPECT_EQ(as_text(Bytes(out).first(*size)), plain);
  }
}

TEST(Base64, RefusesWhatIsNotTheOneText) {
  std::array<std::byte, 16> out{};
  for (const std::string_view text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8", "=",
                                      "====", "A===", "Zg==Zg==", "Zm-_", "Zm8\n", " Zg==", "Zg= =", "=Zg="}) {
    EXPECT_TRUE(base64_decode(text, out).failed_with(Code::Base64Invalid)) << text;
  }
  EXPECT_TRUE(base64_decode("Zm9vYmFy", MutableBytes(out).first(5)).failed_with(Code::TooLarge));
}

}  // namespace
}  // namespace claviger::codec
