#include <array>
#include <utility>

#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "broker/admin/user_lookup.h"
#include "broker/identity/authenticators/authenticator_procedures.h"
#include "broker/identity/authenticators/enrolment.h"
#include "broker/identity/authenticators/password_length.h"
#include "broker/identity/authenticators/policy.h"
#include "broker/identity/authenticators/pskc.h"
#include "broker/identity/client_procedures.h"
#include "core/codec/base32.h"
#include "core/codec/hex.h"
#include "core/codec/json_writer.h"

namespace claviger::admin {
namespace {

using identity::AuthenticationPolicy;
using identity::AuthenticatorRecord;
using runtime::Task;
using Json = codec::JsonWriter<std::string>;

void write_authenticator(Json& json, const AuthenticatorRecord& record) {
  constexpr std::size_t kDigestBytes = 32;
  json.begin_object().member("id", record.id).member("kind", record.kind);
  if (!record.label.empty()) json.member("label", record.label);
  if (record.serial.starts_with(identity::kSerialPrefix)) {
    json.member("serial", record.serial.substr(identity::kSerialPrefix.size()));
  }
  if (!record.digests.empty()) {
    json.member("codes_left", record.digests.size() / kDigestBytes);
  } else if (!record.sealed_secret.empty()) {
    json.member("algorithm", identity::name_of(record.algorithm)).member("digits", record.digits);
    if (record.kind == "totp") json.member("period", record.period_seconds);
  }
  json.member("created_at", record.created_at);
  if (record.last_used_at != 0) json.member("last_used_at", record.last_used_at);
  json.end_object();
}

Task<Result<identity::User>> find(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  auto user = co_await find_named_user(call->at(), call->values[0], call->values[1]);
  if (user) call->target = call->values[0] + "/" + user->login + " (" + user->sub + ")";
  co_return user;
}

struct DraftOrWrong {
  identity::AuthenticatorDraft draft;
  std::optional<std::string> wrong;
};

DraftOrWrong read_draft(codec::JsonObject object) {
  DraftOrWrong read;
  identity::AuthenticatorDraft& draft = read.draft;
  std::optional<std::int64_t> digits = 6;
  std::optional<std::int64_t> period = 30;
  std::optional<std::int64_t> counter = 0;
  std::string algorithm = "SHA1";
  SecretBytes seed;
  ObjectReader members(object);
  members.read("kind", draft.kind).require("kind").read("label", draft.label).read("serial", draft.serial);
  members.read("digits", digits).read("period", period).read("counter", counter).read("algorithm", algorithm);
  members.read("seed", seed).read("certificate", draft.certificate);
  read.wrong = members.wrong();
  if (read.wrong) return read;
  // Out of range becomes what check_draft() refuses.
  draft.digits = *digits < 0 || *digits > 255 ? 0U : static_cast<unsigned>(*digits);
  draft.period_seconds = *period < 0 || *period > 86'400 ? 0U : static_cast<std::uint32_t>(*period);
  draft.counter = *counter < 0 ? ~std::uint64_t{0} : static_cast<std::uint64_t>(*counter);
  if (algorithm == "SHA256") {
    draft.algorithm = crypto::OtpAlgorithm::Sha256;
  } else if (algorithm == "SHA512") {
    draft.algorithm = crypto::OtpAlgorithm::Sha512;
  } else if (algorithm != "SHA1") {
    read.wrong = "algorithm: SHA1, SHA256 or SHA512";
  }
  if (seed.empty()) return read;
  SecretBytes decoded(codec::base32_decoded_size_max(seed.size()));
  const auto size = codec::base32_decode(as_text(seed.reveal()), decoded.reveal_for_writing());
  if (!size || *size == 0) {
    read.wrong = "seed: not base32";
  } else {
    draft.seed = SecretBytes(decoded.reveal().first(*size));
  }
  return read;
}

// One token out of the file that came with it: the one of `serial`, or the only one there is.
DraftOrWrong read_token(codec::JsonObject object) {
  DraftOrWrong read;
  SecretBytes file;
  SecretBytes key_text;
  std::string serial;
  std::string label;
  ObjectReader members(object);
  members.read("pskc", file).require("pskc").read("key", key_text).read("serial", serial).read("label", label);
  read.wrong = members.wrong();
  if (read.wrong) return read;
  SecretBytes key(key_text.size() / 2);
  if (!codec::hex_decode(as_text(key_text.reveal()), key.reveal_for_writing())) {
    read.wrong = "key: not hexadecimal";
    return read;
  }
  auto drafts = identity::read_pskc(as_text(file.reveal()), key.reveal());
  if (!drafts) {
    read.wrong =
        "pskc: not a key container that we can read, or another key [" + std::string(drafts.error().where) + "]";
    return read;
  }
  for (identity::AuthenticatorDraft& draft : *drafts) {
    if (draft.serial != serial && !(serial.empty() && drafts->size() == 1)) continue;
    read.draft = std::move(draft);
    read.draft.label = label;
    return read;
  }
  read.wrong = serial.empty() ? "serial: there are several tokens in the file" : "serial: no such token in the file";
  return read;
}

Task<Answer> list(Call* call) {
  auto user = co_await find(call);
  if (!user) co_return user.error();
  auto records = co_await identity::list_authenticators(call->at(), call->values[0], user->sub);
  if (!records) co_return records.error();
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  for (const AuthenticatorRecord& record : *records) write_authenticator(json, record);
  json.end_array().end_object();
  co_return Answer(std::move(text));
}

Task<Answer> add(Call* call) {
  codec::JsonReader reader(codec::JsonLimits{.bytes_max = kBodyBytesMax});
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  DraftOrWrong read = object.find("pskc") ? read_token(object) : read_draft(object);
  reader.wipe();
  if (read.wrong) co_return Answer(Code::BadValue, *read.wrong);
  auto user = co_await find(call);
  if (!user) co_return user.error();
  auto made = co_await identity::add_authenticator(call->at(), call->values[0], user->sub, std::move(read.draft));
  if (!made) co_return made.error();
  call->detail = "kind=" + made->record.kind + " id=" + made->record.id;
  std::string text;
  text.reserve(4096);  // holds a seed or codes: no growth leaves a copy behind
  Json json(text);
  json.begin_object().name("authenticator");
  write_authenticator(json, made->record);
  if (!made->otpauth_uri.empty()) json.member("otpauth_uri", as_text(made->otpauth_uri.reveal()));
  if (!made->codes.empty()) {
    json.name("codes").begin_array();
    for (const SecretBytes& code : made->codes) json.value(as_text(code.reveal()));
    json.end_array();
  }
  json.end_object();
  co_return Answer(std::move(text));
}

Task<Answer> remove(Call* call) {
  auto user = co_await find(call);
  if (!user) co_return user.error();
  call->detail = "id=" + call->values[2];
  auto done = co_await identity::remove_authenticator(call->at(), call->values[0], user->sub, call->values[2]);
  if (!done) co_return done.error();
  co_return Answer("{}");
}

// The words of a policy; the first stands for "nothing said".
constexpr std::array<std::string_view, 4> kSecondFactors{"", "on-request", "enrolled", "required"};
constexpr std::array<std::string_view, 3> kEnrolments{"", "self", "admin"};
constexpr std::array<std::string_view, 4> kBrowserSessions{"", "all", "plain", "off"};

template <typename E, std::size_t N>
bool read_word(const std::array<std::string_view, N>& words, std::string_view word, E& value) {
  for (std::size_t i = 0; i < N; ++i) {
    if (words[i] != word) continue;
    value = static_cast<E>(i);
    return true;
  }
  return false;
}

template <typename E, std::size_t N>
std::string_view word_of(const std::array<std::string_view, N>& words, E value) {
  return words[static_cast<std::size_t>(value)];
}

// `password_length`: 0: nothing is said.
Answer answer_with(const AuthenticationPolicy& policy, std::uint8_t password_length) {
  std::string text;
  Json json(text);
  json.begin_object().name("methods").begin_array();
  for (const std::string& method : policy.methods) json.value(method);
  json.end_array().member("second_factor", word_of(kSecondFactors, policy.second_factor));
  json.member("enrolment", word_of(kEnrolments, policy.enrolment));
  json.member("browser_session", word_of(kBrowserSessions, policy.browser_session));
  if (password_length != 0) json.member("password_length", static_cast<int>(password_length));
  json.end_object();
  return Answer(std::move(text));
}

bool is_of_tenant(const identity::PolicyScope& scope) { return scope.client_id.empty() && scope.sub.empty(); }

Task<Answer> show_policy(Call* call, identity::PolicyScope scope) {
  std::uint8_t password_length = 0;
  if (is_of_tenant(scope)) {
    CLAVIGER_CO_TRY(said, co_await identity::read_password_length(call->at(), call->values[0]));
    password_length = said;
  }
  auto policy = co_await identity::read_policy(call->at(), call->values[0], std::move(scope));
  if (!policy) co_return policy.error();
  co_return answer_with(*policy, password_length);
}

enum class Absent : bool { Stays, IsTakenBack };

struct ReadPolicy {
  identity::PolicyChange change;
  std::optional<std::string> wrong;
};
ReadPolicy read_change(codec::JsonObject object, bool is_tenants, Absent absent) {
  ReadPolicy read;
  std::vector<std::string> methods;
  std::string second_factor;
  std::string enrolment;
  std::string browser_session;
  std::optional<std::int64_t> password_length;
  ObjectReader members(object);
  members.read("methods", methods).read("second_factor", second_factor).read("enrolment", enrolment);
  members.read("browser_session", browser_session).read("password_length", password_length);
  read.wrong = members.wrong();
  if (read.wrong) return read;
  const auto is_said = [&](std::string_view name) { return absent == Absent::IsTakenBack || object.contains(name); };
  identity::PolicyChange& change = read.change;
  if (is_said("methods")) change.methods = std::move(methods);
  if (is_said("second_factor") && !read_word(kSecondFactors, second_factor, change.second_factor.emplace())) {
    read.wrong = "second_factor: on-request, enrolled or required";
  }
  if (is_said("enrolment") && !read_word(kEnrolments, enrolment, change.enrolment.emplace())) {
    read.wrong = "enrolment: self or admin";
  }
  if (is_said("browser_session") && !read_word(kBrowserSessions, browser_session, change.browser_session.emplace())) {
    read.wrong = "browser_session: all, plain or off";
  }
  const std::int64_t characters = password_length.value_or(0);
  if (characters < 0 || characters > identity::kPasswordLengthMax || (password_length && !is_tenants)) {
    read.wrong = "password_length: 1 to 64 characters, of a tenant's policy only; 0: 8 again";
  } else if (is_tenants && is_said("password_length")) {
    change.password_length = static_cast<std::uint8_t>(characters);
  }
  return read;
}

// For the audit log: who takes a second factor away is seen to.
std::string said_by(const identity::PolicyChange& change) {
  std::string text;
  const auto add = [&text](std::string_view name, std::string_view value) {
    if (!text.empty()) text += ' ';
    text.append(name).append("=").append(value.empty() ? "unsaid" : value);
  };
  if (change.methods) {
    std::string list;
    for (const std::string& method : *change.methods) list += (list.empty() ? "" : ",") + method;
    add("methods", list);
  }
  if (change.second_factor) add("second_factor", word_of(kSecondFactors, *change.second_factor));
  if (change.enrolment) add("enrolment", word_of(kEnrolments, *change.enrolment));
  if (change.browser_session) add("browser_session", word_of(kBrowserSessions, *change.browser_session));
  if (change.password_length) {
    add("password_length", *change.password_length == 0 ? "" : std::to_string(*change.password_length));
  }
  return text;
}

Task<Answer> write_policy(Call* call, identity::PolicyScope scope, Absent absent) {
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  ReadPolicy read = read_change(object, is_of_tenant(scope), absent);
  if (read.wrong) co_return Answer(Code::BadValue, *read.wrong);
  call->detail = said_by(read.change);
  call->named.clear();
  auto policy = co_await identity::change_policy(call->at(), call->values[0], scope, std::move(read.change));
  if (!policy) co_return policy.error();
  std::uint8_t password_length = 0;
  if (is_of_tenant(scope)) {
    CLAVIGER_CO_TRY(said, co_await identity::read_password_length(call->at(), call->values[0]));
    password_length = said;
  }
  co_return answer_with(*policy, password_length);
}

Task<Result<identity::PolicyScope>> scope_of_user(Call* call) {
  CLAVIGER_CO_TRY(user, co_await find(call));
  co_return identity::PolicyScope{{}, user.sub};
}
Task<Result<identity::PolicyScope>> scope_of_client(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  CLAVIGER_CO_TRY(client, co_await identity::find_client(call->at(), call->values[0], call->values[1]));
  co_return identity::PolicyScope{client.client_id, {}};
}
Task<Result<identity::PolicyScope>> scope_of_tenant(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  co_return identity::PolicyScope();
}

using ScopeOf = Task<Result<identity::PolicyScope>> (*)(Call*);

template <ScopeOf scope_of>
Task<Answer> show_policy_of(Call* call) {
  auto scope = co_await scope_of(call);
  if (!scope) co_return scope.error();
  Answer shown = co_await show_policy(call, *std::move(scope));
  co_return shown;
}
template <ScopeOf scope_of, Absent absent>
Task<Answer> write_policy_of(Call* call) {
  auto scope = co_await scope_of(call);
  if (!scope) co_return scope.error();
  Answer written = co_await write_policy(call, *std::move(scope), absent);
  co_return written;
}
// The whole policy.
template <ScopeOf scope_of>
Task<Answer> replace_policy_of(Call* call) {
  return write_policy_of<scope_of, Absent::IsTakenBack>(call);
}
// What is named.
template <ScopeOf scope_of>
Task<Answer> change_policy_of(Call* call) {
  return write_policy_of<scope_of, Absent::Stays>(call);
}

}  // namespace

void add_authenticator_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  constexpr std::string_view kAll = "/tenants/{tenant}/users/{login}/authenticators";
  constexpr std::string_view kOfTenant = "/tenants/{tenant}/policy";
  constexpr std::string_view kOfClient = "/tenants/{tenant}/clients/{id}/policy";
  constexpr std::string_view kOfUser = "/tenants/{tenant}/users/{login}/policy";
  add_verbs(router, services,
            {{Method::Get, kAll, "authenticator.list", Effect::Reads, list},
             {Method::Post, kAll, "authenticator.add", Effect::Changes, add},
             {Method::Delete, "/tenants/{tenant}/users/{login}/authenticators/{id}", "authenticator.remove",
              Effect::Changes, remove},
             {Method::Get, kOfTenant, "policy.show", Effect::Reads, show_policy_of<scope_of_tenant>},
             {Method::Put, kOfTenant, "policy.set", Effect::Changes, replace_policy_of<scope_of_tenant>},
             {Method::Patch, kOfTenant, "policy.set", Effect::Changes, change_policy_of<scope_of_tenant>},
             {Method::Get, kOfClient, "policy.show", Effect::Reads, show_policy_of<scope_of_client>},
             {Method::Put, kOfClient, "policy.set", Effect::Changes, replace_policy_of<scope_of_client>},
             {Method::Patch, kOfClient, "policy.set", Effect::Changes, change_policy_of<scope_of_client>},
             {Method::Get, kOfUser, "policy.show", Effect::Reads, show_policy_of<scope_of_user>},
             {Method::Put, kOfUser, "policy.set", Effect::Changes, replace_policy_of<scope_of_user>},
             {Method::Patch, kOfUser, "policy.set", Effect::Changes, change_policy_of<scope_of_user>}});
}

}  // namespace claviger::admin
