// One verb of the admin API: a route, the checks that stand before every endpoint, and what the audit log gets.
//
// serve() checks who calls, writes "begun" for a verb that changes something, runs the endpoint and writes its outcome
// before the answer leaves. A verb that has begun runs to its end even when the asker goes away: it belongs to the
// shard, not to the connection.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "broker/admin/admin_services.h"
#include "broker/admin/answer.h"
#include "broker/identity/secret_body.h"
#include "core/codec/form.h"
#include "core/codec/json_reader.h"
#include "core/http/router.h"
#include "core/runtime/task.h"

namespace claviger::admin {

// Bodies of single records: a client with its keys is the largest.
inline constexpr std::size_t kBodyBytesMax = 128 * 1024;
// A batch of an import: 1000 users of a kilobyte, and room (clavigerctl sends at most 1 MiB and a line).
inline constexpr std::size_t kImportBytesMax = 2 * 1024 * 1024;
inline constexpr std::size_t kPageDefault = 100;
// 200 users are some 150 us of a shard's time to write down.
inline constexpr std::size_t kPageMax = 200;

// What an endpoint works on. Owned by serve()'s frame, which awaits the endpoint: it outlives it.
struct Call {
  AdminServices& services;
  broker::Context& context;  // of this shard
  http::Request request;
  http::PathValues values;
  // For the audit log; the path's values, refined by the endpoint.
  std::string target;
  std::string detail;
  std::string named;  // "set=login,password": the members of the body, by body_object()

  broker::Context* at() { return &context; }
  // Passwords, keys and one-time-password seeds come this way, and a slab goes back to its pool as it is.
  ~Call() { const identity::SecretBody wiped(request.body); }
};

enum class Effect : std::uint8_t {
  Reads,         // not in the audit log
  ReadsSecrets,  // one line
  Changes        // "begun" and the outcome
};

struct Verb {
  http::Method method;
  std::string_view pattern;  // below /admin/v1
  std::string_view name;     // "user.disable"
  Effect effect;
  runtime::Task<Answer> (*endpoint)(Call* call);
  std::size_t body_bytes_max = kBodyBytesMax;
};

void add_verb(http::Router& router, AdminServices& services, const Verb& verb);
void add_verbs(http::Router& router, AdminServices& services, std::initializer_list<Verb> verbs);

// For endpoints.

// The tenant of the path's first value, enabled or not. NotFound.
Result<Unit> check_tenant(const Call& call);
// The body as one JSON object in `reader`; its members' names, and none of their values, go into the audit log. MediaType, or
// what the reader says.
Result<codec::JsonObject> body_object(Call& call, codec::JsonReader& reader);

struct Paging {
  std::string after;
  std::size_t limit = kPageDefault;
};
// ?after= and ?limit=. BadValue for a limit outside 1..kPageMax.
Result<Paging> paging_of(const Call& call);
// ?name=true.
Result<bool> query_flag(const Call& call, std::string_view name);

}  // namespace claviger::admin
