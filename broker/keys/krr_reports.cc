#include "broker/keys/krr_reports.h"

#include <algorithm>
#include <array>

#include "broker/keys/kms_generated.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/hex.h"
#include "core/crypto/digest.h"
#include "storage/page.h"
#include "storage/record.h"

namespace claviger::keys {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr storage::RecordSchema kSchema{"kms_reports", 1};

// Somebody else of the same user was first: as often as requests of one user may meet.
constexpr int kConflictTries = 8;

std::string user_part(std::string_view user_uri) {
  const crypto::Sha256Digest digest = crypto::sha256(as_bytes(user_uri));
  std::string part;
  codec::hex_encode(Bytes(digest).first(8), part);
  return part;
}

std::string id_of(const std::string& user, std::size_t slot) {
  const std::byte number{static_cast<std::uint8_t>(slot)};
  std::string id = user;
  codec::hex_encode(Bytes(&number, 1), id);
  return id;
}

std::string encode(const KrrReport& report) {
  flatbuffers::FlatBufferBuilder builder(1024);
  const auto user = storage::put_text(builder, report.user_uri);
  const auto xml = storage::put_text(builder, report.xml);
  builder.Finish(schema::CreateReport(builder, kSchema.version, user, report.received_at, xml));
  return storage::finished(builder);
}

Result<KrrReport> decode(const storage::Value& value, std::string_view id) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Report>::open(value, kSchema, id));
  KrrReport report;
  report.id = id;
  report.user_uri = storage::text_of(record->user_uri());
  report.received_at = record->received_at();
  report.xml = storage::text_of(record->xml());
  return report;
}

}  // namespace

namespace {

// Where the report goes: over the one that says the same, into a free slot, or over the oldest. Its version comes along.
struct Place {
  std::string key;
  std::uint64_t version = 0;  // 0: nothing is there
};
Task<Result<Place>> place_for(Context* context, std::string tenant, std::string user, std::string xml) {
  const std::string prefix = broker::record_prefix({tenant}) + user;
  std::string end = prefix + '~';  // behind every hex digit
  auto rows = co_await context->store.range(tables::kKmsReports, prefix, std::move(end), kReportsOfUser);
  if (!rows) co_return rows.error();
  Place oldest;
  std::int64_t oldest_at = 0;
  std::array<bool, kReportsOfUser> is_taken{};
  for (const storage::Record& row : *rows) {
    CLAVIGER_CO_TRY(report, decode(row.value, std::string_view(row.key).substr(prefix.size() - user.size())));
    if (report.xml == xml) co_return Place{row.key, row.value.version()};
    for (std::size_t slot = 0; slot < kReportsOfUser; ++slot) is_taken[slot] |= report.id == id_of(user, slot);
    if (!oldest.key.empty() && report.received_at >= oldest_at) continue;
    oldest = {row.key, row.value.version()};
    oldest_at = report.received_at;
  }
  const auto free = std::ranges::find(is_taken, false);
  if (free == is_taken.end()) co_return oldest;
  const auto slot = static_cast<std::size_t>(free - is_taken.begin());
  co_return Place{broker::record_key({tenant, id_of(user, slot)}), 0};
}

}  // namespace

Task<Result<Unit>> keep_report(Context* context, std::string tenant, std::string user_uri, std::string xml) {
  KrrReport report;
  report.received_at = numeric_date(context->shard.wall());
  const std::string user = user_part(user_uri);
  report.user_uri = std::move(user_uri);
  report.xml = std::move(xml);
  for (int i = 1;; ++i) {
    CLAVIGER_CO_TRY(place, co_await place_for(context, tenant, user, report.xml));
    storage::Transaction transaction;
    if (place.version == 0)
      transaction.expect_absent(tables::kKmsReports, place.key);
    else
      transaction.expect_version(tables::kKmsReports, place.key, place.version);
    transaction.put(tables::kKmsReports, place.key, as_bytes(encode(report)), report.received_at + kReportKept.count());
    auto committed = co_await context->store.commit(std::move(transaction));
    if (committed) co_return Unit{};
    if (!committed.failed_with(Code::Conflict) || i == kConflictTries) co_return committed.error();
  }
}

Task<Result<ReportPage>> list_reports(Context* context, std::string tenant, std::string after, std::size_t limit) {
  const std::string prefix = broker::record_prefix({tenant});
  const std::string from = after.empty() ? prefix : prefix + after + '\0';
  auto rows = co_await context->store.range(tables::kKmsReports, from, broker::record_prefix_end(prefix), limit);
  if (!rows) co_return rows.error();
  ReportPage page;
  for (const storage::Record& row : *rows) {
    CLAVIGER_CO_TRY(report, decode(row.value, std::string_view(row.key).substr(prefix.size())));
    page.reports.push_back(std::move(report));
  }
  if (storage::is_full_page(*rows, limit)) page.next = page.reports.back().id;
  co_return page;
}

}  // namespace claviger::keys
