// A security key in software: makes and signs what a browser would send, and lies where a test wants it to.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/codec/base64url.h"
#include "core/codec/json_writer.h"
#include "core/crypto/digest.h"
#include "core/crypto/es256_signature.h"
#include "core/crypto/signing_key.h"

namespace claviger::identity {

struct SoftKey {
  crypto::SigningKey key;
  std::string id = "a credential id!";  // raw
  std::string rp_id = "idms.alpha.example";
  std::string origin = "https://idms.alpha.example";
  std::string extra_client_data;  // members, with a comma before them
  unsigned flags = 0x05;          // present, verified
  std::uint32_t count = 1;
  std::string user_handle;  // base64url
  std::string tail;         // behind everything in the authenticator data

  explicit SoftKey(crypto::SignatureAlgorithm algorithm = crypto::SignatureAlgorithm::Es256)
      : key(*crypto::SigningKey::generate(algorithm)) {}

  static std::string base64url(std::string_view bytes) {
    std::string text;
    codec::base64url_encode(as_bytes(bytes), text);
    return text;
  }
  static std::string be(std::uint64_t value, int size) {
    std::string text;
    for (int i = size - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i) & 0xFFU);
    return text;
  }
  static std::string byte_string(std::string_view bytes) {
    if (bytes.size() < 24) return be(0x40 + bytes.size(), 1) + std::string(bytes);
    if (bytes.size() < 256) return "\x58" + be(bytes.size(), 1) + std::string(bytes);
    return "\x59" + be(bytes.size(), 2) + std::string(bytes);
  }
  std::string cose() const {
    const std::string first(as_text(key.verify_key().first_component()));
    const std::string second(as_text(key.verify_key().second_component()));
    switch (key.algorithm()) {
      case crypto::SignatureAlgorithm::Es256:
        return std::string("\xa5\x01\x02\x03\x26\x20\x01\x21", 8) + byte_string(first) + "\x22" + byte_string(second);
      case crypto::SignatureAlgorithm::EdDsa:
        return std::string("\xa4\x01\x01\x03\x27\x20\x06\x21", 8) + byte_string(first);
      default:
        return std::string("\xa4\x01\x03\x03\x39\x01\x00\x20", 8) + byte_string(first) + "\x21" + byte_string(second);
    }
  }
  std::string client_data(std::string_view type, std::string_view challenge) const {
    std::string text = R"({"type":")" + std::string(type) + R"(","challenge":")" + std::string(challenge) +
                       R"(","origin":")" + origin + "\"" + extra_client_data + "}";
    return text;
  }
  std::string data(unsigned with_flags, std::string_view rest) const {
    const auto digest = crypto::sha256(as_bytes(rp_id));
    return std::string(as_text(digest)) + be(with_flags, 1) + be(count, 4) + std::string(rest) + tail;
  }
  std::string credential() const { return std::string(16, '\0') + be(id.size(), 2) + id + cose(); }

  std::string make_with(std::string_view client, std::string_view auth_data) const {
    const std::string attestation =
        std::string("\xa3\x63") + "fmt" + "\x64none\x67" + "attStmt" + "\xa0\x68" + "authData" + byte_string(auth_data);
    std::string text;
    codec::JsonWriter json(text);
    json.begin_object().member("id", base64url(id)).member("clientDataJSON", base64url(client));
    json.member("attestationObject", base64url(attestation)).end_object();
    return text;
  }
  std::string make(std::string_view challenge) const {
    return make_with(client_data("webauthn.create", challenge), data(flags | 0x40U, credential()));
  }

  std::string sign_with(std::string_view client, std::string_view auth_data) const {
    const auto digest = crypto::sha256(as_bytes(client));
    const std::string message = std::string(auth_data) + std::string(as_text(digest));
    crypto::SigningContext context;
    std::string signature(key.signature_size(), '\0');
    (void)*key.sign(context, as_bytes(message), std::as_writable_bytes(std::span(signature)));
    if (key.algorithm() == crypto::SignatureAlgorithm::Es256) {
      std::array<std::byte, crypto::kEs256DerBytesMax> der;
      const std::size_t size = crypto::es256_to_der(as_bytes(signature), der);
      signature = as_text(Bytes(der).first(size));
    }
    std::string text;
    codec::JsonWriter json(text);
    json.begin_object().member("id", base64url(id)).member("clientDataJSON", base64url(client));
    json.member("authenticatorData", base64url(auth_data)).member("signature", base64url(signature));
    if (!user_handle.empty()) json.member("userHandle", user_handle);
    json.end_object();
    return text;
  }
  std::string sign(std::string_view challenge) const {
    return sign_with(client_data("webauthn.get", challenge), data(flags, {}));
  }
};

}  // namespace claviger::identity
