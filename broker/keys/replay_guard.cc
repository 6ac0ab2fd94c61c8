#include "broker/keys/replay_guard.h"

#include <absl/hash/hash.h>

#include <utility>

#include "broker/tables.h"
#include "core/crypto/random.h"
#include "storage/page.h"

namespace claviger::keys {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr std::byte kVersion{1};
constexpr std::size_t kMarkBytes = 16;
constexpr std::size_t kKeyBytes = 1 + 8 + 4 + 8;
// Of an earlier version: a tenant's name, NUL, time, SHA-256.
constexpr std::size_t kFormerTailBytes = 1 + 8 + 32;

std::string record_key(std::uint64_t process, std::size_t shard, std::uint64_t number) {
  std::string key(kKeyBytes, '\0');
  const MutableBytes bytes = std::as_writable_bytes(std::span(key));
  store_be(bytes.subspan(1), process);
  store_be(bytes.subspan(9), static_cast<std::uint32_t>(shard));
  store_be(bytes.subspan(13), number);
  return key;
}

std::string record_of(const std::vector<ReplayMark>& marks) {
  std::string value(1 + kMarkBytes * marks.size(), '\0');
  MutableBytes bytes = std::as_writable_bytes(std::span(value));
  bytes[0] = kVersion;
  bytes = bytes.subspan(1);
  for (const ReplayMark& mark : marks) {
    store_be(bytes, static_cast<std::uint64_t>(mark.time));
    store_be(bytes.subspan(8), mark.fingerprint);
    bytes = bytes.subspan(kMarkBytes);
  }
  return value;
}

ReplayMark mark_from(Bytes bytes) {
  return {static_cast<std::int64_t>(load_be<std::uint64_t>(bytes)), load_be<std::uint64_t>(bytes.subspan(8))};
}

}  // namespace

ReplayMark replay_mark(std::int64_t time, std::string_view tenant, std::string_view key_name, std::string_view user_uri,
                       const crypto::Sha256Digest& digest) {
  crypto::Sha256 hash;
  constexpr std::byte kEnd{0};
  for (const std::string_view part : {key_name, user_uri, as_text(digest)}) {
    hash.update(as_bytes(part));
    hash.update(Bytes(&kEnd, 1));
  }
  const auto user = static_cast<std::uint32_t>(absl::HashOf(tenant, user_uri));
  return {time, load_be<std::uint64_t>(hash.finish()), user};
}

Result<std::shared_ptr<ReplayGuard>> ReplayGuard::make(std::size_t shards, std::size_t marks_max) {
  std::array<std::byte, 8> drawn{};
  CLAVIGER_TRY(filled, crypto::fill_random(drawn));
  return std::shared_ptr<ReplayGuard>(new ReplayGuard(shards, load_be<std::uint64_t>(drawn), marks_max));
}

// With the stripe's lock.
void ReplayGuard::evict(Stripe& stripe, std::int64_t now) {
  while (!stripe.buckets.empty()) {
    const auto oldest = stripe.buckets.begin();
    if ((oldest->first + 1) * kBucketSeconds + kReplayMemory.count() > now) break;
    count_.fetch_sub(oldest->second.fingerprints.size(), std::memory_order_relaxed);
    stripe.buckets.erase(oldest);
  }
}

// A stripe is looked through when one of its own comes; a full table, where all are refused, as a whole.
bool ReplayGuard::take_place(std::size_t marks_max, std::int64_t now) {
  const auto has_taken = [&] {
    if (count_.fetch_add(1, std::memory_order_relaxed) < marks_max) return true;
    count_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  };
  if (has_taken()) return true;
  for (Stripe& each : stripes_) {
    const std::scoped_lock lock(each.mutex);
    evict(each, now);
  }
  return has_taken();
}

bool ReplayGuard::take_share(const ReplayMark& mark) {
  if (mark.user == 0) return true;
  Stripe& stripe = stripe_of(mark.user);
  const std::scoped_lock lock(stripe.mutex);
  std::uint32_t& count = stripe.buckets[mark.time / kBucketSeconds].counts[mark.user];
  if (count >= kUserMarksMax && size() > marks_max_ / 2) return false;
  ++count;
  return true;
}

void ReplayGuard::give_share_back(const ReplayMark& mark) {
  Stripe& stripe = stripe_of(mark.user);
  const std::scoped_lock lock(stripe.mutex);
  const auto bucket = stripe.buckets.find(mark.time / kBucketSeconds);
  if (bucket == stripe.buckets.end()) return;
  const auto found = bucket->second.counts.find(mark.user);
  if (found != bucket->second.counts.end() && --found->second == 0) bucket->second.counts.erase(found);
}

Result<Unit> ReplayGuard::add(const ReplayMark& mark, std::size_t marks_max, std::int64_t now) {
  if (!take_place(marks_max, now)) return Error{Code::Overload, "kms.replay"};
  if (!take_share(mark)) {
    count_.fetch_sub(1, std::memory_order_relaxed);
    return Error{Code::Overload, "kms.replay.user"};
  }
  bool is_new = false;
  {
    Stripe& stripe = stripe_of(mark.fingerprint);
    const std::scoped_lock lock(stripe.mutex);
    evict(stripe, now);
    is_new = stripe.buckets[mark.time / kBucketSeconds].fingerprints.insert(mark.fingerprint).second;
  }
  if (is_new) return Unit{};
  count_.fetch_sub(1, std::memory_order_relaxed);
  give_share_back(mark);
  return Error{Code::RequestReplayed, "kms.replay"};
}

void ReplayGuard::remove(const ReplayMark& mark) {
  {
    Stripe& stripe = stripe_of(mark.fingerprint);
    const std::scoped_lock lock(stripe.mutex);
    const auto bucket = stripe.buckets.find(mark.time / kBucketSeconds);
    if (bucket == stripe.buckets.end() || bucket->second.fingerprints.erase(mark.fingerprint) == 0) return;
    count_.fetch_sub(1, std::memory_order_relaxed);
  }
  give_share_back(mark);
}

// One that both a record of ours and one of an earlier version tell is known.
Result<Unit> ReplayGuard::add_former(const ReplayMark& mark, std::int64_t now) {
  auto added = add(mark, 2 * marks_max_, now);
  if (!added && !added.failed_with(Code::RequestReplayed)) return added.error();
  return Unit{};
}

// One that is torn or of a later version tells nothing: whoever wrote it has answered nobody, or refuses himself.
Result<Unit> ReplayGuard::read_record(std::string_view key, std::string_view value, std::int64_t now) {
  if (key.size() == kKeyBytes && key.front() == '\0') {
    Bytes bytes = as_bytes(value);
    if (bytes.size() % kMarkBytes != 1 || bytes[0] != kVersion) return Unit{};
    for (bytes = bytes.subspan(1); !bytes.empty(); bytes = bytes.subspan(kMarkBytes)) {
      CLAVIGER_TRY(added, add_former(mark_from(bytes), now));
    }
  } else if (key.size() > kFormerTailBytes && value.empty()) {
    return add_former(mark_from(as_bytes(key.substr(key.size() - kFormerTailBytes + 1))), now);
  }
  return Unit{};
}

Task<Result<Unit>> ReplayGuard::load(Context* context) {
  const std::int64_t now = numeric_date(context->shard.wall());
  for (std::string from;;) {
    CLAVIGER_CO_TRY(rows, co_await context->store.range(tables::kKmsRequests, from, "", storage::kRangeMax));
    for (const storage::Record& row : rows) {
      CLAVIGER_CO_TRY(read, read_record(row.key, row.value.text(), now));
    }
    if (!storage::is_full_page(rows, storage::kRangeMax)) break;
    from = rows.back().key + '\0';
  }
  co_return Unit{};
}

Task<Result<Unit>> ReplayGuard::remember(Context* context, ReplayMark mark) {
  auto added = add(mark, marks_max_, numeric_date(context->shard.wall()));
  if (!added) co_return added.error();
  Lane& lane = lanes_[context->shard.index()];
  if (lane.marks.empty()) {
    context->shard.defer([self = shared_from_this(), context] { self->hand_over(*context); });
  }
  runtime::OneShotPair<Result<Unit>> pair;
  lane.marks.push_back(mark);
  lane.waiting.push_back(std::move(pair.completer));
  Result<Unit> done = co_await pair.waiter;
  co_return done;
}

void ReplayGuard::hand_over(Context& context) {
  Lane& lane = lanes_[context.shard.index()];
  std::string key = record_key(process_, context.shard.index(), lane.number++);
  context.shard.scope().spawn(commit(shared_from_this(), &context, std::move(key),
                                     std::exchange(lane.marks, std::vector<ReplayMark>()),
                                     std::exchange(lane.waiting, std::vector<Completer>())));
}

Task<void> ReplayGuard::commit(std::shared_ptr<ReplayGuard> self, Context* context, std::string key,
                               std::vector<ReplayMark> marks, std::vector<Completer> waiting) {
  storage::Transaction transaction;
  const std::int64_t expires = numeric_date(context->shard.wall()) + kReplayMemory.count();
  transaction.put(tables::kKmsRequests, key, as_bytes(record_of(marks)), expires);
  auto committed = co_await context->store.commit(std::move(transaction));
  if (!committed) {
    for (const ReplayMark& mark : marks) self->remove(mark);
  }
  const Result<Unit> done = committed ? Result<Unit>(Unit{}) : Result<Unit>(committed.error());
  for (Completer& each : waiting) each.complete(done);
}

}  // namespace claviger::keys
