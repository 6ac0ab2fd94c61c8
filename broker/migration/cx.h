// What the migration management server says and looks for on Cx (TS 29.229 clauses 6.1 to 6.3).
#pragma once

#include <cstdint>

#include "core/diameter/avp.h"

namespace claviger::migration::cx {

inline constexpr std::uint32_t kApplication = 16777216;
inline constexpr std::uint32_t kVendor = 10415;

namespace command {
inline constexpr std::uint32_t kUserAuthorization = 300;
inline constexpr std::uint32_t kServerAssignment = 301;
inline constexpr std::uint32_t kLocationInfo = 302;
inline constexpr std::uint32_t kMultimediaAuth = 303;
inline constexpr std::uint32_t kRegistrationTermination = 304;
}  // namespace command

namespace avp {
using diameter::AvpId;
inline constexpr AvpId kPublicIdentity{601, kVendor};
inline constexpr AvpId kServerName{602, kVendor};
inline constexpr AvpId kServerCapabilities{603, kVendor};
inline constexpr AvpId kUserData{606, kVendor};
inline constexpr AvpId kSipNumberAuthItems{607, kVendor};
inline constexpr AvpId kSipAuthenticationScheme{608, kVendor};
inline constexpr AvpId kSipAuthenticate{609, kVendor};
inline constexpr AvpId kSipAuthorization{610, kVendor};
inline constexpr AvpId kSipAuthDataItem{612, kVendor};
inline constexpr AvpId kSipItemNumber{613, kVendor};
inline constexpr AvpId kServerAssignmentType{614, kVendor};
inline constexpr AvpId kDeregistrationReason{615, kVendor};
inline constexpr AvpId kReasonCode{616, kVendor};
inline constexpr AvpId kUserAuthorizationType{623, kVendor};
inline constexpr AvpId kUserDataAlreadyAvailable{624, kVendor};
inline constexpr AvpId kConfidentialityKey{625, kVendor};
inline constexpr AvpId kIntegrityKey{626, kVendor};
}  // namespace avp

// Under Experimental-Result with our vendor.
namespace result {
inline constexpr std::uint32_t kFirstRegistration = 2001;
inline constexpr std::uint32_t kSubsequentRegistration = 2002;
inline constexpr std::uint32_t kUserUnknown = 5001;
inline constexpr std::uint32_t kIdentitiesDontMatch = 5002;
inline constexpr std::uint32_t kIdentityNotRegistered = 5003;
inline constexpr std::uint32_t kRoamingNotAllowed = 5004;
inline constexpr std::uint32_t kAuthSchemeNotSupported = 5006;
inline constexpr std::uint32_t kInAssignmentType = 5007;
}  // namespace result

}  // namespace claviger::migration::cx
