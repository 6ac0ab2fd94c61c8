#include "broker/registration/sip_requests.h"

#include <algorithm>

#include "broker/registration/settings_document.h"
#include "core/codec/urn.h"
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
  return codec::canonical_urn(value);
}

Result<Authorisation> authorise(Registrar& registrar, const Service& service, const OpenedInfo& opened,
                                const BodyAccess& access) {
  const InfoDocument& info = opened.info;
  if (info.client_id.empty()) return Error{Code::XmlSchema, "registration.client_id"};
  CLAVIGER_TRY(policy, registrar.policy(service));
  Authorisation authorisation;
  authorisation.service = service.name;
  authorisation.client_id = info.client_id;
  auto facts = check_token(registrar.here(), *policy, service, info.access_token);
  if (!facts) {
    registrar.here().shard.logger().info("registration.token",
                                         {{"service", service.name}, {"code", name_of(facts.error().code)}});
    return Error{Code::ServiceNotAuthorised, "registration.token"};
  }
  CLAVIGER_TRY(owned, check_owner(opened.protection, facts->mc_service_id));
  authorisation.uploaded = access.uploaded_by(facts->mc_service_id);
  authorisation.csk_id = authorisation.uploaded != nullptr ? authorisation.uploaded->id : opened.protection.csk_id;
  authorisation.facts = *std::move(facts);
  return authorisation;
}

// A UE may have one Contact for each of its services, in one header or in several (TS 24.379 clause 7.1); one that it takes
// away offers nothing any more.
std::optional<UeContact> contact_of(const Services& services, const sip::Message& inner) {
  std::optional<UeContact> contact;
  inner.for_each(HeaderId::Contact, [&](std::string_view value) {
    sip::NameAddresses contacts(value);
    while (auto next = contacts.next()) {
      if (!*next) return;
      const std::string_view parameters = (*next)->parameters;
      if (!contact) contact.emplace();
      if (contact->instance.empty()) contact->instance = instance_of(parameters);
      const sip::Parameter own = sip::find_parameter(parameters, "expires");
      const bool is_gone = own.is_present ? sip::read_number(own.value, UINT32_MAX) == 0U : inner.expires() == 0U;
      if (is_gone) continue;
      for (std::string& name : services.named_by_contact(parameters)) {
        if (std::ranges::find(contact->services, name) == contact->services.end()) {
          contact->services.push_back(std::move(name));
        }
      }
    }
  });
  return contact;
}

// The REGISTER of the UE itself, inside the core's.
Result<Unit> read_embedded(Registrar& registrar, std::string_view text, std::string_view outer_identity,
                           const BodyAccess& access, RegisterRequest& request) {
  sip::Message inner;
  CLAVIGER_TRY(parsed, inner.parse(text, sip::Framing::Embedded));
  if (!inner.is_request()) return Unit{};  // the core's 200 to it
  if (inner.method() != sip::Method::Register) return Error{Code::SipSyntax, "embedded.method"};
  CLAVIGER_TRY(to, sip::parse_name_address(inner.value(HeaderId::To)));
  CLAVIGER_TRY(identity, sip::canonical_identity(to.uri));
  if (identity != outer_identity) return Error{Code::SipUri, "embedded.to"};
  request.contact = contact_of(registrar.services(), inner);
  if (inner.body().empty()) return Unit{};
  CLAVIGER_TRY(parts, sip::Parts::of(inner));
  CLAVIGER_TRY(signers, check_signatures(parts, registrar.services(), access.keys));
  for (const Service& service : registrar.services().all()) {
    CLAVIGER_TRY(part, info_part(parts, service));
    if (part == nullptr) continue;
    CLAVIGER_TRY(opened, open_info(parts, *part, service, signers, access.keys));
    CLAVIGER_TRY(enough, check_policy(service, opened.protection));
    if (opened.info.access_token.empty()) continue;
    auto authorisation = authorise(registrar, service, opened, access);
    // One service's bad token is no reason to keep the user from another.
    if (authorisation)
      request.authorisations.push_back(*std::move(authorisation));
    else if (authorisation.error().code != Code::ServiceNotAuthorised)
      return authorisation.error();
    else
      registrar.figures_of(service.name).refused[static_cast<std::size_t>(Refusal::Token)].add();
  }
  // Keys that nobody was authorised with: a PUBLISH may follow under them.
  for (const ClientServerKeyRef& key : access.uploaded) {
    const bool is_taken =
        std::ranges::any_of(request.authorisations, [&key](const Authorisation& one) { return one.uploaded == key; });
    if (!is_taken) request.uploaded.push_back(key);
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

std::optional<sip::Part> embedded_body(const sip::Message& message) {
  if (message.body().empty()) return std::nullopt;
  const auto parts = sip::Parts::of(message);
  if (!parts) return std::nullopt;
  for (const sip::Part& part : *parts) {
    sip::Message inner;
    if (!sip::equals_ignoring_case(part.media_type(), "message/sip")) continue;
    if (!inner.parse(part.body, sip::Framing::Embedded) || !inner.is_request()) continue;
    sip::Part body;
    body.content_type = inner.value(HeaderId::ContentType);
    body.transfer_encoding = inner.value(HeaderId::ContentTransferEncoding);
    body.body = inner.body();
    return body;
  }
  return std::nullopt;
}

Result<std::string> registering_identity(const sip::Message& message) {
  CLAVIGER_TRY(to, sip::parse_name_address(message.value(HeaderId::To)));
  CLAVIGER_TRY(identity, sip::canonical_identity(to.uri));
  if (identity.size() > kIdentityBytesMax) return Error{Code::SipSyntax, "sip.to"};
  return identity;
}

// The header's; without one that of the contact (RFC 3261 clause 10.2.1.1).
std::uint32_t registration_interval(const sip::Message& message) {
  if (const auto said = message.expires()) return *said;
  sip::NameAddresses contacts(message.value(HeaderId::Contact));
  const auto contact = contacts.next();
  if (!contact || !*contact) return kIntervalDefault;
  const auto expires = sip::find_parameter((*contact)->parameters, "expires");
  const auto seconds = expires.is_present ? sip::read_number(expires.value, UINT32_MAX) : std::nullopt;
  return seconds ? static_cast<std::uint32_t>(*seconds) : kIntervalDefault;
}

Result<RegisterRequest> read_register(Registrar& registrar, const sip::Message& message, const BodyAccess& access) {
  RegisterRequest request;
  CLAVIGER_TRY(identity, registering_identity(message));
  request.impu = std::move(identity);
  request.expires = registration_interval(message);
  if (request.expires == 0) return request;
  request.s_cscf = first_uri(message, HeaderId::Contact);
  request.path = addresses_of(message, HeaderId::Path);
  const std::string_view charging = message.value(HeaderId::PChargingVector);
  request.icid = charging_value(charging, "icid-value");
  request.orig_ioi = charging_value(charging, "orig-ioi");
  request.charging_functions = kept(message.value(HeaderId::PChargingFunctionAddresses));
  request.visited_network = kept(message.value(HeaderId::PVisitedNetworkId));
  if (message.body().empty()) return request;
  const auto parts = sip::Parts::of(message);
  Result<Unit> outcome = parts ? Result<Unit>(Unit{}) : Result<Unit>(parts.error());
  if (parts) {
    for (const sip::Part& part : *parts) {
      if (!sip::equals_ignoring_case(part.media_type(), "message/sip")) continue;
      if (auto read = read_embedded(registrar, part.body, request.impu, access, request); !read) outcome = read;
    }
  }
  if (!outcome) {
    registrar.here().shard.logger().info(
        "registration.embedded",
        {{"identity", request.impu}, {"code", name_of(outcome.error().code)}, {"where", outcome.error().where}});
    request.contact.reset();
    request.authorisations.clear();
    request.uploaded.clear();
  }
  return request;
}

Result<PublishRequest> read_publish_headers(const sip::Message& message, std::string impu) {
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
  // RFC 3903 clause 6: what is published at first has a body.
  if (message.body().empty() && !request.if_match) return Error{Code::SipHeaderMissing, "publish.body"};
  return request;
}

Result<PublishRequest> read_publish(Registrar& registrar, const sip::Message& message, std::string impu,
                                    const BodyAccess& access) {
  CLAVIGER_TRY(request, read_publish_headers(message, std::move(impu)));
  if (request.expires == 0 || message.body().empty()) return request;
  CLAVIGER_TRY(parts, sip::Parts::of(message));
  if (parts.count(kSettingsType) > 1) return Error{Code::SipHeaderRepeated, "publish.settings"};
  const sip::Part* const settings = parts.find(kSettingsType);
  if (settings == nullptr) return Error{Code::ContentUnsupported, "publish.settings"};
  CLAVIGER_TRY(signers, check_signatures(parts, registrar.services(), access.keys));
  const Service* service = nullptr;
  OpenedInfo opened;
  for (const Service& each : registrar.services().all()) {
    CLAVIGER_TRY(part, info_part(parts, each));
    if (part == nullptr) continue;
    if (service != nullptr) return Error{Code::SipHeaderRepeated, "publish.info"};
    service = &each;
    CLAVIGER_TRY(info, open_info(parts, *part, each, signers, access.keys));
    opened = std::move(info);
  }
  if (service == nullptr && !request.if_match) return Error{Code::ContentUnsupported, "publish.info"};
  const InfoDocument& info = opened.info;
  const BodyKeyRef& signer = signer_of(parts, *settings, signers);
  BodyKeyRef key = signer;  // and of encrypted identities in it
  CLAVIGER_TRY(parsed_settings, parse_settings_document(settings->body, info.client_id, access.keys, key));
  CLAVIGER_TRY(settings_under, opened.protection.add(key));
  opened.protection.is_unsigned |= signer == nullptr;
  request.settings = std::move(parsed_settings);
  request.client_id = info.client_id;
  if (service != nullptr) request.service = service->name;
  ClientServerKeyRef uploaded;
  if (!info.access_token.empty()) {
    CLAVIGER_TRY(authorisation, authorise(registrar, *service, opened, access));
    uploaded = authorisation.uploaded;
    request.authorisation = std::move(authorisation);
  } else {
    if (!info.request_uri.empty()) {
      CLAVIGER_TRY(identity, canonical_mc_service_id(info.request_uri));
      request.mc_service_id = std::move(identity);
    } else if (!request.if_match) {
      return Error{Code::ServiceNotAuthorised, "publish.token"};
    }
    // Without a name of anybody it is for publish() to compare.
    const bool is_only_one = request.mc_service_id.empty() && access.uploaded.size() == 1;
    uploaded = is_only_one ? access.uploaded.front() : access.uploaded_by(request.mc_service_id);
    request.uploaded = uploaded;
    request.csk_id = uploaded != nullptr ? uploaded->id : opened.protection.csk_id;
  }
  // A key that came along is the user's, or nobody's.
  if (!access.uploaded.empty() && uploaded == nullptr) return Error{Code::CskInvalid, "csk.initiator"};
  request.protection = std::move(opened.protection);
  return request;
}

Result<SubscribeRequest> read_subscribe(Registrar& registrar, const sip::Message& message, std::string identity,
                                        const BodyAccess& access) {
  SubscribeRequest request;
  Subscription& subscription = request.subscription;
  subscription.subscriber = std::move(identity);
  subscription.is_server = registrar.is_server(subscription.subscriber);
  request.expires = message.expires().value_or(kIntervalDefault);
  if (request.expires != 0 && request.expires < kIntervalMin) return Error{Code::IntervalTooBrief, "subscribe.expires"};
  if (!sip::accepts(message, kSettingsType)) return Error{Code::AcceptExcludes, "subscribe.accept"};
  CLAVIGER_TRY(dialog, sip::read_dialog(message));
  subscription.dialog = std::move(dialog);
  if (!subscription.dialog.local_tag.empty()) return request;
  CLAVIGER_TRY(parts, sip::Parts::of(message));
  CLAVIGER_TRY(signers, check_signatures(parts, registrar.services(), access.keys));
  for (const Service& each : registrar.services().all()) {
    CLAVIGER_TRY(part, info_part(parts, each));
    if (part == nullptr) continue;
    CLAVIGER_TRY(opened, open_info(parts, *part, each, signers, access.keys));
    // Servers share no CSK with us.
    if (!subscription.is_server) {
      CLAVIGER_TRY(enough, check_policy(each, opened.protection));
    }
    const InfoDocument& info = opened.info;
    if (info.request_uri.empty()) break;
    CLAVIGER_TRY(resource, canonical_mc_service_id(info.request_uri));
    CLAVIGER_TRY(owned, check_owner(opened.protection, resource));
    subscription.csk_id = opened.protection.csk_id;
    subscription.is_confidential = info.key != nullptr;
    subscription.is_integral = !opened.protection.is_unsigned;
    subscription.resource = std::move(resource);
    subscription.service = each.name;
    // A UE hears of all its user's clients; a server may ask for one.
    if (subscription.is_server) subscription.client_id = info.client_id;
    return request;
  }
  return Error{Code::ServiceNotAuthorised, "subscribe.resource"};
}

}  // namespace claviger::registration
