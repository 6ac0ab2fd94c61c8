#include "broker/admin/watch_metrics.h"

#include <sys/statvfs.h>

#include <algorithm>

#include "broker/admin/exposition.h"
#include "broker/keys/kms.h"
#include "broker/keys/pre_issue.h"
#include "broker/tables.h"
#include "core/runtime/offload.h"
#include "storage/outbox_row.h"
#include "storage/page.h"

namespace claviger::admin {
namespace {

using runtime::Task;

broker::Context& here(const AdminServices& services) { return *services.contexts[runtime::Shard::current().index()]; }

std::string labels_of(const partners::PartnerFigures& one) {
  return label("tenant", one.tenant) + "," + label("partner", one.partner);
}

// `at`: NumericDate; 0: never, said as the longest there is to say.
std::uint64_t age(std::int64_t at, std::int64_t now) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(now - at, 0));
}

void add_partners(Exposition& out, const std::vector<partners::PartnerFigures>& all, std::int64_t now) {
  out.begin("partner_keys_age_seconds", "gauge", "Since a partner's signing keys were fetched; never: since 1970.");
  for (const auto& one : all) {
    if (one.follows_keys) out.sample(labels_of(one), age(one.keys_fetched_at, now));
  }
  out.begin("partner_feed_age_seconds", "gauge",
            "Since a partner answered a poll of its revocation feed; not since the start: since 1970.");
  for (const auto& one : all) {
    if (one.follows_feed) out.sample(labels_of(one), age(one.feed_heard_at, now));
  }
  out.begin("partner_reached", "gauge", "1 when the last try for keys and feed of an enabled partner succeeded.");
  for (const auto& one : all) {
    if (!one.follows_keys && !one.follows_feed) continue;
    out.sample(labels_of(one), one.keys_error.empty() && one.feed_error.empty() ? 1 : 0);
  }
}

// What is to be told to others, in the two tables of it.
struct Outstanding {
  std::uint64_t waiting = 0;
  std::uint64_t failing = 0;
  std::int64_t oldest = 0;
};

// Payloads come along with the rows: so few at a time, and so many at all.
constexpr std::size_t kOutboxPage = 64;
constexpr std::size_t kOutboxRowsMax = 1024;
// What was tried and failed is tried again within that; what is due later is a timer that nobody waits for.
constexpr Seconds kRetriedWithin{1200};

// Of one table. Its rows begin with a time; what else lies in it is behind them.
Task<void> count_outbox(broker::Context* context, storage::TableId table, Outstanding* counted) {
  const std::int64_t now = numeric_date(context->shard.wall());
  std::string from;
  for (std::size_t seen = 0; seen < kOutboxRowsMax; seen += kOutboxPage) {
    std::string to = storage::outbox_key(now + kRetriedWithin.count(), "");
    const auto rows = co_await context->store.range(table, from, std::move(to), kOutboxPage);
    if (!rows) co_return;
    for (const storage::Record& record : *rows) {
      const auto row = storage::decode_outbox_row(record.key, record.value.bytes());
      if (!row) continue;
      if (row->attempts == 0 && row->due > now) continue;  // a timer of the next minutes
      ++counted->waiting;
      if (row->attempts > 0) ++counted->failing;
      counted->oldest = std::min(counted->oldest, row->due_first);
    }
    if (!storage::is_full_page(*rows, kOutboxPage)) co_return;
    from = rows->back().key + '\0';
  }
}

Task<void> add_outbox(Exposition* out, broker::Context* context) {
  const std::int64_t now = numeric_date(context->shard.wall());
  Outstanding all;
  all.oldest = now;
  Outstanding* counted = &all;
  co_await count_outbox(context, broker::tables::kOutbox, counted);
  co_await count_outbox(context, broker::tables::kMigrationPools, counted);
  out->one(
      "outbox_waiting", "gauge",
      "What is to be told to others (back-channel log-outs, notifications, partner systems of migrants) and is not "
      "yet; of two tables, the first 1024 rows of each are looked at.",
      all.waiting);
  out->one("outbox_failing", "gauge", "Those of them that were tried and failed.", all.failing);
  out->one("outbox_oldest_seconds", "gauge", "How long the oldest of them has waited.", age(all.oldest, now));
}

Task<void> add_kms(Exposition* out, AdminServices* services) {
  keys::Kms* kms = services->kms;
  out->one("kms_queue", "gauge", "Extractions of keys that wait for a thread.", kms->pool().queued());
  const auto table = kms->table();
  std::vector<std::pair<std::string, keys::PreIssueJob>> jobs;
  for (const auto& entry : table->by_tenant) {
    std::string tenant = entry.first;
    auto job = co_await keys::read_pre_issue(kms, tenant);
    if (job) jobs.emplace_back(std::move(tenant), *std::move(job));
  }
  out->begin("kms_pre_issue_users", "gauge",
             "Users whose keys of the next period are there, as far as the job has come.");
  for (const auto& [tenant, job] : jobs) out->sample(label("tenant", tenant), job.done + job.present);
  out->begin("kms_pre_issue_unfinished", "gauge", "1 while a begun pre-issue has not come to its end.");
  for (const auto& [tenant, job] : jobs) out->sample(label("tenant", tenant), job.finished_at == 0 ? 1 : 0);
}

struct Space {
  bool is_known = false;
  std::uint64_t free_bytes = 0;
  std::uint64_t bytes = 0;
};

Space space_of(const std::string& folder) {
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0) return {};
  return {true, status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize};
}

Task<void> add_disk(Exposition* out, broker::Context* context) {
  auto look = [folder = context->snapshot->settings->data_directory] { return space_of(folder); };
  const auto space = co_await runtime::offload(&context->work_pool, std::move(look));
  if (!space || !space->is_known) co_return;
  out->one("disk_free_bytes", "gauge", "Room on the file system of the store, for the daemon's user.",
           space->free_bytes);
  out->one("disk_bytes", "gauge", "Size of that file system.", space->bytes);
}

}  // namespace

Task<std::string> watch_text(AdminServices* services) {
  Exposition out;
  Exposition* written = &out;
  broker::Context* context = &here(*services);
  if (services->partners != nullptr) {
    const auto figures = co_await services->partners->figures();
    if (figures) add_partners(out, *figures, numeric_date(context->shard.wall()));
  }
  co_await add_outbox(written, context);
  if (services->kms != nullptr) co_await add_kms(written, services);
  co_await add_disk(written, context);
  co_return out.take();
}

}  // namespace claviger::admin
