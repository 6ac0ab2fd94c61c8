// TUAK: f1 to f5* over Keccak-f[1600] (TS 35.231), with keys of 128 or 256 bits.
//
// Keccak has no tables and no branches on data: constant time everywhere. An object borrows nothing, holds one
// subscriber's K and TOPc and wipes them; any thread.
#pragma once

#include <array>
#include <cstddef>

#include "core/base/secret.h"
#include "core/crypto/aka/aka.h"

namespace claviger::aka {

// The lengths and the number of iterations that an operator chose (clause 5): octets.
struct TuakShape {
  std::uint8_t key_bytes = 16;            // 16, 32
  std::uint8_t mac_bytes = 8;             // 8, 16, 32; AKA over Diameter and SIP uses 8
  std::uint8_t response_bytes = 8;        // 4, 8, 16, 32
  std::uint8_t cipher_key_bytes = 16;     // 16, 32
  std::uint8_t integrity_key_bytes = 16;  // 16, 32
  std::uint8_t iterations = 1;
};
// Clause 6 leaves the number of iterations open; one is what the evaluation asks for. Each costs some 300 ns.
inline constexpr std::uint8_t kTuakIterationsMax = 16;

// Keccak-f[1600] (FIPS 202 clause 3.3), on its 25 lanes.
void keccak_f1600(std::span<std::uint64_t, 25> lanes);

class Tuak {
 public:
  using Output = std::array<std::byte, 32>;  // what is shorter stands at the front

  // `key`: shape.key_bytes (asserted).
  Tuak(Bytes key, std::span<const std::byte, 32> topc, TuakShape shape);
  ~Tuak();

  // TOPc of an operator's TOP (clause 6.1).
  static Secret<32> topc(Bytes key, std::span<const std::byte, 32> top, std::uint8_t iterations);

  Output f1(const Rand& rand, Sequence sequence, Amf amf) const;
  Output f1_star(const Rand& rand, Sequence sequence, Amf amf) const;
  struct Outputs {
    Output response;                         // f2
    Output cipher_key;                       // f3
    Output integrity_key;                    // f4
    std::array<std::byte, 6> anonymity_key;  // f5
    ~Outputs();
  };
  Outputs f2345(const Rand& rand) const;
  std::array<std::byte, 6> f5_star(const Rand& rand) const;

 private:
  Secret<32> key_;
  Secret<32> topc_;
  TuakShape shape_;
};

}  // namespace claviger::aka
