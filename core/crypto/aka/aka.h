// AKA (TS 33.102 clause 6.3): authentication vectors of a subscriber, and his module's call for resynchronisation.
//
// Both sides: an authentication centre makes vectors and opens AUTS, a client (tests, claviger-ue) answers challenges with
// the same functions. Pure functions, any thread; constant time in the secrets. What is secret is wiped by its owner.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::aka {

inline constexpr std::size_t kRandBytes = 16;
inline constexpr std::size_t kAutnBytes = 16;    // (SQN xor AK) AMF MAC-A
inline constexpr std::size_t kAutsBytes = 14;    // (SQN_MS xor AK*) MAC-S
inline constexpr std::size_t kMacBytes = 8;      // on SIP and Diameter, whatever TUAK could do
inline constexpr std::size_t kResponseMax = 16;  // of RES: TS 33.105 clause 5.1.7.8
// RAND and AUTS one after the other: the SIP-Authorization of a resynchronisation (TS 29.229 clause 6.3.11).
inline constexpr std::size_t kResynchronisationBytes = kRandBytes + kAutsBytes;

using Rand = std::array<std::byte, kRandBytes>;
using Amf = std::array<std::byte, 2>;
// SQN: 48 bits, the upper 16 of this are zero.
using Sequence = std::uint64_t;
inline constexpr Sequence kSequenceMax = (Sequence{1} << 48U) - 1;

enum class Algorithm : std::uint8_t { Milenage = 1, Tuak = 2 };

// What subscriber module and authentication centre share.
struct SubscriberKey {
  Algorithm algorithm = Algorithm::Milenage;
  std::uint8_t key_bytes = 16;      // 16; TUAK: or 32
  std::uint8_t response_bytes = 8;  // Milenage: 8; TUAK: 4, 8, 16
  std::uint8_t iterations = 1;      // of TUAK's Keccak
  Secret<32> key;                   // K
  Secret<32> operator_code;         // OPc (16 octets) or TOPc
};
// AkaKeyInvalid: lengths that go with no algorithm.
Result<Unit> check(const SubscriberKey& key);

struct Vector {
  Rand rand{};
  std::array<std::byte, kAutnBytes> autn{};
  std::uint8_t response_bytes = 0;
  Secret<kResponseMax> response;  // XRES, response_bytes of it
  Secret<16> cipher_key;
  Secret<16> integrity_key;

  Bytes expected_response() const { return response.reveal().first(response_bytes); }
};
Vector make_vector(const SubscriberKey& key, const Rand& rand, Sequence sequence, Amf amf);

// Clauses 6.3.3 and 6.3.5: SQN_MS from AUTS, `rand` being that of the challenge it answers. AutsInvalid: it is not this
// module's, or not for this challenge.
Result<Sequence> open_auts(const SubscriberKey& key, const Rand& rand, std::span<const std::byte, kAutsBytes> auts);

// The module's side. AkaRefused: MAC-A is wrong, the challenge is not from who shares the key.
struct Answer {
  Sequence sequence = 0;  // that of the challenge: whether it is fresh is for whoever keeps SQN_MS
  Amf amf{};
  std::uint8_t response_bytes = 0;
  Secret<kResponseMax> response;
  Secret<16> cipher_key;
  Secret<16> integrity_key;
};
Result<Answer> answer(const SubscriberKey& key, const Rand& rand, std::span<const std::byte, kAutnBytes> autn);
std::array<std::byte, kAutsBytes> make_auts(const SubscriberKey& key, const Rand& rand, Sequence sequence);

}  // namespace claviger::aka
