// Milenage: f1 to f5*, the authentication and key generation functions of TS 35.206, with the constants c1 to c5 and r1
// to r5 of its clause 4.1.
//
// One object holds one subscriber's K (as AES round keys) and OPc, and wipes them. Pure functions of it, constant time in
// every argument; any thread.
#pragma once

#include <array>
#include <cstddef>

#include "core/base/secret.h"
#include "core/crypto/aka/aes128.h"
#include "core/crypto/aka/aka.h"

namespace claviger::aka {

class Milenage {
 public:
  Milenage(std::span<const std::byte, 16> key, std::span<const std::byte, 16> opc,
           AesEngine engine = AesEngine::Fastest);
  ~Milenage();

  // Clause 4.1: OPc of an operator's OP.
  static Secret<16> opc(std::span<const std::byte, 16> key, std::span<const std::byte, 16> op);

  // f1 and f1*: MAC-A in the first half, MAC-S in the second.
  Block f1(const Rand& rand, Sequence sequence, Amf amf) const;

  struct Outputs {
    Block response_and_key;  // f5 in octets 0 to 5 (AK), f2 in octets 8 to 15 (RES)
    Block cipher_key;        // f3
    Block integrity_key;     // f4
    Block resync_key;        // f5* in octets 0 to 5
    ~Outputs();
  };
  Outputs f2345(const Rand& rand) const;
  // As f1() and f2345() at once, with RAND encrypted once: what a vector takes.
  struct All {
    Block mac;
    Outputs outputs;
    ~All();
  };
  All all(const Rand& rand, Sequence sequence, Amf amf) const;
  // f5* alone: AK of a resynchronisation.
  Block f5_star(const Rand& rand) const;

 private:
  Block mixed(const Rand& rand) const;  // TEMP
  Block mac_of(const Block& temp, Sequence sequence, Amf amf) const;
  Outputs outputs_of(const Block& temp) const;

  Aes128 cipher_;
  Block opc_;
};

}  // namespace claviger::aka
