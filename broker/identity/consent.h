// What a user agreed to: that a client gets these scopes of his (OIDC Core clause 3.1.2.4; TS 33.180 Annex C.1 step 3c).
//
// Record of tables::kConsents, key tenant + sub + client_id. Written where a code is that waits for it, at
// home_of("code/" tenant "/" digest); each change is guarded by the record's version.
//
// Asked where the client's record or a scope of consent_scopes (configuration) wants it, and whenever the request says
// prompt=consent. The code is made at sign-in and leaves only when the user agreed: until then the browser has it sealed
// (consent_endpoint.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/identity/client.h"
#include "broker/identity/interaction.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/value.h"

namespace claviger::identity {

// A user has a handful of clients that ask.
inline constexpr std::size_t kConsentsShownMax = 256;

struct Consent {
  std::string client_id;
  std::vector<std::string> scopes;
  std::int64_t given_at = 0;
  std::uint64_t version = 0;  // of the record; 0: there is none
};

std::string consent_key(std::string_view tenant, std::string_view sub, std::string_view client_id);
std::string encode_consent(const Consent& consent);
Result<Consent> decode_consent(const storage::Value& value, std::string_view client_id);

// Before the user is known: what an authorization request of this client for these scopes means. `asks_anew`:
// prompt=consent.
ConsentPolicy consent_policy_of(const settings::Settings& settings, const Client& client,
                                const std::vector<std::string_view>& scopes, bool asks_anew);

// Without a record, or with one from before the client was registered: no scopes.
runtime::Task<Result<Consent>> read_consent(broker::Context* context, std::string tenant, std::string sub,
                                            std::string client_id);
runtime::Task<Result<bool>> must_ask_consent(broker::Context* context, std::string tenant, std::string sub,
                                             std::string client_id, ConsentPolicy policy,
                                             std::vector<std::string> scopes);
// The code that waited may leave: it has the time of a fresh one, and the scopes are remembered. CodeInvalid (expired,
// used); ClientUnknown, and what check_destination() says: the answer must not leave.
runtime::Task<Result<Unit>> give_consent(broker::Context* context, std::string tenant, std::string code_digest);
// The user does not want: the code is gone. The same, but for CodeInvalid.
runtime::Task<Result<Unit>> refuse_consent(broker::Context* context, std::string tenant, std::string code_digest);

// Those that count.
runtime::Task<Result<std::vector<Consent>>> list_consents(broker::Context* context, std::string tenant,
                                                          std::string sub);
// The next sign-in asks again, and what the client has now ends: the user's sessions with it. NotFound.
runtime::Task<Result<Unit>> revoke_consent(broker::Context* context, std::string tenant, std::string sub,
                                           std::string client_id);

}  // namespace claviger::identity
