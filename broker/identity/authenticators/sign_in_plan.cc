#include "broker/identity/authenticators/sign_in_plan.h"

#include <algorithm>
#include <array>

#include "broker/identity/authenticators/authenticator.h"
#include "broker/identity/authorization_request.h"

namespace claviger::identity {
namespace {

using Next = SignInPlan::Next;

struct Order {
  std::string_view wanted;
  std::string_view served_by;
};
constexpr std::array kOrder{
    Order{kAcrPassword, kAcrPasswordOtp},
};

bool serves(std::string_view reached, std::string_view wanted) {
  return reached == wanted || std::ranges::any_of(kOrder, [&](const Order& order) {
           return order.wanted == wanted && order.served_by == reached;
         });
}

std::string_view next_value(std::string_view& values) {
  const std::size_t space = values.find(' ');
  const std::string_view value = values.substr(0, space);
  values.remove_prefix(space == std::string_view::npos ? values.size() : space + 1);
  return value;
}

using Kinds = std::vector<std::string_view>;

// Enrolled and allowed; without spares when there is nothing that they are spares of.
Kinds usable_kinds(const AuthenticationPolicy& policy, const std::vector<AuthenticatorRecord>& enrolled) {
  Kinds kinds;
  bool has_proper = false;
  for (const Authenticator* authenticator : authenticators()) {
    const bool is_enrolled =
        std::ranges::find(enrolled, authenticator->kind(), &AuthenticatorRecord::kind) != enrolled.end();
    if (!is_enrolled || !policy.allows(authenticator->kind())) continue;
    kinds.push_back(authenticator->kind());
    has_proper = has_proper || !authenticator->is_spare();
  }
  if (!has_proper) kinds.clear();
  return kinds;
}

Kinds serving(const Kinds& kinds, std::string_view wanted) {
  Kinds found;
  std::ranges::copy_if(kinds, std::back_inserter(found),
                       [&](std::string_view kind) { return serves(find_authenticator(kind)->acr(), wanted); });
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
  std::string_view lacking;  // the first value that he could reach if he had enrolled something
};

Goal choose_goal(std::string_view acr_values, const Kinds& usable) {
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
    if (goal.lacking.empty()) goal.lacking = wanted;
  }
  return goal;
}

SignInPlan plan_of(Next next, Kinds kinds = {}) {
  SignInPlan plan;
  plan.next = next;
  plan.kinds = std::move(kinds);
  return plan;
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

SignInPlan reached_with(std::string_view second) {
  SignInPlan plan;
  plan.next = Next::Done;
  plan.acr = kAcrPassword;
  plan.amr = {"pwd"};
  const Authenticator* authenticator = find_authenticator(second);
  if (authenticator == nullptr) return plan;
  plan.acr = authenticator->acr();
  plan.amr.emplace_back(authenticator->amr());
  plan.amr.emplace_back("mfa");
  return plan;
}

SignInPlan plan_sign_in(std::string_view acr_values, const AuthenticationPolicy& policy,
                        const std::vector<AuthenticatorRecord>& enrolled, std::string_view second) {
  if (!policy.allows("password")) return plan_of(Next::Forbidden);
  const Kinds usable = usable_kinds(policy, enrolled);
  Goal goal = choose_goal(acr_values, usable);
  const bool may_enrol = policy.enrolment == Enrolment::Himself;
  if (!goal.is_found) {
    if (goal.lacking.empty() || !may_enrol) return plan_of(Next::Unmet);
    Kinds kinds = serving(enrollable_kinds(policy), goal.lacking);
    if (kinds.empty()) return plan_of(Next::Unmet);
    return plan_of(Next::Enrol, std::move(kinds));
  }
  const bool is_forced = policy.second_factor == SecondFactor::Required ||
                         (policy.second_factor != SecondFactor::OnRequest && !usable.empty());
  if (!goal.wants_second && !is_forced) return reached_with(second);
  if (std::ranges::find(goal.kinds, second) != goal.kinds.end()) return reached_with(second);
  if (!goal.kinds.empty()) return plan_of(Next::SecondFactor, std::move(goal.kinds));
  Kinds kinds = may_enrol ? enrollable_kinds(policy) : Kinds();
  if (kinds.empty()) return plan_of(Next::EnrolFirst);
  return plan_of(Next::Enrol, std::move(kinds));
}

}  // namespace claviger::identity
