// Cx (TS 29.229): its AVPs, commands and enumerations, for whoever serves it or passes it on.
#pragma once

#include <cstdint>

#include "core/diameter/dictionary.h"

namespace claviger::subscriber::cx {

inline constexpr std::uint32_t kApplication = 16777216;
inline constexpr std::uint32_t kVendor = 10415;

namespace command {
inline constexpr std::uint32_t kUserAuthorization = 300;
inline constexpr std::uint32_t kServerAssignment = 301;
inline constexpr std::uint32_t kLocationInfo = 302;
inline constexpr std::uint32_t kMultimediaAuth = 303;
inline constexpr std::uint32_t kRegistrationTermination = 304;
inline constexpr std::uint32_t kPushProfile = 305;
}  // namespace command

// Clause 6.3, in order of their codes.
namespace avp {
using diameter::AvpId;
inline constexpr AvpId kVisitedNetworkIdentifier{600, kVendor};
inline constexpr AvpId kPublicIdentity{601, kVendor};
inline constexpr AvpId kServerName{602, kVendor};
inline constexpr AvpId kServerCapabilities{603, kVendor};
inline constexpr AvpId kMandatoryCapability{604, kVendor};
inline constexpr AvpId kOptionalCapability{605, kVendor};
inline constexpr AvpId kUserData{606, kVendor};
inline constexpr AvpId kSipNumberAuthItems{607, kVendor};
inline constexpr AvpId kSipAuthenticationScheme{608, kVendor};
inline constexpr AvpId kSipAuthenticate{609, kVendor};
inline constexpr AvpId kSipAuthorization{610, kVendor};
inline constexpr AvpId kSipAuthenticationContext{611, kVendor};
inline constexpr AvpId kSipAuthDataItem{612, kVendor};
inline constexpr AvpId kSipItemNumber{613, kVendor};
inline constexpr AvpId kServerAssignmentType{614, kVendor};
inline constexpr AvpId kDeregistrationReason{615, kVendor};
inline constexpr AvpId kReasonCode{616, kVendor};
inline constexpr AvpId kReasonInfo{617, kVendor};
inline constexpr AvpId kChargingInformation{618, kVendor};
inline constexpr AvpId kUserAuthorizationType{623, kVendor};
inline constexpr AvpId kUserDataAlreadyAvailable{624, kVendor};
inline constexpr AvpId kConfidentialityKey{625, kVendor};
inline constexpr AvpId kIntegrityKey{626, kVendor};
inline constexpr AvpId kSupportedFeatures{628, kVendor, false};
inline constexpr AvpId kFeatureListId{629, kVendor, false};
inline constexpr AvpId kFeatureList{630, kVendor, false};
inline constexpr AvpId kAssociatedIdentities{632, kVendor, false};
inline constexpr AvpId kOriginatingRequest{633, kVendor};
inline constexpr AvpId kWildcardedPublicIdentity{634, kVendor, false};
inline constexpr AvpId kSipDigestAuthenticate{635, kVendor, false};
inline constexpr AvpId kUarFlags{637, kVendor, false};
inline constexpr AvpId kLooseRouteIndication{638, kVendor, false};
inline constexpr AvpId kScscfRestorationInfo{639, kVendor, false};
inline constexpr AvpId kMultipleRegistrationIndication{648, kVendor, false};
inline constexpr AvpId kSessionPriority{650, kVendor, false};
inline constexpr AvpId kLiaFlags{653, kVendor, false};
inline constexpr AvpId kSarFlags{655, kVendor, false};
inline constexpr AvpId kRtrFlags{659, kVendor, false};
}  // namespace avp

// Under Experimental-Result with our vendor (clause 6.2).
namespace result {
inline constexpr std::uint32_t kFirstRegistration = 2001;
inline constexpr std::uint32_t kSubsequentRegistration = 2002;
inline constexpr std::uint32_t kUnregisteredService = 2003;
inline constexpr std::uint32_t kServerNameNotStored = 2004;
inline constexpr std::uint32_t kUserUnknown = 5001;
inline constexpr std::uint32_t kIdentitiesDontMatch = 5002;
inline constexpr std::uint32_t kIdentityNotRegistered = 5003;
inline constexpr std::uint32_t kRoamingNotAllowed = 5004;
inline constexpr std::uint32_t kIdentityAlreadyRegistered = 5005;
inline constexpr std::uint32_t kAuthSchemeNotSupported = 5006;
inline constexpr std::uint32_t kInAssignmentType = 5007;
inline constexpr std::uint32_t kTooMuchData = 5008;
inline constexpr std::uint32_t kNotSupportedUserData = 5009;
inline constexpr std::uint32_t kFeatureUnsupported = 5011;
}  // namespace result

// Clause 6.3.17.
enum class ReasonCode : std::uint32_t { PermanentTermination = 0, NewServerAssigned = 1, ServerChange = 2 };

// The AVPs and commands above, so that the node checks what arrives (clauses 6.1, 6.3).
void add_to(diameter::Dictionary& dictionary);

}  // namespace claviger::subscriber::cx
