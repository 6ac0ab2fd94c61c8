#include "core/codec/base32.h"

#include <gtest/gtest.h>

#include <array>

namespace claviger::codec {
namespace {

std::string decoded(std::string_view text) {
  std::array<std::byte, 64> out{};
  const auto size = base32_decode(text, out);
  return size ? std::string(as_text(Bytes(out).first(*size))) : std::string("refused");
}

TEST(Base32, Rfc4648Clause10) {
  constexpr std::pair<std::string_view, std::string_view> kRows[] = {{"", ""},
                                                                     {"f", "MY"},
                                                                     {"fo", "MZXQ"},
                                                                     {"foo", "MZXW6"},
                                                                     {"foob", "MZXW6YQ"},
                                                                     {"fooba", "MZXW6YTB"},
                                                                     {"foobar", "MZXW6YTBOI"}};
  for (const auto& [plain, text] : kRows) {
    EXPECT_EQ(base32_encode(as_bytes(plain)), text);
    EXPECT_EQ(decoded(text), plain);
  }
}

TEST(Base32, ReadsWhatPeopleType) { EXPECT_EQ(decoded("mzxw 6ytb-oi======"), "foobar"); }

TEST(Base32, Refuses) {
  for (const std::string_view bad : {"M", "MZX", "MZXW6Y", "MZ0W6", "MZXW1", "MZ", "M!", "MY=Y"}) {
    EXPECT_EQ(decoded(bad), "refused") << bad;
  }
  std::array<std::byte, 2> small{};
  EXPECT_EQ(base32_decode("MZXW6", small).error().code, Code::TooLarge);
}

}  // namespace
}  // namespace claviger::codec
