#include "broker/registration/sip_requests.h"

#include <algorithm>

#include "broker/registration/info_document.h"
#include "broker/registration/settings_document.h"
#include "core/sip/answer.h"
#include "core/sip/name_address.h"
#include "core/sip/request_check.h"
#include "core/sip/scan.h"
#include "core/sip/uri.h"

namespace claviger::registration {
namespace {

using sip::HeaderId;

// Path, Route, charging: kept as they come, and not longer than any that is meant.
constexpr std::size_t kTextBytesMax = 1024;
constexpr std::size_t kRoutesMax = 16;

std::string kept(std::string_view value) { return value.size() > kTextBytesMax ? std::string() : sip::unfolded(value); }

// Of "icid-value=a;orig-ioi=b".
std::string charging_value(std::string_view vector, std::string_view name) {
  const std::string parameters = ";" + std::string(vector);
  return kept(sip::find_parameter(parameters, name).value);
}

std::vector<std::string> addresses_of(const sip::Message& message, HeaderId id) {
  std::vector<std::string> all;
  message.for_each(id, [&all](std::string_view value) {
    sip::NameAddresses addresses(value);
    while (auto next = addresses.next()) {
      if (!*next || all.size() == kRoutesMax) return;
      all.push_back(kept((*next)->text));
    }
  });
  return all;
}

std::string first_uri(const sip::Message& message, HeaderId id) {
  sip::NameAddresses addresses(message.value(id));
  const auto first = addresses.next();
  return first && *first ? kept((*first)->uri) : std::string();
}

// +sip.instance="<urn:uuid:...>"
std::string instance_of(std::string_view parameters) {
  std::string_view value = sip::find_parameter(parameters, "+sip.instance").value;
  if (value.starts_with('<') && value.ends_with('>')) value = value.substr(1, value.size() - 2);
  if (value.size() > kIdentityBytesMax) return {};
  return std::string(value);
}

// A service's info part, of which there is one at most.
Result<const sip::Part*> info_part(const sip::Parts& parts, const Service& service) {
  if (parts.count(service.info_media_type) > 1) return Error{Code::SipHeaderRepeated, "registration.info"};
  return parts.find(service.info_media_type);
}

Result<Authorisation> authorise(Registrar& registrar, const Service& service, const InfoDocument& info) {
  if (info.client_id.empty()) return Error{Code::XmlSchema, "registration.client_id"};
  CLAVIGER_TRY(policy, registrar.policy(service));
  Authorisation authorisation;
  authorisation.service = service.name;
  authorisation.client_id = info.client_id;
  auto facts = check_token(registrar.here(), *policy, service, info.access_token);
  if (!facts) {
    registrar.figures().authorisation_refused.add();
    registrar.here().shard.logger().info("registration.token",
                                         {{"service", service.name}, {"code", name_of(facts.error().code)}});
    return Error{Code::ServiceNotAuthorised, "registration.token"};
  }
  authorisation.facts = *std::move(facts);
  return authorisation;
}

// The REGISTER of the UE itself, inside the core's.
Result<Unit> read_embedded(Registrar& registrar, std::string_view text, std::string_view outer_identity,
                           RegisterRequest& request) {
  sip::Message inner;
  CLAVIGER_TRY(parsed, inner.parse(text, sip::Framing::Embedded));
  if (!inner.is_request()) return Unit{};  // the core's 200 to it
  if (inner.method() != sip::Method::Register) return Error{Code::SipSyntax, "embedded.method"};
  CLAVIGER_TRY(to, sip::parse_name_address(inner.value(HeaderId::To)));
  CLAVIGER_TRY(identity, sip::canonical_identity(to.uri));
  if (identity != outer_identity) return Error{Code::SipUri, "embedded.to"};
  sip::NameAddresses contacts(inner.value(HeaderId::Contact));
  if (const auto contact = contacts.next(); contact && *contact) {
    request.contact =
        UeContact{instance_of((*contact)->parameters), registrar.services().named_by_contact((*contact)->parameters)};
  }
  if (inner.body().empty()) return Unit{};
  CLAVIGER_TRY(parts, sip::Parts::of(inner.value(HeaderId::ContentType), inner.body()));
  for (const Service& service : registrar.services().all()) {
    CLAVIGER_TRY(part, info_part(parts, service));
    if (part == nullptr) continue;
    CLAVIGER_TRY(info, parse_info(part->body, service));
    if (info.access_token.empty()) continue;
    auto authorisation = authorise(registrar, service, info);
    // One service's bad token is no reason to keep the user from another.
    if (authorisation)
      request.authorisations.push_back(*std::move(authorisation));
    else if (authorisation.error().code != Code::ServiceNotAuthorised)
      return authorisation.error();
  }
  return Unit{};
}

}  // namespace

Result<std::string> asserted_identity(const sip::Message& message) {
  std::string first;
  std::string first_sip;
  message.for_each(HeaderId::PAssertedIdentity, [&](std::string_view value) {
    sip::NameAddresses addresses(value);
    while (auto next = addresses.next()) {
      if (!*next) return;
      auto identity = sip::canonical_identity((*next)->uri);
      if (!identity || identity->size() > kIdentityBytesMax) continue;
      if (first.empty()) first = *identity;
      if (first_sip.empty() && identity->starts_with("sip")) first_sip = *std::move(identity);
    }
  });
  if (!first_sip.empty()) return first_sip;
  if (!first.empty()) return first;
  return Error{Code::NotPermitted, "sip.identity"};
}

Result<RegisterRequest> read_register(Registrar& registrar, const sip::Message& message) {
  RegisterRequest request;
  CLAVIGER_TRY(to, sip::parse_name_address(message.value(HeaderId::To)));
  CLAVIGER_TRY(identity, sip::canonical_identity(to.uri));
  if (identity.size() > kIdentityBytesMax) return Error{Code::SipSyntax, "sip.to"};
  request.impu = std::move(identity);
  request.expires = message.expires().value_or(kIntervalDefault);
  if (request.expires == 0) return request;
  request.s_cscf = first_uri(message, HeaderId::Contact);
  request.path = addresses_of(message, HeaderId::Path);
  const std::string_view charging = message.value(HeaderId::PChargingVector);
  request.icid = charging_value(charging, "icid-value");
  request.orig_ioi = charging_value(charging, "orig-ioi");
  request.charging_functions = kept(message.value(HeaderId::PChargingFunctionAddresses));
  request.visited_network = kept(message.value(HeaderId::PVisitedNetworkId));
  if (message.body().empty()) return request;
  const auto parts = sip::Parts::of(message.value(HeaderId::ContentType), message.body());
  Result<Unit> outcome = parts ? Result<Unit>(Unit{}) : Result<Unit>(parts.error());
  if (parts) {
    for (const sip::Part& part : *parts) {
      if (!sip::equals_ignoring_case(part.media_type(), "message/sip")) continue;
      if (auto read = read_embedded(registrar, part.body, request.impu, request); !read) outcome = read;
    }
  }
  if (!outcome) {
    registrar.here().shard.logger().info(
        "registration.embedded",
        {{"identity", request.impu}, {"code", name_of(outcome.error().code)}, {"where", outcome.error().where}});
    request.contact.reset();
    request.authorisations.clear();
  }
  return request;
}

Result<PublishRequest> read_publish(Registrar& registrar, const sip::Message& message, std::string impu) {
  PublishRequest request;
  request.impu = std::move(impu);
  request.expires = message.expires().value_or(kIntervalDefault);
  if (message.has(HeaderId::SipIfMatch)) {
    const std::string_view etag = message.value(HeaderId::SipIfMatch);
    if (!sip::is_token(etag) || etag.size() > kIdentityBytesMax) return Error{Code::SipSyntax, "SIP-If-Match"};
    request.if_match = std::string(etag);
  }
  if (request.expires == 0) return request;
  if (request.expires < kIntervalMin) return Error{Code::IntervalTooBrief, "publish.expires"};
  if (message.body().empty()) {
    // RFC 3903 clause 6: what is published at first has a body.
    if (!request.if_match) return Error{Code::SipHeaderMissing, "publish.body"};
    return request;
  }
  CLAVIGER_TRY(parts, sip::Parts::of(message.value(HeaderId::ContentType), message.body()));
  if (parts.count(kSettingsType) > 1) return Error{Code::SipHeaderRepeated, "publish.settings"};
  const sip::Part* const settings = parts.find(kSettingsType);
  if (settings == nullptr) return Error{Code::ContentUnsupported, "publish.settings"};
  const Service* service = nullptr;
  InfoDocument info;
  for (const Service& each : registrar.services().all()) {
    CLAVIGER_TRY(part, info_part(parts, each));
    if (part == nullptr) continue;
    if (service != nullptr) return Error{Code::SipHeaderRepeated, "publish.info"};
    service = &each;
    CLAVIGER_TRY(parsed, parse_info(part->body, each));
    info = std::move(parsed);
  }
  if (service == nullptr && !request.if_match) return Error{Code::ContentUnsupported, "publish.info"};
  request.client_id = info.client_id;
  CLAVIGER_TRY(parsed_settings, parse_settings_document(settings->body, info.client_id));
  request.settings = std::move(parsed_settings);
  if (service == nullptr) return request;
  request.service = service->name;
  if (!info.access_token.empty()) {
    CLAVIGER_TRY(authorisation, authorise(registrar, *service, info));
    request.authorisation = std::move(authorisation);
  } else if (!info.request_uri.empty()) {
    CLAVIGER_TRY(identity, canonical_mc_service_id(info.request_uri));
    request.mc_service_id = std::move(identity);
  } else if (!request.if_match) {
    return Error{Code::ServiceNotAuthorised, "publish.token"};
  }
  return request;
}

Result<SubscribeRequest> read_subscribe(Registrar& registrar, const sip::Message& message, std::string identity) {
  SubscribeRequest request;
  Subscription& subscription = request.subscription;
  subscription.subscriber = std::move(identity);
  subscription.is_server = registrar.is_server(subscription.subscriber);
  request.expires = message.expires().value_or(kIntervalDefault);
  if (request.expires != 0 && request.expires < kIntervalMin) return Error{Code::IntervalTooBrief, "subscribe.expires"};
  if (!sip::accepts(message, kSettingsType)) return Error{Code::AcceptExcludes, "subscribe.accept"};
  CLAVIGER_TRY(cseq, message.cseq());
  request.sequence = cseq.number;
  CLAVIGER_TRY(from, sip::parse_name_address(message.value(HeaderId::From)));
  CLAVIGER_TRY(to, sip::parse_name_address(message.value(HeaderId::To)));
  subscription.call_id = kept(message.value(HeaderId::CallId));
  subscription.remote_tag = message.tag(HeaderId::From);
  subscription.local_tag = message.tag(HeaderId::To);
  subscription.remote_uri = kept(from.uri);
  subscription.local_uri = kept(to.uri);
  subscription.remote_target = first_uri(message, HeaderId::Contact);
  subscription.routes = addresses_of(message, HeaderId::RecordRoute);
  const sip::Parameter id = sip::find_parameter(message.value(HeaderId::Event).substr(message.event().size()), "id");
  subscription.event_id = kept(id.value);
  if (!subscription.local_tag.empty()) return request;
  // A dialog that nobody could be reached in, or that is no dialog.
  if (subscription.remote_target.empty() || subscription.remote_tag.empty() || subscription.call_id.empty()) {
    return Error{Code::SipHeaderMissing, "subscribe.dialog"};
  }
  CLAVIGER_TRY(parts, sip::Parts::of(message.value(HeaderId::ContentType), message.body()));
  for (const Service& each : registrar.services().all()) {
    CLAVIGER_TRY(part, info_part(parts, each));
    if (part == nullptr) continue;
    CLAVIGER_TRY(info, parse_info(part->body, each));
    if (info.request_uri.empty()) break;
    CLAVIGER_TRY(resource, canonical_mc_service_id(info.request_uri));
    subscription.resource = std::move(resource);
    subscription.service = each.name;
    // A UE hears of all its user's clients; a server may ask for one.
    if (subscription.is_server) subscription.client_id = info.client_id;
    return request;
  }
  return Error{Code::ServiceNotAuthorised, "subscribe.resource"};
}

}  // namespace claviger::registration
