#include "core/pkcs11/session.h"

#include <p11-kit/pkcs11.h>

#include <array>
#include <optional>
#include <vector>

#include "core/crypto/digest.h"
#include "core/crypto/random.h"

namespace claviger::pkcs11 {
namespace {

using crypto::SignatureAlgorithm;
using crypto::VerifyKey;

// An RSA modulus of 8192 bits is the longest attribute that we read.
constexpr std::size_t kAttributeBytesMax = 2048;
// Beyond this many the handles are looked for again: kept, one would be some 200 bytes.
constexpr std::size_t kHandlesMax = 8192;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr unsigned long kRsaBits = 2048;

// DER of the object identifiers 1.2.840.10045.3.1.7 (P-256) and 1.3.101.112 (Ed25519), and the name that PKCS #11 v3.0
// allows in place of the latter.
constexpr std::array<unsigned char, 10> kP256{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
constexpr std::array<unsigned char, 5> kEd25519{0x06, 0x03, 0x2b, 0x65, 0x70};
constexpr std::array<unsigned char, 14> kEd25519Name{0x13, 0x0c, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'};
// DigestInfo of SHA-256 (RFC 8017 clause 9.2, note 1), before the digest.
constexpr std::array<unsigned char, 19> kSha256Info{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                                    0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

template <std::size_t N>
bool is_same(std::string_view text, const std::array<unsigned char, N>& bytes) {
  return text == std::string_view(reinterpret_cast<const char*>(bytes.data()), N);
}

Error failure(std::string_view where) { return {Code::KeyStoreFailure, where}; }

// The interface takes pointers to what it does not change.
template <typename T>
CK_ATTRIBUTE attribute_of(CK_ATTRIBUTE_TYPE type, const T& value) {
  return {type, const_cast<T*>(&value), sizeof value};
}
CK_ATTRIBUTE text_attribute(CK_ATTRIBUTE_TYPE type, std::string_view text) {
  return {type, const_cast<char*>(text.data()), text.size()};
}
unsigned char* input_of(Bytes bytes) { return const_cast<unsigned char*>(as_uchar(bytes)); }
unsigned char* output_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// CKA_EC_POINT is an OCTET STRING in DER around the point; some tokens leave that away.
std::string_view bare_point(std::string_view point, std::size_t size) {
  if (point.size() == size + 2 && point[0] == 0x04 && static_cast<unsigned char>(point[1]) == size) return point.substr(2);
  return point;
}

Result<VerifyKey> ec_key(std::string_view parameters, std::string_view point) {
  if (!is_same(parameters, kP256)) return Error{Code::KeyType, "pkcs11.curve"};
  point = bare_point(point, 65);
  if (point.size() != 65 || point[0] != 0x04) return Error{Code::KeyMalformed, "pkcs11.point"};
  return VerifyKey::from_p256(as_bytes(point.substr(1, 32)), as_bytes(point.substr(33)));
}

Result<VerifyKey> edwards_key(std::string_view parameters, std::string_view point) {
  if (!is_same(parameters, kEd25519) && !is_same(parameters, kEd25519Name)) return Error{Code::KeyType, "pkcs11.curve"};
  point = bare_point(point, 32);
  if (point.size() != 32) return Error{Code::KeyMalformed, "pkcs11.point"};
  return VerifyKey::from_ed25519(as_bytes(point));
}

struct Prepared {
  CK_MECHANISM mechanism{};
  std::string data;
};

// ECDSA and RSA as they are, over what we digest: every token has them, and a token's line is slow.
Prepared prepare(SignatureAlgorithm algorithm, Bytes input) {
  Prepared prepared;
  if (algorithm == SignatureAlgorithm::EdDsa) {
    prepared.mechanism.mechanism = CKM_EDDSA;
    prepared.data = as_text(input);
    return prepared;
  }
  const crypto::Sha256Digest digest = crypto::sha256(input);
  if (algorithm == SignatureAlgorithm::Rs256) {
    prepared.mechanism.mechanism = CKM_RSA_PKCS;
    prepared.data.assign(reinterpret_cast<const char*>(kSha256Info.data()), kSha256Info.size());
  } else {
    prepared.mechanism.mechanism = CKM_ECDSA;
  }
  prepared.data += as_text(Bytes(digest));
  return prepared;
}

CK_GCM_PARAMS gcm_parameters(Bytes nonce, Bytes associated) {
  CK_GCM_PARAMS parameters{};
  parameters.iv_ptr = input_of(nonce);
  parameters.iv_len = nonce.size();
  parameters.iv_bits = nonce.size() * 8;
  parameters.aad_ptr = input_of(associated);
  parameters.aad_len = associated.size();
  parameters.tag_bits = kTagBytes * 8;
  return parameters;
}

}  // namespace

Result<std::unique_ptr<Session>> Session::open(Module& module, SlotId slot) {
  CK_SESSION_HANDLE session = 0;
  const CK_RV opened =
      module.functions().C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session);
  if (opened != CKR_OK) return failure("pkcs11.session");
  return std::unique_ptr<Session>(new Session(module, slot, session));
}

Session::~Session() { functions_.C_CloseSession(session_); }

Result<Unit> Session::log_in(const SecretBytes& pin) {
  const CK_RV done = functions_.C_Login(session_, CKU_USER, input_of(pin.reveal()), pin.size());
  switch (done) {
    case CKR_OK:
    case CKR_USER_ALREADY_LOGGED_IN:
      return Unit{};
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
    case CKR_PIN_EXPIRED:
    case CKR_PIN_LOCKED:
      return Error{Code::PasswordMismatch, "pkcs11.pin"};
    default:
      return failure("pkcs11.login");
  }
}

Result<Unit> Session::check() {
  CK_SESSION_INFO session{};
  if (functions_.C_GetSessionInfo(session_, &session) != CKR_OK) return failure("pkcs11.session");
  const bool is_logged_in = session.state == CKS_RW_USER_FUNCTIONS || session.state == CKS_RO_USER_FUNCTIONS;
  CK_TOKEN_INFO token{};
  if (!is_logged_in || functions_.C_GetTokenInfo(slot_, &token) != CKR_OK) return failure("pkcs11.session");
  return Unit{};
}

Result<Session::Handle> Session::find(Kind kind, const std::string& label) {
  const auto known = handles_.find({kind, label});
  if (known != handles_.end()) return known->second;
  static constexpr CK_OBJECT_CLASS kClasses[] = {CKO_PUBLIC_KEY, CKO_PRIVATE_KEY, CKO_SECRET_KEY};
  const CK_OBJECT_CLASS wanted = kClasses[static_cast<std::size_t>(kind)];
  std::array<CK_ATTRIBUTE, 2> pattern{attribute_of(CKA_CLASS, wanted), text_attribute(CKA_LABEL, label)};
  if (functions_.C_FindObjectsInit(session_, pattern.data(), pattern.size()) != CKR_OK) return failure("pkcs11.find");
  std::array<CK_OBJECT_HANDLE, 2> found{};
  CK_ULONG count = 0;
  const CK_RV searched = functions_.C_FindObjects(session_, found.data(), found.size(), &count);
  const CK_RV ended = functions_.C_FindObjectsFinal(session_);
  if (searched != CKR_OK || ended != CKR_OK) return failure("pkcs11.find");
  if (count == 0) return Error{Code::NotFound, "pkcs11.label"};
  if (count > 1) return Error{Code::Duplicate, "pkcs11.label"};
  if (handles_.size() >= kHandlesMax) handles_.clear();
  handles_.emplace(std::pair(kind, label), found[0]);
  return found[0];
}

Result<std::string> Session::attribute(Handle object, unsigned long type) {
  std::string value(kAttributeBytesMax, '\0');
  CK_ATTRIBUTE wanted{type, value.data(), value.size()};
  if (functions_.C_GetAttributeValue(session_, object, &wanted, 1) != CKR_OK || wanted.ulValueLen > value.size()) {
    return failure("pkcs11.attribute");
  }
  value.resize(wanted.ulValueLen);
  return value;
}

Result<unsigned long> Session::number(Handle object, unsigned long type) {
  CLAVIGER_TRY(value, attribute(object, type));
  CK_ULONG number = 0;
  if (value.size() != sizeof number) return failure("pkcs11.attribute");
  std::memcpy(&number, value.data(), sizeof number);
  return number;
}

Result<bool> Session::flag(Handle object, unsigned long type) {
  CLAVIGER_TRY(value, attribute(object, type));
  if (value.size() != 1) return failure("pkcs11.attribute");
  return value[0] != 0;
}

Result<VerifyKey> Session::read_public(Handle key) {
  CLAVIGER_TRY(type, number(key, CKA_KEY_TYPE));
  if (type == CKK_RSA) {
    CLAVIGER_TRY(modulus, attribute(key, CKA_MODULUS));
    CLAVIGER_TRY(exponent, attribute(key, CKA_PUBLIC_EXPONENT));
    const std::size_t leading = std::min(modulus.find_first_not_of('\0'), modulus.size());
    return VerifyKey::from_rsa(as_bytes(std::string_view(modulus).substr(leading)), as_bytes(exponent));
  }
  if (type != CKK_EC && type != CKK_EC_EDWARDS) return Error{Code::KeyType, "pkcs11.key"};
  CLAVIGER_TRY(parameters, attribute(key, CKA_EC_PARAMS));
  CLAVIGER_TRY(point, attribute(key, CKA_EC_POINT));
  return type == CKK_EC ? ec_key(parameters, point) : edwards_key(parameters, point);
}

// What can be taken out of the token might as well lie in a file: then it belongs there, sealed.
Result<Unit> Session::check_private(Handle key) {
  CLAVIGER_TRY(signs, flag(key, CKA_SIGN));
  CLAVIGER_TRY(is_sensitive, flag(key, CKA_SENSITIVE));
  CLAVIGER_TRY(is_extractable, flag(key, CKA_EXTRACTABLE));
  if (!signs || !is_sensitive || is_extractable) return Error{Code::KeyUse, "pkcs11.private"};
  return Unit{};
}

Result<VerifyKey> Session::find_pair(const std::string& label) {
  if (label.empty() || label.size() > kLabelBytesMax) return Error{Code::NotFound, "pkcs11.label"};
  CLAVIGER_TRY(private_key, find(Kind::Private, label));
  CLAVIGER_TRY(checked, check_private(private_key));
  CLAVIGER_TRY(public_key, find(Kind::Public, label));
  CLAVIGER_TRY(key, read_public(public_key));
  // Its two parts belong together, and it signs.
  CLAVIGER_TRY(probed, sign(label, key, as_bytes("claviger key check")));
  return key;
}

Result<VerifyKey> Session::make_pair(const std::string& label, SignatureAlgorithm algorithm) {
  if (label.empty() || label.size() > kLabelBytesMax) return Error{Code::BadValue, "pkcs11.label"};
  const auto taken = find(Kind::Private, label);
  if (taken) return Error{Code::Duplicate, "pkcs11.label"};
  if (taken.error().code != Code::NotFound) return taken.error();

  const CK_BBOOL yes = CK_TRUE;
  const CK_BBOOL no = CK_FALSE;
  const CK_ULONG bits = kRsaBits;
  const std::array<unsigned char, 3> exponent{0x01, 0x00, 0x01};
  CK_MECHANISM mechanism{};
  std::vector<CK_ATTRIBUTE> for_public{attribute_of(CKA_TOKEN, yes), attribute_of(CKA_VERIFY, yes),
                                       text_attribute(CKA_LABEL, label), text_attribute(CKA_ID, label)};
  switch (algorithm) {
    case SignatureAlgorithm::Es256:
      mechanism.mechanism = CKM_EC_KEY_PAIR_GEN;
      for_public.push_back(attribute_of(CKA_EC_PARAMS, kP256));
      break;
    case SignatureAlgorithm::EdDsa:
      mechanism.mechanism = CKM_EC_EDWARDS_KEY_PAIR_GEN;
      for_public.push_back(attribute_of(CKA_EC_PARAMS, kEd25519));
      break;
    case SignatureAlgorithm::Rs256:
      mechanism.mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN;
      for_public.push_back(attribute_of(CKA_MODULUS_BITS, bits));
      for_public.push_back(attribute_of(CKA_PUBLIC_EXPONENT, exponent));
      break;
  }
  std::vector<CK_ATTRIBUTE> for_private{attribute_of(CKA_TOKEN, yes),        attribute_of(CKA_PRIVATE, yes),
                                        attribute_of(CKA_SENSITIVE, yes),    attribute_of(CKA_EXTRACTABLE, no),
                                        attribute_of(CKA_SIGN, yes),         text_attribute(CKA_LABEL, label),
                                        text_attribute(CKA_ID, label)};
  CK_OBJECT_HANDLE public_key = 0;
  CK_OBJECT_HANDLE private_key = 0;
  const CK_RV made = functions_.C_GenerateKeyPair(session_, &mechanism, for_public.data(), for_public.size(),
                                                  for_private.data(), for_private.size(), &public_key, &private_key);
  if (made == CKR_MECHANISM_INVALID) return Error{Code::Unsupported, "pkcs11.algorithm"};
  if (made != CKR_OK) return failure("pkcs11.generate");
  return find_pair(label);
}

Result<std::string> Session::sign(const std::string& label, const VerifyKey& key, Bytes input) {
  CLAVIGER_TRY(handle, find(Kind::Private, label));
  Prepared prepared = prepare(key.algorithm(), input);
  if (functions_.C_SignInit(session_, &prepared.mechanism, handle) != CKR_OK) return failure("pkcs11.sign");
  std::string signature(crypto::kSignatureBytesMax, '\0');
  CK_ULONG size = signature.size();
  if (functions_.C_Sign(session_, input_of(as_bytes(prepared.data)), prepared.data.size(), output_of(signature), &size) != CKR_OK ||
      size > signature.size()) {
    return failure("pkcs11.sign");
  }
  signature.resize(size);
  if (!key.verify(verifying_, input, as_bytes(signature))) return failure("pkcs11.signature");
  return signature;
}

Result<std::string> Session::wrap(const std::string& label, Bytes associated, const SecretBytes& plaintext) {
  CLAVIGER_TRY(handle, find(Kind::Secret, label));
  const std::size_t wrapped_size = kNonceBytes + plaintext.size() + kTagBytes;
  // Some modules want room for a block more than they write.
  std::string wrapped(wrapped_size + kTagBytes, '\0');
  CLAVIGER_TRY(filled, crypto::fill_random(std::as_writable_bytes(std::span(wrapped)).first(kNonceBytes)));
  CK_GCM_PARAMS parameters = gcm_parameters(as_bytes(wrapped).first(kNonceBytes), associated);
  CK_MECHANISM mechanism{CKM_AES_GCM, &parameters, sizeof parameters};
  if (functions_.C_EncryptInit(session_, &mechanism, handle) != CKR_OK) return failure("pkcs11.encrypt");
  CK_ULONG size = wrapped.size() - kNonceBytes;
  const CK_RV done = functions_.C_Encrypt(session_, input_of(plaintext.reveal()), plaintext.size(),
                                          output_of(wrapped) + kNonceBytes, &size);
  if (done != CKR_OK || size != wrapped_size - kNonceBytes) return failure("pkcs11.encrypt");
  wrapped.resize(wrapped_size);
  return wrapped;
}

Result<SecretBytes> Session::unwrap(const std::string& label, Bytes associated, Bytes wrapped) {
  if (wrapped.size() < kNonceBytes + kTagBytes) return Error{Code::SealBroken, "pkcs11.wrapped"};
  CLAVIGER_TRY(handle, find(Kind::Secret, label));
  CK_GCM_PARAMS parameters = gcm_parameters(wrapped.first(kNonceBytes), associated);
  CK_MECHANISM mechanism{CKM_AES_GCM, &parameters, sizeof parameters};
  if (functions_.C_DecryptInit(session_, &mechanism, handle) != CKR_OK) return failure("pkcs11.decrypt");
  const Bytes sealed = wrapped.subspan(kNonceBytes);
  // Some modules count the tag in when they say how much room they want.
  SecretBytes plaintext(sealed.size());
  CK_ULONG size = plaintext.size();
  const CK_RV done = functions_.C_Decrypt(session_, input_of(sealed), sealed.size(),
                                          as_uchar(plaintext.reveal_for_writing()), &size);
  // Modules disagree on what a wrong tag is called.
  if (done == CKR_ENCRYPTED_DATA_INVALID || done == CKR_ENCRYPTED_DATA_LEN_RANGE || done == CKR_GENERAL_ERROR) {
    return Error{Code::SealBroken, "pkcs11.wrapped"};
  }
  if (done != CKR_OK || size != sealed.size() - kTagBytes) return failure("pkcs11.decrypt");
  return SecretBytes(plaintext.reveal().first(size));
}

}  // namespace claviger::pkcs11
