// AES-128 (FIPS 197) under one key, a few blocks at a time: what Milenage is made of.
//
// AES-NI where the processor has it (a key schedule and six blocks are some 50 ns; EVP's set-up alone costs more),
// OpenSSL's EVP elsewhere. Constant time in key and blocks either way. Owns the key's schedule and wipes it; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "core/base/bytes.h"
#include "core/base/secret.h"

namespace claviger::aka {

using Block = std::array<std::byte, 16>;

enum class AesEngine : std::uint8_t { Fastest, Portable };

class Aes128 {
 public:
  static constexpr std::size_t kKeyBytes = 16;
  static constexpr std::size_t kBlocksMax = 4;  // of one call: as many as hide each other's latency in Milenage

  explicit Aes128(std::span<const std::byte, kKeyBytes> key, AesEngine engine = AesEngine::Fastest);
  Aes128(const Aes128&) = delete;
  Aes128& operator=(const Aes128&) = delete;
  ~Aes128();

  // In place, each block on its own.
  void encrypt(std::span<Block> blocks) const;

 private:
  struct Portable;
  alignas(16) std::array<std::byte, 176> round_keys_{};
  std::unique_ptr<Portable> portable_;  // null: AES-NI
};

}  // namespace claviger::aka
