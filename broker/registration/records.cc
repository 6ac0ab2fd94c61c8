#include "broker/registration/records.h"

#include <algorithm>
#include <array>

#include "broker/record_key.h"
#include "broker/registration/dialog_record.h"
#include "broker/registration/registration_generated.h"
#include "broker/registration/rows.h"
#include "broker/tables.h"
#include "core/codec/urn.h"
#include "storage/record.h"

namespace claviger::registration {

namespace tables = broker::tables;
using broker::record_key;
using broker::record_prefix;
using storage::put_text;
using storage::put_texts;
using storage::text_of;
using storage::texts_of;

namespace {

constexpr std::uint16_t kVersion = 1;
constexpr std::array<std::string_view, 9> kReasons{"",           "deregistered",      "expired",
                                                   "logged-off", "feature-lost",      "revoked",
                                                   "replaced",   "ended-by-operator", "token-expired"};

using Builder = flatbuffers::FlatBufferBuilder;

flatbuffers::Offset<schema::BindingName> put_name(Builder& builder, const BindingName& name) {
  const auto mc_service_id = builder.CreateString(name.mc_service_id);
  const auto service = builder.CreateString(name.service);
  const auto client_id = builder.CreateString(name.client_id);
  return schema::CreateBindingName(builder, mc_service_id, service, client_id);
}
BindingName read_name(const schema::BindingName& name) {
  return {text_of(name.mc_service_id()), text_of(name.service()), codec::canonical_urn(text_of(name.client_id()))};
}

int tri_state(int value) { return value < 0 ? -1 : value; }

std::array<std::pair<std::string_view, std::string_view>, 4> revocable_names(const Binding& binding) {
  return {{{"s", binding.sid}, {"u", binding.sub}, {"j", binding.jti}, {kUeIndex, binding.ue}}};
}

std::string index_key(std::string_view tenant, std::string_view kind, std::string_view id, const BindingName& name) {
  return record_key({tenant, kind, id, name.mc_service_id, name.service, name.client_id});
}

void expect(storage::Transaction& change, storage::TableId table, const std::string& key, std::uint64_t version) {
  if (version == 0)
    change.expect_absent(table, key);
  else
    change.expect_version(table, key, version);
}

}  // namespace

std::string_view name_of(EndReason reason) { return kReasons[static_cast<std::size_t>(reason)]; }

std::string registration_key(std::string_view tenant, std::string_view impu) { return record_key({tenant, impu}); }
std::string binding_key(std::string_view tenant, const BindingName& name) {
  return record_key({tenant, "b", name.mc_service_id, name.service, name.client_id});
}
std::string bindings_prefix(std::string_view tenant, std::string_view mc_service_id) {
  return record_prefix({tenant, "b", mc_service_id});
}
std::string bindings_prefix(std::string_view tenant, std::string_view mc_service_id, std::string_view service) {
  return record_prefix({tenant, "b", mc_service_id, service});
}
std::string publication_key(std::string_view tenant, std::string_view etag) { return record_key({tenant, etag}); }
std::string subscription_key(std::string_view tenant, std::string_view local_tag) {
  return record_key({tenant, "d", local_tag});
}
std::string resource_prefix(std::string_view tenant, std::string_view resource) {
  return record_prefix({tenant, "r", resource});
}
std::string revocable_prefix(std::string_view tenant, std::string_view kind, std::string_view id) {
  return record_prefix({tenant, kind, id});
}

Result<BindingName> name_of_index(std::string_view key) {
  std::array<std::string_view, 6> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t end = i + 1 < parts.size() ? key.find('\0') : key.size();
    if (end == std::string_view::npos) return Error{Code::Corrupt, "registration.index"};
    parts[i] = key.substr(0, end);
    key.remove_prefix(std::min(end + 1, key.size()));
  }
  return BindingName{std::string(parts[3]), std::string(parts[4]), std::string(parts[5])};
}

Result<std::string> tag_of_index(std::string_view key) {
  const std::size_t last = key.rfind('\0');
  if (last == std::string_view::npos || last + 1 == key.size()) return Error{Code::Corrupt, "registration.resource"};
  return std::string(key.substr(last + 1));
}

std::string encode(const Registration& registration) {
  Builder builder;
  std::vector<flatbuffers::Offset<schema::BindingName>> names;
  names.reserve(registration.bindings.size());
  for (const BindingName& name : registration.bindings) names.push_back(put_name(builder, name));
  const auto bindings = builder.CreateVector(names);
  const auto s_cscf = put_text(builder, registration.s_cscf);
  const auto path = put_texts(builder, registration.path);
  const auto icid = put_text(builder, registration.icid);
  const auto orig_ioi = put_text(builder, registration.orig_ioi);
  const auto charging = put_text(builder, registration.charging_functions);
  const auto visited = put_text(builder, registration.visited_network);
  const auto watch_tag = put_text(builder, registration.watch_tag);
  const auto watched_at = put_text(builder, registration.watched_at);
  builder.Finish(schema::CreateRegistration(builder, kVersion, s_cscf, path, registration.registered_at,
                                            registration.expires_at, registration.timer_due, icid, orig_ioi, charging,
                                            visited, bindings, watch_tag, watched_at));
  return storage::finished(builder);
}

Result<Registration> decode_registration(const storage::Value& value, std::string_view impu) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Registration>::open(value, {"registrations", kVersion}, impu));
  Registration registration;
  registration.impu = impu;
  registration.s_cscf = text_of(record->s_cscf());
  registration.path = texts_of(record->path());
  registration.registered_at = record->registered_at();
  registration.expires_at = record->expires_at();
  registration.timer_due = record->timer_due();
  registration.icid = text_of(record->icid());
  registration.orig_ioi = text_of(record->orig_ioi());
  registration.charging_functions = text_of(record->charging_functions());
  registration.visited_network = text_of(record->visited_network());
  if (const auto* names = record->bindings()) {
    for (const schema::BindingName* each : *names) {
      BindingName name = read_name(*each);
      // An earlier version took two writings of a client's ID for two clients.
      if (std::ranges::find(registration.bindings, name) == registration.bindings.end()) {
        registration.bindings.push_back(std::move(name));
      }
    }
  }
  registration.watch_tag = text_of(record->watch_tag());
  registration.watched_at = text_of(record->watched_at());
  registration.version = value.version();
  return registration;
}

std::string encode(const Binding& binding) {
  Builder builder;
  const auto name = put_name(builder, binding.name);
  const auto impu = builder.CreateString(binding.impu);
  const auto instance = put_text(builder, binding.instance);
  const auto issuer = put_text(builder, binding.issuer);
  const auto client = put_text(builder, binding.oauth_client_id);
  const auto scope = put_text(builder, binding.scope);
  const auto sub = put_text(builder, binding.sub);
  const auto sid = put_text(builder, binding.sid);
  const auto jti = put_text(builder, binding.jti);
  const auto digest = storage::put_bytes(builder, as_bytes(binding.token_digest));
  const auto etag = put_text(builder, binding.etag);
  const auto ue = put_text(builder, binding.ue);
  builder.Finish(schema::CreateBinding(builder, kVersion, name, impu, instance, issuer, client, scope, sub, sid, jti,
                                       digest, binding.token_issued_at, binding.token_expires_at, binding.authorised_at,
                                       etag, static_cast<std::uint8_t>(binding.ended), binding.ended_at, binding.csk_id,
                                       ue, binding.publication_due));
  return storage::finished(builder);
}

Result<Binding> decode_binding(const storage::Value& value) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Binding>::open(value, {"service_states", kVersion}));
  Binding binding;
  binding.name = read_name(*record->name());
  binding.impu = text_of(record->impu());
  binding.instance = codec::canonical_urn(text_of(record->instance()));
  binding.issuer = text_of(record->issuer());
  binding.oauth_client_id = text_of(record->oauth_client_id());
  binding.scope = text_of(record->scope());
  binding.sub = text_of(record->sub());
  binding.sid = text_of(record->sid());
  binding.jti = text_of(record->jti());
  binding.token_digest = as_text(storage::bytes_of(record->token_digest()));
  binding.token_issued_at = record->token_issued_at();
  binding.token_expires_at = record->token_expires_at();
  binding.authorised_at = record->authorised_at();
  binding.etag = text_of(record->etag());
  if (record->ended() >= kReasons.size()) return Error{Code::Corrupt, "service_states"};
  binding.ended = static_cast<EndReason>(record->ended());
  binding.ended_at = record->ended_at();
  binding.csk_id = record->csk_id();
  binding.ue = codec::canonical_urn(text_of(record->ue()));
  binding.publication_due = record->publication_due();
  binding.version = value.version();
  return binding;
}

std::string encode(const Publication& publication) {
  Builder builder;
  const ServiceSettings& settings = publication.settings;
  const auto name = put_name(builder, publication.name);
  const auto impu = builder.CreateString(publication.impu);
  const auto superseded_by = put_text(builder, publication.superseded_by);
  const auto answer_mode = put_text(builder, settings.answer_mode);
  const auto entity_id = put_text(builder, settings.entity_id);
  const auto flag = [](int value) { return static_cast<std::int8_t>(tri_state(value)); };
  builder.Finish(schema::CreatePublication(builder, kVersion, name, impu, publication.expires_at, superseded_by,
                                           answer_mode, settings.profile_index, flag(settings.multiplex),
                                           flag(settings.session_barring), flag(settings.alert_barring),
                                           flag(settings.simultaneous_sessions), entity_id));
  return storage::finished(builder);
}

Result<Publication> decode_publication(const storage::Value& value, std::string_view etag) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Publication>::open(value, {"publications", kVersion}, etag));
  Publication publication;
  publication.etag = etag;
  publication.name = read_name(*record->name());
  publication.impu = text_of(record->impu());
  publication.expires_at = record->expires_at();
  publication.superseded_by = text_of(record->superseded_by());
  publication.settings.answer_mode = text_of(record->answer_mode());
  publication.settings.profile_index = record->profile_index();
  publication.settings.multiplex = record->multiplex();
  publication.settings.session_barring = record->session_barring();
  publication.settings.alert_barring = record->alert_barring();
  publication.settings.simultaneous_sessions = record->simultaneous_sessions();
  publication.settings.entity_id = text_of(record->entity_id());
  publication.version = value.version();
  return publication;
}

std::string encode(const Subscription& subscription) {
  Builder builder;
  const auto resource = builder.CreateString(subscription.resource);
  const auto service = builder.CreateString(subscription.service);
  const auto client_id = put_text(builder, subscription.client_id);
  const auto subscriber = builder.CreateString(subscription.subscriber);
  const DialogTexts dialog = put_dialog_texts(builder, subscription.dialog, subscription.life);
  schema::SubscriptionBuilder record(builder);
  record.add_schema_version(kVersion);
  record.add_resource(resource);
  record.add_service(service);
  record.add_client_id(client_id);
  record.add_subscriber(subscriber);
  record.add_is_server(subscription.is_server);
  add_dialog(record, dialog, subscription.dialog, subscription.life);
  record.add_created_at(subscription.created_at);
  record.add_csk_id(subscription.csk_id);
  record.add_is_confidential(subscription.is_confidential);
  record.add_is_integral(subscription.is_integral);
  builder.Finish(record.Finish());
  return storage::finished(builder);
}

Result<Subscription> decode_subscription(const storage::Value& value, std::string_view local_tag) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Subscription>::open(value, {"subscriptions", kVersion}, local_tag));
  Subscription subscription;
  read_dialog(*record, local_tag, subscription.dialog, subscription.life);
  subscription.resource = text_of(record->resource());
  subscription.service = text_of(record->service());
  subscription.client_id = codec::canonical_urn(text_of(record->client_id()));
  subscription.subscriber = text_of(record->subscriber());
  subscription.is_server = record->is_server();
  subscription.created_at = record->created_at();
  subscription.csk_id = record->csk_id();
  subscription.is_confidential = record->is_confidential();
  subscription.is_integral = record->is_integral();
  subscription.version = value.version();
  return subscription;
}

void put(storage::Transaction& change, std::string_view tenant, const Registration& registration) {
  const std::string key = registration_key(tenant, registration.impu);
  expect(change, tables::kRegistrations, key, registration.version);
  change.put(tables::kRegistrations, key, as_bytes(encode(registration)));
}

void put(storage::Transaction& change, std::string_view tenant, const Binding& binding, const Binding* former) {
  const std::string key = binding_key(tenant, binding.name);
  // What stays stands: a renewed token has the session and the user of the one before.
  const bool has_former = former != nullptr && former->version != 0 && former->ended == EndReason::None;
  const auto old_names = has_former ? revocable_names(*former) : decltype(revocable_names(binding))();
  const auto new_names = revocable_names(binding);
  expect(change, tables::kServiceStates, key, binding.version);
  change.put(tables::kServiceStates, key, as_bytes(encode(binding)));
  for (std::size_t i = 0; i < new_names.size(); ++i) {
    const std::string_view old_id = old_names[i].second;
    const auto& [kind, id] = new_names[i];
    if (old_id == id) continue;
    if (!old_id.empty()) change.erase(tables::kServiceStates, index_key(tenant, kind, old_id, former->name));
    if (!id.empty()) change.put(tables::kServiceStates, index_key(tenant, kind, id, binding.name), Bytes());
  }
}

void put_ended(storage::Transaction& change, std::string_view tenant, Binding binding, EndReason reason,
               std::int64_t now) {
  for (const auto& [kind, id] : revocable_names(binding)) {
    if (!id.empty()) change.erase(tables::kServiceStates, index_key(tenant, kind, id, binding.name));
  }
  if (!binding.etag.empty()) change.erase(tables::kPublications, publication_key(tenant, binding.etag));
  erase_publication_timer(change, binding, now);
  binding.etag.clear();
  binding.publication_due = 0;
  binding.csk_id = 0;
  binding.ended = reason;
  binding.ended_at = now;
  const std::string key = binding_key(tenant, binding.name);
  change.expect_version(tables::kServiceStates, key, binding.version);
  change.put(tables::kServiceStates, key, as_bytes(encode(binding)), now + kEndedKept);
}

void put(storage::Transaction& change, std::string_view tenant, const Publication& publication) {
  const std::string key = publication_key(tenant, publication.etag);
  expect(change, tables::kPublications, key, publication.version);
  change.put(tables::kPublications, key, as_bytes(encode(publication)), publication.expires_at);
}

void put(storage::Transaction& change, std::string_view tenant, const Subscription& subscription) {
  const std::string key = subscription_key(tenant, subscription.dialog.local_tag);
  expect(change, tables::kSubscriptions, key, subscription.version);
  change.put(tables::kSubscriptions, key, as_bytes(encode(subscription)));
  if (subscription.version == 0) {
    change.put(tables::kSubscriptions, resource_prefix(tenant, subscription.resource) + subscription.dialog.local_tag,
               Bytes());
  }
}

void erase(storage::Transaction& change, std::string_view tenant, const Registration& registration) {
  const std::string key = registration_key(tenant, registration.impu);
  change.expect_version(tables::kRegistrations, key, registration.version);
  change.erase(tables::kRegistrations, key);
}

void erase(storage::Transaction& change, std::string_view tenant, const Subscription& subscription) {
  const std::string key = subscription_key(tenant, subscription.dialog.local_tag);
  change.expect_version(tables::kSubscriptions, key, subscription.version);
  change.erase(tables::kSubscriptions, key);
  change.erase(tables::kSubscriptions, resource_prefix(tenant, subscription.resource) + subscription.dialog.local_tag);
}

}  // namespace claviger::registration
