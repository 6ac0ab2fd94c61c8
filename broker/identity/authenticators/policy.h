// Which methods may, and must, be used to sign in: said for a tenant, for one of its clients, for one of its users; a
// sign-in is bound by all three together, the strictest of each counts.
//
// Record of tables::kAuthenticators, key tenant + "" + "policy" + scope: no user has an empty sub, so policies and
// authenticators never meet. Absent: nothing is said. Read at each sign-in, so a change counts from the next step on.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/value.h"

namespace claviger::identity {

// In order of strictness; 0 says nothing, and counts as the default behind it.
enum class SecondFactor : std::uint8_t {
  Unsaid = 0,     // as Enrolled
  OnRequest = 1,  // only when the client's acr_values want it
  Enrolled = 2,   // always, of users who have one
  Required = 3    // of everybody
};
enum class Enrolment : std::uint8_t {
  Unsaid = 0,   // as ByAdmin
  Himself = 1,  // a user without a second factor enrols one when a sign-in wants it
  ByAdmin = 2
};
enum class BrowserSession : std::uint8_t {
  Unsaid = 0,  // as Plain
  All = 1,     // one sign-in serves all clients of a browser
  Plain = 2,   // but not those of the MC and VAL profiles: their UE may be another's by now (spec 3.3)
  Off = 3      // each client asks anew
};

// Each authenticator's kind and "password".
inline constexpr std::size_t kPolicyMethodsMax = 16;

struct AuthenticationPolicy {
  std::vector<std::string> methods;  // allowed; empty: all
  SecondFactor second_factor = SecondFactor::Unsaid;
  Enrolment enrolment = Enrolment::Unsaid;
  BrowserSession browser_session = BrowserSession::Unsaid;
  std::uint64_t version = 0;  // of the record; not stored in it

  bool allows(std::string_view method) const;
};

// Whose policy: the tenant's when both are empty.
struct PolicyScope {
  std::string client_id;
  std::string sub;
};
std::string policy_key(std::string_view tenant, const PolicyScope& scope);
std::string encode_policy(const AuthenticationPolicy& policy);
Result<AuthenticationPolicy> decode_policy(const storage::Value& value);

// The strictest of both, defaults not yet put in.
AuthenticationPolicy stricter(const AuthenticationPolicy& left, const AuthenticationPolicy& right);
// PolicyInvalid: a method that there is not, one twice, or nothing that could come first.
Result<Unit> check_policy(const AuthenticationPolicy& policy);

// Empty when nothing is said.
runtime::Task<Result<AuthenticationPolicy>> read_policy(broker::Context* context, std::string tenant,
                                                        PolicyScope scope);
// What binds a sign-in of this user at this client. An empty sub: of anybody.
runtime::Task<Result<AuthenticationPolicy>> policy_for(broker::Context* context, std::string tenant,
                                                       std::string client_id, std::string sub);
// What is absent stays as it is; what is empty, Unsaid or 0 is said no more.
struct PolicyChange {
  std::optional<std::vector<std::string>> methods;
  std::optional<SecondFactor> second_factor;
  std::optional<Enrolment> enrolment;
  std::optional<BrowserSession> browser_session;
  std::optional<std::uint8_t> password_length;  // of a tenant's policy alone (password_length.h)
};
// All of it in one commit; what it says then. PolicyInvalid, OutOfRange (the length), Conflict.
runtime::Task<Result<AuthenticationPolicy>> change_policy(broker::Context* context, std::string tenant,
                                                          PolicyScope scope, PolicyChange change);
// PolicyInvalid. A policy that says nothing is erased.
runtime::Task<Result<Unit>> write_policy(broker::Context* context, std::string tenant, PolicyScope scope,
                                         AuthenticationPolicy policy);

}  // namespace claviger::identity
