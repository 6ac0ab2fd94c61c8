// Registration of subscribers with S-CSCFs, as the SIP database sees it (TS 29.228 clauses 6.1.1, 6.1.2, 6.1.4): user
// authorization, server assignment, location information.
//
// Called on any shard; each runs at the subscriber's home with his turn. What changes is durable before the answer leaves.
// The public identities of a subscriber are one implicit registration set: one is registered, so are all.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "broker/subscriber/sip_database.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::subscriber {

// TS 29.229 clause 6.3.24.
enum class AuthorizationType : std::uint8_t { Registration = 0, DeRegistration = 1, RegistrationAndCapabilities = 2 };
// Clause 6.3.15.
enum class AssignmentType : std::uint8_t {
  NoAssignment = 0,
  Registration = 1,
  ReRegistration = 2,
  UnregisteredUser = 3,
  TimeoutDeregistration = 4,
  UserDeregistration = 5,
  TimeoutDeregistrationStoreServerName = 6,
  UserDeregistrationStoreServerName = 7,
  AdministrativeDeregistration = 8,
  AuthenticationFailure = 9,
  AuthenticationTimeout = 10,
  DeregistrationTooMuchData = 11
};
inline constexpr std::uint32_t kAssignmentTypeLast = 14;  // 12 to 14 are known to the standard, and not served

struct AuthorizationRequest {
  std::string tenant;
  std::string private_identity;
  std::string public_identity;
  std::string visited_network;
  AuthorizationType type = AuthorizationType::Registration;
  bool is_emergency = false;  // UAR-Flags: roaming is not looked at
};
struct AuthorizationAnswer {
  enum class Kind : std::uint8_t { Success, FirstRegistration, SubsequentRegistration } kind = Kind::Success;
  std::string server_name;  // empty: none is assigned, choose by `capabilities`
  std::vector<std::uint32_t> capabilities;
  bool has_capabilities = false;
};
// SubscriberUnknown, PublicIdentityUnknown, IdentitiesDiffer, SubscriberDisabled, RoamingNotAllowed,
// IdentityNotRegistered (de-registration); what the store says.
runtime::Task<Result<AuthorizationAnswer>> authorize_user(SipDatabase* database, AuthorizationRequest request);

struct AssignmentRequest {
  std::string tenant;
  std::string private_identity;                // empty: found by the public one
  std::vector<std::string> public_identities;  // at least one, or a private identity
  std::string server_name;
  std::string host;
  std::string realm;
  AssignmentType type = AssignmentType::NoAssignment;
  bool has_user_data = false;  // User-Data-Already-Available
};
struct AssignmentAnswer {
  std::string private_identity;
  std::string user_data;  // XML of TS 29.228 annex E; empty: not sent
};
// As above; AssignmentType (it goes with no state of his, or with so many identities), IdentityRegistered (with another
// S-CSCF), ServerNameDiffers (not his S-CSCF).
runtime::Task<Result<AssignmentAnswer>> assign_server(SipDatabase* database, AssignmentRequest request);

struct LocationRequest {
  std::string tenant;
  std::string public_identity;
  bool wants_capabilities = false;
};
struct LocationAnswer {
  std::string server_name;               // empty: none
  bool is_unregistered_service = false;  // nobody serves him, and he has services all the same
  std::vector<std::uint32_t> capabilities;
  bool has_capabilities = false;
};
// PublicIdentityUnknown, SubscriberDisabled, IdentityNotRegistered.
runtime::Task<Result<LocationAnswer>> locate_user(SipDatabase* database, LocationRequest request);

// `text` as the content of an XML element.
void append_xml_text(std::string& out, std::string_view text);
// The IMSSubscription document of annex E: his identities with one service profile.
std::string user_data_of(std::string_view private_identity, std::span<const std::string> public_identities);
std::string user_data_of(const Subscriber& subscriber);

}  // namespace claviger::subscriber
