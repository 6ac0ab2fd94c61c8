// What a user's client keeps on disk: tokens, certificates, keys, profiles, all in one file that only his sign-in opens.
//
//   file   = "CLVUE1" memory passes lanes salt sealed   ; 4, 4 and 1 octets of Argon2id's cost, 16 of salt
//   opened = *(2OCTET name-length name 4OCTET length value)
// The body is AES-256-GCM under Argon2id of the password (or client secret) of the sign-in, with everything before it as
// associated data. Whoever takes the file has to guess passwords at 64 MiB and some 100 ms each. A save replaces the file
// whole, so a crash leaves the former or the next one; erase() at sign-off overwrites it first.
//
// One process at a time holds it, others wait (a lock beside it). One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/aead.h"
#include "core/crypto/password_key.h"

namespace claviger::ue {

// Profiles and group documents are the largest.
inline constexpr std::size_t kVaultValueBytesMax = 1024 * 1024;
inline constexpr std::size_t kVaultNameBytesMax = 4096;
inline constexpr std::size_t kVaultEntriesMax = 4096;
inline constexpr std::size_t kVaultBytesMax = 32 * 1024 * 1024;
// Three times what a server spends on a sign-in: nobody throttles who tries passwords on a file.
inline constexpr crypto::Argon2Parameters kVaultCost{64 * 1024, 3, 1};

class Vault {
 public:
  // The file of a user below `folder`: a digest, as names may hold anything.
  static std::string path_of(const std::string& folder, std::string_view user);
  static bool exists(const std::string& path);

  // NotFound; SealBroken: another password, or not the bytes that were written; Io,
  // PermissionsTooOpen, Corrupt.
  static Result<Vault> open(const std::string& path, Bytes password);
  // An empty one in memory; save() writes it, over what was there.
  static Result<Vault> create(const std::string& path, Bytes password);
  // The file is gone when this returns, its bytes overwritten before. NotFound, Io.
  static Result<Unit> erase(const std::string& path);

  Vault(Vault&& other) noexcept;
  Vault& operator=(Vault&& other) = delete;
  ~Vault();

  // Empty when there is none.
  Bytes find(std::string_view name) const;
  std::string_view text(std::string_view name) const { return as_text(find(name)); }
  // TooLarge, TooMany.
  Result<Unit> put(std::string_view name, Bytes value);
  Result<Unit> put_text(std::string_view name, std::string_view value) { return put(name, as_bytes(value)); }
  void remove(std::string_view name);
  void remove_all(std::string_view prefix);
  std::vector<std::string> names(std::string_view prefix) const;

  // Durable when it returns.
  Result<Unit> save();

 private:
  using Salt = std::array<std::byte, crypto::kPasswordKeySaltBytes>;
  Vault(std::string path, int lock, const Salt& salt, Secret<crypto::kAeadKeyBytes> key)
      : path_(std::move(path)), lock_(lock), salt_(salt), key_(std::move(key)) {}
  Result<Unit> read_entries(Bytes opened);

  std::string path_;
  int lock_ = -1;
  crypto::Argon2Parameters cost_ = kVaultCost;
  Salt salt_{};
  Secret<crypto::kAeadKeyBytes> key_;
  std::map<std::string, SecretBytes, std::less<>> entries_;
};

}  // namespace claviger::ue
