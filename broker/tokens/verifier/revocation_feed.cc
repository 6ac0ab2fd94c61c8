#include "broker/tokens/verifier/revocation_feed.h"

#include <utility>

#include "core/codec/json_reader.h"

namespace claviger::tokens {
namespace {

// Five members and the object itself, and some that a later version may add.
constexpr std::size_t kValuesPerChangeMax = 12;

Result<RevocationKind> parse_kind(std::string_view name) {
  for (const RevocationKind kind : kRevocationKinds) {
    if (name == name_of(kind)) return kind;
  }
  return Error{Code::BadValue, "revocation_feed.kind"};
}

Result<Revocation> parse_change(const codec::JsonObject& change) {
  CLAVIGER_TRY(kind_name, change.string_at("kind"));
  CLAVIGER_TRY(kind, parse_kind(kind_name));
  CLAVIGER_TRY(issuer, change.string_at("issuer"));
  if (issuer.empty() || issuer.size() > kIssuerMax) return Error{Code::BadValue, "revocation_feed.issuer"};
  CLAVIGER_TRY(id, change.string_at("id"));
  if (id.empty() || id.size() > kTokenIdMax) return Error{Code::BadValue, "revocation_feed.id"};
  CLAVIGER_TRY(expires_value, change.at("exp"));
  CLAVIGER_TRY(expires, expires_value.as_numeric_date());
  Revocation revocation{kind, std::string(issuer), std::string(id), 0, expires};
  if (kind == RevocationKind::Subject) {
    CLAVIGER_TRY(not_before_value, change.at("not_before"));
    CLAVIGER_TRY(not_before, not_before_value.as_numeric_date());
    revocation.not_before = not_before;
  }
  return revocation;
}

}  // namespace

Result<RevocationDelta> parse_revocation_feed(std::string_view json) {
  codec::JsonReader reader({.bytes_max = kFeedBytesMax, .values_max = kFeedChangesMax * kValuesPerChangeMax});
  CLAVIGER_TRY(document, reader.parse(json));
  CLAVIGER_TRY(feed, document.as_object());
  CLAVIGER_TRY(next_value, feed.at("next"));
  CLAVIGER_TRY(next, next_value.as_uint());
  CLAVIGER_TRY(changes_value, feed.at("changes"));
  CLAVIGER_TRY(changes, changes_value.as_array());
  if (changes.size() > kFeedChangesMax) return Error{Code::TooMany, "revocation_feed.changes"};

  RevocationDelta delta;
  delta.next = next;
  delta.changes.reserve(changes.size());
  for (const codec::JsonValue value : changes) {
    CLAVIGER_TRY(change, value.as_object());
    CLAVIGER_TRY(revocation, parse_change(change));
    delta.changes.push_back(std::move(revocation));
  }
  return delta;
}

}  // namespace claviger::tokens
