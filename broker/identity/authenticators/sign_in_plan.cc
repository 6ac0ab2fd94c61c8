#include "broker/identity/authenticators/sign_in_plan.h"

#include <algorithm>
#include <array>

#include "broker/identity/authenticators/aka_sign_in.h"
#include "broker/identity/authenticators/authenticator.h"
#include "broker/identity/authorization_request.h"

namespace claviger::identity {
namespace {

using Next = SignInPlan::Next;

struct Order {
  std::string_view wanted;
  std::string_view served_by;
};
// That a second step after the password serves for the password goes without saying.
constexpr std::array kOrder{
    Order{kAcrPasswordOtp, kAcrPasswordWebAuthn},  // no page of another site can ask for it
    Order{kAcrPassword, kAcrCertificate},
    Order{kAcrPassword, kAcrAka},
};

bool serves(const Authenticator& authenticator, std::string_view wanted) {
  const std::string_view reached = authenticator.acr();
  if (reached == wanted) return true;
  if (wanted == kAcrPassword && authenticator.input() != Input::Connection) return true;
  return std::ranges::any_of(kOrder,
                             [&](const Order& order) { return order.wanted == wanted && order.served_by == reached; });
}

std::string_view next_value(std::string_view& values) {
  const std::size_t space = values.find(' ');
  const std::string_view value = values.substr(0, space);
  values.remove_prefix(space == std::string_view::npos ? values.size() : space + 1);
  return value;
}

using Kinds = std::vector<std::string_view>;

// What could follow a first step, of what he has enrolled; nothing when all of it are spares of nothing.
Kinds enrolled_kinds(const std::vector<AuthenticatorRecord>& enrolled) {
  Kinds kinds;
  bool has_proper = false;
  for (const Authenticator* authenticator : authenticators()) {
    if (authenticator->input() == Input::Connection) continue;  // a first step
    const bool is_enrolled =
        std::ranges::find(enrolled, authenticator->kind(), &AuthenticatorRecord::kind) != enrolled.end();
    if (!is_enrolled) continue;
    kinds.push_back(authenticator->kind());
    has_proper = has_proper || !authenticator->is_spare();
  }
  if (!has_proper) kinds.clear();
  return kinds;
}

// Those that policy allows. Nothing when only spares are left: they stand in for what is allowed, not for what is not.
Kinds usable_kinds(const AuthenticationPolicy& policy, const Kinds& owned) {
  Kinds kinds;
  std::ranges::copy_if(owned, std::back_inserter(kinds), [&](std::string_view kind) { return policy.allows(kind); });
  const bool has_proper =
      std::ranges::any_of(kinds, [](std::string_view kind) { return !find_authenticator(kind)->is_spare(); });
  if (!has_proper) kinds.clear();
  return kinds;
}

bool is_second_forced(const AuthenticationPolicy& policy, const Kinds& owned) {
  return policy.second_factor == SecondFactor::Required ||
         (policy.second_factor != SecondFactor::OnRequest && !owned.empty());
}

Kinds serving(const Kinds& kinds, std::string_view wanted) {
  Kinds found;
  std::ranges::copy_if(kinds, std::back_inserter(found),
                       [&](std::string_view kind) { return serves(*find_authenticator(kind), wanted); });
  return found;
}

Kinds enrollable_kinds(const AuthenticationPolicy& policy) {
  Kinds kinds;
  for (const Authenticator* authenticator : authenticators()) {
    if (authenticator->is_self_enrolled() && policy.allows(authenticator->kind()))
      kinds.push_back(authenticator->kind());
  }
  return kinds;
}

struct Goal {
  bool is_found = false;
  bool wants_second = false;
  Kinds kinds;               // that reach it
  std::string_view lacking;  // the first value that he could reach with something that he may enrol now
};

Goal choose_goal(std::string_view acr_values, const Kinds& usable, const Kinds& enrollable) {
  Goal goal;
  if (acr_values.empty()) acr_values = kAcrPassword;
  while (!acr_values.empty()) {
    const std::string_view wanted = next_value(acr_values);
    if (!is_supported_acr(wanted)) continue;
    goal.kinds = serving(usable, wanted);
    if (wanted == kAcrPassword || !goal.kinds.empty()) {
      goal.is_found = true;
      goal.wants_second = wanted != kAcrPassword;
      return goal;
    }
    if (goal.lacking.empty() && !serving(enrollable, wanted).empty()) goal.lacking = wanted;
  }
  return goal;
}

// What took the place of the password reaches its own context, whatever comes after it.
Goal goal_without_password(const Authenticator& first, std::string_view acr_values, Kinds usable) {
  Goal goal;
  goal.is_found = serves_some(first.kind(), acr_values);
  goal.kinds = std::move(usable);
  return goal;
}

SignInPlan plan_of(Next next, Kinds kinds = {}) {
  SignInPlan plan;
  plan.next = next;
  plan.kinds = std::move(kinds);
  return plan;
}

// Who has a second factor shows it first: a password alone must not get a thief a factor of his own. Where nothing that he
// has is allowed, it still proves that it is he, and nothing else.
SignInPlan plan_enrolment(Kinds enrollable, const Kinds& owned, const Kinds& usable, const Passed& passed) {
  const Kinds& proofs = usable.empty() ? owned : usable;
  const bool has_proved = std::ranges::find(proofs, passed.second) != proofs.end();
  if (!proofs.empty() && !has_proved) return plan_of(Next::SecondFactor, proofs);
  return plan_of(Next::Enrol, std::move(enrollable));
}

}  // namespace

std::vector<std::string_view> supported_acrs() {
  std::vector<std::string_view> acrs{kAcrPassword};
  for (const Authenticator* authenticator : authenticators()) {
    if (std::ranges::find(acrs, authenticator->acr()) == acrs.end()) acrs.push_back(authenticator->acr());
  }
  return acrs;
}

bool is_supported_acr(std::string_view acr) {
  return acr == kAcrPassword || std::ranges::any_of(authenticators(), [acr](const Authenticator* authenticator) {
           return authenticator->acr() == acr;
         });
}

bool has_supported_acr(std::string_view values) {
  while (!values.empty()) {
    if (is_supported_acr(next_value(values))) return true;
  }
  return false;
}

bool serves_some(std::string_view kind, std::string_view acr_values) {
  const Authenticator* authenticator = find_authenticator(kind);
  if (authenticator == nullptr) return false;
  if (acr_values.empty()) acr_values = kAcrPassword;
  while (!acr_values.empty()) {
    if (serves(*authenticator, next_value(acr_values))) return true;
  }
  return false;
}

bool is_enough(std::string_view acr, const AuthenticationPolicy& policy,
               const std::vector<AuthenticatorRecord>& enrolled) {
  const bool is_forced = is_second_forced(policy, enrolled_kinds(enrolled));
  const bool is_allowed = std::ranges::any_of(authenticators(), [&](const Authenticator* authenticator) {
    // What takes the place of a password is no second factor.
    const bool counts = !is_forced || authenticator->input() != Input::Connection;
    return counts && authenticator->acr() == acr && policy.allows(authenticator->kind());
  });
  const bool is_password = acr.empty() || acr == kAcrPassword;
  return is_allowed || (is_password && !is_forced && policy.allows("password"));
}

SignInPlan reached_with(const Passed& passed) {
  SignInPlan plan;
  plan.next = Next::Done;
  const Authenticator* first = find_authenticator(passed.first);
  plan.acr = first == nullptr ? kAcrPassword : first->acr();
  plan.amr.emplace_back(first == nullptr ? "pwd" : first->amr());
  const Authenticator* second = find_authenticator(passed.second);
  if (second == nullptr) return plan;
  if (first == nullptr) plan.acr = second->acr();
  if (second->amr() != plan.amr.front()) plan.amr.emplace_back(second->amr());
  plan.amr.emplace_back("mfa");
  return plan;
}

SignInPlan plan_sign_in(std::string_view acr_values, const AuthenticationPolicy& policy,
                        const std::vector<AuthenticatorRecord>& enrolled, const Passed& passed) {
  const Authenticator* first = find_authenticator(passed.first);
  if (!policy.allows(first == nullptr ? "password" : first->kind())) return plan_of(Next::Forbidden);
  const Kinds owned = enrolled_kinds(enrolled);
  const Kinds usable = usable_kinds(policy, owned);
  Kinds enrollable = policy.enrolment == Enrolment::Himself ? enrollable_kinds(policy) : Kinds();
  Goal goal = first == nullptr ? choose_goal(acr_values, usable, enrollable)
                               : goal_without_password(*first, acr_values, usable);
  if (!goal.is_found) {
    if (goal.lacking.empty()) return plan_of(Next::Unmet);
    return plan_enrolment(serving(enrollable, goal.lacking), owned, usable, passed);
  }
  // By what he owns, not by what of it is allowed: a shorter list of methods must not make a second factor needless.
  const bool is_forced = is_second_forced(policy, owned);
  // What he showed so that he might enrol, and what was forbidden since, reaches nothing.
  const Passed counted{passed.first, policy.allows(passed.second) ? passed.second : std::string_view()};
  if (!goal.wants_second && !is_forced) return reached_with(counted);
  if (std::ranges::find(goal.kinds, counted.second) != goal.kinds.end()) return reached_with(counted);
  if (!goal.kinds.empty()) return plan_of(Next::SecondFactor, std::move(goal.kinds));
  if (enrollable.empty()) return plan_of(Next::EnrolFirst);
  return plan_enrolment(std::move(enrollable), owned, usable, passed);
}

}  // namespace claviger::identity
