#include "broker/subscriber/registration_procedures.h"

#include <algorithm>
#include <optional>

#include "broker/subscriber/subscriber_loading.h"
#include "core/runtime/call.h"

namespace claviger::subscriber {
namespace {

using broker::Context;
using runtime::Task;

// Items 1 and 2 of each clause: known, and of one subscriber.
Task<Result<Unit>> check_pair(SipDatabase* database, std::string tenant, const Subscriber* subscriber,
                              std::string public_identity) {
  if (subscriber->has(public_identity)) co_return Unit{};
  auto owner = co_await find_private_identity(&database->here(), std::move(tenant), std::move(public_identity));
  if (!owner) co_return owner.error();
  co_return Error{Code::IdentitiesDiffer, "subscriber.public_identity"};
}

bool may_roam(const Subscriber& subscriber, std::string_view network) {
  return subscriber.visited_networks.empty() ||
         std::ranges::find(subscriber.visited_networks, network) != subscriber.visited_networks.end();
}

Task<Result<AuthorizationAnswer>> authorize_at_home(SipDatabase* database, AuthorizationRequest request) {
  auto turn = co_await database->shard().turns.take(home_name_of(request.tenant, request.private_identity));
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(loaded, co_await load_subscriber(database, request.tenant, request.private_identity));
  // copy: what is at hand does not survive the wait for a look-up.
  const Subscriber subscriber = loaded->subscriber;
  const ServerState server = loaded->subscriber.server;
  const Subscriber* his = &subscriber;
  CLAVIGER_CO_TRY(pair, co_await check_pair(database, request.tenant, his, request.public_identity));
  const bool is_served = database->serves(request.tenant, subscriber);
  if (!is_served && request.type != AuthorizationType::DeRegistration) {
    co_return Error{Code::SubscriberDisabled, "subscriber"};
  }
  AuthorizationAnswer answer;
  if (request.type == AuthorizationType::DeRegistration) {
    if (server.is_empty()) co_return Error{Code::IdentityNotRegistered, "subscriber"};
    answer.server_name = server.server_name;
    co_return answer;
  }
  const bool may = request.is_emergency || may_roam(subscriber, request.visited_network);
  if (!may) co_return Error{Code::RoamingNotAllowed, "subscriber.visited_network"};
  answer.capabilities = subscriber.capabilities;
  if (request.type == AuthorizationType::RegistrationAndCapabilities) {
    answer.has_capabilities = true;
    co_return answer;
  }
  if (!server.is_empty()) {
    answer.kind = AuthorizationAnswer::Kind::SubsequentRegistration;
    answer.server_name = server.server_name;
    co_return answer;
  }
  answer.kind = AuthorizationAnswer::Kind::FirstRegistration;
  answer.has_capabilities = true;
  co_return answer;
}

// What becomes of his state; nothing: it stays. An error is the answer.
Result<std::optional<ServerState>> assigned(const ServerState& before, const AssignmentRequest& request) {
  const bool is_his = before.server_name == request.server_name;
  ServerState after = before;
  after.host = request.host;
  after.realm = request.realm;
  switch (request.type) {
    case AssignmentType::NoAssignment:
      if (before.is_empty() || !is_his) return Error{Code::ServerNameDiffers, "subscriber.server_name"};
      return std::optional<ServerState>();
    case AssignmentType::Registration:
    case AssignmentType::ReRegistration:
      if (!before.is_empty() && !is_his) return Error{Code::IdentityRegistered, "subscriber.server_name"};
      if (is_his && before.registration == Registration::Registered && !before.is_pending &&
          before.host == request.host && before.realm == request.realm) {
        return std::optional<ServerState>();
      }
      after.server_name = request.server_name;
      after.registration = Registration::Registered;
      after.is_pending = false;
      return std::optional<ServerState>(std::move(after));
    case AssignmentType::UnregisteredUser:
      if (!before.is_empty() && !is_his) return Error{Code::IdentityRegistered, "subscriber.server_name"};
      if (before.registration == Registration::Registered) return Error{Code::AssignmentType, "subscriber.state"};
      after.server_name = request.server_name;
      after.registration = Registration::Unregistered;
      return std::optional<ServerState>(std::move(after));
    case AssignmentType::AuthenticationFailure:
    case AssignmentType::AuthenticationTimeout:
      if (before.is_empty() || !is_his) return Error{Code::ServerNameDiffers, "subscriber.server_name"};
      // He stays what he was; whom nobody serves otherwise has no S-CSCF any more.
      after.is_pending = false;
      if (before.registration == Registration::NotRegistered) after.server_name.clear();
      return std::optional<ServerState>(std::move(after));
    case AssignmentType::TimeoutDeregistration:
    case AssignmentType::UserDeregistration:
    case AssignmentType::AdministrativeDeregistration:
    case AssignmentType::DeregistrationTooMuchData:
      if (before.is_empty() || !is_his) return Error{Code::ServerNameDiffers, "subscriber.server_name"};
      after.server_name.clear();
      return std::optional<ServerState>(std::move(after));
    case AssignmentType::TimeoutDeregistrationStoreServerName:
    case AssignmentType::UserDeregistrationStoreServerName:
      if (before.is_empty() || !is_his) return Error{Code::ServerNameDiffers, "subscriber.server_name"};
      after.registration = Registration::Unregistered;
      after.is_pending = false;
      return std::optional<ServerState>(std::move(after));
  }
  return Error{Code::AssignmentType, "subscriber.type"};
}

// Which of the types end a registration: several identities at once, and no profile.
bool is_end(AssignmentType type) {
  switch (type) {
    case AssignmentType::NoAssignment:
    case AssignmentType::Registration:
    case AssignmentType::ReRegistration:
    case AssignmentType::UnregisteredUser:
      return false;
    default:
      return true;
  }
}

Task<Result<AssignmentAnswer>> assign_at_home(SipDatabase* database, AssignmentRequest request) {
  auto turn = co_await database->shard().turns.take(home_name_of(request.tenant, request.private_identity));
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(loaded, co_await load_subscriber(database, request.tenant, request.private_identity));
  const Subscriber subscriber = loaded->subscriber;
  const ServerState before = loaded->subscriber.server;
  const Subscriber* his = &subscriber;
  for (const std::string& public_identity : request.public_identities) {
    CLAVIGER_CO_TRY(pair, co_await check_pair(database, request.tenant, his, public_identity));
  }
  if (!is_end(request.type)) {
    if (request.public_identities.empty()) co_return Error{Code::AvpMissing, "subscriber.public_identities"};
    if (request.public_identities.size() > 1) co_return Error{Code::AvpTooMany, "subscriber.public_identities"};
    if (!database->serves(request.tenant, subscriber)) co_return Error{Code::SubscriberDisabled, "subscriber"};
  }
  CLAVIGER_CO_TRY(after, assigned(before, request));
  if (after) {
    StateChange change;
    change.server = *std::move(after);
    auto written = co_await write_state(database, request.tenant, request.private_identity, std::move(change));
    if (!written) co_return written.error();
  }
  AssignmentAnswer answer;
  answer.private_identity = subscriber.private_identity;
  // Clause 6.6: who has the profile of a registration already gets none.
  const bool wants_data =
      !is_end(request.type) && (!request.has_user_data || request.type == AssignmentType::NoAssignment);
  if (wants_data) answer.user_data = user_data_of(subscriber);
  co_return answer;
}

Task<Result<LocationAnswer>> locate_at_home(SipDatabase* database, LocationRequest request,
                                            std::string private_identity) {
  auto turn = co_await database->shard().turns.take(home_name_of(request.tenant, private_identity));
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(loaded, co_await load_subscriber(database, request.tenant, private_identity));
  if (!database->serves(request.tenant, loaded->subscriber)) {
    co_return Error{Code::SubscriberDisabled, "subscriber"};
  }
  LocationAnswer answer;
  answer.capabilities = loaded->subscriber.capabilities;
  if (request.wants_capabilities) {
    answer.has_capabilities = true;
    co_return answer;
  }
  // Challenged, and not yet registered: as good as not registered (clause 6.1.4).
  const bool is_served =
      !loaded->subscriber.server.is_empty() && loaded->subscriber.server.registration != Registration::NotRegistered;
  if (is_served) {
    answer.server_name = loaded->subscriber.server.server_name;
    co_return answer;
  }
  if (!loaded->subscriber.serves_unregistered) co_return Error{Code::IdentityNotRegistered, "subscriber"};
  answer.is_unregistered_service = true;
  answer.has_capabilities = true;
  co_return answer;
}

}  // namespace

void append_xml_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out.push_back(c);
    }
  }
}

std::string user_data_of(std::string_view private_identity, std::span<const std::string> public_identities) {
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><IMSSubscription><PrivateID>";
  append_xml_text(xml, private_identity);
  xml += "</PrivateID><ServiceProfile>";
  for (const std::string& identity : public_identities) {
    xml += "<PublicIdentity><BarringIndication>0</BarringIndication><Identity>";
    append_xml_text(xml, identity);
    xml += "</Identity></PublicIdentity>";
  }
  xml += "</ServiceProfile></IMSSubscription>";
  return xml;
}

std::string user_data_of(const Subscriber& subscriber) {
  return user_data_of(subscriber.private_identity, subscriber.public_identities);
}

Task<Result<AuthorizationAnswer>> authorize_user(SipDatabase* database, AuthorizationRequest request) {
  CLAVIGER_CO_TRY(private_identity, canonical_private_identity(request.private_identity));
  CLAVIGER_CO_TRY(public_identity, canonical_public_identity(request.public_identity));
  request.private_identity = private_identity;
  request.public_identity = public_identity;
  runtime::Shard* home = &database->home_of(request.tenant, request.private_identity);
  auto start = [database, request = std::move(request)]() mutable {
    return authorize_at_home(database, std::move(request));
  };
  auto done = co_await runtime::call_on(home, std::move(start));
  co_return done;
}

Task<Result<AssignmentAnswer>> assign_server(SipDatabase* database, AssignmentRequest request) {
  for (std::string& identity : request.public_identities) {
    CLAVIGER_CO_TRY(canonical, canonical_public_identity(identity));
    identity = canonical;
  }
  if (request.private_identity.empty()) {
    if (request.public_identities.empty()) co_return Error{Code::SubscriberInvalid, "subscriber.identities"};
    std::string first = request.public_identities.front();
    CLAVIGER_CO_TRY(owner, co_await find_private_identity(&database->here(), request.tenant, std::move(first)));
    request.private_identity = owner;
  } else {
    CLAVIGER_CO_TRY(canonical, canonical_private_identity(request.private_identity));
    request.private_identity = canonical;
  }
  runtime::Shard* home = &database->home_of(request.tenant, request.private_identity);
  auto start = [database, request = std::move(request)]() mutable {
    return assign_at_home(database, std::move(request));
  };
  auto done = co_await runtime::call_on(home, std::move(start));
  co_return done;
}

Task<Result<LocationAnswer>> locate_user(SipDatabase* database, LocationRequest request) {
  CLAVIGER_CO_TRY(public_identity, canonical_public_identity(request.public_identity));
  request.public_identity = public_identity;
  std::string wanted = public_identity;
  CLAVIGER_CO_TRY(owner, co_await find_private_identity(&database->here(), request.tenant, std::move(wanted)));
  runtime::Shard* home = &database->home_of(request.tenant, owner);
  auto start = [database, request = std::move(request), private_identity = owner]() mutable {
    return locate_at_home(database, std::move(request), private_identity);
  };
  auto done = co_await runtime::call_on(home, std::move(start));
  co_return done;
}

}  // namespace claviger::subscriber
