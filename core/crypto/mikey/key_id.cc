#include "core/crypto/mikey/key_id.h"

#include "core/crypto/hmac.h"
#include "core/crypto/mikey/i_message.h"
#include "core/crypto/mikey/words.h"
#include "core/crypto/random.h"

namespace claviger::mikey {
namespace {

constexpr std::uint32_t kTekLabel = 0x2AD01C64;
constexpr std::uint32_t kSaltLabel = 0x39A2C14B;

// PRF of RFC 3830 clause 4.1.2 with HMAC-SHA-256, of a key of one block and an output of one block:
// P(s, label) = HMAC(s, HMAC(s, label) | label).
template <std::size_t N>
Secret<N> derive(const crypto::HmacSha256& prf, Bytes label) {
  crypto::Sha256Digest inner = prf.compute(label);
  const WipeAtEnd wipe_inner(inner);
  crypto::Sha256Digest out = prf.compute(inner, label);
  const WipeAtEnd wipe_out(out);
  return Secret<N>(Bytes(out).subspan<0, N>());
}

}  // namespace

Result<KeyPurpose> purpose_of(std::uint32_t key_id) {
  const std::uint32_t tag = key_id >> 28U;
  if (tag > static_cast<std::uint32_t>(KeyPurpose::MuSik)) return Error{Code::NotFound, "key_id.purpose"};
  return static_cast<KeyPurpose>(tag);
}

Result<std::uint32_t> random_key_id(KeyPurpose purpose) {
  std::array<std::byte, 4> random;
  if (auto filled = crypto::fill_random(random); !filled) return filled.error();
  return make_key_id(purpose, load_be<std::uint32_t>(random));
}

// Clause F.1.3: the 28 low bits of HMAC-SHA-256(GMK, 50 | URI | its length).
std::uint32_t guk_id(const SharedSecret& gmk, std::uint32_t gmk_id, std::string_view user_uri) {
  std::vector<std::byte> message{std::byte{0x50}};
  message.insert(message.end(), as_bytes(user_uri).begin(), as_bytes(user_uri).end());
  std::array<std::byte, 2> length;
  store_be(MutableBytes(length), static_cast<std::uint16_t>(user_uri.size()));
  const crypto::Sha256Digest digest = crypto::HmacSha256(gmk.reveal()).compute(message, length);
  return gmk_id ^ (load_be<std::uint32_t>(Bytes(digest).last<4>()) & 0x0FFFFFFFU);
}

TrafficKey derive_traffic_key(const SharedSecret& key, std::uint8_t cs_id, std::uint32_t csb_id, Bytes random) {
  CLAVIGER_ASSERT(random.size() <= kRandBytesMax);
  std::array<std::byte, 9 + kRandBytesMax> label{};
  const MutableBytes out(label);
  store_be(out.subspan(4), cs_id);
  store_be(out.subspan(5), csb_id);
  std::copy(random.begin(), random.end(), label.begin() + 9);
  const Bytes whole = Bytes(label).first(9 + random.size());
  const crypto::HmacSha256 prf(key.reveal());
  store_be(out, kTekLabel);
  SharedSecret tek = derive<kSharedSecretBytes>(prf, whole);
  store_be(out, kSaltLabel);
  return {std::move(tek), derive<kTrafficSaltBytes>(prf, whole)};
}

}  // namespace claviger::mikey
