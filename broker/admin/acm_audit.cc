#include "broker/admin/acm_audit.h"

namespace claviger::admin {
namespace {

using runtime::Task;

// They come over the network: no user of this host.
constexpr std::uint32_t kNobody = ~std::uint32_t{0};

Task<Result<std::uint64_t>> append(AuditLog* log, administration::AcmAuditLine line) {
  AuditEntry entry;
  entry.uid = kNobody;
  entry.verb = std::move(line.verb);
  entry.target = std::move(line.target);
  entry.outcome = std::move(line.outcome);
  entry.detail = std::move(line.detail);
  if (line.is_refusal) {
    auto noted = co_await log->append_refusal(std::move(entry));
    if (!noted) co_return noted.error();
    co_return std::uint64_t{0};
  }
  auto number = co_await log->append(std::move(entry));
  co_return number;
}

}  // namespace

administration::AcmAudit acm_audit_into(AuditLog& log) {
  return [log = &log](administration::AcmAuditLine line) { return append(log, std::move(line)); };
}

}  // namespace claviger::admin
