#include "broker/registration/body_access.h"

#include <algorithm>

#include "broker/registration/info_document.h"
#include "broker/registration/procedures.h"
#include "core/crypto/mikey/i_message.h"
#include "core/sip/scan.h"

namespace claviger::registration {

using runtime::Task;

namespace {

Result<std::string> message_of(const sip::Part& part) {
  if (sip::equals_ignoring_case(part.transfer_encoding, "base64")) return Error{Code::CskInvalid, "csk.base64"};
  if (part.body.size() > mikey::kIMessageBytesMax) return Error{Code::CskInvalid, "csk.size"};
  return std::string(part.body);
}

// Identities that stand in the clear beside the message, and those that are bound here already: one of them made it, if
// the message does not say who.
std::vector<std::string> candidates_of(Registrar& registrar, const sip::Parts& parts,
                                       const Registration* registration) {
  std::vector<std::string> candidates;
  const auto add = [&candidates](const std::string& identity) {
    if (!identity.empty() && std::ranges::find(candidates, identity) == candidates.end())
      candidates.push_back(identity);
  };
  if (registration != nullptr) {
    for (const BindingName& name : registration->bindings) add(name.mc_service_id);
  }
  for (const Service& service : registrar.services().all()) {
    const sip::Part* const part = parts.find(service.info_media_type);
    if (part == nullptr) continue;
    const auto info = parse_info(part->body, service, BodyKeys());
    if (!info) continue;
    add(info->request_uri);
    if (info->access_token.empty()) continue;
    const auto policy = registrar.policy(service);
    if (!policy) continue;
    const auto facts = check_token(registrar.here(), **policy, service, info->access_token);
    if (facts) add(facts->mc_service_id);
  }
  return candidates;
}

}  // namespace

ClientServerKeyRef BodyAccess::uploaded_by(std::string_view mc_service_id) const {
  for (const ClientServerKeyRef& key : uploaded) {
    if (key->mc_service_id == mc_service_id) return key;
  }
  return nullptr;
}

bool is_protected(const sip::Message& message) {
  const std::string_view body = message.body();
  if (message.has(sip::HeaderId::ContentTransferEncoding)) return true;
  for (const std::string_view mark : {kMikeyType, std::string_view("KeyName>"), std::string_view(";key-id=")}) {
    if (body.find(mark) != std::string_view::npos) return true;
  }
  // What is in a part in base64 nobody sees here.
  constexpr std::string_view kBase = "base";
  for (std::size_t at = body.find("64", kBase.size()); at != std::string_view::npos; at = body.find("64", at + 2)) {
    if (sip::equals_ignoring_case(body.substr(at - kBase.size(), kBase.size()), kBase)) return true;
  }
  return false;
}

Task<Result<BodyAccess>> access_body(Registrar* registrar, const sip::Parts* parts, std::string impu) {
  BodyAccess access;
  std::vector<const sip::Part*> messages;
  std::vector<std::uint32_t> named;
  for (const sip::Part& part : *parts) {
    if (sip::equals_ignoring_case(part.media_type(), kMikeyType)) {
      messages.push_back(&part);
      continue;
    }
    for (const std::uint32_t id : keys_named_in(part.body)) {
      if (named.size() < kKeyNamesMax && std::ranges::find(named, id) == named.end()) named.push_back(id);
    }
  }
  if (messages.size() > kUploadsMax) co_return Error{Code::SipHeaderRepeated, "registration.mikey"};
  if (!messages.empty()) {
    CskOpener* const opener = registrar->csk_opener();
    if (opener == nullptr) co_return Error{Code::CskInvalid, "csk.no_kms"};
    auto registration = co_await read_registration(registrar, impu);
    if (!registration && registration.error().code != Code::RegistrationUnknown) co_return registration.error();
    const auto candidates = candidates_of(*registrar, *parts, registration ? &*registration : nullptr);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      auto upload = std::make_shared<Upload>();
      CLAVIGER_CO_TRY(message, message_of(*messages[i]));
      upload->message = std::move(message);
      upload->impu = impu;
      upload->candidates = candidates;
      CLAVIGER_CO_TRY(opened, co_await opener->open(registrar, std::move(upload)));
      std::erase(named, opened.key->id);
      access.uploaded.push_back(std::move(opened.record));
      access.keys.add(std::move(opened.key));
    }
  }
  for (std::size_t i = 0; i < named.size(); ++i) {
    auto known = co_await read_client_server_key(registrar, impu, named[i]);
    if (known.failed_with(Code::CskMissing)) continue;
    if (!known) co_return known.error();
    CLAVIGER_CO_TRY(key, open_csk(*registrar, *known));
    access.keys.add(std::move(key));
  }
  co_return access;
}

Task<Result<BodyAccess>> access_without_upload(Registrar* registrar, const sip::Received* received, std::string impu) {
  const sip::Message& message = received->message;
  if (!is_protected(message)) co_return BodyAccess();
  CLAVIGER_CO_TRY(parts, sip::Parts::of(message));
  if (parts.count(kMikeyType) != 0) co_return Error{Code::CskInvalid, "csk.method"};
  auto access = co_await access_body(registrar, &parts, std::move(impu));
  co_return access;
}

}  // namespace claviger::registration
