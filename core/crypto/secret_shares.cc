#include "core/crypto/secret_shares.h"

#include <algorithm>

#include "core/crypto/digest.h"
#include "core/crypto/random.h"

namespace claviger::crypto {
namespace {

constexpr Error kBad{Code::CeremonyShares, "shares"};

// Eight steps whatever the factors are.
std::uint8_t multiply(std::uint8_t left, std::uint8_t right) {
  std::uint8_t product = 0;
  for (unsigned bit = 0; bit < 8; ++bit) {
    const auto add = static_cast<std::uint8_t>(0U - ((static_cast<unsigned>(right) >> bit) & 1U));
    product = static_cast<std::uint8_t>(product ^ (left & add));
    const auto carry = static_cast<std::uint8_t>(0U - ((static_cast<unsigned>(left) >> 7U) & 1U));
    left = static_cast<std::uint8_t>((static_cast<unsigned>(left) << 1U) ^ (0x1BU & carry));
  }
  return product;
}

// value^254: the group has 255 elements.
std::uint8_t inverse(std::uint8_t value) {
  std::uint8_t result = 1;
  for (unsigned bit = 8; bit-- > 0;) {
    result = multiply(result, result);
    if ((254U >> bit & 1U) != 0) result = multiply(result, value);  // on the bits of a constant
  }
  return result;
}

std::uint8_t octet(std::byte byte) { return std::to_integer<std::uint8_t>(byte); }

SecretBytes with_check(Bytes secret) {
  SecretBytes whole(secret.size() + kShareCheckBytes);
  const MutableBytes out = whole.reveal_for_writing();
  std::ranges::copy(secret, out.begin());
  const Sha256Digest digest = sha256(secret);
  std::copy_n(digest.begin(), kShareCheckBytes, out.begin() + static_cast<std::ptrdiff_t>(secret.size()));
  return whole;
}

}  // namespace

Result<std::vector<SecretBytes>> split_secret(Bytes secret, std::size_t threshold, std::size_t count) {
  if (threshold < 2 || threshold > count || count > kSharesMax || secret.empty())
    return Error{Code::OutOfRange, "shares"};
  const SecretBytes whole = with_check(secret);
  const Bytes constants = whole.reveal();
  // Of each octet's polynomial: the coefficients from x on.
  SecretBytes coefficients(constants.size() * (threshold - 1));
  CLAVIGER_TRY(filled, fill_random(coefficients.reveal_for_writing()));
  const Bytes higher = coefficients.reveal();
  std::vector<SecretBytes> shares;
  for (std::size_t index = 1; index <= count; ++index) {
    const auto x = static_cast<std::uint8_t>(index);
    SecretBytes share(constants.size() + 1);
    const MutableBytes out = share.reveal_for_writing();
    out[0] = std::byte{x};
    for (std::size_t i = 0; i < constants.size(); ++i) {
      std::uint8_t value = 0;
      for (std::size_t k = threshold - 1; k-- > 0;) value = multiply(value ^ octet(higher[i * (threshold - 1) + k]), x);
      out[i + 1] = std::byte{static_cast<std::uint8_t>(value ^ octet(constants[i]))};
    }
    shares.push_back(std::move(share));
  }
  return shares;
}

Result<SecretBytes> combine_shares(const std::vector<SecretBytes>& shares) {
  if (shares.size() < 2 || shares.size() > kSharesMax) return kBad;
  const std::size_t size = shares.front().size();
  if (size <= 1 + kShareCheckBytes) return kBad;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (shares[i].size() != size || shares[i].reveal()[0] == std::byte{0}) return kBad;
    for (std::size_t j = 0; j < i; ++j) {
      if (shares[i].reveal()[0] == shares[j].reveal()[0]) return kBad;
    }
  }
  // Lagrange at zero; the indexes are no secret.
  SecretBytes whole(size - 1);
  const MutableBytes out = whole.reveal_for_writing();
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const std::uint8_t own = octet(shares[i].reveal()[0]);
    std::uint8_t weight = 1;
    for (std::size_t j = 0; j < shares.size(); ++j) {
      const std::uint8_t other = octet(shares[j].reveal()[0]);
      if (j != i) weight = multiply(weight, multiply(other, inverse(other ^ own)));
    }
    const Bytes octets = shares[i].reveal().subspan(1);
    for (std::size_t k = 0; k < octets.size(); ++k) out[k] ^= std::byte{multiply(octet(octets[k]), weight)};
  }
  SecretBytes secret(whole.reveal().first(whole.size() - kShareCheckBytes));
  const Sha256Digest digest = sha256(secret.reveal());
  const bool is_right =
      equals_constant_time(Bytes(digest).first(kShareCheckBytes), whole.reveal().last(kShareCheckBytes));
  if (!is_right) return kBad;
  return secret;
}

}  // namespace claviger::crypto
