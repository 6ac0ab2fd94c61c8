#include "broker/identity/authenticators/policy.h"

#include <algorithm>

#include "broker/identity/authentication_policy_generated.h"
#include "broker/identity/authenticators/authenticator.h"
#include "broker/identity/authenticators/password_length.h"
#include "broker/identity/identity_shard.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "storage/record.h"

namespace claviger::identity {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

namespace {

constexpr storage::RecordSchema kSchema{"policies", 1};
template <typename E>
bool is_valid(std::uint8_t value, E last) {
  return value <= static_cast<std::uint8_t>(last);
}

}  // namespace

bool AuthenticationPolicy::allows(std::string_view method) const {
  return methods.empty() || std::ranges::find(methods, method) != methods.end();
}

std::string policy_key(std::string_view tenant, const PolicyScope& scope) {
  if (!scope.sub.empty()) return broker::record_key({tenant, "", "policy", "user", scope.sub});
  if (!scope.client_id.empty()) return broker::record_key({tenant, "", "policy", "client", scope.client_id});
  return broker::record_key({tenant, "", "policy", "tenant"});
}

std::string encode_policy(const AuthenticationPolicy& policy) {
  flatbuffers::FlatBufferBuilder builder(128);
  const auto methods = storage::put_texts(builder, policy.methods);
  schema::AuthenticationPolicyBuilder record(builder);
  record.add_schema_version(kSchema.version);
  record.add_methods(methods);
  record.add_second_factor(static_cast<std::uint8_t>(policy.second_factor));
  record.add_enrolment(static_cast<std::uint8_t>(policy.enrolment));
  record.add_browser_session(static_cast<std::uint8_t>(policy.browser_session));
  builder.Finish(record.Finish());
  return storage::finished(builder);
}

Result<AuthenticationPolicy> decode_policy(const storage::Value& value) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::AuthenticationPolicy>::open(value, kSchema));
  if (!is_valid(record->second_factor(), SecondFactor::Required) ||
      !is_valid(record->enrolment(), Enrolment::ByAdmin) || !is_valid(record->browser_session(), BrowserSession::Off)) {
    return Error{Code::Corrupt, "policies"};
  }
  AuthenticationPolicy policy;
  policy.methods = storage::texts_of(record->methods());
  policy.second_factor = static_cast<SecondFactor>(record->second_factor());
  policy.enrolment = static_cast<Enrolment>(record->enrolment());
  policy.browser_session = static_cast<BrowserSession>(record->browser_session());
  policy.version = value.version();
  return policy;
}

AuthenticationPolicy stricter(const AuthenticationPolicy& left, const AuthenticationPolicy& right) {
  AuthenticationPolicy both;
  if (left.methods.empty()) {
    both.methods = right.methods;
  } else {
    std::ranges::copy_if(left.methods, std::back_inserter(both.methods),
                         [&](const std::string& method) { return right.allows(method); });
    // An empty list would allow all: what two policies exclude from each other is nothing.
    if (both.methods.empty()) both.methods.emplace_back("none");
  }
  both.second_factor = std::max(left.second_factor, right.second_factor);
  both.enrolment = std::max(left.enrolment, right.enrolment);
  both.browser_session = std::max(left.browser_session, right.browser_session);
  return both;
}

Result<Unit> check_policy(const AuthenticationPolicy& policy) {
  if (policy.methods.size() > kPolicyMethodsMax) return Error{Code::PolicyInvalid, "policy.methods"};
  for (const std::string& method : policy.methods) {
    const bool is_known = method == "password" || find_authenticator(method) != nullptr;
    if (!is_known || std::ranges::count(policy.methods, method) != 1) {
      return Error{Code::PolicyInvalid, "policy.methods"};
    }
  }
  if (!policy.allows("password")) return Error{Code::PolicyInvalid, "policy.methods"};
  return Unit{};
}

Task<Result<AuthenticationPolicy>> read_policy(Context* context, std::string tenant, PolicyScope scope) {
  auto value = co_await context->store.get(tables::kAuthenticators, policy_key(tenant, scope));
  if (value.failed_with(Code::NotFound)) co_return AuthenticationPolicy();
  if (!value) co_return value.error();
  co_return decode_policy(*value);
}

Task<Result<AuthenticationPolicy>> policy_for(Context* context, std::string tenant, std::string client_id,
                                              std::string sub) {
  PolicyScope everybody;
  CLAVIGER_CO_TRY(of_tenant, co_await read_policy(context, tenant, everybody));
  PolicyScope at_client{client_id, {}};
  CLAVIGER_CO_TRY(of_client, co_await read_policy(context, tenant, at_client));
  AuthenticationPolicy policy = stricter(of_tenant, of_client);
  if (sub.empty()) co_return policy;
  PolicyScope user{{}, sub};
  CLAVIGER_CO_TRY(of_user, co_await read_policy(context, tenant, user));
  co_return stricter(policy, of_user);
}

namespace {

void put_policy(storage::Transaction& transaction, const std::string& key, const AuthenticationPolicy& policy) {
  const bool says_nothing = policy.methods.empty() && policy.second_factor == SecondFactor::Unsaid &&
                            policy.enrolment == Enrolment::Unsaid && policy.browser_session == BrowserSession::Unsaid;
  if (says_nothing) {
    transaction.erase(tables::kAuthenticators, key);
  } else {
    transaction.put(tables::kAuthenticators, key, as_bytes(encode_policy(policy)));
  }
}

void apply(const PolicyChange& change, AuthenticationPolicy& policy) {
  if (change.methods) policy.methods = *change.methods;
  if (change.second_factor) policy.second_factor = *change.second_factor;
  if (change.enrolment) policy.enrolment = *change.enrolment;
  if (change.browser_session) policy.browser_session = *change.browser_session;
}

}  // namespace

Task<Result<AuthenticationPolicy>> change_policy(Context* context, std::string tenant, PolicyScope scope,
                                                 PolicyChange change) {
  const bool is_of_tenant = scope.client_id.empty() && scope.sub.empty();
  if (change.password_length && (!is_of_tenant || *change.password_length > kPasswordLengthMax)) {
    co_return Error{Code::OutOfRange, "policy.password_length"};
  }
  const std::string key = policy_key(tenant, scope);
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    CLAVIGER_CO_TRY(policy, co_await read_policy(context, tenant, scope));
    apply(change, policy);
    CLAVIGER_CO_TRY(checked, check_policy(policy));
    storage::Transaction transaction;
    if (policy.version == 0) {
      transaction.expect_absent(tables::kAuthenticators, key);
    } else {
      transaction.expect_version(tables::kAuthenticators, key, policy.version);
    }
    put_policy(transaction, key, policy);
    if (change.password_length) put_password_length(transaction, tenant, *change.password_length);
    auto committed = co_await context->store.commit(std::move(transaction));
    if (committed) co_return policy;
    if (!committed.failed_with(Code::Conflict)) co_return committed.error();
  }
  co_return Error{Code::Conflict, "policy.change"};
}

Task<Result<Unit>> write_policy(Context* context, std::string tenant, PolicyScope scope, AuthenticationPolicy policy) {
  CLAVIGER_CO_TRY(checked, check_policy(policy));
  storage::Transaction transaction;
  put_policy(transaction, policy_key(tenant, scope), policy);
  auto committed = co_await context->store.commit(std::move(transaction));
  if (!committed) co_return committed.error();
  co_return Unit{};
}

}  // namespace claviger::identity
