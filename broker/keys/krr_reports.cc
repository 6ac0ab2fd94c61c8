#include "broker/keys/krr_reports.h"

#include <algorithm>
#include <array>

#include "broker/keys/kms_generated.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/hex.h"
#include "core/crypto/digest.h"
#include "storage/record.h"

namespace claviger::keys {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr storage::RecordSchema kSchema{"kms_reports", 1};

// One an hour and user, the last kReportsOfUser of them: nobody fills the store with them.
std::string id_of(std::string_view user_uri, std::int64_t now) {
  constexpr std::int64_t kHour = 3600;
  std::array<std::byte, 9> bytes{};
  const crypto::Sha256Digest digest = crypto::sha256(as_bytes(user_uri));
  std::copy_n(digest.begin(), 8, bytes.begin());
  bytes[8] = static_cast<std::byte>(now / kHour % kReportsOfUser);
  std::string id;
  codec::hex_encode(bytes, id);
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

Task<Result<Unit>> keep_report(Context* context, std::string tenant, std::string user_uri, std::string xml) {
  KrrReport report;
  report.received_at = numeric_date(context->shard.wall());
  const std::string id = id_of(user_uri, report.received_at);
  report.user_uri = std::move(user_uri);
  report.xml = std::move(xml);
  const std::string key = broker::record_key({tenant, id});
  storage::Transaction transaction;
  transaction.put(tables::kKmsReports, key, as_bytes(encode(report)), report.received_at + kReportKept.count());
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(transaction)));
  co_return Unit{};
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
  if (page.reports.size() == limit) page.next = page.reports.back().id;
  co_return page;
}

}  // namespace claviger::keys
