#include "broker/identity/sealed_text.h"

#include "core/codec/base64url.h"
#include "core/crypto/aead.h"
#include "core/crypto/hkdf.h"
#include "core/crypto/random.h"

namespace claviger::identity {
namespace {

constexpr std::byte kForm{3};  // raised when the layout of some plaintext changes
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHeadBytes = 1 + kSaltBytes;
constexpr Error kInvalid{Code::InteractionInvalid, "sealed_text"};

// Each text has a key of its own.
Secret<crypto::kAeadKeyBytes> key_of(const Secret<32>& key, Bytes salt, std::string_view purpose) {
  return crypto::derive_secret<crypto::kAeadKeyBytes>(key.reveal(), salt, as_bytes(purpose));
}

std::string associated_of(std::string_view purpose, std::string_view tenant) {
  std::string associated(purpose);
  associated.append(1, '\0').append(tenant);
  return associated;
}

}  // namespace

Result<std::string> seal_text(const Secret<32>& key, std::string_view purpose, std::string_view tenant,
                              std::string_view plaintext) {
  std::string sealed(kHeadBytes + crypto::sealed_size(plaintext.size()), '\0');
  const MutableBytes out = std::as_writable_bytes(std::span(sealed));
  out[0] = kForm;
  CLAVIGER_TRY(salted, crypto::fill_random(out.subspan(1, kSaltBytes)));
  const auto own_key = key_of(key, out.subspan(1, kSaltBytes), purpose);
  CLAVIGER_TRY(size, crypto::seal_once(own_key, as_bytes(associated_of(purpose, tenant)), as_bytes(plaintext),
                                       out.subspan(kHeadBytes)));
  std::string text;
  codec::base64url_encode(out, text);
  return text;
}

Result<SecretBytes> open_text(const Secret<32>& key, std::string_view purpose, std::string_view tenant,
                              std::string_view text) {
  if (text.size() > kSealedTextMax) return kInvalid;
  std::string sealed(codec::base64url_decoded_size_max(text.size()), '\0');
  const auto size = codec::base64url_decode(text, std::as_writable_bytes(std::span(sealed)));
  if (!size || *size < kHeadBytes + crypto::kAeadOverhead) return kInvalid;
  const Bytes bytes = as_bytes(sealed).first(*size);
  if (bytes[0] != kForm) return kInvalid;
  const auto own_key = key_of(key, bytes.subspan(1, kSaltBytes), purpose);
  auto plaintext = crypto::open_once(own_key, as_bytes(associated_of(purpose, tenant)), bytes.subspan(kHeadBytes));
  if (!plaintext) return kInvalid;
  return *std::move(plaintext);
}

}  // namespace claviger::identity
