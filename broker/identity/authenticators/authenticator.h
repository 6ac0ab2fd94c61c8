// One way to prove who one is: after the password what a user has (a phone, a token, a sheet of codes, a key), or in its
// place what his connection proves (a certificate).
//
// Adding one: a file here with a class, and its line in authenticator_table.cc. Nothing else knows the kinds by name: a
// policy names them, a sign-in asks each of those that the user has enrolled, the pages ask for what `input()` and
// `ask()` say, administrators enrol what `make()` makes.
//
// Authenticators are constants without state, any shard; what they know of a user is in his AuthenticatorRecord. A
// judgement changes a copy of it, and the sign-in commits that copy, guarded by the record's version, in one transaction
// with the code it acknowledges: nothing can be used twice, not even across a crash.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/identity/authenticators/authenticator_draft.h"
#include "broker/identity/authenticators/authenticator_record.h"
#include "broker/identity/interaction.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/http/message.h"
#include "core/runtime/task.h"

namespace claviger::identity {

enum class Input : std::uint8_t {
  Code,       // typed by the user
  Script,     // JSON, by the script of the page
  Connection  // nothing: the connection proves it, and takes the place of the password
};

// What the page of a step shows and says beside its field for a code.
struct Offer {
  std::string otpauth_uri;  // shown as a QR code
  std::string seed;         // the same as base32
  std::string_view script;  // a literal; empty: none
  std::string options;      // JSON for it
};
// Whom a page asks. Borrowed for the call.
struct Question {
  const broker::Context& context;
  std::string_view tenant;
  std::string_view tenant_name;  // for people
  std::string_view issuer;
  const Interaction& interaction;
  std::string_view sub;
  std::string_view login;
  std::span<const AuthenticatorRecord> enrolled;
};

struct Proof {
  std::string tenant;
  std::string issuer;
  std::string sub;
  std::string login;
  Interaction interaction;
  AuthenticatorRecord record;  // of an enrolment: a new one, with nothing but its kind, id and dates
  SecretBytes typed;           // what the user entered, blanks and hyphens off; or the script's JSON
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
  // The authentication context that a password and this reach, or this in its place, and what it adds to `amr` (RFC 8176).
  virtual std::string_view acr() const = 0;
  virtual std::string_view amr() const = 0;
  virtual Input input() const { return Input::Code; }
  // A spare for lost ones: takes the place of any other, never the only one a user has.
  virtual bool is_spare() const { return false; }
  // Somebody else judges: asked last, and only about what none of our own has taken.
  virtual bool is_remote() const { return false; }

  // A new record of it, by an administrator: `made.record` has kind, label and dates already. AuthenticatorRefused.
  virtual Result<Unit> make(broker::Context& context, const Enrollee& user, const AuthenticatorDraft& draft,
                            EnrolledAuthenticator& made) const;

  // Can a user enrol it himself, on the page of a sign-in? Then what the page offers, and whether the answer to that was
  // right: the first code or signature, with the record to be kept.
  virtual bool is_self_enrolled() const { return false; }
  virtual Offer offer(const Question&) const { return {}; }
  virtual runtime::Task<Result<Judgement>> enrol(broker::Context* context, Proof proof) const;

  virtual Offer ask(const Question&) const { return {}; }
  // Cheap and public: has `typed` the form of an answer to this record?
  virtual bool could_be(std::string_view, const AuthenticatorRecord&) const { return false; }
  // Errors are ours (a seal, a verifier that does not answer); a wrong answer is a judgement.
  virtual runtime::Task<Result<Judgement>> judge(broker::Context* context, Proof proof) const;

  // Input::Connection: the credentials (`record.serial`) that a connection proves, at most kProvedMax.
  static constexpr std::size_t kProvedMax = 8;
  virtual std::vector<std::string> proved_by(const http::Peer&) const { return {}; }
};

std::span<const Authenticator* const> authenticators();
// Null when there is no such kind.
const Authenticator* find_authenticator(std::string_view kind);

}  // namespace claviger::identity
