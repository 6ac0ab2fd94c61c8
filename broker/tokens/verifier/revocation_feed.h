// The body of GET .../revocations?since=N: what was revoked since then, oldest first, as the broker writes it and every
// verifier reads it.
//
//   {"next":1043,"changes":[
//     {"kind":"jti","issuer":"https://idms.example","id":"tq3hD2...","exp":1764000300},
//     {"kind":"sub","issuer":"https://idms.example","id":"user-17","not_before":1764000001,"exp":1764003601}]}
//
// "next" is the number to ask with the next time; an empty list means that nothing happened before the poll ended. Both
// ways off the hot path. A verifier that cannot read a change must not go on as if it had: any fault refuses the whole.
#pragma once

#include <cstddef>
#include <string_view>

#include "broker/tokens/verifier/revocation.h"
#include "core/base/assert.h"
#include "core/base/result.h"
#include "core/codec/json_writer.h"

namespace claviger::tokens {

// One answer of the feed; whoever is further behind asks again. With the longest names these are 900 bytes each.
inline constexpr std::size_t kFeedChangesMax = 4096;
inline constexpr std::size_t kFeedBytesMax = 4 * 1024 * 1024;

// TooLarge, TooMany, BadValue (a kind or a name we do not know what to do with), else what core/codec says of the JSON.
Result<RevocationDelta> parse_revocation_feed(std::string_view json);

template <codec::TextSink Sink>
void write_revocation_feed(const RevocationDelta& delta, Sink& sink) {
  CLAVIGER_ASSERT(delta.changes.size() <= kFeedChangesMax);
  codec::JsonWriter json(sink);
  json.begin_object().member("next", delta.next).name("changes").begin_array();
  for (const Revocation& change : delta.changes) {
    json.begin_object().member("kind", name_of(change.kind)).member("issuer", change.issuer).member("id", change.id);
    if (change.kind == RevocationKind::Subject) json.member("not_before", change.not_before);
    json.member("exp", change.expires).end_object();
  }
  json.end_array().end_object();
}

}  // namespace claviger::tokens
