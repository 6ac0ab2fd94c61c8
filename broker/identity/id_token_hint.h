// id_token_hint of an authorization request (OIDC Core clause 3.1.2.1): the user that the client means, named by an ID token
// that it got before, which may have expired.
//
// Whoever signs in must be he, or the client is told login_required; prompt=none therefore never gives another's code.
// Pure but for one signature; on the asking shard.
#pragma once

#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/identity/client.h"
#include "broker/identity/logout_hint.h"
#include "core/base/result.h"
#include "core/codec/form.h"

namespace claviger::identity {

// What the ID token calls the user; empty: there is no hint. LogoutHint: it is no ID token of ours for this client.
Result<std::string> read_id_token_hint(broker::Context& context, const broker::TenantView& tenant, const Client& client,
                                       const codec::Form& form);
// The same of the hint itself, once it is known to be one of ours.
Result<std::string> subject_of_hint(const LogoutHintClaims& hint, std::string_view client_id);
// `subject`: of read_id_token_hint(). True when there was none.
bool is_hinted_user(const broker::Context& context, std::string_view tenant, const Client& client,
                    std::string_view subject, std::string_view sub);

}  // namespace claviger::identity
