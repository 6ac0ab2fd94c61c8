#include "broker/keys/pre_issue.h"

#include <sys/resource.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "broker/identity/user_procedures.h"
#include "broker/keys/issue_procedure.h"
#include "broker/keys/kms_generated.h"
#include "broker/keys/user_procedures.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/runtime/call.h"
#include "storage/record.h"

namespace claviger::keys {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr storage::RecordSchema kSchema{"kms_jobs", 1};
// A page is a chunk for each thread, and two pages are under way.
constexpr std::size_t kQueueMax = 256;
// Requests come first: nice(1)'s default.
constexpr int kNiceness = 10;

std::string job_key(std::string_view tenant) { return broker::record_key({tenant, "pre-issue"}); }

std::string encode(const PreIssueJob& job) {
  flatbuffers::FlatBufferBuilder builder(256);
  const auto cursor = storage::put_text(builder, job.cursor);
  schema::JobBuilder record(builder);
  record.add_schema_version(kSchema.version);
  record.add_generation(job.generation);
  record.add_period(job.period);
  record.add_cursor(cursor);
  record.add_done(job.done);
  record.add_present(job.present);
  record.add_started_at(job.started_at);
  record.add_finished_at(job.finished_at);
  builder.Finish(record.Finish());
  return storage::finished(builder);
}

Result<PreIssueJob> decode(const storage::Value& value) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Job>::open(value, kSchema));
  PreIssueJob job;
  job.generation = record->generation();
  job.period = record->period();
  job.cursor = storage::text_of(record->cursor());
  job.done = record->done();
  job.present = record->present();
  job.started_at = record->started_at();
  job.finished_at = record->finished_at();
  job.version = value.version();
  return job;
}

Task<Result<PreIssueJob>> read_job(Context* context, std::string tenant) {
  auto value = co_await context->store.get(tables::kKmsJobs, job_key(tenant));
  if (!value) co_return value.error();
  co_return decode(*value);
}

Task<Result<PreIssueJob>> commit_job(Context* context, std::string tenant, PreIssueJob job) {
  storage::Transaction transaction;
  transaction.expect_version(tables::kKmsJobs, job_key(tenant), job.version);
  transaction.put(tables::kKmsJobs, job_key(tenant), as_bytes(encode(job)));
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(transaction)));
  job.version = committed.sequence;
  co_return job;
}

// The job for the period behind the present one: the one that is there, or a new one.
Task<Result<PreIssueJob>> job_for(Kms* kms, std::string tenant, DomainRef domain, std::uint64_t period) {
  Context* context = &kms->home();
  auto present = co_await read_job(context, tenant);
  if (!present && !present.failed_with(Code::NotFound)) co_return present.error();
  const bool is_same = present && present->generation == domain->domain.generation && present->period == period;
  if (is_same) co_return present;
  PreIssueJob job;
  job.generation = domain->domain.generation;
  job.period = period;
  job.started_at = numeric_date(context->shard.wall());
  job.version = present ? present->version : 0;
  co_return co_await commit_job(context, std::move(tenant), std::move(job));
}

using MadeRecords = Result<std::vector<KeyRecord>>;

// In the pool.
MadeRecords make_records(storage::Sealer& sealer, const std::vector<KeysWanted>& wanted, std::int64_t now) {
  setpriority(PRIO_PROCESS, 0, kNiceness);
  return make_key_records(sealer, wanted, now);
}

std::vector<std::string> identities_of(const identity::User& user) {
  std::vector<std::string> identities;
  for (const std::string* id : {&user.mcptt_id, &user.mcvideo_id, &user.mcdata_id}) {
    if (!id->empty() && std::ranges::find(identities, *id) == identities.end()) identities.push_back(*id);
  }
  return identities;
}

// Of a page: whose keys are not there yet.
struct Missing {
  std::vector<KeysWanted> wanted;
  std::uint64_t present = 0;
};
Task<Result<Missing>> missing_of(Kms* kms, Context* context, DomainRef domain, std::uint64_t period,
                                 std::vector<identity::User> users) {
  Missing missing;
  for (std::size_t i = 0; i < users.size(); ++i) {
    if (users[i].status != identity::UserStatus::Enabled) continue;
    const std::vector<std::string> uris = identities_of(users[i]);
    for (std::size_t j = 0; j < uris.size(); ++j) {
      if (kms->policies().may_have(user_policy_key(domain->tenant, uris[j]))) {
        CLAVIGER_CO_TRY(policy, co_await read_user_policy(context, domain->tenant, uris[j]));
        if (policy.is_revoked) continue;
      }
      KeysWanted wanted{domain, period, uris[j]};
      std::string key = wanted.key();
      auto cached = context->store.get_cached(tables::kKmsUserKeys, key);
      if (cached && cached->failed_with(Code::NotFound)) {
        missing.wanted.push_back(std::move(wanted));
        continue;
      }
      auto found = co_await context->store.get(tables::kKmsUserKeys, std::move(key));
      if (found) {
        ++missing.present;
        continue;
      }
      if (!found.failed_with(Code::NotFound)) co_return found.error();
      missing.wanted.push_back(std::move(wanted));
    }
  }
  co_return missing;
}

// A page's keys on their way through the pool, a part for each thread.
using Parts = std::vector<runtime::OneShot<Result<MadeRecords>>>;

Result<Parts> begin_extraction(runtime::OffloadPool& pool, Context& context, const std::vector<KeysWanted>& wanted) {
  const std::size_t threads = pool.threads();
  const std::int64_t now = numeric_date(context.shard.wall());
  Parts parts;
  for (std::size_t part = 0; part < threads; ++part) {
    std::vector<KeysWanted> chunk;
    for (std::size_t i = part; i < wanted.size(); i += threads) chunk.push_back(wanted[i]);
    if (chunk.empty()) continue;
    auto work = [chunk = std::move(chunk), sealer = &context.sealer, now] { return make_records(*sealer, chunk, now); };
    auto submitted = runtime::detail::submit_for_value<decltype(work), MadeRecords>(pool, std::move(work));
    if (!submitted) return submitted.error();
    parts.push_back(*std::move(submitted));
  }
  return parts;
}

Task<MadeRecords> finish_extraction(Parts* parts) {
  std::vector<KeyRecord> all;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    auto done = co_await (*parts)[i];
    if (!done) co_return done.error();
    MadeRecords made = *std::move(done);
    if (!made) co_return made.error();
    for (KeyRecord& each : *made) all.push_back(std::move(each));
  }
  co_return all;
}

// A page of users whose keys are being made.
struct Page {
  PreIssueJob job;  // as it will stand when these are stored
  Parts parts;
};
// Users that are looked at in one turn of the loop: half a millisecond.
constexpr std::size_t kLookUsers = 64;

// Lets the shard serve what else waits.
Task<void> next_turn(runtime::Shard* shard) {
  runtime::OneShotPair<Unit> pair;
  shard->mailbox().post_control([completer = std::move(pair.completer)]() mutable { completer.complete(Unit{}); });
  co_await pair.waiter;
}

Task<Result<Page>> begin_page(Kms* kms, runtime::OffloadPool* pool, DomainRef domain, PreIssueJob before) {
  Context* context = &kms->home();
  const std::size_t count = std::min(PreIssue::kPageUsers * pool->threads(), PreIssue::kPageUsersMax);
  Page page;
  page.job = std::move(before);
  page.job.finished_at = 0;
  std::vector<KeysWanted> wanted;
  for (std::size_t looked = 0; looked < count && page.job.finished_at == 0; looked += kLookUsers) {
    if (looked != 0) co_await next_turn(&context->shard);
    auto users = co_await identity::list_users(context, domain->tenant, page.job.cursor, kLookUsers);
    if (!users) co_return users.error();
    page.job.finished_at = users->next.empty() ? numeric_date(context->shard.wall()) : 0;
    page.job.cursor = users->next;
    auto missing = co_await missing_of(kms, context, domain, page.job.period, std::move(users->users));
    if (!missing) co_return missing.error();
    page.job.present += missing->present;
    page.job.done += missing->wanted.size();
    std::ranges::move(missing->wanted, std::back_inserter(wanted));
  }
  auto begun = begin_extraction(*pool, *context, wanted);
  if (!begun) co_return begun.error();
  page.parts = *std::move(begun);
  co_return page;
}

// One transaction: the page's keys and how far the job is. The job as it stands then.
Task<Result<PreIssueJob>> finish_page(Context* context, std::string tenant, Page page) {
  Parts* parts = &page.parts;
  auto made = co_await finish_extraction(parts);
  if (!made) co_return made.error();
  storage::Transaction transaction;
  for (const KeyRecord& each : *made) {
    transaction.expect_absent(tables::kKmsUserKeys, each.key);
    transaction.put(tables::kKmsUserKeys, each.key, as_bytes(each.value), each.expires_at);
  }
  transaction.expect_version(tables::kKmsJobs, job_key(tenant), page.job.version);
  transaction.put(tables::kKmsJobs, job_key(tenant), as_bytes(encode(page.job)));
  auto committed = co_await context->store.commit(std::move(transaction));
  if (!committed) co_return committed.error();
  page.job.version = committed->sequence;
  co_return std::move(page.job);
}

DomainRef domain_of(const Kms& kms, std::string_view tenant, std::uint32_t generation) {
  const auto table = kms.table();
  const TenantDomains* domains = table->find(tenant);
  const DomainRef active = domains == nullptr ? nullptr : domains->active();
  return active == nullptr || active->domain.generation != generation || active->keys == nullptr ? nullptr : active;
}

// Who came to be since: once more from the first user on.
Task<Result<PreIssueJob>> begin_again(Kms* kms, std::string tenant, PreIssueJob job) {
  job.finished_at = 0;
  job.cursor.clear();
  job.done = job.present = 0;
  job.started_at = numeric_date(kms->home().shard.wall());
  auto begun = co_await commit_job(&kms->home(), std::move(tenant), std::move(job));
  co_return begun;
}

Task<Result<PreIssueJob>> begin_at_home(Kms* kms, std::string tenant) {
  const auto table = kms->table();
  const TenantDomains* domains = table->find(tenant);
  if (domains == nullptr) co_return Error{Code::KmsUnknown, "kms"};
  const DomainRef active = domains->active();
  if (active == nullptr || active->keys == nullptr) co_return Error{Code::KmsSealed, "kms"};
  const auto present = active->domain.periods.number_at(numeric_date(kms->home().shard.wall()));
  if (!present) co_return Error{Code::KeyPeriod, "kms"};
  auto job = co_await job_for(kms, tenant, active, *present + 1);
  if (!job) co_return job.error();
  if (job->finished_at != 0) {
    job = co_await begin_again(kms, tenant, *job);
    if (!job) co_return job.error();
  }
  kms->pre_issue().wake();
  job->is_running = true;
  co_return job;
}

Task<Result<PreIssueJob>> read_at_home(Kms* kms, std::string tenant) {
  auto job = co_await read_job(&kms->home(), tenant);
  if (job) job->is_running = kms->pre_issue().is_running(tenant);
  co_return job;
}

}  // namespace

PreIssue::PreIssue(Kms& kms, std::size_t threads, std::vector<int> cpus)
    : kms_(kms),
      pool_("pre-issue", threads, kQueueMax, std::move(cpus)),
      timer_([](void* self) { static_cast<PreIssue*>(self)->start(); }, this) {}
PreIssue::~PreIssue() = default;

void PreIssue::start() {
  is_stopped_ = false;
  runtime::Shard& shard = kms_.home().shard;
  shard.timers().start(timer_, shard.now() + kEvery);
  wake();
}

void PreIssue::stop() {
  is_stopped_ = true;
  timer_.stop();
}

void PreIssue::wake() {
  if (is_under_way_ || is_stopped_) return;
  is_under_way_ = true;
  scope_.spawn(run());
}

// Jobs of periods that near their end.
Task<Result<Unit>> PreIssue::look() {
  const auto table = kms_.table();
  const std::int64_t now = numeric_date(kms_.home().shard.wall());
  std::vector<DomainRef> due;
  for (const auto& [tenant, domains] : table->by_tenant) {
    const DomainRef active = domains.active();
    if (active == nullptr || active->keys == nullptr) continue;
    const KeyPeriods& periods = active->domain.periods;
    const auto present = periods.number_at(now);
    const std::int64_t early = std::int64_t{periods.seconds} * active->domain.policy.early_percent / 100;
    if (present && now >= periods.ends_at(*present) - early) due.push_back(active);
  }
  for (std::size_t i = 0; i < due.size(); ++i) {
    const auto present = due[i]->domain.periods.number_at(now);
    auto job = co_await job_for(&kms_, due[i]->tenant, due[i], *present + 1);
    if (!job && !job.failed_with(Code::Conflict)) co_return job.error();
    const std::int64_t last_look = due[i]->domain.periods.ends_at(*present) - kLastLook.count();
    if (!job || now < last_look || job->finished_at == 0 || job->finished_at >= last_look) continue;
    auto begun = co_await begin_again(&kms_, due[i]->tenant, *job);
    if (!begun && !begun.failed_with(Code::Conflict)) co_return begun.error();
  }
  co_return Unit{};
}

Task<void> PreIssue::run() {
  auto looked = co_await look();
  if (!looked) kms_.home().shard.logger().warning("kms.pre_issue", {{"code", name_of(looked.error().code)}});
  std::vector<std::string> tenants;
  for (const auto& [tenant, domains] : kms_.table()->by_tenant) tenants.push_back(tenant);
  for (std::size_t i = 0; i < tenants.size() && !is_stopped_; ++i) {
    for (bool has_more = true; has_more && !is_stopped_;) {
      auto page = co_await run_pages(tenants[i]);
      has_more = page && *page;
      if (!page) {
        kms_.home().shard.logger().warning("kms.pre_issue",
                                           {{"tenant", tenants[i]}, {"code", name_of(page.error().code)}});
      }
    }
    running_.clear();
  }
  is_under_way_ = false;
}

// The pool never waits for the store: a page's keys are committed while the next page's are made. False: there is
// nothing to do any more; true: read again where the job stands.
Task<Result<bool>> PreIssue::run_pages(std::string tenant) {
  Context* context = &kms_.home();
  auto job = co_await read_job(context, tenant);
  if (job.failed_with(Code::NotFound)) co_return false;
  if (!job) co_return job.error();
  const DomainRef domain = domain_of(kms_, tenant, job->generation);
  if (job->finished_at != 0 || domain == nullptr) co_return false;
  running_ = tenant;
  auto current = co_await begin_page(&kms_, &pool_, domain, *job);
  if (!current) co_return current.error();
  for (;;) {
    Page page = *std::move(current);
    const bool is_last = page.job.finished_at != 0;
    if (!is_last) {
      current = co_await begin_page(&kms_, &pool_, domain, page.job);
      if (!current) co_return current.error();
    }
    auto done = co_await finish_page(context, tenant, std::move(page));
    // Somebody of the page came before his turn, or an operator began anew: read again.
    if (done.failed_with(Code::Conflict)) co_return true;
    if (!done) co_return done.error();
    if (is_last) co_return false;
    current->job.version = done->version;
    const bool is_still = !is_stopped_ && domain_of(kms_, tenant, job->generation) == domain;
    if (!is_still) co_return !is_stopped_;
  }
}

Task<Result<PreIssueJob>> begin_pre_issue(Kms* kms, std::string tenant) {
  auto start = [kms, tenant = std::move(tenant)] { return begin_at_home(kms, tenant); };
  auto done = co_await runtime::call_on(&kms->home().shard, std::move(start));
  co_return done;
}

Task<Result<PreIssueJob>> read_pre_issue(Kms* kms, std::string tenant) {
  auto start = [kms, tenant = std::move(tenant)] { return read_at_home(kms, tenant); };
  auto done = co_await runtime::call_on(&kms->home().shard, std::move(start));
  co_return done;
}

}  // namespace claviger::keys
