// The signing keys of one tenant as a snapshot: which key signs, which are published, which verify.
//
// Immutable, shared by all shards. Keys are never shared between tenants. States of a key: next (published >= 24 h
// before use), active (signs), retiring (verifies until the longest token life after retirement is over), revoked
// (gone at once: every token it signed is refused).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/tokens/verifier/key_set.h"
#include "core/crypto/signing_key.h"

namespace claviger::tokens {

enum class KeyState : std::uint8_t { Next = 0, Active = 1, Retiring = 2, Revoked = 3 };

struct TenantKey {
  std::string kid;
  KeyState state = KeyState::Next;
  std::int64_t created_at = 0;
  std::int64_t changed_at = 0;  // of the state
  std::shared_ptr<const crypto::SigningKey> key;  // null: its private part is in the PKCS #11 token
  std::string stored_as;                          // its label there; empty when `key` is
  std::optional<crypto::VerifyKey> verifying;  // always there; with a table of multiples when there was room for one
  std::string access_token_header;  // base64url of {"alg":..,"kid":..,"typ":"at+jwt"}, encoded once
  std::string id_token_header;      // the same with "typ":"JWT"
};

struct TenantKeys {
  std::vector<TenantKey> keys;             // newest first
  const TenantKey* active = nullptr;       // points into keys
  std::shared_ptr<const KeySet> verifying; // next, active and retiring keys
  std::string jwks;                        // the JWKS document, rendered once
  std::string jwks_etag;
};

}  // namespace claviger::tokens
