#include "core/crypto/es256_signature.h"

#include <gtest/gtest.h>

#include "tests/core/crypto/vectors.h"

namespace claviger::crypto {
namespace {

const std::string kZero(64, '0');
const std::string kOne = std::string(63, '0') + "1";
const std::string kOrder = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const std::string kOrderLess1 = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550";
const std::string kAllOnes(64, 'f');

bool is_signature(const std::string& r, const std::string& s) { return is_es256_signature(from_hex(r + s)); }

TEST(Es256Signature, RangeOfBothNumbers) {
  EXPECT_TRUE(is_signature(kOne, kOne));
  EXPECT_TRUE(is_signature(kOrderLess1, kOrderLess1));
  for (const std::string& bad : {kZero, kOrder, kAllOnes}) {
    EXPECT_FALSE(is_signature(bad, kOne));
    EXPECT_FALSE(is_signature(kOne, bad));
  }
  EXPECT_FALSE(is_signature(kZero, kZero));
}

TEST(Es256Signature, Length) {
  const auto bytes = from_hex(kOne + kOne + "01");
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    EXPECT_EQ(is_es256_signature(Bytes(bytes).first(size)), size == 64);
  }
}

std::string der_of(const std::string& r, const std::string& s) {
  std::array<std::byte, kEs256DerBytesMax> der;
  return to_hex(Bytes(der).first(es256_to_der(from_hex(r + s), der)));
}

TEST(Es256Signature, DerHasMinimalPositiveIntegers) {
  EXPECT_EQ(der_of(kOne, kOne), "3006020101020101");
  EXPECT_EQ(der_of(std::string(62, '0') + "80", std::string(62, '0') + "7f"), "30070202008002017f");
  EXPECT_EQ(der_of(kOrderLess1, kOne), "3026022100" + kOrderLess1 + "020101");
  EXPECT_EQ(der_of(kOrderLess1, kOrderLess1), "3046022100" + kOrderLess1 + "022100" + kOrderLess1);
}

TEST(Es256Signature, DerThereAndBack) {
  for (const std::string& r : {kOne, kOrderLess1, std::string(62, '0') + "80", "7f" + std::string(62, '0')}) {
    for (const std::string& s : {kOne, kOrderLess1, std::string(62, '0') + "ff", "80" + std::string(62, '0')}) {
      const auto raw = from_hex(r + s);
      std::array<std::byte, kEs256DerBytesMax> der;
      const std::size_t size = es256_to_der(raw, der);
      std::array<std::byte, kEs256SignatureBytes> back;
      ASSERT_TRUE(es256_from_der(Bytes(der).first(size), back));
      EXPECT_EQ(to_hex(back), r + s);
      for (std::size_t shorter = 0; shorter < size; ++shorter) {
        EXPECT_FALSE(es256_from_der(Bytes(der).first(shorter), back));
      }
    }
  }
}

TEST(Es256Signature, RefusesOtherDer) {
  std::array<std::byte, kEs256SignatureBytes> raw;
  for (const std::string_view bad : {"3006020101020101ff", "3106020101020101", "3006030101020101", "30060201ff020101",
                                     "300702020001020101", "30070201010202007f", "300602010102010", "3005020002010100",
                                     "30080281010102010100", "3003020101", "3000", "30800201010201010000"}) {
    if (bad.size() % 2 != 0) continue;
    EXPECT_TRUE(es256_from_der(from_hex(bad), raw).failed_with(Code::SignatureInvalid)) << bad;
  }
  EXPECT_FALSE(es256_from_der(from_hex("3026022101" + kOrderLess1 + "020101"), raw));  // 33 digits
}

}  // namespace
}  // namespace claviger::crypto
