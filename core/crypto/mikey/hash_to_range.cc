#include "core/crypto/mikey/hash_to_range.h"

#include "core/crypto/digest.h"
#include "core/crypto/mikey/field.h"

namespace claviger::mikey {
namespace {

// v_1 .. v_n, one after the other: h_0 = 0, h_i = H(h_{i-1}), v_i = H(h_i | H(message)).
template <std::size_t Count>
std::array<std::byte, Count * crypto::kSha256Bytes> hashes(Bytes message) {
  crypto::Sha256Digest digest = crypto::sha256(message);
  const WipeAtEnd wipe_digest(digest);
  crypto::Sha256Digest h{};
  std::array<std::byte, Count * crypto::kSha256Bytes> out;
  for (std::size_t i = 0; i < Count; ++i) {
    h = crypto::sha256(h);
    crypto::Sha256 hash;
    hash.update(h);
    hash.update(digest);
    const crypto::Sha256Digest v = hash.finish();
    std::copy(v.begin(), v.end(), out.begin() + static_cast<std::ptrdiff_t>(i * v.size()));
  }
  return out;
}

}  // namespace

Words<16> hash_to_order(Bytes message) {
  auto octets = hashes<4>(message);
  const WipeAtEnd wipe_octets(octets);
  Words<16> number = words_from_octets<16>(octets);
  const WipeAtEnd wipe_number(number);
  // Into Montgomery's form and out of it: reduced, whatever it was.
  return order_modulus().from_form(order_modulus().to_form(number));
}

std::array<std::byte, 16> hash_to_128_bits(Bytes message) {
  auto octets = hashes<1>(message);
  const WipeAtEnd wipe_octets(octets);
  std::array<std::byte, 16> out;
  std::copy(octets.begin() + 16, octets.end(), out.begin());
  return out;
}

}  // namespace claviger::mikey
