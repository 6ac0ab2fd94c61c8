// The record of a signing key (tables::kSigningKeys), apart from the sealing of its private part.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/tokens/tenant_keys.h"
#include "core/base/result.h"
#include "storage/value.h"

namespace claviger::tokens {

struct SigningKeyRecord {
  std::string kid;
  crypto::SignatureAlgorithm algorithm = crypto::SignatureAlgorithm::Es256;
  KeyState state = KeyState::Next;
  std::int64_t created_at = 0;
  std::int64_t changed_at = 0;
  std::string sealed_pkcs8;   // empty once revoked, and of a key in the PKCS #11 token:
  std::string stored_as;      // its label there,
  std::string public_jwk;     // and what others verify with
  std::uint64_t version = 0;  // of the record; not stored in it
};

std::string signing_key_key(std::string_view tenant, std::string_view kid);
std::string encode_signing_key(const SigningKeyRecord& record);
Result<SigningKeyRecord> decode_signing_key(const storage::Value& value, std::string_view kid);

}  // namespace claviger::tokens
