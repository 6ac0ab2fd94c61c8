#include "broker/seal_keys/policy_guard.h"

#include <algorithm>

#include "broker/record_key.h"
#include "broker/seal_keys/capif_generated.h"
#include "broker/seal_keys/invoker.h"
#include "broker/seal_keys/invoker_lookup.h"
#include "broker/tables.h"
#include "core/runtime/offload.h"
#include "storage/record.h"

namespace claviger::seal_keys {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr storage::RecordSchema kSchema{"capif_policy", 1};
// The same list again is kept as often as this, for its time.
constexpr std::int64_t kKeepEvery = kPolicyStale.count() / 2;

std::string encode(const std::string& json, std::int64_t fetched_at) {
  flatbuffers::FlatBufferBuilder builder(json.size() + 128);
  const auto text = builder.CreateString(json);
  builder.Finish(schema::CreatePolicyList(builder, kSchema.version, text, fetched_at));
  return std::string(as_text(storage::finished_bytes(builder)));
}

using PolicyRef = std::shared_ptr<const AccessControlPolicy>;

// A megabyte of JSON is milliseconds: off the loop.
Task<Result<PolicyRef>> read_in_pool(Context* context, std::string json) {
  auto work = [json = std::move(json)]() -> Result<PolicyRef> {
    CLAVIGER_TRY(policy, read_access_control_policy(json));
    return PolicyRef(std::make_shared<const AccessControlPolicy>(std::move(policy)));
  };
  auto read = co_await runtime::offload(&context->work_pool, std::move(work));
  if (!read) co_return read.error();
  co_return *std::move(read);
}

struct Kept {
  std::string json;
  std::int64_t fetched_at = 0;
};
Result<Kept> decode(const storage::Value& value, std::string_view tenant) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::PolicyList>::open(value, kSchema, tenant));
  return Kept{record->json() == nullptr ? std::string() : record->json()->str(), record->fetched_at()};
}

}  // namespace

std::string policy_key(std::string_view tenant) { return broker::record_key({"capif-policy", tenant}); }

PolicyGuard::PolicyGuard(Context& context, runtime::Turns& turns, std::string tenant, PolicyMode mode)
    : context_(context), tenant_(std::move(tenant)), mode_(mode), turns_(turns) {}
PolicyGuard::~PolicyGuard() = default;

std::optional<std::size_t> PolicyGuard::invokers() const {
  return policy_ == nullptr ? std::nullopt : std::optional(policy_->size());
}

Task<void> PolicyGuard::load(std::shared_ptr<PolicyGuard> self) {
  auto value = co_await self->context_.store.get(tables::kInstallation, policy_key(self->tenant_));
  if (value.failed_with(Code::NotFound)) co_return;
  Result<Kept> kept = value ? decode(*value, self->tenant_) : Result<Kept>(value.error());
  Result<PolicyRef> read = Error{Code::NotFound, "capif.policy"};
  if (kept) read = co_await read_in_pool(&self->context_, kept->json);
  if (!read) {
    const Code code = kept ? read.error().code : kept.error().code;
    self->context_.shard.logger().error("capif.policy", {{"tenant", self->tenant_}, {"code", name_of(code)}});
    co_return;
  }
  self->policy_ = *std::move(read);
  self->json_ = std::move(kept->json);
  self->fetched_at_ = self->kept_at_ = kept->fetched_at;
  const std::int64_t age = numeric_date(self->context_.shard.wall()) - kept->fetched_at;
  self->renewed_at_ = self->context_.shard.now() - Seconds{std::clamp<std::int64_t>(age, 0, kPolicyStale.count())};
}

Task<Result<Unit>> PolicyGuard::renew(std::shared_ptr<PolicyGuard> self, std::string json) {
  const std::int64_t now = numeric_date(self->context_.shard.wall());
  const bool is_same = self->policy_ != nullptr && json == self->json_;
  PolicyRef policy = self->policy_;
  if (!is_same) {
    CLAVIGER_CO_TRY(read, co_await read_in_pool(&self->context_, json));
    policy = std::move(read);
  }
  const std::int64_t age = now - self->kept_at_;
  if (!is_same || age < 0 || age >= kKeepEvery) {
    storage::Transaction change;
    change.put(tables::kInstallation, policy_key(self->tenant_), as_bytes(encode(json, now)));
    CLAVIGER_CO_TRY(committed, co_await self->context_.store.commit(std::move(change)));
    self->kept_at_ = now;
  }
  self->policy_ = std::move(policy);
  self->json_ = std::move(json);
  self->fetched_at_ = now;
  self->renewed_at_ = self->context_.shard.now();
  co_return Unit{};
}

bool PolicyGuard::is_stale() const {
  return policy_ == nullptr || (mode_ == PolicyMode::Strict && context_.shard.now() - renewed_at_ >= kPolicyStale);
}

bool PolicyGuard::is_too_fast(const std::string& invoker, std::uint64_t per_second, std::int64_t now) {
  if (windows_.size() >= kInvokersKnownMax && !windows_.contains(invoker)) {
    std::erase_if(windows_, [now](const auto& one) { return one.second.second != now; });
  }
  Window& window = windows_[invoker];
  if (window.second != now) window = {now, 0};
  if (window.calls >= per_second) return true;
  ++window.calls;
  return false;
}

Task<Result<Admission>> PolicyGuard::admit(std::shared_ptr<PolicyGuard> self, std::string invoker) {
  const bool is_strict = self->mode_ == PolicyMode::Strict;
  if (self->is_stale()) {
    if (is_strict) co_return Error{Code::DeadlinePassed, "capif.policy"};
    co_return Admission::Admitted;
  }
  const auto found = self->policy_->find(invoker);
  if (found == self->policy_->end()) co_return is_strict ? Admission::NoPolicy : Admission::Admitted;
  const std::int64_t now = numeric_date(self->context_.shard.wall());
  const InvokerPolicy& policy = found->second;
  if (!policy.is_open_at(now)) co_return Admission::OutOfHours;
  if (policy.per_second && self->is_too_fast(invoker, *policy.per_second, now)) co_return Admission::TooFast;
  if (!policy.total) co_return Admission::Admitted;
  const std::uint64_t total = *policy.total;
  // Of those who come at once each is counted: without the turn they would be in one another's way.
  std::string calls = broker::record_key({"capif-calls", self->tenant_, invoker});
  auto turn = co_await self->turns_.take(std::move(calls));
  if (!turn) co_return turn.error();
  auto counted = co_await count_invocation(&self->context_, self->tenant_, std::move(invoker), total);
  if (!counted) co_return counted.error();
  co_return *counted ? Admission::Admitted : Admission::QuotaExceeded;
}

}  // namespace claviger::seal_keys
