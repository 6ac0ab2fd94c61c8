#include "core/diameter/overload.h"

#include <algorithm>

#include "core/diameter/names.h"

namespace claviger::diameter {
namespace {

constexpr std::uint32_t kHostReport = 0;
constexpr std::uint32_t kRealmReport = 1;
constexpr std::uint32_t kPriorityUsual = 10;

}  // namespace

std::optional<OverloadReport> read_report(const Message& answer) {
  const auto group = answer.find(avp::kOcOlr);
  if (!group) return std::nullopt;
  const auto sequence = find_in_group(*group, avp::kOcSequenceNumber);
  const auto type = find_in_group(*group, avp::kOcReportType);
  const auto reduction = find_in_group(*group, avp::kOcReductionPercentage);
  const auto validity = find_in_group(*group, avp::kOcValidityDuration);
  if (!sequence || !sequence->u64() || !type) return std::nullopt;
  OverloadReport report;
  report.sequence = *sequence->u64();
  const auto kind = type->u32();
  if (kind != kHostReport && kind != kRealmReport) return std::nullopt;
  report.is_realm = kind == kRealmReport;
  report.name = lower(report.is_realm ? answer.origin_realm() : answer.origin_host());
  if (report.name.empty()) return std::nullopt;
  if (reduction) report.reduction = std::min(reduction->u32().value_or(0), 100U);
  report.origin_state = answer.u32(avp::kOriginStateId).value_or(0);
  if (validity && validity->u32()) report.validity = std::min(Seconds(*validity->u32()), kOverloadValidityMax);
  return report;
}

bool may_report(const OverloadReport& report, const PeerEntry& peer, const PeerTable& table, std::string_view host,
                std::string_view realm) {
  if (report.is_realm) return is_same_name(report.name, realm) && table.serves(peer, realm);
  if (report.name == peer.identity) return true;
  return is_same_name(report.name, host) && table.find(host) == nullptr;
}

bool OverloadTable::take(const OverloadReport& report, Monotonic now) {
  const std::string key = (report.is_realm ? "r" : "h") + report.name;
  const auto known = reports_.find(key);
  // RFC 7683 clause 5.2.1.3: only a newer one counts; whoever was started anew (RFC 6733 clause 8.16) counts anew.
  if (known != reports_.end() && known->second.until > now) {
    const bool is_new_life = report.origin_state > known->second.origin_state && known->second.origin_state != 0;
    if (!is_new_life && known->second.sequence >= report.sequence) return false;
  }
  if (report.validity == Seconds(0) || report.reduction == 0) return known != reports_.end() && reports_.erase(key) > 0;
  if (known == reports_.end() && reports_.size() >= kOverloadReportsMax) {
    std::erase_if(reports_, [&](const auto& each) { return each.second.until <= now; });
    if (reports_.size() >= kOverloadReportsMax) return false;
  }
  reports_[key] = {report.sequence, report.reduction, now + report.validity, report.origin_state, report.reporter};
  return true;
}

void OverloadTable::forget(std::size_t reporter) {
  std::erase_if(reports_, [reporter](const auto& each) { return each.second.reporter == reporter; });
}

std::uint32_t OverloadTable::reduction_of(char kind, std::string_view name, Monotonic now) {
  if (name.empty()) return 0;
  std::string key(1, kind);
  key += lower(name);
  const auto found = reports_.find(key);
  if (found == reports_.end()) return 0;
  if (found->second.until > now) return found->second.reduction;
  reports_.erase(found);
  return 0;
}

bool OverloadTable::sheds(std::string_view host, std::string_view realm, std::uint32_t priority, std::uint64_t random,
                          Monotonic now) {
  if (reports_.empty()) return false;
  const std::uint32_t reduction = std::max(reduction_of('h', host, now), reduction_of('r', realm, now));
  return random % 100 < shed_share(reduction, priority);
}

void OwnOverload::observe(std::size_t busy, Monotonic now, WallTime wall) {
  constexpr std::uint32_t kStep = 10;  // percent: coarse, so that reports change seldom
  std::uint32_t wanted = 0;
  if (busy > kAtEase) {
    const auto share = static_cast<std::uint32_t>((std::min(busy, kWhole) - kAtEase) * 100 / (kWhole - kAtEase));
    wanted = (share + kStep - 1) / kStep * kStep;
  }
  if (wanted != reduction_) {
    reduction_ = wanted;
    const auto at = std::chrono::duration_cast<std::chrono::microseconds>(wall.time_since_epoch()).count();
    sequence_ = std::max(sequence_ + 1, static_cast<std::uint64_t>(at));
    told_until_ = now + kValidity;
  } else if (reduction_ != 0) {
    told_until_ = now + kValidity;
  }
}

void OwnOverload::write(MessageBuilder& answer, Monotonic now) const {
  answer.begin_group(avp::kOcSupportedFeatures).u64(avp::kOcFeatureVector, kLossAlgorithm).end_group();
  if (sequence_ == 0 || now > told_until_) return;
  const bool is_over = reduction_ == 0;
  answer.begin_group(avp::kOcOlr).u64(avp::kOcSequenceNumber, sequence_).u32(avp::kOcReportType, kHostReport);
  answer.u32(avp::kOcReductionPercentage, reduction_);
  answer.u32(avp::kOcValidityDuration, is_over ? 0 : static_cast<std::uint32_t>(kValidity.count())).end_group();
}

std::uint32_t shed_share(std::uint32_t reduction, std::uint32_t priority) {
  return std::min(100U, reduction * (priority + 1) / (kPriorityUsual + 1));
}

}  // namespace claviger::diameter
