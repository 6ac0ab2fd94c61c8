#include "broker/subscriber/cx_messages.h"

#include <algorithm>

#include "broker/subscriber/cx.h"
#include "core/diameter/names.h"

namespace claviger::subscriber {
namespace {

using diameter::AvpView;
using diameter::Message;
using diameter::MessageBuilder;

// UAR-Flags, bit 0: emergency registration (TS 29.229 clause 6.3.44).
constexpr std::uint32_t kEmergency = 1;
constexpr std::uint32_t kStateNotMaintained = 1;
constexpr std::string_view kScheme = "Digest-AKAv1-MD5";
// Where there are more than a subscriber may have.
constexpr std::string_view kTooManyIdentities = "cx.public_identity";

std::string text_at(const Message& message, const diameter::AvpId& id) { return std::string(message.text(id)); }

CxResult result_for(Code code) {
  const auto experimental = [](std::uint32_t number) { return CxResult{number, true}; };
  const auto base = [](std::uint32_t number) { return CxResult{number, false}; };
  switch (code) {
    case Code::SubscriberUnknown:
    case Code::PublicIdentityUnknown:
    case Code::SubscriberInvalid:  // nobody has an identity of that form
      return experimental(cx::result::kUserUnknown);
    case Code::IdentitiesDiffer:
      return experimental(cx::result::kIdentitiesDontMatch);
    case Code::IdentityNotRegistered:
      return experimental(cx::result::kIdentityNotRegistered);
    case Code::RoamingNotAllowed:
      return experimental(cx::result::kRoamingNotAllowed);
    case Code::IdentityRegistered:
      return experimental(cx::result::kIdentityAlreadyRegistered);
    case Code::AuthenticationScheme:
      return experimental(cx::result::kAuthSchemeNotSupported);
    case Code::AssignmentType:
      return experimental(cx::result::kInAssignmentType);
    case Code::SubscriberDisabled:
    case Code::RouteRefused:
      return base(diameter::result_code::kAuthorizationRejected);
    case Code::AvpValue:
    case Code::OutOfRange:
      return base(diameter::result_code::kInvalidAvpValue);
    case Code::AvpMissing:
      return base(diameter::result_code::kMissingAvp);
    case Code::AvpTooMany:
      return base(diameter::result_code::kAvpOccursTooManyTimes);
    case Code::Overload:
    case Code::DeadlinePassed:
      return base(diameter::result_code::kTooBusy);
    case Code::NoSpace:
      return base(diameter::result_code::kOutOfSpace);
    default:
      // AutsInvalid, ServerNameDiffers, AkaThrottled, SequenceExhausted, and what is ours alone.
      return base(diameter::result_code::kUnableToComply);
  }
}

// What every answer has behind its identifiers: application, state, the result, whom it is about.
void begin(MessageBuilder& answer, const CxResult& result) {
  answer.vendor_specific_application(cx::kVendor, cx::kApplication);
  answer.u32(diameter::avp::kAuthSessionState, kStateNotMaintained);
  if (result.is_experimental) {
    answer.experimental_result(cx::kVendor, result.code);
  } else {
    answer.result(result.code);
  }
}

// As it came: it is the asker's own spelling that he compares.
void echo_user(const Message& request, MessageBuilder& answer) {
  if (const auto name = request.find(diameter::avp::kUserName)) answer.text(diameter::avp::kUserName, name->text());
}

constexpr CxResult kSuccess{diameter::result_code::kSuccess, false};

// RFC 6733 clause 7.5: what a Server-Assignment-Request has wrong, the first over the limit, or an example of what it lacks.
void write_failed_identity(const Message& request, const Error& error, MessageBuilder& answer) {
  if (error.code == Code::AvpMissing) {
    answer.begin_group(diameter::avp::kFailedAvp).text(cx::avp::kPublicIdentity, {}).end_group();
  }
  if (error.code != Code::AvpTooMany) return;
  const std::size_t limit = error.where == kTooManyIdentities ? kPublicIdentitiesMax : 1;
  if (const auto over = request.find_nth(cx::avp::kPublicIdentity, limit)) {
    answer.begin_group(diameter::avp::kFailedAvp).copy(*over).end_group();
  }
}

void write_capabilities(const std::vector<std::uint32_t>& capabilities, MessageBuilder& answer) {
  answer.begin_group(cx::avp::kServerCapabilities);
  for (const std::uint32_t capability : capabilities) answer.u32(cx::avp::kMandatoryCapability, capability);
  answer.end_group();
}

}  // namespace

CxResult cx_result_of(Code code) { return result_for(code); }

bool requires_features(const Message& request) {
  for (std::size_t n = 0;; ++n) {
    const auto group = request.find_nth(cx::avp::kSupportedFeatures, n);
    if (!group) return false;
    const auto list = find_in_group(*group, cx::avp::kFeatureList);
    if (group->is_mandatory() && list && list->u32().value_or(0) != 0) return true;
  }
}

void write_feature_unsupported(const Message& request, MessageBuilder& answer) {
  constexpr std::uint32_t kFirstList = 1;
  begin(answer, {cx::result::kFeatureUnsupported, true});
  echo_user(request, answer);
  if (const auto identity = request.find(cx::avp::kPublicIdentity)) {
    answer.text(cx::avp::kPublicIdentity, identity->text());
  }
  answer.begin_group(cx::avp::kSupportedFeatures).u32(diameter::avp::kVendorId, cx::kVendor);
  answer.u32(cx::avp::kFeatureListId, kFirstList).u32(cx::avp::kFeatureList, 0).end_group();
}

Result<VectorRequest> read_multimedia_auth(const Message& request, const CxPlace& place) {
  VectorRequest wanted;
  wanted.tenant = place.tenant;
  wanted.private_identity = text_at(request, diameter::avp::kUserName);
  wanted.public_identity = text_at(request, cx::avp::kPublicIdentity);
  wanted.server_name = text_at(request, cx::avp::kServerName);
  wanted.host = request.origin_host();
  wanted.realm = request.origin_realm();
  if (!diameter::is_within(wanted.realm, place.realm)) wanted.serving_domain = wanted.realm;
  const auto item = request.find(cx::avp::kSipAuthDataItem);
  if (!item || wanted.server_name.empty()) return Error{Code::AvpValue, "cx.mar"};
  diameter::AvpWalk walk(item->data());
  bool has_authorization = false;
  while (const auto child = walk.next()) {
    if (child->is(cx::avp::kSipAuthenticationScheme)) wanted.scheme = child->text();
    if (child->is(cx::avp::kSipAuthorization)) {
      has_authorization = true;
      wanted.resynchronisation = child->text();
    }
  }
  const bool is_right =
      !walk.is_malformed() && (!has_authorization || wanted.resynchronisation.size() == aka::kResynchronisationBytes);
  if (!is_right) return Error{Code::AvpValue, "cx.sip_auth_data_item"};
  return wanted;
}

Result<AuthorizationRequest> read_user_authorization(const Message& request, const CxPlace& place) {
  AuthorizationRequest wanted;
  wanted.tenant = place.tenant;
  wanted.private_identity = text_at(request, diameter::avp::kUserName);
  wanted.public_identity = text_at(request, cx::avp::kPublicIdentity);
  wanted.visited_network = text_at(request, cx::avp::kVisitedNetworkIdentifier);
  const std::uint32_t type = request.u32(cx::avp::kUserAuthorizationType).value_or(0);
  if (type > static_cast<std::uint32_t>(AuthorizationType::RegistrationAndCapabilities)) {
    return Error{Code::AvpValue, "cx.user_authorization_type"};
  }
  wanted.type = static_cast<AuthorizationType>(type);
  wanted.is_emergency = (request.u32(cx::avp::kUarFlags).value_or(0) & kEmergency) != 0;
  return wanted;
}

Result<AssignmentRequest> read_server_assignment(const Message& request, const CxPlace& place) {
  AssignmentRequest wanted;
  wanted.tenant = place.tenant;
  wanted.private_identity = text_at(request, diameter::avp::kUserName);
  for (std::size_t i = 0; i <= kPublicIdentitiesMax; ++i) {
    const auto identity = request.find_nth(cx::avp::kPublicIdentity, i);
    if (!identity) break;
    wanted.public_identities.emplace_back(identity->text());
  }
  if (wanted.public_identities.size() > kPublicIdentitiesMax) return Error{Code::AvpTooMany, kTooManyIdentities};
  if (wanted.public_identities.empty() && wanted.private_identity.empty()) return Error{Code::AvpMissing, "cx.sar"};
  wanted.server_name = text_at(request, cx::avp::kServerName);
  wanted.host = request.origin_host();
  wanted.realm = request.origin_realm();
  if (wanted.server_name.empty()) return Error{Code::AvpValue, "cx.server_name"};
  const std::uint32_t type = request.u32(cx::avp::kServerAssignmentType).value_or(kAssignmentTypeLast + 1);
  if (type > kAssignmentTypeLast) return Error{Code::AvpValue, "cx.server_assignment_type"};
  if (type > static_cast<std::uint32_t>(AssignmentType::DeregistrationTooMuchData)) {
    return Error{Code::AssignmentType, "cx.server_assignment_type"};
  }
  wanted.type = static_cast<AssignmentType>(type);
  wanted.has_user_data = request.u32(cx::avp::kUserDataAlreadyAvailable).value_or(0) == 1;
  return wanted;
}

Result<LocationRequest> read_location_info(const Message& request, const CxPlace& place) {
  LocationRequest wanted;
  wanted.tenant = place.tenant;
  wanted.public_identity = text_at(request, cx::avp::kPublicIdentity);
  const std::uint32_t type = request.u32(cx::avp::kUserAuthorizationType).value_or(0);
  wanted.wants_capabilities = type == static_cast<std::uint32_t>(AuthorizationType::RegistrationAndCapabilities);
  return wanted;
}

void write_multimedia_auth(const Message& request, const Result<VectorAnswer>& made, MessageBuilder& answer) {
  begin(answer, made ? kSuccess : cx_result_of(made.error().code));
  echo_user(request, answer);
  if (const auto identity = request.find(cx::avp::kPublicIdentity)) {
    answer.text(cx::avp::kPublicIdentity, identity->text());
  }
  if (!made) {
    const auto item = request.find(cx::avp::kSipAuthDataItem);
    if (made.failed_with(Code::AvpValue) && item) {
      answer.begin_group(diameter::avp::kFailedAvp).copy(*item).end_group();
    }
    return;
  }
  const aka::Vector& vector = made->vector;
  // One, whatever was asked for: peers take the last of several, and those that lie about grow stale.
  answer.u32(cx::avp::kSipNumberAuthItems, 1);
  answer.begin_group(cx::avp::kSipAuthDataItem);
  answer.u32(cx::avp::kSipItemNumber, 1).text(cx::avp::kSipAuthenticationScheme, kScheme);
  const MutableBytes challenge = answer.room(cx::avp::kSipAuthenticate, aka::kRandBytes + aka::kAutnBytes);
  if (challenge.size() == aka::kRandBytes + aka::kAutnBytes) {
    std::ranges::copy(vector.rand, challenge.begin());
    std::ranges::copy(vector.autn, challenge.begin() + aka::kRandBytes);
  }
  answer.octets(cx::avp::kSipAuthorization, vector.expected_response());
  answer.octets(cx::avp::kConfidentialityKey, vector.cipher_key.reveal());
  answer.octets(cx::avp::kIntegrityKey, vector.integrity_key.reveal());
  answer.end_group();
}

void write_user_authorization(const Message& request, const Result<AuthorizationAnswer>& made, MessageBuilder& answer) {
  if (!made) {
    begin(answer, cx_result_of(made.error().code));
    echo_user(request, answer);
    return;
  }
  CxResult result = kSuccess;
  if (made->kind == AuthorizationAnswer::Kind::FirstRegistration) result = {cx::result::kFirstRegistration, true};
  if (made->kind == AuthorizationAnswer::Kind::SubsequentRegistration) {
    result = {cx::result::kSubsequentRegistration, true};
  }
  begin(answer, result);
  if (!made->server_name.empty()) answer.text(cx::avp::kServerName, made->server_name);
  if (made->has_capabilities) write_capabilities(made->capabilities, answer);
}

void write_server_assignment(const Message& request, const Result<AssignmentAnswer>& made, MessageBuilder& answer) {
  begin(answer, made ? kSuccess : cx_result_of(made.error().code));
  if (!made) {
    echo_user(request, answer);
    write_failed_identity(request, made.error(), answer);
    return;
  }
  answer.text(diameter::avp::kUserName, made->private_identity);
  if (!made->user_data.empty()) answer.text(cx::avp::kUserData, made->user_data);
}

void write_location_info(const Message&, const Result<LocationAnswer>& made, MessageBuilder& answer) {
  if (!made) {
    begin(answer, cx_result_of(made.error().code));
    return;
  }
  const bool is_unregistered = made->is_unregistered_service;
  begin(answer, is_unregistered ? CxResult{cx::result::kUnregisteredService, true} : kSuccess);
  if (!made->server_name.empty()) answer.text(cx::avp::kServerName, made->server_name);
  if (made->has_capabilities) write_capabilities(made->capabilities, answer);
}

}  // namespace claviger::subscriber
