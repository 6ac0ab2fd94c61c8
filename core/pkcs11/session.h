// One session with a token, logged in: what it can do with the keys in there.
//
// Every call blocks, for as long as the token takes: pool threads only, one at a time. Keys are named by their label
// (CKA_LABEL); their handles are remembered. What the module answers besides CKR_OK and "no such object" is
// KeyStoreFailure: the session is not used again.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/signature_algorithm.h"
#include "core/crypto/verify_key.h"
#include "core/pkcs11/module.h"

namespace claviger::pkcs11 {

// CKA_LABEL of a key of ours: names of operators, and those that KeyStore makes.
inline constexpr std::size_t kLabelBytesMax = 128;

class Session {
 public:
  using Handle = unsigned long;

  // KeyStoreFailure.
  static Result<std::unique_ptr<Session>> open(Module& module, SlotId slot);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  // Once for all sessions of the process. PasswordMismatch: the token refuses the PIN (every try counts there);
  // KeyStoreFailure.
  Result<Unit> log_in(const SecretBytes& pin);
  // That the token still answers.
  Result<Unit> check();

  // The public part of the pair with this label, sound, its private part not to be had from the token. NotFound;
  // Duplicate: two keys of that label; KeyType, KeyMalformed, KeyNotOnCurve, KeyWeak; KeyUse: it may not sign, or can be
  // taken out of the token.
  Result<crypto::VerifyKey> find_pair(const std::string& label);
  bool has_pair(const std::string& label) { return find(Kind::Private, label).has_value(); }
  // After a failure: an object that was removed and made again has another one.
  void forget_handles() { handles_.clear(); }
  // A new pair that stays in the token. Duplicate: the label is taken.
  Result<crypto::VerifyKey> make_pair(const std::string& label, crypto::SignatureAlgorithm algorithm);
  // The JWS signature, verified with `key` before it is given away: a token that was exchanged, or that computes wrongly,
  // is told here. NotFound.
  Result<std::string> sign(const std::string& label, const crypto::VerifyKey& key, Bytes input);

  // AES-256-GCM under a secret key in the token: nonce, ciphertext, tag. NotFound.
  Result<std::string> wrap(const std::string& label, Bytes associated, const SecretBytes& plaintext);
  // SealBroken besides.
  Result<SecretBytes> unwrap(const std::string& label, Bytes associated, Bytes wrapped);

 private:
  enum class Kind : std::uint8_t { Public, Private, Secret };

  Session(Module& module, SlotId slot, Handle session) : functions_(module.functions()), slot_(slot), session_(session) {}
  // The handle of the one object of that label; remembered.
  Result<Handle> find(Kind kind, const std::string& label);
  Result<Unit> check_private(Handle key);
  Result<crypto::VerifyKey> read_public(Handle key);
  Result<std::string> attribute(Handle object, unsigned long type);
  Result<unsigned long> number(Handle object, unsigned long type);
  Result<bool> flag(Handle object, unsigned long type);

  _CK_FUNCTION_LIST& functions_;
  SlotId slot_;
  Handle session_;
  std::map<std::pair<Kind, std::string>, Handle> handles_;  // of the installation's keys: some per tenant
  crypto::VerifyContext verifying_;
};

}  // namespace claviger::pkcs11
