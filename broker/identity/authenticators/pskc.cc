#include "broker/identity/authenticators/pskc.h"

#include <charconv>
#include <cstring>
#include <pugixml.hpp>

#include "core/codec/base64url.h"
#include "core/crypto/key_container_cipher.h"

namespace claviger::identity {
namespace {

constexpr Error kInvalid{Code::PskcInvalid, "pskc"};
Error invalid(std::string_view where) { return {Code::PskcInvalid, where}; }

// Vendors choose prefixes as they like: the name behind it counts.
std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child(const pugi::xml_node& parent, std::string_view name) {
  for (const pugi::xml_node node : parent.children()) {
    if (local_name(node) == name) return node;
  }
  return {};
}

pugi::xml_node at(pugi::xml_node node, std::initializer_list<std::string_view> path) {
  for (const std::string_view name : path) node = child(node, name);
  return node;
}

std::string_view text_of(const pugi::xml_node& node) {
  std::string_view text = node.text().get();
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// Base64 with the other two digits, padding and line ends.
Result<SecretBytes> decode_base64(std::string_view text) {
  SecretBytes plain_digits(text.size());
  const MutableBytes out = plain_digits.reveal_for_writing();
  std::size_t size = 0;
  for (const char character : text) {
    if (character == ' ' || character == '\t' || character == '\r' || character == '\n' || character == '=') continue;
    const char digit = character == '+' ? '-' : character == '/' ? '_' : character;
    if (character == '-' || character == '_') return invalid("pskc.base64");
    out[size++] = static_cast<std::byte>(digit);
  }
  SecretBytes decoded(codec::base64url_decoded_size_max(size));
  const auto written = codec::base64url_decode(as_text(plain_digits.reveal().first(size)), decoded.reveal_for_writing());
  if (!written) return invalid("pskc.base64");
  return SecretBytes(decoded.reveal().first(*written));
}

template <typename T>
Result<T> read_number(std::string_view text, T absent) {
  if (text.empty()) return absent;
  T value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return invalid("pskc.number");
  return value;
}

struct Container {
  Bytes key;             // pre-shared; empty: the file is in plain text
  SecretBytes mac_key;
};

// Clause 6.1: each value has its cipher and its MAC.
Result<SecretBytes> decrypt(const Container& container, const pugi::xml_node& value, const pugi::xml_node& mac) {
  const pugi::xml_node encrypted = child(value, "EncryptedValue");
  const std::string_view algorithm = child(encrypted, "EncryptionMethod").attribute("Algorithm").value();
  if (!algorithm.ends_with("-cbc") || container.key.empty()) return invalid("pskc.encryption");
  CLAVIGER_TRY(sealed, decode_base64(text_of(at(encrypted, {"CipherData", "CipherValue"}))));
  if (!container.mac_key.empty()) {
    CLAVIGER_TRY(expected, decode_base64(text_of(mac)));
    if (!crypto::verify_hmac_sha1(container.mac_key.reveal(), sealed.reveal(), expected.reveal())) {
      return invalid("pskc.mac");
    }
  }
  auto plain = crypto::decrypt_aes_cbc(container.key, sealed.reveal());
  if (!plain) return invalid("pskc.decryption");
  return plain;
}

Result<Container> read_container(const pugi::xml_node& root, Bytes key) {
  Container container;
  container.key = key;
  const pugi::xml_node method = child(root, "MACMethod");
  if (!method) {
    // A cipher without a MAC would let anybody change seeds on their way (clause 6.1.1 makes it a must).
    if (!key.empty()) return invalid("pskc.mac_method");
    return container;
  }
  const std::string_view algorithm = method.attribute("Algorithm").value();
  if (!algorithm.ends_with("#hmac-sha1") || key.empty()) return invalid("pskc.mac_method");
  CLAVIGER_TRY(sealed, decode_base64(text_of(at(method, {"MACKey", "CipherData", "CipherValue"}))));
  auto mac_key = crypto::decrypt_aes_cbc(key, sealed.reveal());
  if (!mac_key || mac_key->empty()) return invalid("pskc.mac_key");
  container.mac_key = *std::move(mac_key);
  return container;
}

Result<AuthenticatorDraft> read_key(const Container& container, const pugi::xml_node& package,
                                    const pugi::xml_node& key) {
  AuthenticatorDraft draft;
  const std::string_view algorithm = key.attribute("Algorithm").value();
  if (algorithm.ends_with(":hotp")) {
    draft.kind = "hotp";
  } else if (algorithm.ends_with(":totp")) {
    draft.kind = "totp";
  } else {
    return invalid("pskc.algorithm");
  }
  const std::string_view serial = text_of(at(package, {"DeviceInfo", "SerialNo"}));
  draft.serial = serial.empty() ? std::string_view(key.attribute("Id").value()) : serial;
  if (draft.serial.empty()) return invalid("pskc.serial");
  const pugi::xml_node parameters = child(key, "AlgorithmParameters");
  const std::string_view suite = text_of(child(parameters, "Suite"));
  if (suite == "HMAC-SHA256") draft.algorithm = crypto::OtpAlgorithm::Sha256;
  if (suite == "HMAC-SHA512") draft.algorithm = crypto::OtpAlgorithm::Sha512;
  const pugi::xml_node format = child(parameters, "ResponseFormat");
  const std::string_view encoding = format.attribute("Encoding").value();
  if (!encoding.empty() && encoding != "DECIMAL") return invalid("pskc.encoding");
  CLAVIGER_TRY(digits, read_number<unsigned>(format.attribute("Length").value(), 6));
  draft.digits = digits;
  const pugi::xml_node data = child(key, "Data");
  CLAVIGER_TRY(counter, read_number<std::uint64_t>(text_of(at(data, {"Counter", "PlainValue"})), 0));
  draft.counter = draft.kind == "hotp" ? counter : 0;
  CLAVIGER_TRY(period, read_number<std::uint32_t>(text_of(at(data, {"TimeInterval", "PlainValue"})), 30));
  draft.period_seconds = period;
  const pugi::xml_node secret = child(data, "Secret");
  const pugi::xml_node plain = child(secret, "PlainValue");
  auto seed = plain ? decode_base64(text_of(plain)) : decrypt(container, secret, child(secret, "ValueMAC"));
  if (!seed) return seed.error();
  if (seed->empty()) return invalid("pskc.secret");
  draft.seed = *std::move(seed);
  return draft;
}

}  // namespace

Result<std::vector<AuthenticatorDraft>> read_pskc(std::string_view xml, Bytes key) {
  if (xml.size() > kPskcBytesMax || xml.find("<!DOCTYPE") != std::string_view::npos) return kInvalid;
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8)) return kInvalid;
  const pugi::xml_node root = document.document_element();
  if (local_name(root) != "KeyContainer") return invalid("pskc.root");
  CLAVIGER_TRY(container, read_container(root, key));
  std::vector<AuthenticatorDraft> drafts;
  for (const pugi::xml_node package : root.children()) {
    if (local_name(package) != "KeyPackage") continue;
    const pugi::xml_node node = child(package, "Key");
    if (!node) return invalid("pskc.key");
    if (drafts.size() == kPskcKeysMax) return invalid("pskc.count");
    CLAVIGER_TRY(draft, read_key(container, package, node));
    drafts.push_back(std::move(draft));
  }
  if (drafts.empty()) return invalid("pskc.empty");
  return drafts;
}

}  // namespace claviger::identity
