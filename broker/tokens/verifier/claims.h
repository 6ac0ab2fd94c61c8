// The claims of one token, by name and type (RFC 7519 clause 4.1, RFC 9068 clause 2.2, TS 33.180 clauses B.2.1, B.2.2).
//
// Views into the reader that parsed the token: valid until that Verifier verifies or decodes the next one. What must
// stay longer is copied by whoever needs it. Belongs to the Verifier's shard.
//
// An absent string and an empty one are the same: no claim of ours may be empty.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "broker/tokens/verifier/mc_service.h"
#include "core/base/result.h"
#include "core/codec/json_value.h"

namespace claviger::tokens {

// A SIP or tel URI (TS 23.280 clause 8.1); longer ones do not fit into the SIP headers that repeat them.
inline constexpr std::size_t kMcIdMax = 512;

// aud: a string or an array of strings (RFC 7519 clause 4.1.3).
class Audiences {
 public:
  Audiences() = default;
  // TokenAudience for anything else, and for an array with a member that is not a string, even when another one fits.
  static Result<Audiences> read(const codec::JsonValue& value);

  bool empty() const { return count_ == 0; }
  std::size_t size() const { return count_; }
  bool contains(std::string_view audience) const;
  template <typename Visit>
  void for_each(Visit visit) const {
    if (count_ == 0) return;
    if (const auto one = value_->as_string()) return visit(*one);
    const auto array = value_->as_array();
    for (const codec::JsonValue member : *array) visit(*member.as_string());
  }

 private:
  std::optional<codec::JsonValue> value_;
  std::size_t count_ = 0;
};

// cnf: what the sender must prove to hold (RFC 7800 clause 3.1, RFC 8705 clause 3.1, RFC 9449 clause 6.1).
struct Confirmation {
  using Thumbprint = std::array<std::byte, 32>;
  std::optional<Thumbprint> certificate;  // x5t#S256
  std::optional<Thumbprint> key;          // jkt
};

struct Claims {
  std::string_view issuer;   // iss
  std::string_view subject;  // sub
  std::string_view client_id;
  std::string_view scope;  // space-separated
  std::string_view jti;
  std::string_view sid;
  std::string_view acr;
  std::array<std::string_view, 3> mc_ids;  // mcptt_id, mcvideo_id, mcdata_id: mc_id()
  Audiences audiences;                     // aud
  std::optional<std::int64_t> expires;     // exp, and so on: seconds, fractions dropped
  std::optional<std::int64_t> issued_at;
  std::optional<std::int64_t> not_before;
  std::optional<std::int64_t> auth_time;
  std::optional<Confirmation> confirmation;
  std::optional<codec::JsonObject> all;  // every claim, known here or not
  std::string_view json;                 // the payload as it was signed

  std::string_view mc_id(McService service) const {
    return service == McService::None ? std::string_view() : mc_ids[static_cast<std::size_t>(service) - 1];
  }
  // What a payload says, if each claim we know has its type and a length in bounds; whether it is there and what it must
  // be is for claim_checks.h. A claim of the wrong type is refused with the code of the check it could never pass:
  // TokenIssuer, TokenAudience, TokenSubject, TokenBinding (cnf), TokenClaims for all others and for what is no object.
  // In place, because the hot path would copy 400 bytes three times; after an error every claim is absent.
  Result<Unit> read(const codec::JsonValue& value, std::string_view text);

  // Whole names only: "3gpp:mc:ptt_service" is not in "3gpp:mc:ptt_service2".
  bool has_scope(std::string_view name) const;
};

}  // namespace claviger::tokens
