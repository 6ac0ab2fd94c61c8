#include "core/crypto/universal_hash.h"

#include "core/crypto/random.h"
#include "core/crypto/universal_hash_kernels.h"

namespace claviger::crypto {
namespace {

using Kernel = Hash128 (*)(const kernels::HashPowers&, Bytes);

Kernel best_kernel() {
  if (kernels::has_vpclmul()) return kernels::hash_vpclmul;
  if (kernels::has_pclmul()) return kernels::hash_pclmul;
  return kernels::hash_portable;
}

}  // namespace

struct UniversalHash::Powers {
  explicit Powers(Hash128 key) : powers(kernels::powers_of(key)) {}
  Powers(const Powers&) = delete;
  Powers& operator=(const Powers&) = delete;
  ~Powers() { wipe(std::as_writable_bytes(std::span(powers.descending))); }

  kernels::HashPowers powers;
  Kernel kernel = best_kernel();
};

UniversalHash::UniversalHash(const Secret<kUniversalHashKeyBytes>& key) {
  Hash128 number;  // little-endian, as all of POLYVAL
  std::memcpy(&number, key.reveal().data(), sizeof number);
  powers_ = std::make_unique<const Powers>(number);
  wipe(std::as_writable_bytes(std::span(&number, 1)));
}

UniversalHash::UniversalHash(UniversalHash&&) noexcept = default;
UniversalHash& UniversalHash::operator=(UniversalHash&&) noexcept = default;
UniversalHash::~UniversalHash() = default;

Result<UniversalHash> UniversalHash::generate() {
  CLAVIGER_TRY(key, random_bytes<kUniversalHashKeyBytes>());
  return UniversalHash(key);
}

Hash128 UniversalHash::operator()(Bytes message) const { return powers_->kernel(powers_->powers, message); }

}  // namespace claviger::crypto
