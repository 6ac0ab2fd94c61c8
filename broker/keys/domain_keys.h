// The secrets of one KMS domain and what they issue: RSK (SAKKE, RFC 6508), SSK and PVT (ECCSI, RFC 6507).
//
// The seam between the server and the arithmetic of core/crypto. Immutable, any thread; issuing takes up to
// milliseconds: off the loop. Its memory is as secret as the domain and is wiped with it.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::keys {

inline constexpr std::size_t kRskBytes = 257;  // 04 x y, coordinates of 128 octets
inline constexpr std::size_t kSskBytes = 32;
inline constexpr std::size_t kPvtBytes = 65;  // 04 x y
inline constexpr std::size_t kZBytes = 128;
inline constexpr std::size_t kKsakBytes = 32;
inline constexpr std::size_t kDomainSecretBytes = kZBytes + kKsakBytes;  // z_T, then KSAK, both big-endian
using Uid = std::array<std::byte, 32>;

struct UserKeys {
  Secret<kRskBytes> rsk;
  Secret<kSskBytes> ssk;
  std::array<std::byte, kPvtBytes> pvt{};
};

class DomainKeys {
 public:
  // Two independent secrets, drawn at random. CryptoFailure.
  static Result<std::shared_ptr<const DomainKeys>> generate();
  // ScalarInvalid: not kDomainSecretBytes, zero, or not below the orders.
  static Result<std::shared_ptr<const DomainKeys>> restore(Bytes secrets);

  virtual ~DomainKeys() = default;
  virtual SecretBytes secrets() const = 0;
  virtual const std::array<std::byte, kRskBytes>& public_encryption() const = 0;      // Z_T
  virtual const std::array<std::byte, kPvtBytes>& public_authentication() const = 0;  // KPAK
  // A fresh SSK and PVT each time; the RSK is always the same. CryptoFailure; BadValue for the one UID in 2^1022
  // that has no key.
  virtual Result<UserKeys> issue(Bytes id) const = 0;
  // For many at once, in order: they share inversions and, where the processor has them, vector lanes.
  virtual Result<std::vector<UserKeys>> issue_many(const std::vector<std::string>& ids) const = 0;
};

// TS 33.180 clause F.2.1. Empty, TooLarge: a URI that is none.
Result<Uid> make_uid(std::string_view user_uri, std::string_view kms_uri, std::uint32_t period, std::uint32_t offset,
                     std::uint64_t number);

}  // namespace claviger::keys
