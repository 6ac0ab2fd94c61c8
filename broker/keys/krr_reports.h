// KMS Redirect Responses that clients uploaded (TS 33.180 clauses 5.2.8, D.2.8): kept as evidence for operators. None of
// them changes anything by itself: a KMS is admitted by an operator alone.
//
// Records of tables::kKmsReports, key tenant + user (a digest) and slot, in hex; they go after kReportKept. Any
// shard.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::keys {

// Long enough for whoever looks once a month.
inline constexpr Seconds kReportKept{90 * 86'400};

// Of one user, different ones; then the oldest goes: he has met as many refusals of others' KMSs before somebody looks.
inline constexpr std::size_t kReportsOfUser = 16;

struct KrrReport {
  std::string id;
  std::string user_uri;
  std::int64_t received_at = 0;
  std::string xml;  // the KmsRedirectResponse as it came
};
struct ReportPage {
  std::vector<KrrReport> reports;
  std::string next;  // empty: the last page
};

// Durable when it returns. One that says what another said takes its place.
runtime::Task<Result<Unit>> keep_report(broker::Context* context, std::string tenant, std::string user_uri,
                                        std::string xml);
// By user.
runtime::Task<Result<ReportPage>> list_reports(broker::Context* context, std::string tenant, std::string after,
                                               std::size_t limit);

}  // namespace claviger::keys
