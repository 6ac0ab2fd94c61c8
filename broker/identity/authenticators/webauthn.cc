#include "broker/identity/authenticators/webauthn.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "core/base/secret.h"
#include "core/codec/base64url.h"
#include "core/codec/cbor_reader.h"
#include "core/codec/json_reader.h"
#include "core/codec/uri.h"
#include "core/crypto/digest.h"
#include "core/crypto/es256_signature.h"

namespace claviger::identity {
namespace {

// Clause 6.1, flags of the authenticator data.
constexpr unsigned kUserPresent = 0x01;
constexpr unsigned kUserVerified = 0x04;
constexpr unsigned kBackupEligible = 0x08;
constexpr unsigned kBackedUp = 0x10;
constexpr unsigned kHasCredential = 0x40;
constexpr unsigned kHasExtensions = 0x80;

constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kAaguidBytes = 16;
// The head of a registration, of which we keep nothing else, has three members; statements have seven at most.
constexpr std::size_t kAttestationMembersMax = 8;
// COSE keys of our kinds have five.
constexpr std::size_t kCoseMembersMax = 16;

Error invalid(std::string_view where) { return {Code::WebAuthnInvalid, where}; }

using Octets = std::vector<std::byte>;

Result<Octets> octets_at(const codec::JsonObject& object, std::string_view name) {
  const auto text = object.string_at(name);
  if (!text) return invalid("webauthn.answer");
  Octets octets(codec::base64url_decoded_size_max(text->size()));
  const auto size = codec::base64url_decode(*text, octets);
  if (!size) return invalid("webauthn.base64url");
  octets.resize(*size);
  return octets;
}

Result<codec::JsonObject> read_answer(codec::JsonReader& reader, std::string_view answer) {
  if (answer.size() > kWebAuthnAnswerMax) return invalid("webauthn.size");
  const auto document = reader.parse(answer);
  if (!document) return invalid("webauthn.answer");
  const auto object = document->as_object();
  if (!object) return invalid("webauthn.answer");
  return *object;
}

// Clause 7.1 steps 5 to 10, clause 7.2 steps 11 to 14.
Result<Unit> check_client_data(const WebAuthnExpected& expected, std::string_view type, Bytes client_data) {
  codec::JsonReader reader;
  const auto document = reader.parse(as_text(client_data));
  const auto object = document ? document->as_object() : Result<codec::JsonObject>(document.error());
  if (!object) return invalid("webauthn.client_data");
  const auto said = [&object](std::string_view name) {
    const auto text = object->string_at(name);
    return text ? *text : std::string_view();
  };
  if (said("type") != type) return invalid("webauthn.type");
  if (!equals_constant_time(as_bytes(said("challenge")), as_bytes(expected.challenge))) {
    return invalid("webauthn.challenge");
  }
  if (said("origin") != expected.party.origin) return invalid("webauthn.origin");
  // Within a frame of another site the user does not see whom he signs in to; our pages forbid frames anyway.
  if (const auto crossed = object->find("crossOrigin")) {
    const auto is_crossed = crossed->as_bool();
    if (!is_crossed || *is_crossed) return invalid("webauthn.cross_origin");
  }
  if (object->contains("topOrigin")) return invalid("webauthn.cross_origin");
  return Unit{};
}

// Clause 6.1; checked up to what follows the counter.
struct AuthenticatorData {
  unsigned flags = 0;
  std::uint32_t sign_count = 0;
  Bytes rest;
};
Result<AuthenticatorData> read_data(const WebAuthnExpected& expected, Bytes bytes) {
  constexpr std::size_t kHeadBytes = kDigestBytes + 1 + 4;
  if (bytes.size() < kHeadBytes) return invalid("webauthn.data");
  AuthenticatorData data;
  const auto digest = crypto::sha256(as_bytes(expected.party.id));
  if (!std::ranges::equal(digest, bytes.first(kDigestBytes))) return invalid("webauthn.rp_id");
  data.flags = std::to_integer<unsigned>(bytes[kDigestBytes]);
  data.sign_count = load_be<std::uint32_t>(bytes.subspan(kDigestBytes + 1, 4));
  data.rest = bytes.subspan(kHeadBytes);
  if ((data.flags & kUserPresent) == 0) return invalid("webauthn.user_present");
  if ((data.flags & kUserVerified) == 0) return invalid("webauthn.user_verified");
  if ((data.flags & kBackedUp) != 0 && (data.flags & kBackupEligible) == 0) return invalid("webauthn.backup");
  return data;
}

// Clause 6.1: what the flags promise, and nothing after it. We ask for no extension; some authenticators answer to some.
Result<Unit> check_end(const AuthenticatorData& data, Bytes rest) {
  if ((data.flags & kHasExtensions) == 0) {
    if (!rest.empty()) return invalid("webauthn.data");
    return Unit{};
  }
  codec::CborReader reader(rest);
  const auto kind = reader.kind();
  if (!kind || *kind != codec::CborKind::Map || !reader.skip() || !reader.is_at_end()) return invalid("webauthn.data");
  return Unit{};
}

struct CoseKey {
  std::optional<std::int64_t> type;
  std::optional<std::int64_t> algorithm;
  std::optional<std::int64_t> curve;
  Bytes first;   // x; n of RSA
  Bytes second;  // y; e of RSA
};

// Labels of RFC 9053 clause 7 and RFC 8230 clause 4; -1 is a curve in one kind of key and a modulus in another.
Result<CoseKey> read_cose_members(codec::CborReader& reader) {
  constexpr Error kMalformed{Code::WebAuthnInvalid, "webauthn.key"};
  CoseKey key;
  const auto count = reader.map();
  if (!count || *count > kCoseMembersMax) return kMalformed;
  std::vector<std::int64_t> labels;
  std::array<Bytes, 3> values;  // of -1, -2, -3
  for (std::size_t i = 0; i < *count; ++i) {
    const auto label = reader.integer();
    if (!label || std::ranges::find(labels, *label) != labels.end()) return kMalformed;
    labels.push_back(*label);
    const auto kind = reader.kind();
    if (!kind) return kMalformed;
    const bool is_number = *kind == codec::CborKind::Integer;
    if (is_number && (*label == 1 || *label == 3 || *label == -1)) {
      const auto value = reader.integer();
      if (!value) return kMalformed;
      (*label == 1 ? key.type : *label == 3 ? key.algorithm : key.curve) = *value;
    } else if (*kind == codec::CborKind::Bytes && *label >= -3 && *label <= -1) {
      const auto value = reader.byte_string();
      if (!value) return kMalformed;
      values[static_cast<std::size_t>(-1 - *label)] = *value;
    } else if (!reader.skip()) {
      return kMalformed;
    }
  }
  const bool is_rsa = key.type == 3;
  key.first = is_rsa ? values[0] : values[1];
  key.second = is_rsa ? values[1] : values[2];
  return key;
}

constexpr std::size_t kRsaBytesMax = 4096 / 8;
constexpr std::string_view kRsaExponent("\x01\x00\x01", 3);  // 65537

Result<crypto::VerifyKey> key_of(const CoseKey& cose) {
  const auto as_ours = [](Result<crypto::VerifyKey> made) -> Result<crypto::VerifyKey> {
    if (!made) return invalid("webauthn.key");
    return made;
  };
  if (cose.type == 2 && cose.algorithm == -7 && cose.curve == 1) {
    return as_ours(crypto::VerifyKey::from_p256(cose.first, cose.second));
  }
  if (cose.type == 1 && cose.algorithm == -8 && cose.curve == 6 && cose.second.empty()) {
    return as_ours(crypto::VerifyKey::from_ed25519(cose.first));
  }
  if (cose.type == 3 && cose.algorithm == -257) {
    // A peer chooses what verifying costs us.
    const bool is_quick = cose.first.size() <= kRsaBytesMax && as_text(cose.second) == kRsaExponent;
    if (!is_quick) return invalid("webauthn.key");
    return as_ours(crypto::VerifyKey::from_rsa(cose.first, cose.second));
  }
  return invalid("webauthn.algorithm");
}

// Clause 6.5.1: the attested credential data, behind the counter.
Result<WebAuthnCredential> read_credential(const AuthenticatorData& data) {
  if ((data.flags & kHasCredential) == 0) return invalid("webauthn.credential");
  Bytes rest = data.rest;
  if (rest.size() < kAaguidBytes + 2) return invalid("webauthn.data");
  rest = rest.subspan(kAaguidBytes);
  const std::size_t size = load_be<std::uint16_t>(rest.first(2));
  rest = rest.subspan(2);
  if (size == 0 || size > kCredentialIdMax || rest.size() < size) return invalid("webauthn.credential");
  WebAuthnCredential credential;
  codec::base64url_encode(rest.first(size), credential.id);
  rest = rest.subspan(size);
  codec::CborReader reader(rest);
  CLAVIGER_TRY(cose, read_cose_members(reader));
  CLAVIGER_TRY(key, key_of(cose));
  credential.public_key = as_text(rest.first(rest.size() - reader.left().size()));
  credential.sign_count = data.sign_count;
  CLAVIGER_TRY(ended, check_end(data, reader.left()));
  return credential;
}

// {"fmt": text, "attStmt": map, "authData": bytes}; the statement is not looked at.
Result<Octets> data_of_attestation(Bytes attestation) {
  constexpr Error kMalformed{Code::WebAuthnInvalid, "webauthn.attestation"};
  codec::CborReader reader(attestation);
  const auto count = reader.map();
  if (!count || *count > kAttestationMembersMax) return kMalformed;
  std::optional<Octets> data;
  for (std::size_t i = 0; i < *count; ++i) {
    const auto name = reader.text();
    if (!name) return kMalformed;
    if (*name != "authData") {
      if (!reader.skip()) return kMalformed;
      continue;
    }
    const auto bytes = reader.byte_string();
    if (!bytes || data) return kMalformed;
    data = Octets(bytes->begin(), bytes->end());
  }
  if (!data || !reader.is_at_end()) return kMalformed;
  return *std::move(data);
}

Result<Unit> verify(const crypto::VerifyKey& key, Bytes signed_bytes, Bytes signature) {
  crypto::VerifyContext context;
  if (key.algorithm() != crypto::SignatureAlgorithm::Es256) return key.verify(context, signed_bytes, signature);
  // Clause 6.5.5: ECDSA signatures come in DER.
  std::array<std::byte, crypto::kEs256SignatureBytes> raw;
  CLAVIGER_TRY(read, crypto::es256_from_der(signature, raw));
  return key.verify(context, signed_bytes, raw);
}

}  // namespace

RelyingParty relying_party_of(std::string_view issuer) {
  const auto uri = codec::parse_absolute_uri(issuer);
  if (!uri) return {};
  return {std::string(uri->host), uri->origin()};
}

Result<crypto::VerifyKey> read_cose_key(Bytes cose) {
  codec::CborReader reader(cose);
  CLAVIGER_TRY(members, read_cose_members(reader));
  if (!reader.is_at_end()) return invalid("webauthn.key");
  return key_of(members);
}

Result<WebAuthnCredential> check_made(const WebAuthnExpected& expected, std::string_view answer) {
  codec::JsonReader reader;
  CLAVIGER_TRY(object, read_answer(reader, answer));
  CLAVIGER_TRY(client_data, octets_at(object, "clientDataJSON"));
  CLAVIGER_TRY(checked, check_client_data(expected, "webauthn.create", client_data));
  CLAVIGER_TRY(attestation, octets_at(object, "attestationObject"));
  CLAVIGER_TRY(bytes, data_of_attestation(attestation));
  CLAVIGER_TRY(data, read_data(expected, bytes));
  CLAVIGER_TRY(credential, read_credential(data));
  const auto id = object.string_at("id");
  if (!id || *id != credential.id) return invalid("webauthn.credential");
  return credential;
}

Result<std::string> credential_of(std::string_view answer) {
  codec::JsonReader reader;
  CLAVIGER_TRY(object, read_answer(reader, answer));
  const auto id = object.string_at("id");
  if (!id) return invalid("webauthn.credential");
  return std::string(*id);
}

Result<std::uint32_t> check_signed(const WebAuthnExpected& expected, const WebAuthnCredential& credential,
                                   std::string_view user_handle, std::string_view answer) {
  codec::JsonReader reader;
  CLAVIGER_TRY(object, read_answer(reader, answer));
  const auto id = object.string_at("id");
  if (!id || *id != credential.id) return invalid("webauthn.credential");
  // Step 6: an authenticator that tells whose key it is must tell the truth.
  if (const auto handle = object.find("userHandle"); handle && !handle->is_null()) {
    const auto text = handle->as_string();
    if (!text || (!text->empty() && *text != user_handle)) return invalid("webauthn.user_handle");
  }
  CLAVIGER_TRY(client_data, octets_at(object, "clientDataJSON"));
  CLAVIGER_TRY(checked, check_client_data(expected, "webauthn.get", client_data));
  CLAVIGER_TRY(bytes, octets_at(object, "authenticatorData"));
  CLAVIGER_TRY(data, read_data(expected, bytes));
  // Attested credential data is for registrations only.
  if ((data.flags & kHasCredential) != 0) return invalid("webauthn.data");
  CLAVIGER_TRY(ended, check_end(data, data.rest));
  CLAVIGER_TRY(signature, octets_at(object, "signature"));
  CLAVIGER_TRY(key, read_cose_key(as_bytes(credential.public_key)));
  Octets signed_bytes = bytes;
  const auto digest = crypto::sha256(client_data);
  signed_bytes.insert(signed_bytes.end(), digest.begin(), digest.end());
  if (!verify(key, signed_bytes, signature)) return invalid("webauthn.signature");
  // Step 21: a counter that does not grow is a copy of the key, or a replay. Passkeys that are backed up have none.
  const bool has_counter = data.sign_count != 0 || credential.sign_count != 0;
  if (has_counter && data.sign_count <= credential.sign_count) return invalid("webauthn.counter");
  return data.sign_count;
}

}  // namespace claviger::identity
