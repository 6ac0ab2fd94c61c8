// AVPs of the base protocol (RFC 6733 clause 4.5, RFC 7683, RFC 7944), and how an AVP is named: code, vendor, M bit.
//
// The same code means different AVPs under different vendors, so nothing is ever looked up by code alone.
#pragma once

#include <cstdint>

namespace claviger::diameter {

inline constexpr std::uint8_t kAvpVendor = 0x80;
inline constexpr std::uint8_t kAvpMandatory = 0x40;
inline constexpr std::uint8_t kAvpProtected = 0x20;  // once end-to-end security; always zero now
inline constexpr std::uint8_t kAvpFlagsReserved = 0x1f;
inline constexpr std::size_t kAvpHeaderBytes = 8;  // 12 with a vendor
inline constexpr std::size_t kAvpVendorHeaderBytes = 12;

struct AvpId {
  std::uint32_t code = 0;
  std::uint32_t vendor = 0;
  bool is_mandatory = true;  // whether a sender sets the M bit
  // Vendor and code in one word, to compare at once.
  constexpr std::uint64_t key() const { return static_cast<std::uint64_t>(vendor) << 32U | code; }
  constexpr bool is(std::uint32_t other_code, std::uint32_t other_vendor) const {
    return code == other_code && vendor == other_vendor;
  }
};

// Data of an AVP ends at a multiple of 4, its length field does not.
constexpr std::size_t padded(std::size_t length) { return (length + 3) & ~std::size_t{3}; }

namespace avp {
inline constexpr AvpId kUserName{1};
inline constexpr AvpId kProxyState{33};
inline constexpr AvpId kHostIpAddress{257};
inline constexpr AvpId kAuthApplicationId{258};
inline constexpr AvpId kAcctApplicationId{259};
inline constexpr AvpId kVendorSpecificApplicationId{260};
inline constexpr AvpId kRedirectHostUsage{261};
inline constexpr AvpId kRedirectMaxCacheTime{262};
inline constexpr AvpId kSessionId{263};
inline constexpr AvpId kOriginHost{264};
inline constexpr AvpId kSupportedVendorId{265};
inline constexpr AvpId kVendorId{266};
inline constexpr AvpId kFirmwareRevision{267, 0, false};
inline constexpr AvpId kResultCode{268};
inline constexpr AvpId kProductName{269, 0, false};
inline constexpr AvpId kDisconnectCause{273};
inline constexpr AvpId kAuthSessionState{277};
inline constexpr AvpId kOriginStateId{278};
inline constexpr AvpId kFailedAvp{279};
inline constexpr AvpId kProxyHost{280};
inline constexpr AvpId kErrorMessage{281, 0, false};
inline constexpr AvpId kRouteRecord{282};
inline constexpr AvpId kDestinationRealm{283};
inline constexpr AvpId kProxyInfo{284};
inline constexpr AvpId kRedirectHost{292};
inline constexpr AvpId kDestinationHost{293};
inline constexpr AvpId kErrorReportingHost{294, 0, false};
inline constexpr AvpId kTerminationCause{295};
inline constexpr AvpId kOriginRealm{296};
inline constexpr AvpId kExperimentalResult{297};
inline constexpr AvpId kExperimentalResultCode{298};
inline constexpr AvpId kInbandSecurityId{299};
inline constexpr AvpId kDrmp{301, 0, false};
inline constexpr AvpId kOcSupportedFeatures{621, 0, false};
inline constexpr AvpId kOcFeatureVector{622, 0, false};
inline constexpr AvpId kOcOlr{623, 0, false};
inline constexpr AvpId kOcSequenceNumber{624, 0, false};
inline constexpr AvpId kOcValidityDuration{625, 0, false};
inline constexpr AvpId kOcReportType{626, 0, false};
inline constexpr AvpId kOcReductionPercentage{627, 0, false};
}  // namespace avp

namespace command {
inline constexpr std::uint32_t kCapabilitiesExchange = 257;
inline constexpr std::uint32_t kDeviceWatchdog = 280;
inline constexpr std::uint32_t kDisconnectPeer = 282;
}  // namespace command

inline constexpr std::uint32_t kBaseApplication = 0;
inline constexpr std::uint32_t kRelayApplication = 0xffffffff;

// Result-Code (RFC 6733 clause 7.1). Under Experimental-Result the same numbers mean other things.
namespace result_code {
inline constexpr std::uint32_t kSuccess = 2001;
inline constexpr std::uint32_t kCommandUnsupported = 3001;
inline constexpr std::uint32_t kUnableToDeliver = 3002;
inline constexpr std::uint32_t kRealmNotServed = 3003;
inline constexpr std::uint32_t kTooBusy = 3004;
inline constexpr std::uint32_t kLoopDetected = 3005;
inline constexpr std::uint32_t kRedirectIndication = 3006;
inline constexpr std::uint32_t kApplicationUnsupported = 3007;
inline constexpr std::uint32_t kInvalidHeaderBits = 3008;
inline constexpr std::uint32_t kInvalidAvpBits = 3009;
inline constexpr std::uint32_t kUnknownPeer = 3010;
inline constexpr std::uint32_t kOutOfSpace = 4002;
inline constexpr std::uint32_t kElectionLost = 4003;
inline constexpr std::uint32_t kAvpUnsupported = 5001;
inline constexpr std::uint32_t kAuthorizationRejected = 5003;
inline constexpr std::uint32_t kInvalidAvpValue = 5004;
inline constexpr std::uint32_t kMissingAvp = 5005;
inline constexpr std::uint32_t kAvpNotAllowed = 5008;
inline constexpr std::uint32_t kAvpOccursTooManyTimes = 5009;
inline constexpr std::uint32_t kNoCommonApplication = 5010;
inline constexpr std::uint32_t kUnsupportedVersion = 5011;
inline constexpr std::uint32_t kUnableToComply = 5012;
inline constexpr std::uint32_t kInvalidAvpLength = 5014;
inline constexpr std::uint32_t kInvalidMessageLength = 5015;
inline constexpr std::uint32_t kInvalidAvpBitCombination = 5016;
inline constexpr std::uint32_t kNoCommonSecurity = 5017;

// Protocol errors carry the E bit and the generic answer's grammar (RFC 6733 clause 7.1.3).
constexpr bool is_protocol_error(std::uint32_t code) { return code / 1000 == 3; }
}  // namespace result_code

}  // namespace claviger::diameter
