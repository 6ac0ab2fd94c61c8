// What a visitor's sign-in at home is worth here, and whether that is enough: the policy of the tenant, of the client and of
// our user binds him as it binds a sign-in here (broker/identity/authenticators/policy.h), and a client that asks for
// consent has it or gets nothing: there is no page on which he could be asked.
//
// On the asking shard.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/identity/extension_grant.h"
#include "broker/partners/partner.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::partners {

// "theirs" or "theirs=ours", with an acr for ours that sign-ins here reach.
bool is_acr_mapping(std::string_view text);
// Ours for what the partner asserts; empty: says nothing to us.
std::string acr_here(const Partner& partner, std::string_view asserted);

// AuthenticationTooWeak: `acr` (ours) falls short of what binds a sign-in of this user at this client.
runtime::Task<Result<Unit>> check_sign_in(const identity::ExtensionCall* call, std::string sub, std::string acr);
// ConsentRequired.
runtime::Task<Result<Unit>> check_consent(const identity::ExtensionCall* call, std::string sub,
                                          std::vector<std::string> scopes);

}  // namespace claviger::partners
