// JSON Web Keys (RFC 7517) and sets of them: public ones only.
//
// Reading is for keys of peers (client registration, partners, DPoP headers): a private member is refused, as
// is a key whose "use", "key_ops" or "alg" says that it does not verify signatures. Pure functions, any
// thread; an RSA key costs a few milliseconds of checks.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/codec/json_reader.h"
#include "core/codec/text_sink.h"
#include "core/crypto/verify_key.h"

namespace claviger::crypto {

// A tenant publishes a handful; partners with more than this are misconfigured.
inline constexpr std::size_t kJwksKeysMax = 64;
// As long as a token's header may make it.
inline constexpr std::size_t kKidBytesMax = 128;

struct Jwk {
  std::string kid;  // the thumbprint when the JWK names none
  VerifyKey key;
};

// KeyType, KeyMalformed, KeyNotOnCurve, KeyWeak; KeyPrivate for a private or symmetric member; KeyUse when
// use, key_ops or alg do not fit; JsonMissing, JsonType, Base64Invalid.
Result<Jwk> read_jwk(const codec::JsonObject& object);

struct IgnoredJwk {
  std::size_t index;
  Error why;
};

struct JwkSet {
  std::vector<Jwk> keys;
  std::vector<IgnoredJwk> ignored;  // RFC 7517 clause 5: what we do not understand does not spoil the rest

  const Jwk* find(std::string_view kid) const;
};

// Fails whole on JSON errors, on more than kJwksKeysMax keys, and on a private member (somebody is publishing
// secrets: nothing in that set deserves trust). A second key with the same kid is ignored.
Result<JwkSet> read_jwks(codec::JsonReader& reader, std::string_view json);

// {"kty":..,"crv":..,"x":..,"y":..,"alg":..,"use":"sig","kid":..}
void write_jwk(const VerifyKey& key, std::string_view kid, std::string& sink);
void write_jwk(const VerifyKey& key, std::string_view kid, SlabWriter& sink);
inline void write_jwk(const VerifyKey& key, std::string& sink) { write_jwk(key, key.thumbprint(), sink); }
inline void write_jwk(const VerifyKey& key, SlabWriter& sink) { write_jwk(key, key.thumbprint(), sink); }
// {"keys":[..]}
std::string write_jwks(std::span<const Jwk> keys);

}  // namespace claviger::crypto
