// Whether a token that was verified before is revoked now, by the names that a revocation may have for it; for whoever keeps
// something open that a token opened.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/tokens/verifier/revocation.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::tokens {

struct TokenNames {
  std::string jti, sid, sub;  // empty: it has none
  std::int64_t issued_at = 0;
};

// In keys of indexes by what a revocation names. Empty: by keys nobody looks for single tokens.
constexpr std::string_view index_of(RevocationKind kind) {
  switch (kind) {
    case RevocationKind::Jti:
      return "j";
    case RevocationKind::Sid:
      return "s";
    case RevocationKind::Subject:
      return "u";
    case RevocationKind::Key:
      return "";
  }
  return "";
}

// Whether a revocation whose name fits is of a token of that time.
constexpr bool is_of(const Revocation& revocation, std::int64_t issued_at) {
  return revocation.kind != RevocationKind::Subject || issued_at < revocation.not_before;
}

// Any shard. What the store says.
runtime::Task<Result<bool>> is_revoked(broker::Context* context, std::string tenant, TokenNames names);

}  // namespace claviger::tokens
