#include "broker/subscriber/sequence_clock.h"

#include <algorithm>

#include "broker/record_key.h"
#include "broker/subscriber/subscriber_generated.h"
#include "broker/tables.h"
#include "core/runtime/call.h"
#include "storage/record.h"

namespace claviger::subscriber {
namespace {

namespace tables = broker::tables;
using runtime::Task;

constexpr storage::RecordSchema kSchema{"sequence_reserve", 1};
// No tenant has an empty name: it never meets a subscriber's.
std::string reserve_key() { return broker::record_key({"", "reserved"}); }
// A third of a lease: two writes may fail before anybody waits for one.
constexpr Seconds kEvery{20};

std::string encode(Tick reserved) {
  flatbuffers::FlatBufferBuilder builder(64);
  builder.Finish(schema::CreateSequenceReserve(builder, kSchema.version, reserved));
  return storage::finished(builder);
}

Tick ticks_of(WallTime wall) {
  const auto since = std::chrono::duration_cast<Milliseconds>(wall.time_since_epoch()).count();
  return since <= 0 ? 0 : static_cast<Tick>(since / SequenceClock::kTick.count());
}

}  // namespace

Tick SequenceClock::now(WallTime wall) const {
  return std::max(ticks_of(wall), floor_.load(std::memory_order_acquire));
}

Task<Result<Unit>> SequenceClock::start() {
  auto value = co_await home_.store.get(tables::kSequences, reserve_key());
  if (!value && !value.failed_with(Code::NotFound)) co_return value.error();
  if (value) {
    CLAVIGER_CO_TRY(record, storage::FlatRecord<schema::SequenceReserve>::open(*value, kSchema, "reserved"));
    floor_.store(record->reserved() + 1, std::memory_order_release);
  }
  CLAVIGER_CO_TRY(reserved, co_await reserve_at_home(now(home_.shard.wall())));
  tick_over();
  co_return Unit{};
}

void SequenceClock::stop() {
  is_stopped_ = true;
  timer_.stop();
}

void SequenceClock::tick_over() {
  if (is_stopped_) return;
  home_.shard.timers().start(timer_, home_.shard.now() + kEvery);
  home_.shard.scope().spawn(keep_ahead());
}

Task<void> SequenceClock::keep_ahead() {
  const Tick wanted = now(home_.shard.wall()) + kLease / 2;
  if (covers(wanted)) co_return;
  auto done = co_await reserve_at_home(wanted);
  // Not the end: who needs a tick asks again.
  if (!done) home_.shard.logger().warning("subscriber.reserve", {{"code", name_of(done.error().code)}});
}

void SequenceClock::hasten(Tick tick) {
  if (is_hastening_.exchange(true, std::memory_order_acq_rel)) return;
  runtime::Shard::current().scope().spawn(reserve_ahead(tick + kLeaseAhead));
}

Task<void> SequenceClock::reserve_ahead(Tick tick) {
  const auto done = co_await reserve(tick);
  is_hastening_.store(false, std::memory_order_release);
  // Not the end: the next one that is used asks again, and who needs one that is not covered waits for it.
  if (!done) runtime::Shard::current().logger().warning("subscriber.reserve", {{"code", name_of(done.error().code)}});
}

Task<Result<Unit>> SequenceClock::reserve(Tick tick) {
  if (covers(tick)) co_return Unit{};
  auto start = [this, tick] { return reserve_at_home(tick); };
  auto done = co_await runtime::call_on(&home_.shard, std::move(start));
  co_return done;
}

Task<Result<Unit>> SequenceClock::reserve_at_home(Tick tick) {
  auto turn = co_await turns_.take("reserve");
  if (!turn) co_return turn.error();
  if (covers(tick)) co_return Unit{};
  const Tick wanted = std::max(tick, now(home_.shard.wall())) + kLease;
  storage::Transaction transaction;
  const std::string value = encode(wanted);
  transaction.put(tables::kSequences, reserve_key(), as_bytes(value));
  auto committed = co_await home_.store.commit(std::move(transaction));
  if (!committed) co_return committed.error();
  reserved_.store(wanted, std::memory_order_release);
  co_return Unit{};
}

}  // namespace claviger::subscriber
