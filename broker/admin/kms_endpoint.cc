#include <algorithm>
#include <array>

#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "broker/admin/user_lookup.h"
#include "broker/keys/domain_procedures.h"
#include "broker/keys/known_identity.h"
#include "broker/keys/user_procedures.h"
#include "core/codec/hex.h"
#include "core/codec/json_writer.h"
#include "core/crypto/secret_shares.h"

namespace claviger::admin {
namespace {

using keys::DomainRef;
using runtime::Task;
using Json = codec::JsonWriter<std::string>;

// In the order of the enumerators.
constexpr std::array<std::string_view, 3> kStates{"active", "retired", "revoked"};
constexpr std::array<std::string_view, 3> kWrapModes{"pad", "strip04", "pad11"};

void write_list(Json& json, std::string_view name, const std::vector<std::string>& values) {
  json.name(name).begin_array();
  for (const std::string& value : values) json.value(value);
  json.end_array();
}

std::string hex_of(Bytes bytes) {
  std::string text;
  codec::hex_encode(bytes, text);
  return text;
}

// Nothing of it is secret.
void write_domain(Json& json, const keys::LoadedDomain& loaded, std::uint64_t cache_number) {
  const keys::Domain& domain = loaded.domain;
  json.begin_object().member("kms_uri", domain.kms_uri).member("generation", domain.generation);
  json.member("state", kStates[static_cast<std::size_t>(domain.state)]).member("cert_uri", domain.cert_uri);
  json.member("has_secrets", loaded.keys != nullptr);
  if (!domain.issuer.empty()) json.member("issuer", domain.issuer);
  json.member("period", domain.periods.seconds).member("offset", domain.periods.offset);
  json.member("valid_from", domain.valid_from).member("valid_to", domain.valid_to);
  json.member("pub_enc_key", hex_of(domain.public_encryption));
  json.member("pub_auth_key", hex_of(domain.public_authentication));
  json.member("cache_number", cache_number).member("fingerprint", keys::fingerprint_of(domain));
  write_list(json, "domains", domain.domains);
  const keys::DomainPolicy& policy = domain.policy;
  write_list(json, "scopes", policy.scopes);
  json.member("needs_signature", policy.needs_signature).member("needs_transport_key", policy.needs_transport_key);
  json.member("trk_wrap", kWrapModes[static_cast<std::size_t>(policy.wrap_mode)]);
  json.member("trk_cipher_value", policy.is_cipher_hex ? "hex" : "base64");
  json.member("uid_text", policy.is_user_id_base64 ? "base64" : "hex");
  json.member("uid_in_crypto", policy.is_uid_hex_text ? "hextext" : "raw");
  json.member("lenient_time", policy.is_time_lenient).member("retained_periods", policy.retained_periods);
  json.member("early_percent", policy.early_percent).member("created_at", domain.created_at);
  json.member("changed_at", domain.changed_at).end_object();
}

// `cache_number`: that of the whole cache, which clients are told; 0: of the domain's own last change.
Answer answer_with(const keys::LoadedDomain& domain, std::uint64_t cache_number = 0) {
  std::string text;
  Json json(text);
  write_domain(json, domain, cache_number == 0 ? domain.domain.cache_number : cache_number);
  return Answer(std::move(text));
}

Result<Unit> check_room(const Call& call) {
  if (call.services.kms == nullptr) return Error{Code::NotFound, "kms"};
  return check_tenant(call);
}

// One of two words; absent: as it was.
void read_choice(ObjectReader& members, std::string_view name, std::string_view no, std::string_view yes,
                 std::optional<bool>& field, std::optional<std::string>& wrong) {
  std::string word;
  members.read(name, word);
  if (word.empty()) return;
  if (word != no && word != yes && !wrong) {
    wrong = std::string(name) + ": " + std::string(no) + " or " + std::string(yes);
  }
  field = word == yes;
}

void read_flag(ObjectReader& members, std::string_view name, std::optional<bool>& field) {
  bool value = false;
  if (!members.has(name)) return;
  members.read(name, value);
  field = value;
}

void read_list(ObjectReader& members, std::string_view name, std::optional<std::vector<std::string>>& field) {
  if (!members.has(name)) return;
  field.emplace();
  members.read(name, *field);
}

struct PolicyOrWrong {
  keys::PolicyChange change;
  std::optional<std::string> wrong;
};
PolicyOrWrong read_policy(ObjectReader& members) {
  PolicyOrWrong read;
  keys::PolicyChange& change = read.change;
  read_list(members, "scopes", change.scopes);
  read_list(members, "domains", change.domains);
  read_flag(members, "needs_signature", change.needs_signature);
  read_flag(members, "needs_transport_key", change.needs_transport_key);
  read_flag(members, "lenient_time", change.is_time_lenient);
  read_choice(members, "trk_cipher_value", "base64", "hex", change.is_cipher_hex, read.wrong);
  read_choice(members, "uid_text", "hex", "base64", change.is_user_id_base64, read.wrong);
  read_choice(members, "uid_in_crypto", "raw", "hextext", change.is_uid_hex_text, read.wrong);
  members.read("retained_periods", change.retained_periods).read("early_percent", change.early_percent);
  std::string mode;
  members.read("trk_wrap", mode);
  if (!mode.empty()) {
    const auto* found = std::ranges::find(kWrapModes, mode);
    if (found == kWrapModes.end() && !read.wrong) read.wrong = "trk_wrap: pad, strip04 or pad11";
    if (found != kWrapModes.end()) change.wrap_mode = static_cast<keys::WrapMode>(found - kWrapModes.begin());
  }
  if (auto wrong = members.wrong()) read.wrong = std::move(wrong);
  return read;
}

// "claviger-share:3:" and hex: the number is how many are needed, for the people who keep them.
constexpr std::string_view kSharePrefix = "claviger-share:";
// Of a secret of kDomainSecretBytes: index, octets, check.
constexpr std::size_t kShareBytes = 1 + keys::kDomainSecretBytes + crypto::kShareCheckBytes;

Result<std::shared_ptr<const SecretBytes>> read_shares(const std::vector<SecretBytes>& texts) {
  std::vector<SecretBytes> shares;
  for (const SecretBytes& line : texts) {
    std::string_view text = as_text(line.reveal());
    while (text.ends_with('\n') || text.ends_with('\r') || text.ends_with(' ')) text.remove_suffix(1);
    const std::size_t colon = text.rfind(':');
    SecretBytes share(kShareBytes);
    if (!text.starts_with(kSharePrefix) || text.size() - colon - 1 != 2 * kShareBytes ||
        !codec::hex_decode(text.substr(colon + 1), share.reveal_for_writing())) {
      return Error{Code::CeremonyShares, "shares.text"};
    }
    shares.push_back(std::move(share));
  }
  CLAVIGER_TRY(secret, crypto::combine_shares(shares));
  return std::shared_ptr<const SecretBytes>(std::make_shared<SecretBytes>(std::move(secret)));
}

// At the end of a number in big-endian octets.
bool decode_number(std::string_view digits, MutableBytes number) {
  const std::size_t size = digits.size() / 2;
  if (digits.empty() || digits.size() % 2 != 0 || size > number.size()) return false;
  return codec::hex_decode(digits, number.last(size)).has_value();
}

// "Z KSAK": the secrets z_T and KSAK of a domain that another maker's KMS has until now, in hexadecimal digits.
std::shared_ptr<const SecretBytes> read_secrets(const SecretBytes& line) {
  const std::string_view text = as_text(line.reveal());
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos) return nullptr;
  auto secrets = std::make_shared<SecretBytes>(keys::kDomainSecretBytes);
  const MutableBytes octets = secrets->reveal_for_writing();
  const bool is_good = decode_number(text.substr(0, blank), octets.first(keys::kZBytes)) &&
                       decode_number(text.substr(blank + 1), octets.subspan(keys::kZBytes));
  return is_good ? secrets : nullptr;
}

// {"shares": 5, "threshold": 3}: shown once, and in the audit log that somebody asked.
Task<Answer> export_shares(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  std::optional<std::int64_t> count;
  std::optional<std::int64_t> threshold;
  ObjectReader members(object);
  members.read("shares", count).require("shares").read("threshold", threshold).require("threshold");
  if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  const auto table = call->services.kms->table();
  const keys::TenantDomains* domains = table->find(call->values[0]);
  if (domains == nullptr) co_return Error{Code::KmsUnknown, "kms"};
  if (*count < 2 || *threshold < 2 || *count > static_cast<std::int64_t>(crypto::kSharesMax)) {
    co_return Answer(Code::BadValue, "2 shares at least, 32 at most, and 2 of them needed at least");
  }
  const auto shares = keys::share_domain(*domains->generations.back(), static_cast<std::size_t>(*threshold),
                                         static_cast<std::size_t>(*count));
  if (!shares) co_return shares.error();
  call->detail = "shares=" + std::to_string(*count) + " threshold=" + std::to_string(*threshold);
  std::string text;
  text.reserve(shares->size() * 4 * kShareBytes);
  Json json(text);
  json.begin_object().name("items").begin_array();
  for (const SecretBytes& share : *shares) {
    std::string line = std::string(kSharePrefix) + std::to_string(*threshold) + ":";
    line.reserve(line.size() + 2 * share.size());
    codec::hex_encode(share.reveal(), line);
    json.begin_object().member("share", line).end_object();
    wipe(std::as_writable_bytes(std::span(line)));
  }
  json.end_array().end_object();
  co_return Answer(std::move(text));
}

Task<Answer> init(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  ObjectReader members(object);
  keys::DomainDraft draft;
  std::optional<std::int64_t> period;
  std::optional<std::int64_t> offset;
  members.read("uri", draft.kms_uri).require("uri").read("cert_uri", draft.cert_uri).read("issuer", draft.issuer);
  members.read("period", period).read("offset", offset);
  std::vector<SecretBytes> shares;  // wiped whichever way this ends
  SecretBytes secrets_line;
  members.read("shares", shares).read("secrets", secrets_line);
  PolicyOrWrong policy = read_policy(members);
  reader.wipe();
  if (policy.wrong) co_return Answer(Code::BadValue, *policy.wrong);
  constexpr std::int64_t kMax = 0xFFFF'FFFF;
  if (period && (*period < 1 || *period > kMax)) co_return Answer(Code::BadValue, "period: 1 to 4294967295 seconds");
  if (offset && (*offset < 0 || *offset > kMax)) co_return Answer(Code::BadValue, "offset: 0 to 4294967295 seconds");
  if (period) draft.periods.seconds = static_cast<std::uint32_t>(*period);
  if (offset) draft.periods.offset = static_cast<std::uint32_t>(*offset);
  if (policy.change.domains) draft.domains = *std::exchange(policy.change.domains, std::nullopt);
  if (!shares.empty()) {
    auto secrets = read_shares(shares);
    if (!secrets) co_return secrets.error();
    draft.secrets = *std::move(secrets);
  }
  constexpr std::string_view kWrongSecrets = "secrets: z_T and KSAK in hexadecimal digits, each below its order";
  if (secrets_line.size() != 0) {
    if (draft.secrets != nullptr) co_return Answer(Code::BadValue, "secrets or shares of them, not both");
    draft.secrets = read_secrets(secrets_line);
    if (draft.secrets == nullptr) co_return Answer(Code::BadValue, std::string(kWrongSecrets));
  }
  if (draft.secrets != nullptr) call->detail = "secrets brought along";
  call->target += "/" + draft.kms_uri;
  draft.change = std::move(policy.change);
  auto made = co_await keys::init_domain(call->services.kms, call->values[0], std::move(draft));
  if (made.failed_with(Code::ScalarInvalid)) co_return Answer(Code::BadValue, std::string(kWrongSecrets));
  if (!made) co_return made.error();
  co_return answer_with(**made);
}

Task<Answer> set(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  ObjectReader members(object);
  PolicyOrWrong policy = read_policy(members);
  if (policy.wrong) co_return Answer(Code::BadValue, *policy.wrong);
  auto done = co_await keys::set_policy(call->services.kms, call->values[0], std::move(policy.change));
  if (!done) co_return done.error();
  co_return answer_with(**done);
}

Task<Answer> show(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  const auto table = call->services.kms->table();
  const keys::TenantDomains* domains = table->find(call->values[0]);
  if (domains == nullptr) co_return Error{Code::KmsUnknown, "kms"};
  co_return answer_with(*domains->generations.back(), domains->cache_number());
}

Task<Answer> list(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  const auto table = call->services.kms->table();
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  if (const keys::TenantDomains* domains = table->find(call->values[0])) {
    for (const DomainRef& each : domains->generations) write_domain(json, *each, each->domain.cache_number);
  }
  json.end_array().end_object();
  co_return Answer(std::move(text));
}

// {"compromised": true}: nothing of the former secrets is given any more.
Task<Answer> rotate(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  bool is_compromised = false;
  if (!call->request.body.empty()) {
    codec::JsonReader reader;
    CLAVIGER_CO_TRY(object, body_object(*call, reader));
    ObjectReader members(object);
    members.read("compromised", is_compromised);
    if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  }
  call->detail = is_compromised ? "compromised" : "planned";
  auto done = co_await keys::rotate_domain(call->services.kms, call->values[0], is_compromised);
  if (!done) co_return done.error();
  co_return answer_with(**done);
}

Task<Answer> revoke(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto done = co_await keys::revoke_domain(call->services.kms, call->values[0]);
  if (!done) co_return done.error();
  co_return answer_with(**done);
}

Answer answer_with(const keys::UserPolicy& policy) {
  std::string text;
  Json json(text);
  json.begin_object().member("user_uri", policy.user_uri).member("revoked", policy.is_revoked);
  if (policy.is_revoked) json.member("revoked_at", policy.revoked_at).member("reason", policy.reason);
  write_list(json, "migration_kms", policy.migration_kms);
  write_list(json, "external_kms", policy.external_kms);
  if (!policy.client_id.empty()) json.member("client_id", policy.client_id);
  json.end_object();
  return Answer(std::move(text));
}

Task<Answer> show_user(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  CLAVIGER_CO_TRY(uri, keys::check_uri(call->values[1]));
  auto policy = co_await keys::read_user_policy(call->at(), call->values[0], call->values[1]);
  if (!policy) co_return policy.error();
  co_return answer_with(*policy);
}

Task<Answer> revoke_user(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  std::string reason;
  if (!call->request.body.empty()) {
    codec::JsonReader reader;
    CLAVIGER_CO_TRY(object, body_object(*call, reader));
    ObjectReader members(object);
    members.read("reason", reason);
    if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  }
  const auto somebody = co_await keys::check_identity(call->at(), call->values[0], call->values[1]);
  if (somebody.failed_with(Code::UserUnknown)) {
    const std::string hint = co_await mc_service_ids_of(call->at(), call->values[0], call->values[1]);
    if (!hint.empty()) co_return Answer(Code::UserUnknown, hint);
  }
  if (!somebody) co_return somebody.error();
  auto done =
      co_await keys::revoke_user(call->services.kms, call->at(), call->values[0], call->values[1], std::move(reason));
  if (!done) co_return done.error();
  co_return answer_with(*done);
}

Task<Answer> restore_user(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  const auto somebody = co_await keys::check_identity(call->at(), call->values[0], call->values[1]);
  if (somebody.failed_with(Code::UserUnknown)) {
    const std::string hint = co_await mc_service_ids_of(call->at(), call->values[0], call->values[1]);
    if (!hint.empty()) co_return Answer(Code::UserUnknown, hint);
  }
  if (!somebody) co_return somebody.error();
  auto done = co_await keys::restore_user(call->services.kms, call->at(), call->values[0], call->values[1]);
  if (!done) co_return done.error();
  co_return answer_with(*done);
}

Task<Answer> set_user(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  ObjectReader members(object);
  keys::UserPolicy wanted;
  wanted.user_uri = call->values[1];
  members.read("migration_kms", wanted.migration_kms).read("external_kms", wanted.external_kms);
  members.read("client_id", wanted.client_id);
  if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  auto done = co_await keys::set_user_kms(call->services.kms, call->at(), call->values[0], std::move(wanted));
  if (!done) co_return done.error();
  co_return answer_with(*done);
}

// What the object does not name stays.
Task<Answer> change_user(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  ObjectReader members(object);
  keys::UserKmsChange wanted;
  if (members.has("migration_kms")) members.read("migration_kms", wanted.migration_kms.emplace());
  if (members.has("external_kms")) members.read("external_kms", wanted.external_kms.emplace());
  if (members.has("client_id")) members.read("client_id", wanted.client_id.emplace());
  if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  auto done = co_await keys::change_user_kms(call->services.kms, call->at(), call->values[0], call->values[1],
                                             std::move(wanted));
  if (!done) co_return done.error();
  co_return answer_with(*done);
}

}  // namespace

void add_kms_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  add_verbs(
      router, services,
      {{Method::Post, "/tenants/{tenant}/kms", "kms.init", Effect::Changes, init},
       {Method::Get, "/tenants/{tenant}/kms", "kms.show", Effect::Reads, show},
       {Method::Patch, "/tenants/{tenant}/kms", "kms.set", Effect::Changes, set},
       {Method::Get, "/tenants/{tenant}/kms/generations", "kms.list", Effect::Reads, list},
       {Method::Post, "/tenants/{tenant}/kms/shares", "kms.export-shares", Effect::ReadsSecrets, export_shares},
       {Method::Post, "/tenants/{tenant}/kms/rotate", "kms.rotate", Effect::Changes, rotate},
       {Method::Post, "/tenants/{tenant}/kms/revoke", "kms.revoke", Effect::Changes, revoke},
       {Method::Get, "/tenants/{tenant}/kms/users/{uri}", "kms.user.show", Effect::Reads, show_user},
       {Method::Put, "/tenants/{tenant}/kms/users/{uri}", "kms.user.set", Effect::Changes, set_user},
       {Method::Patch, "/tenants/{tenant}/kms/users/{uri}", "kms.user.set", Effect::Changes, change_user},
       {Method::Post, "/tenants/{tenant}/kms/users/{uri}/revoke", "kms.user.revoke", Effect::Changes, revoke_user},
       {Method::Post, "/tenants/{tenant}/kms/users/{uri}/restore", "kms.user.restore", Effect::Changes, restore_user}});
}

}  // namespace claviger::admin
