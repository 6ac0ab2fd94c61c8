#include <algorithm>
#include <array>

#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "broker/identity/client_procedures.h"
#include "broker/identity/former_client_secret.h"
#include "core/codec/json_writer.h"

namespace claviger::admin {
namespace {

using identity::Client;
using runtime::Task;

// The names of RFC 7591 where it has them; in the order of the enumerators.
constexpr std::array<std::string_view, 3> kProfiles{"plain", "mc", "val"};
constexpr std::array<std::string_view, 5> kAuthentications{"none", "client_secret_basic", "private_key_jwt",
                                                           "tls_client_auth", "self_signed_tls_client_auth"};

template <std::size_t N>
std::optional<std::size_t> index_of(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return i;
  }
  return std::nullopt;
}

void write_list(codec::JsonWriter<std::string>& json, std::string_view name, const std::vector<std::string>& values) {
  json.name(name).begin_array();
  for (const std::string& value : values) json.value(value);
  json.end_array();
}

// `secret`: empty, or the text that is shown this once. `former_secret_until`: 0, or until when that of before is good.
void write_client(codec::JsonWriter<std::string>& json, const Client& client, std::string_view secret,
                  std::int64_t former_secret_until = 0) {
  json.begin_object().member("client_id", client.client_id).member("name", client.name);
  json.member("enabled", client.is_enabled).member("profile", kProfiles[static_cast<std::size_t>(client.profile)]);
  json.member("authentication", kAuthentications[static_cast<std::size_t>(client.authentication)]);
  if (!secret.empty()) json.member("client_secret", secret);
  if (former_secret_until != 0) json.member("former_secret_until", former_secret_until);
  json.name("grants").begin_array();
  if (client.may_code) json.value("authorization_code");
  if (client.may_client_credentials) json.value("client_credentials");
  if (client.may_exchange) json.value("token_exchange");
  if (client.may_assert) json.value("jwt_bearer");
  json.end_array();
  write_list(json, "redirect_uris", client.redirect_uris);
  write_list(json, "scopes", client.scopes);
  json.member("may_introspect", client.may_introspect);
  write_list(json, "audiences", client.audiences);
  if (!client.jwks.empty()) json.member("jwks", client.jwks);
  if (!client.tls_subject.empty()) json.member("tls_subject", client.tls_subject);
  if (!client.tls_certificate_digest.empty()) json.member("tls_certificate_digest", client.tls_certificate_digest);
  json.member("val_server_id", client.val_server_id);
  write_list(json, "val_services", client.val_services);
  json.member("may_push_keys", client.may_push_keys);
  json.member("certificate_bound", client.is_certificate_bound);
  json.member("dpop_bound", client.is_dpop_bound).member("require_pushed_requests", client.must_push_requests);
  json.member("subject_type", client.has_pairwise_subject ? "pairwise" : "public");
  if (!client.sector_identifier.empty()) json.member("sector_identifier", client.sector_identifier);
  write_list(json, "post_logout_redirect_uris", client.post_logout_redirect_uris);
  if (!client.backchannel_logout_uri.empty()) json.member("backchannel_logout_uri", client.backchannel_logout_uri);
  json.member("asks_consent", client.asks_consent).member("created_at", client.created_at);
  if (client.access_token_life > Seconds{0}) json.member("access_token_life", client.access_token_life.count());
  json.end_object();
}

Answer answer_with(const Client& client, std::string_view secret = {}) {
  std::string text;
  codec::JsonWriter json(text);
  write_client(json, client, secret);
  return Answer(std::move(text));
}

constexpr std::string_view kSubjectTypes = "subject_type: public or pairwise";
bool is_subject_type(std::string_view text) { return text == "public" || text == "pairwise"; }

struct DraftOrWrong {
  identity::ClientDraft draft;
  std::optional<std::string> wrong;
};
DraftOrWrong read_draft(codec::JsonObject object) {
  DraftOrWrong result;
  identity::ClientDraft& draft = result.draft;
  std::string profile(kProfiles[0]);
  std::string authentication(kAuthentications[0]);
  std::vector<std::string> grants;
  ObjectReader members(object);
  members.read("client_id", draft.client_id).read("name", draft.name).read("profile", profile);
  members.read("authentication", authentication).read("redirect_uris", draft.redirect_uris);
  members.read("scopes", draft.scopes).read("grants", grants).read("may_introspect", draft.may_introspect);
  members.read("audiences", draft.audiences).read("jwks", draft.jwks).read("tls_subject", draft.tls_subject);
  members.read("tls_certificate_digest", draft.tls_certificate_digest);
  members.read("certificate_bound", draft.is_certificate_bound);
  members.read("dpop_bound", draft.is_dpop_bound).read("require_pushed_requests", draft.must_push_requests);
  members.read("post_logout_redirect_uris", draft.post_logout_redirect_uris);
  members.read("backchannel_logout_uri", draft.backchannel_logout_uri);
  members.read("asks_consent", draft.asks_consent);
  std::string subject_type("public");
  members.read("subject_type", subject_type).read("sector_identifier", draft.sector_identifier);
  draft.has_pairwise_subject = subject_type == "pairwise";
  members.read("val_server_id", draft.val_server_id).read("val_services", draft.val_services);
  members.read("may_push_keys", draft.may_push_keys);
  std::optional<std::int64_t> life;
  members.read("access_token_life", life);
  draft.access_token_life = Seconds{life.value_or(0)};
  result.wrong = members.wrong();
  if (!is_subject_type(subject_type) && !result.wrong) result.wrong = std::string(kSubjectTypes);
  for (const std::string& grant : grants) {
    if (grant == "authorization_code")
      draft.may_code = true;
    else if (grant == "client_credentials")
      draft.may_client_credentials = true;
    else if (grant == "token_exchange")
      draft.may_exchange = true;
    else if (grant == "jwt_bearer")
      draft.may_assert = true;
    else if (!result.wrong)
      result.wrong = "grants: authorization_code, client_credentials, token_exchange or jwt_bearer";
  }
  const auto profile_index = index_of(kProfiles, profile);
  const auto authentication_index = index_of(kAuthentications, authentication);
  if (!profile_index && !result.wrong) result.wrong = "profile: plain, mc or val";
  if (!authentication_index && !result.wrong) result.wrong = "authentication: not a method that we know";
  draft.profile = static_cast<identity::ClientProfile>(profile_index.value_or(0));
  draft.authentication = static_cast<identity::ClientAuthentication>(authentication_index.value_or(0));
  return result;
}

Task<Answer> show(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  auto client = co_await identity::find_client(call->at(), call->values[0], call->values[1]);
  if (!client) co_return client.error();
  CLAVIGER_CO_TRY(until, co_await identity::former_secret_until(call->at(), call->values[0], call->values[1]));
  std::string text;
  codec::JsonWriter json(text);
  write_client(json, *client, {}, until);
  co_return Answer(std::move(text));
}

Task<Answer> list(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  CLAVIGER_CO_TRY(paging, paging_of(*call));
  auto page = co_await identity::list_clients(call->at(), call->values[0], std::move(paging.after), paging.limit);
  if (!page) co_return page.error();
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().name("items").begin_array();
  for (const Client& client : page->clients) write_client(json, client, {});
  json.end_array();
  if (!page->next.empty()) json.member("next", page->next);
  json.end_object();
  co_return Answer(std::move(text));
}

Task<Answer> add(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  DraftOrWrong read = read_draft(object);
  if (read.wrong) co_return Answer(Code::BadValue, *read.wrong);
  if (!read.draft.client_id.empty()) call->target += "/" + read.draft.client_id;
  auto created = co_await identity::create_client(call->at(), call->values[0], std::move(read.draft));
  if (!created) co_return created.error();
  call->target = call->values[0] + "/" + created->client.client_id;
  co_return answer_with(created->client, as_text(created->secret.reveal()));
}

// What is named is read and changed; the rest stays.
struct ChangeOrWrong {
  identity::ClientChange change;
  std::optional<std::string> wrong;
};
ChangeOrWrong read_change(codec::JsonObject object) {
  ChangeOrWrong result;
  identity::ClientChange& change = result.change;
  ObjectReader members(object);
  const auto read = [&](std::string_view name, auto& field) {
    if (object.contains(name)) members.read(name, field.emplace());
  };
  std::optional<std::string> profile, authentication, subject_type;
  std::optional<std::vector<std::string>> grants;
  read("name", change.name);
  read("profile", profile);
  read("authentication", authentication);
  read("redirect_uris", change.redirect_uris);
  read("scopes", change.scopes);
  read("grants", grants);
  read("may_introspect", change.may_introspect);
  read("audiences", change.audiences);
  read("jwks", change.jwks);
  read("tls_subject", change.tls_subject);
  read("tls_certificate_digest", change.tls_certificate_digest);
  read("certificate_bound", change.is_certificate_bound);
  read("dpop_bound", change.is_dpop_bound);
  read("require_pushed_requests", change.must_push_requests);
  read("asks_consent", change.asks_consent);
  read("subject_type", subject_type);
  read("sector_identifier", change.sector_identifier);
  read("post_logout_redirect_uris", change.post_logout_redirect_uris);
  read("backchannel_logout_uri", change.backchannel_logout_uri);
  read("val_server_id", change.val_server_id);
  read("val_services", change.val_services);
  read("may_push_keys", change.may_push_keys);
  std::optional<std::int64_t> life;
  members.read("access_token_life", life);
  if (life) change.access_token_life = Seconds{*life};
  result.wrong = members.wrong();
  const auto fail = [&result](std::string_view what) {
    if (!result.wrong) result.wrong = std::string(what);
  };
  if (profile) {
    const auto index = index_of(kProfiles, *profile);
    if (!index) fail("profile: plain, mc or val");
    change.profile = static_cast<identity::ClientProfile>(index.value_or(0));
  }
  if (authentication) {
    const auto index = index_of(kAuthentications, *authentication);
    if (!index) fail("authentication: not a method that we know");
    change.authentication = static_cast<identity::ClientAuthentication>(index.value_or(0));
  }
  if (subject_type) {
    if (!is_subject_type(*subject_type)) fail(kSubjectTypes);
    change.has_pairwise_subject = *subject_type == "pairwise";
  }
  if (grants) {
    change.may_code = change.may_client_credentials = change.may_exchange = change.may_assert = false;
    for (const std::string& grant : *grants) {
      if (grant == "authorization_code")
        change.may_code = true;
      else if (grant == "client_credentials")
        change.may_client_credentials = true;
      else if (grant == "token_exchange")
        change.may_exchange = true;
      else if (grant == "jwt_bearer")
        change.may_assert = true;
      else
        fail("grants: authorization_code, client_credentials, token_exchange or jwt_bearer");
    }
  }
  return result;
}

Task<Answer> set(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  ChangeOrWrong read = read_change(object);
  if (read.wrong) co_return Answer(Code::BadValue, *read.wrong);
  auto changed = co_await identity::change_client(call->at(), call->values[0], call->values[1], std::move(read.change));
  if (!changed) co_return changed.error();
  co_return answer_with(*changed);
}

Task<Answer> set_enabled(Call* call, bool is_enabled) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  auto done = co_await identity::set_client_enabled(call->at(), call->values[0], call->values[1], is_enabled);
  if (!done) co_return done.error();
  Answer shown = co_await show(call);
  co_return shown;
}
Task<Answer> enable(Call* call) { return set_enabled(call, true); }
Task<Answer> disable(Call* call) { return set_enabled(call, false); }

Task<Answer> remove(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  auto done = co_await identity::remove_client(call->at(), call->values[0], call->values[1]);
  if (!done) co_return done.error();
  co_return Answer("{}");
}

// {"overlap": seconds that the present secret is good beside the new one}, or nothing.
Task<Answer> rotate_secret(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  std::optional<std::int64_t> overlap;
  if (!call->request.body.empty()) {
    codec::JsonReader reader;
    CLAVIGER_CO_TRY(object, body_object(*call, reader));
    ObjectReader members(object);
    members.read("overlap", overlap);
    if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  }
  call->named.clear();
  if (overlap) call->detail = "overlap=" + std::to_string(*overlap);
  // Bounded before it is a duration: what is far beyond the limit is beyond it all the same.
  const Seconds wanted(std::clamp<std::int64_t>(overlap.value_or(0), -1, identity::kSecretOverlapMax.count() + 1));
  auto secret =
      co_await identity::rotate_client_secret_with_overlap(call->at(), call->values[0], call->values[1], wanted);
  if (secret.failed_with(Code::OutOfRange))
    co_return Answer(Code::OutOfRange, "overlap: 0 to 2592000 seconds (30 days)");
  if (secret.failed_with(Code::ClientMetadata)) {
    co_return Answer(Code::ClientMetadata, "authentication: this client has no secret");
  }
  if (!secret) co_return secret.error();
  CLAVIGER_CO_TRY(until, co_await identity::former_secret_until(call->at(), call->values[0], call->values[1]));
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("client_id", call->values[1]).member("client_secret", as_text(secret->reveal()));
  if (until != 0) json.member("former_secret_until", until);
  json.end_object();
  co_return Answer(std::move(text));
}

}  // namespace

void add_client_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  add_verbs(router, services,
            {{Method::Get, "/tenants/{tenant}/clients", "client.list", Effect::Reads, list},
             {Method::Post, "/tenants/{tenant}/clients", "client.add", Effect::Changes, add},
             {Method::Get, "/tenants/{tenant}/clients/{client}", "client.show", Effect::Reads, show},
             {Method::Patch, "/tenants/{tenant}/clients/{client}", "client.set", Effect::Changes, set},
             {Method::Delete, "/tenants/{tenant}/clients/{client}", "client.remove", Effect::Changes, remove},
             {Method::Post, "/tenants/{tenant}/clients/{client}/enable", "client.enable", Effect::Changes, enable},
             {Method::Post, "/tenants/{tenant}/clients/{client}/disable", "client.disable", Effect::Changes, disable},
             {Method::Post, "/tenants/{tenant}/clients/{client}/secret", "client.rotate-secret", Effect::Changes,
              rotate_secret}});
}

}  // namespace claviger::admin
