#include "broker/subscriber/cx.h"

#include <utility>
#include <vector>

namespace claviger::subscriber::cx {
namespace {

using diameter::AvpRule;
using diameter::AvpType;
using diameter::CommandRule;
using diameter::MandatoryBit;
using diameter::Occurrence;

void add_avps(diameter::Dictionary& dictionary) {
  const auto must = [&](const diameter::AvpId& id, std::string_view name, AvpType type) {
    dictionary.add(AvpRule{id, name, type});
  };
  const auto may = [&](const diameter::AvpId& id, std::string_view name, AvpType type) {
    dictionary.add(AvpRule{id, name, type, MandatoryBit::May});
  };
  const auto choice = [&](const diameter::AvpId& id, std::string_view name, std::uint32_t last) {
    dictionary.add(
        AvpRule{id, name, AvpType::Enumerated, id.is_mandatory ? MandatoryBit::Must : MandatoryBit::May, 0, last});
  };
  must(avp::kVisitedNetworkIdentifier, "Visited-Network-Identifier", AvpType::OctetString);
  must(avp::kPublicIdentity, "Public-Identity", AvpType::Utf8String);
  must(avp::kServerName, "Server-Name", AvpType::Utf8String);
  must(avp::kServerCapabilities, "Server-Capabilities", AvpType::Grouped);
  must(avp::kMandatoryCapability, "Mandatory-Capability", AvpType::Unsigned32);
  must(avp::kOptionalCapability, "Optional-Capability", AvpType::Unsigned32);
  must(avp::kUserData, "User-Data", AvpType::OctetString);
  must(avp::kSipNumberAuthItems, "SIP-Number-Auth-Items", AvpType::Unsigned32);
  must(avp::kSipAuthenticationScheme, "SIP-Authentication-Scheme", AvpType::Utf8String);
  must(avp::kSipAuthenticate, "SIP-Authenticate", AvpType::OctetString);
  must(avp::kSipAuthorization, "SIP-Authorization", AvpType::OctetString);
  must(avp::kSipAuthenticationContext, "SIP-Authentication-Context", AvpType::OctetString);
  must(avp::kSipAuthDataItem, "SIP-Auth-Data-Item", AvpType::Grouped);
  must(avp::kSipItemNumber, "SIP-Item-Number", AvpType::Unsigned32);
  choice(avp::kServerAssignmentType, "Server-Assignment-Type", 14);
  must(avp::kDeregistrationReason, "Deregistration-Reason", AvpType::Grouped);
  choice(avp::kReasonCode, "Reason-Code", 3);
  must(avp::kReasonInfo, "Reason-Info", AvpType::Utf8String);
  must(avp::kChargingInformation, "Charging-Information", AvpType::Grouped);
  choice(avp::kUserAuthorizationType, "User-Authorization-Type", 2);
  choice(avp::kUserDataAlreadyAvailable, "User-Data-Already-Available", 1);
  must(avp::kConfidentialityKey, "Confidentiality-Key", AvpType::OctetString);
  must(avp::kIntegrityKey, "Integrity-Key", AvpType::OctetString);
  may(avp::kSupportedFeatures, "Supported-Features", AvpType::Grouped);
  may(avp::kFeatureListId, "Feature-List-ID", AvpType::Unsigned32);
  may(avp::kFeatureList, "Feature-List", AvpType::Unsigned32);
  may(avp::kAssociatedIdentities, "Associated-Identities", AvpType::Grouped);
  choice(avp::kOriginatingRequest, "Originating-Request", 0);
  may(avp::kWildcardedPublicIdentity, "Wildcarded-Public-Identity", AvpType::Utf8String);
  may(avp::kSipDigestAuthenticate, "SIP-Digest-Authenticate", AvpType::Grouped);
  may(avp::kUarFlags, "UAR-Flags", AvpType::Unsigned32);
  choice(avp::kLooseRouteIndication, "Loose-Route-Indication", 1);
  may(avp::kScscfRestorationInfo, "SCSCF-Restoration-Info", AvpType::Grouped);
  choice(avp::kMultipleRegistrationIndication, "Multiple-Registration-Indication", 1);
  choice(avp::kSessionPriority, "Session-Priority", 4);
  may(avp::kLiaFlags, "LIA-Flags", AvpType::Unsigned32);
  may(avp::kSarFlags, "SAR-Flags", AvpType::Unsigned32);
  may(avp::kRtrFlags, "RTR-Flags", AvpType::Unsigned32);
}

CommandRule rule(std::uint32_t code, std::string_view name, std::vector<Occurrence> own) {
  // What each request of this application has (clause 6.1). Destination-Realm twice comes from a peer of the field: the first
  // counts, so it is not bounded here.
  std::vector<Occurrence> all{
      {diameter::avp::kSessionId, 1, 1},        {diameter::avp::kVendorSpecificApplicationId, 1, 1},
      {diameter::avp::kAuthSessionState, 1, 1}, {diameter::avp::kOriginHost, 1, 1},
      {diameter::avp::kOriginRealm, 1, 1},      {diameter::avp::kDestinationRealm, 1, diameter::kAnyNumber},
      {diameter::avp::kResultCode, 0, 0},       {diameter::avp::kExperimentalResult, 0, 0},
      {diameter::avp::kFailedAvp, 0, 0}};
  all.insert(all.end(), own.begin(), own.end());
  return CommandRule{kApplication, code, name, true, std::move(all)};
}

}  // namespace

void add_to(diameter::Dictionary& dictionary) {
  namespace base = diameter::avp;
  add_avps(dictionary);
  dictionary.add(rule(command::kUserAuthorization, "User-Authorization-Request",
                      {{base::kUserName, 1, 1},
                       {avp::kPublicIdentity, 1, 1},
                       {avp::kVisitedNetworkIdentifier, 1, 1},
                       {avp::kUserAuthorizationType, 0, 1},
                       {avp::kUarFlags, 0, 1}}));
  dictionary.add(rule(command::kServerAssignment, "Server-Assignment-Request",
                      {{base::kUserName, 0, 1},
                       {avp::kPublicIdentity, 0, diameter::kAnyNumber},
                       {avp::kServerName, 1, 1},
                       {avp::kServerAssignmentType, 1, 1},
                       {avp::kUserDataAlreadyAvailable, 1, 1}}));
  dictionary.add(rule(command::kLocationInfo, "Location-Info-Request",
                      {{avp::kPublicIdentity, 1, 1}, {avp::kUserAuthorizationType, 0, 1}}));
  dictionary.add(rule(command::kMultimediaAuth, "Multimedia-Auth-Request",
                      {{base::kUserName, 1, 1},
                       {avp::kPublicIdentity, 1, 1},
                       {avp::kServerName, 1, 1},
                       {avp::kSipNumberAuthItems, 1, 1},
                       {avp::kSipAuthDataItem, 1, 1}}));
  dictionary.add(rule(
      command::kRegistrationTermination, "Registration-Termination-Request",
      {{base::kUserName, 1, 1}, {avp::kPublicIdentity, 0, diameter::kAnyNumber}, {avp::kDeregistrationReason, 1, 1}}));
  dictionary.add(rule(command::kPushProfile, "Push-Profile-Request",
                      {{base::kUserName, 1, 1}, {avp::kUserData, 0, 1}, {avp::kChargingInformation, 0, 1}}));
}

}  // namespace claviger::subscriber::cx
