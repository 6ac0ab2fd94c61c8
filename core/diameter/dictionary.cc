#include "core/diameter/dictionary.h"

#include <algorithm>

#include "core/base/assert.h"

namespace claviger::diameter {
namespace {

using enum AvpType;
using enum MandatoryBit;

// RFC 6733 clause 4.5, RFC 7683 clause 7.9, RFC 7944 clause 9.
const AvpRule kBaseAvps[] = {
    {avp::kUserName, "User-Name", Utf8String},
    {avp::kProxyState, "Proxy-State", OctetString},
    {avp::kHostIpAddress, "Host-IP-Address", Address},
    {avp::kAuthApplicationId, "Auth-Application-Id", Unsigned32},
    {avp::kAcctApplicationId, "Acct-Application-Id", Unsigned32},
    {avp::kVendorSpecificApplicationId, "Vendor-Specific-Application-Id", Grouped},
    {avp::kRedirectHostUsage, "Redirect-Host-Usage", Enumerated, Must, 0, 6},
    {avp::kRedirectMaxCacheTime, "Redirect-Max-Cache-Time", Unsigned32},
    {avp::kSessionId, "Session-Id", Utf8String},
    {avp::kOriginHost, "Origin-Host", Identity},
    {avp::kSupportedVendorId, "Supported-Vendor-Id", Unsigned32},
    {avp::kVendorId, "Vendor-Id", Unsigned32},
    {avp::kFirmwareRevision, "Firmware-Revision", Unsigned32, MustNot},
    {avp::kResultCode, "Result-Code", Unsigned32},
    {avp::kProductName, "Product-Name", Utf8String, MustNot},
    {avp::kDisconnectCause, "Disconnect-Cause", Enumerated, Must, 0, 2},
    {avp::kAuthSessionState, "Auth-Session-State", Enumerated, Must, 0, 1},
    {avp::kOriginStateId, "Origin-State-Id", Unsigned32},
    {avp::kFailedAvp, "Failed-AVP", Grouped},
    {avp::kProxyHost, "Proxy-Host", Identity},
    {avp::kErrorMessage, "Error-Message", Utf8String, MustNot},
    {avp::kRouteRecord, "Route-Record", Identity},
    {avp::kDestinationRealm, "Destination-Realm", Identity},
    {avp::kProxyInfo, "Proxy-Info", Grouped},
    {avp::kRedirectHost, "Redirect-Host", Uri},
    {avp::kDestinationHost, "Destination-Host", Identity},
    {avp::kErrorReportingHost, "Error-Reporting-Host", Identity, MustNot},
    {avp::kTerminationCause, "Termination-Cause", Enumerated, Must, 1, 8},
    {avp::kOriginRealm, "Origin-Realm", Identity},
    {avp::kExperimentalResult, "Experimental-Result", Grouped},
    {avp::kExperimentalResultCode, "Experimental-Result-Code", Unsigned32},
    {avp::kInbandSecurityId, "Inband-Security-Id", Unsigned32},
    {avp::kDrmp, "DRMP", Enumerated, May, 0, 15},
    {avp::kOcSupportedFeatures, "OC-Supported-Features", Grouped, May},
    {avp::kOcFeatureVector, "OC-Feature-Vector", Unsigned64, May},
    {avp::kOcOlr, "OC-OLR", Grouped, May},
    {avp::kOcSequenceNumber, "OC-Sequence-Number", Unsigned64, May},
    {avp::kOcValidityDuration, "OC-Validity-Duration", Unsigned32, May},
    {avp::kOcReportType, "OC-Report-Type", Enumerated, May},
    {avp::kOcReductionPercentage, "OC-Reduction-Percentage", Unsigned32, May},
};

}  // namespace

Dictionary Dictionary::base() {
  Dictionary made;
  for (const AvpRule& rule : kBaseAvps) made.add(rule);
  // RFC 6733 clauses 5.3.1, 5.5.1, 5.4.1. Host-IP-Address is required there; a peer whose connection just broke
  // may leave it out, and nothing here depends on it.
  made.add(CommandRule{kBaseApplication,
                       command::kCapabilitiesExchange,
                       "CER",
                       false,
                       {{avp::kOriginHost, 1, 1},
                        {avp::kOriginRealm, 1, 1},
                        {avp::kHostIpAddress, 0, kAnyNumber},
                        {avp::kVendorId, 1, 1},
                        {avp::kProductName, 1, 1},
                        {avp::kOriginStateId, 0, 1},
                        {avp::kFirmwareRevision, 0, 1}}});
  made.add(CommandRule{kBaseApplication,
                       command::kDeviceWatchdog,
                       "DWR",
                       false,
                       {{avp::kOriginHost, 1, 1}, {avp::kOriginRealm, 1, 1}, {avp::kOriginStateId, 0, 1}}});
  made.add(CommandRule{kBaseApplication,
                       command::kDisconnectPeer,
                       "DPR",
                       false,
                       {{avp::kOriginHost, 1, 1}, {avp::kOriginRealm, 1, 1}, {avp::kDisconnectCause, 1, 1}}});
  return made;
}

std::size_t Dictionary::slot_of(std::uint64_t wanted) const {
  const std::size_t mask = slots_.size() - 1;
  // Fibonacci hashing: codes lie close together.
  std::size_t at = static_cast<std::size_t>(wanted * 0x9e3779b97f4a7c15ULL >> 40U) & mask;
  while (slots_[at].rule != 0 && slots_[at].key != wanted) at = (at + 1) & mask;
  return at;
}

void Dictionary::rehash() {
  std::size_t size = 64;
  while (size < 4 * avps_.size()) size *= 2;
  slots_.assign(size, Slot());
  for (std::size_t i = 0; i < avps_.size(); ++i) place(i);
}

void Dictionary::place(std::size_t index) {
  const std::uint64_t its_key = key(avps_[index].id.vendor, avps_[index].id.code);
  slots_[slot_of(its_key)] = {its_key, static_cast<std::uint32_t>(index + 1)};
  if (its_key >= kDirect) return;
  direct_.resize(kDirect);
  direct_[its_key] = static_cast<std::uint16_t>(index + 1);
}

void Dictionary::add(AvpRule rule) {
  const auto same =
      std::ranges::find_if(avps_, [&](const AvpRule& other) { return other.id.is(rule.id.code, rule.id.vendor); });
  if (same != avps_.end()) {
    *same = rule;
    return;
  }
  avps_.push_back(rule);
  if (2 * avps_.size() > slots_.size()) return rehash();
  place(avps_.size() - 1);
}

void Dictionary::add(CommandRule rule) {
  CLAVIGER_ASSERT(rule.request.size() <= kOccurrencesMax);
  rule.keys.clear();
  for (const Occurrence& each : rule.request) rule.keys.push_back(each.avp.key());
  const auto same = std::ranges::find_if(commands_, [&](const CommandRule& other) {
    return other.application == rule.application && other.code == rule.code;
  });
  if (same != commands_.end()) {
    *same = std::move(rule);
  } else {
    commands_.push_back(std::move(rule));
  }
}

const AvpRule* Dictionary::avp(std::uint32_t code, std::uint32_t vendor) const {
  const std::uint64_t wanted = key(vendor, code);
  if (wanted < direct_.size()) return direct_[wanted] == 0 ? nullptr : &avps_[direct_[wanted] - 1U];
  if (slots_.empty()) return nullptr;
  const Slot& slot = slots_[slot_of(wanted)];
  return slot.rule == 0 ? nullptr : &avps_[slot.rule - 1];
}

const CommandRule* Dictionary::command(std::uint32_t application, std::uint32_t code) const {
  for (const CommandRule& rule : commands_) {
    if (rule.code == code && rule.application == application) return &rule;
  }
  return nullptr;
}

bool Dictionary::knows_application(std::uint32_t application) const {
  return std::ranges::any_of(commands_, [&](const CommandRule& rule) { return rule.application == application; });
}

}  // namespace claviger::diameter
