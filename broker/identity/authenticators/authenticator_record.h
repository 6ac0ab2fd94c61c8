// Something a user has enrolled to sign in with besides his password.
//
// Record of tables::kAuthenticators, key tenant + sub + kind + id; its uniqueness (spec 3.2: a credential is enrolled for
// one user at most) in tables::kCredentialIds, key tenant + kind + credential id -> sub NUL id; a long credential id stands
// there as "" + hexadecimal SHA-256. The secret is sealed, bound to its key. Changed by administrators at
// home_of("user/" tenant "/" sub), and by each sign-in that uses it: its version is what makes a one-time password good once.
// Whoever adds one writes the user's record anew, too: of two who add at the same time one finds his version gone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/one_time_password.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"
#include "storage/value.h"

namespace claviger::identity {

// A person has a phone, a token, a spare and a sheet of recovery codes; a page of choices must stay readable.
inline constexpr std::size_t kAuthenticatorsMax = 16;

struct AuthenticatorRecord {
  std::string kind;  // see authenticator_table.cc
  std::string id;    // 22 characters base64url of 128 random bits
  std::string label;
  std::string serial;         // credential id in kCredentialIds; empty: nothing of it could be enrolled twice
  std::string sealed_secret;  // empty: none
  std::string digests;        // recovery codes: 32 octets each, of those that are left
  crypto::OtpAlgorithm algorithm = crypto::OtpAlgorithm::Sha1;
  unsigned digits = 6;
  std::uint32_t period_seconds = 30;
  std::uint64_t counter = 0;  // TOTP: the last step that was used; HOTP: the next counter; WebAuthn: the last counter
  std::int64_t created_at = 0;
  std::int64_t last_used_at = 0;
  std::string public_key;     // of a key that proves itself, in the form of its kind; empty: none
  std::uint64_t version = 0;  // of the record; not stored in it
};

std::string authenticator_key(std::string_view tenant, std::string_view sub, std::string_view kind,
                              std::string_view id);
std::string credential_key(std::string_view tenant, std::string_view kind, std::string_view credential);
std::string encode_authenticator(const AuthenticatorRecord& record);
Result<AuthenticatorRecord> decode_authenticator(const storage::Value& value, std::string_view kind,
                                                 std::string_view id);

// All of a user, in order of kind and id.
runtime::Task<Result<std::vector<AuthenticatorRecord>>> read_authenticators(broker::Context* context,
                                                                            std::string tenant, std::string sub);
// Nobody has its credential, or had it before he was removed: an expectation, and the row that says so. Nothing without one.
void claim_credential(storage::Transaction& transaction, std::string_view tenant, std::string_view sub,
                      const AuthenticatorRecord& record);
// Whose a credential is; nothing: nobody's.
struct CredentialOwner {
  std::string sub;
  std::string id;  // of the authenticator
};
runtime::Task<Result<std::optional<CredentialOwner>>> find_credential(broker::Context* context, std::string tenant,
                                                                      std::string kind, std::string credential);
// Erases them with their credential ids, in the transaction that removes the user.
void erase_authenticators(storage::Transaction& transaction, std::string_view tenant, std::string_view sub,
                          const std::vector<AuthenticatorRecord>& records);

// SealBroken, CryptoFailure.
Result<SecretBytes> open_secret(broker::Context& context, std::string_view tenant, std::string_view sub,
                                const AuthenticatorRecord& record);
Result<Unit> seal_secret(broker::Context& context, std::string_view tenant, std::string_view sub, Bytes secret,
                         AuthenticatorRecord& record);

}  // namespace claviger::identity
