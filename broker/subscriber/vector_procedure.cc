#include "broker/subscriber/vector_procedure.h"

#include <algorithm>

#include "broker/subscriber/subscriber_loading.h"
#include "broker/tables.h"
#include "core/runtime/call.h"

namespace claviger::subscriber {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr Tick kBurstTicks = 32;  // three seconds' worth: retries of a UE stay below

// TS 29.229 clause 6.3.9, and how peers write it. What is digest authentication without AKA is not ours. Neither is AKAv2
// (RFC 4169), although its vector would be the same: a vector goes out with the scheme's name, and an S-CSCF that asked for
// AKAv2 and were told AKAv1 would challenge with what its UE was not to be asked.
constexpr std::array<std::string_view, 2> kSchemes{"digest-akav1-md5", "unknown"};

// Steps 1 and 2, of what needs no read.
Result<Unit> check(SipDatabase& database, const CachedSubscriber& cached, const VectorRequest& request) {
  if (!request.public_identity.empty() && !cached.subscriber.has(request.public_identity)) {
    return Error{Code::IdentitiesDiffer, "subscriber.public_identity"};
  }
  if (!database.serves(request.tenant, cached.subscriber)) return Error{Code::SubscriberDisabled, "subscriber"};
  if (!is_known_scheme(request.scheme)) return Error{Code::AuthenticationScheme, "subscriber.scheme"};
  return Unit{};
}

// Step 4: does anything change?
bool must_remember(const ServerState& server, const VectorRequest& request) {
  if (request.server_name.empty()) return false;
  if (server.server_name != request.server_name || server.host != request.host || server.realm != request.realm) {
    return true;
  }
  return server.registration != Registration::Registered && !server.is_pending;
}

ServerState remembered(ServerState server, const VectorRequest& request) {
  const bool is_same = server.server_name == request.server_name;
  server.server_name = request.server_name;
  server.host = request.host;
  server.realm = request.realm;
  // Registered where he was until the new one says SAR; with the same name nothing is pending but what was.
  if (!is_same || server.registration != Registration::Registered) server.is_pending = true;
  return server;
}

Tick now_of(SipDatabase& database, const CachedSubscriber& cached) {
  const Tick now = database.clock().now(database.here().shard.wall());
  // Nothing is known of who was not asked for since he came to hand.
  return cached.numbers.last() != 0 ? now : std::max(now, database.shard().cache.highest_forgotten() + 1);
}

// Step 5, of a tick that is covered.
Result<VectorAnswer> vector_of(SipDatabase& database, CachedSubscriber& cached, const VectorRequest& request,
                               Tick tick) {
  VectorAnswer answer;
  aka::Rand rand;
  CLAVIGER_TRY(drawn, database.shard().random.fill(rand));
  const Subscriber& subscriber = cached.subscriber;
  const aka::Sequence sequence = cached.numbers.use(tick, subscriber.ind_bits, request.serving_domain, rand);
  // A burst runs ahead of the clock; else the clock keeps itself ahead.
  if (tick > now_of(database, cached) + kBurstTicks) database.clock().foresee(tick);
  answer.vector = aka::make_vector(cached.key, rand, sequence, subscriber.amf);
  database.shard().figures.vectors.add();
  return answer;
}

// Step 3. The record that is to be written; nothing: it may stay as it is. A call too many is not looked at: an AUTS that is sent
// again and again moves nothing, and a user whose earlier call has put his numbers right gets the vector that he needs, as
// on a request without one. Refusing him would be what the replay is after.
Result<std::optional<SequenceState>> resynchronised(SipDatabase& database, CachedSubscriber& cached,
                                                    const VectorRequest& request) {
  const Bytes text = as_bytes(request.resynchronisation);
  if (text.size() != aka::kResynchronisationBytes) return Error{Code::OutOfRange, "subscriber.auts"};
  Context& context = database.here();
  if (!cached.resynchronisations.admits(context.shard.now())) {
    database.shard().figures.resynchronisations_ignored.add();
    return std::optional<SequenceState>();
  }
  aka::Rand rand;
  std::copy_n(text.begin(), rand.size(), rand.begin());
  CLAVIGER_TRY(theirs, aka::open_auts(cached.key, rand, text.last<aka::kAutsBytes>()));
  database.shard().figures.resynchronisations.add();
  CLAVIGER_TRY(offset, cached.numbers.offset_for(theirs, rand, now_of(database, cached), cached.subscriber.ind_bits));
  if (!offset) return std::optional<SequenceState>();
  SequenceState record = cached.subscriber.sequence;
  record.offset = *offset;
  record.module_sequence = theirs;
  record.resynchronised_at = numeric_date(context.shard.wall());
  ++record.resynchronisations;
  return std::optional<SequenceState>(record);
}

// Is it nobody's, or another's? (TS 29.228 clause 6.3.1 items 1 and 2.)
Task<Result<Unit>> explain(SipDatabase* database, std::string tenant, std::string public_identity) {
  auto owner = co_await find_private_identity(&database->here(), std::move(tenant), std::move(public_identity));
  if (!owner) co_return owner.error();
  co_return Error{Code::IdentitiesDiffer, "subscriber.public_identity"};
}

Task<Result<VectorAnswer>> make_with_turn(SipDatabase* database, VectorRequest request) {
  CLAVIGER_CO_TRY(cached, co_await load_subscriber(database, request.tenant, request.private_identity));
  if (auto checked = check(*database, *cached, request); !checked) {
    if (!checked.failed_with(Code::IdentitiesDiffer)) co_return checked.error();
    auto explained = co_await explain(database, request.tenant, request.public_identity);
    co_return explained.error();
  }
  if (!request.resynchronisation.empty()) {
    CLAVIGER_CO_TRY(record, resynchronised(*database, *cached, request));
    if (record) {
      StateChange change;
      change.sequence = *record;
      auto written = co_await write_state(database, request.tenant, request.private_identity, std::move(change));
      if (!written) co_return written.error();
      CLAVIGER_CO_TRY(again, co_await load_subscriber(database, request.tenant, request.private_identity));
      cached = again;
    }
  }
  if (must_remember(cached->subscriber.server, request)) {
    StateChange change;
    change.server = remembered(cached->subscriber.server, request);
    auto written = co_await write_state(database, request.tenant, request.private_identity, std::move(change));
    if (!written) co_return written.error();
    CLAVIGER_CO_TRY(again, co_await load_subscriber(database, request.tenant, request.private_identity));
    cached = again;
  }
  // Bounded: each round the store has reserved what was next in the one before.
  for (int tries = 0; tries < 3; ++tries) {
    CLAVIGER_CO_TRY(tick, cached->numbers.next(now_of(*database, *cached), cached->subscriber.ind_bits));
    if (database->clock().covers(tick)) co_return vector_of(*database, *cached, request, tick);
    const Tick wanted = tick;
    auto reserved = co_await database->clock().reserve(wanted);
    if (!reserved) co_return reserved.error();
    CLAVIGER_CO_TRY(again, co_await load_subscriber(database, request.tenant, request.private_identity));
    cached = again;
  }
  co_return Error{Code::Overload, "subscriber.sequence"};
}

Task<Result<VectorAnswer>> make_at_home(SipDatabase* database, VectorRequest request) {
  auto quick = make_vector_now(*database, request);
  if (quick) co_return *std::move(quick);
  auto turn = co_await database->shard().turns.take(home_name_of(request.tenant, request.private_identity));
  if (!turn) co_return turn.error();
  auto made = co_await make_with_turn(database, std::move(request));
  if (!made) database->shard().figures.refused.add();
  co_return made;
}

}  // namespace

bool is_known_scheme(std::string_view scheme) {
  const auto matches = [&](std::string_view known) {
    return std::ranges::equal(scheme, known, [](char a, char b) {
      return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
  };
  return scheme.empty() || std::ranges::any_of(kSchemes, matches);
}

std::optional<Result<VectorAnswer>> make_vector_now(SipDatabase& database, const VectorRequest& request) {
  if (!request.resynchronisation.empty()) return std::nullopt;
  SubscriberShard& shard = database.shard();
  std::string key = subscriber_key(request.tenant, request.private_identity);
  CachedSubscriber* cached = shard.cache.find(key);
  if (cached == nullptr)
    cached = load_subscriber_now(database, request.private_identity, std::move(key), request.tenant);
  const bool is_plain = cached != nullptr && !must_remember(cached->subscriber.server, request) &&
                        check(database, *cached, request).has_value();
  if (!is_plain) return std::nullopt;
  const auto tick = cached->numbers.next(now_of(database, *cached), cached->subscriber.ind_bits);
  if (!tick || !database.clock().covers(*tick)) return std::nullopt;
  return vector_of(database, *cached, request, *tick);
}

Task<Result<VectorAnswer>> make_vector(SipDatabase* database, VectorRequest request) {
  CLAVIGER_CO_TRY(private_identity, canonical_private_identity(request.private_identity));
  request.private_identity = private_identity;
  if (!request.public_identity.empty()) {
    CLAVIGER_CO_TRY(public_identity, canonical_public_identity(request.public_identity));
    request.public_identity = public_identity;
  }
  runtime::Shard* home = &database->home_of(request.tenant, request.private_identity);
  auto start = [database, request = std::move(request)]() mutable {
    return make_at_home(database, std::move(request));
  };
  auto made = co_await runtime::call_on(home, std::move(start));
  co_return made;
}

}  // namespace claviger::subscriber
