// One way to prove who one is, after the password: what a user has (a phone, a token, a sheet of codes, a key).
//
// Adding one: a file here with a class, and its line in authenticator_table.cc. Nothing else knows the kinds by name: a
// policy names them, a sign-in asks each of those that the user has enrolled, the pages ask for what `input()` says.
//
// Authenticators are constants without state, any shard; what they know of a user is in his AuthenticatorRecord. A
// judgement changes a copy of it, and the sign-in commits that copy, guarded by the record's version, in one transaction
// with the code it acknowledges: nothing can be used twice, not even across a crash.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/identity/authenticators/authenticator_record.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/runtime/task.h"

namespace claviger::identity {

struct Proof {
  std::string tenant;
  std::string sub;
  AuthenticatorRecord record;
  SecretBytes typed;  // what the user entered, blanks and hyphens off
};

struct Judgement {
  bool is_right = false;
  bool is_replay = false;      // right once, used before
  AuthenticatorRecord record;  // when right: as it must be from now on
};

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  virtual std::string_view kind() const = 0;
  // The authentication context that a password and this reach, and what it adds to `amr` (RFC 8176).
  virtual std::string_view acr() const = 0;
  virtual std::string_view amr() const = 0;
  // A spare for lost ones: takes the place of any other, never the only one a user has.
  virtual bool is_spare() const { return false; }
  // Can a user enrol it himself, on the page of a sign-in?
  virtual bool is_self_enrolled() const { return false; }
  // Cheap and public: has `typed` the form of an answer to this record?
  virtual bool could_be(std::string_view typed, const AuthenticatorRecord& record) const = 0;
  // Errors are ours (a seal, a verifier that does not answer); a wrong answer is a judgement.
  virtual runtime::Task<Result<Judgement>> judge(broker::Context* context, Proof proof) const = 0;
};

std::span<const Authenticator* const> authenticators();
// Null when there is no such kind.
const Authenticator* find_authenticator(std::string_view kind);

}  // namespace claviger::identity
