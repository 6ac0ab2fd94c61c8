#include "broker/seal_keys/capif_core.h"

#include <algorithm>

#include "broker/identity/val_identity.h"
#include "broker/keys/certificate_trust.h"
#include "broker/record_key.h"
#include "broker/seal_keys/capif_generated.h"
#include "core/codec/uri.h"
#include "core/crypto/published_keys.h"
#include "storage/record.h"

namespace claviger::seal_keys {
namespace {

constexpr storage::RecordSchema kSchema{"capif_core", 1};
constexpr std::size_t kPemBytesMax = 64 * 1024;

std::string text_of(const flatbuffers::String* field) { return field == nullptr ? std::string() : field->str(); }

bool is_https(std::string_view text) {
  const auto uri = codec::parse_absolute_uri(text);
  return uri && uri->scheme_is("https") && !uri->has_userinfo && !uri->has_query;
}

// An AEF ID stands in scopes between these.
bool is_aef_id(std::string_view id) {
  return identity::is_val_identity(id) && id.size() <= kCapifIdBytesMax &&
         id.find_first_of(";,") == std::string_view::npos;
}

}  // namespace

std::string capif_core_key(std::string_view tenant) { return broker::record_key({"capif", tenant}); }

std::string encode_capif_core(const CapifCore& core) {
  flatbuffers::FlatBufferBuilder builder(2048);
  const auto text = [&](const std::string& value) { return builder.CreateString(value); };
  const auto issuer = text(core.issuer);
  const auto jwks = text(core.jwks);
  const auto aef_id = text(core.aef_id);
  const auto open_services = builder.CreateVectorOfStrings(core.open_services);
  const auto core_name = text(core.core_name);
  const auto url = text(core.url);
  const auto ca_pem = text(core.ca_pem);
  const auto invoker_ca_pem = text(core.invoker_ca_pem);
  const auto enrolment = builder.CreateVector(as_uchar(as_bytes(core.sealed_enrolment)), core.sealed_enrolment.size());
  const auto provider_id = text(core.provider_id);
  const auto apf_id = text(core.apf_id);
  const auto assigned_aef_id = text(core.assigned_aef_id);
  const auto service_api_id = text(core.service_api_id);
  const auto subscription = text(core.subscription);
  builder.Finish(schema::CreateCapifCore(
      builder, kSchema.version, issuer, jwks, aef_id, open_services, core_name, core.requires_certificate, url, ca_pem,
      enrolment, core.created_at, provider_id, apf_id, assigned_aef_id, service_api_id, core.logs_invocations,
      core.looks_up_invokers, static_cast<std::uint8_t>(core.policy_mode), subscription, invoker_ca_pem));
  return std::string(as_text(storage::finished_bytes(builder)));
}

Result<CapifCore> decode_capif_core(const storage::Value& value, std::string_view tenant) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::CapifCore>::open(value, kSchema, tenant));
  CapifCore core;
  core.issuer = text_of(record->issuer());
  core.jwks = text_of(record->jwks());
  core.aef_id = text_of(record->aef_id());
  if (record->open_services() != nullptr) {
    for (const flatbuffers::String* service : *record->open_services()) core.open_services.push_back(service->str());
  }
  core.core_name = text_of(record->core_name());
  core.requires_certificate = record->requires_certificate();
  core.url = text_of(record->url());
  core.ca_pem = text_of(record->ca_pem());
  if (const auto* sealed = record->sealed_enrolment()) {
    core.sealed_enrolment = as_text(std::as_bytes(std::span(sealed->data(), sealed->size())));
  }
  core.created_at = record->created_at();
  core.provider_id = text_of(record->provider_id());
  core.apf_id = text_of(record->apf_id());
  core.assigned_aef_id = text_of(record->assigned_aef_id());
  core.service_api_id = text_of(record->service_api_id());
  core.logs_invocations = record->logs_invocations();
  core.looks_up_invokers = record->looks_up_invokers();
  if (record->policy_mode() > static_cast<std::uint8_t>(PolicyMode::Strict)) {
    return Error{Code::Corrupt, "capif.policy_mode"};
  }
  core.policy_mode = static_cast<PolicyMode>(record->policy_mode());
  core.subscription = text_of(record->subscription());
  core.invoker_ca_pem = text_of(record->invoker_ca_pem());
  core.version = value.version();
  return core;
}

Result<CapifCore> core_of(const CapifDraft& draft) {
  if (!identity::is_val_identity(draft.issuer)) return Error{Code::BadValue, "capif.issuer"};
  if (!is_aef_id(draft.aef_id)) return Error{Code::BadValue, "capif.aef_id"};
  const bool are_services = draft.open_services.size() <= identity::kValServicesMax &&
                            std::ranges::all_of(draft.open_services, identity::is_val_service_id);
  if (!are_services) return Error{Code::BadValue, "capif.val_services"};
  if (!draft.core_name.empty() && !identity::is_val_identity(draft.core_name)) {
    return Error{Code::BadValue, "capif.core_name"};
  }
  if (!draft.url.empty() && !is_https(draft.url)) return Error{Code::BadValue, "capif.url"};
  if (draft.ca_pem.size() > kPemBytesMax) return Error{Code::BadValue, "capif.ca"};
  if (!draft.invoker_ca_pem.empty() && !keys::are_authorities(draft.invoker_ca_pem))
    return Error{Code::BadValue, "capif.invoker_ca"};
  const bool wants_url = draft.logs_invocations || draft.looks_up_invokers || draft.policy_mode != PolicyMode::Ignored;
  if (wants_url && draft.url.empty()) return Error{Code::BadValue, "capif.url"};
  CapifCore core;
  core.issuer = draft.issuer;
  core.jwks = draft.jwks;
  core.aef_id = draft.aef_id;
  core.open_services = draft.open_services;
  core.core_name = draft.core_name;
  core.requires_certificate = draft.requires_certificate;
  core.url = draft.url;
  while (core.url.ends_with('/')) core.url.pop_back();
  core.ca_pem = draft.ca_pem;
  core.invoker_ca_pem = draft.invoker_ca_pem;
  core.logs_invocations = draft.logs_invocations;
  core.looks_up_invokers = draft.looks_up_invokers;
  core.policy_mode = draft.policy_mode;
  return core;
}

Result<CapifRef> view_of(CapifCore core) {
  auto view = std::make_shared<CapifView>();
  CLAVIGER_TRY(keys, tokens::KeySet::from_jwks(core.issuer, core.jwks));
  if (keys->keys().empty()) return Error{Code::PartnerKeysMissing, "capif.jwks"};
  for (const tokens::KeySet::Key& key : keys->keys()) {
    if (crypto::is_published_test_key(key.key.thumbprint())) return Error{Code::KeyPublished, "capif.jwks"};
  }
  view->core = std::move(core);
  view->keys = std::move(keys);
  return CapifRef(std::move(view));
}

}  // namespace claviger::seal_keys
