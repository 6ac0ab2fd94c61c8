#include "tools/claviger-ue/kms_message.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>

#include "core/codec/base64url.h"
#include "core/codec/hex.h"
#include "core/crypto/key_wrap.h"
#include "tools/claviger-ue/web.h"
#include "tools/claviger-ue/xml_signature.h"

namespace claviger::ue {
namespace {

constexpr std::size_t kSharedKeyBytes = 32;
// Of one answer: periods of a year at a week each.
constexpr std::size_t kKeySetsMax = 64;
constexpr std::size_t kCertificatesMax = 1024;
constexpr std::size_t kLookupMax = 64;

Error schema(std::string_view where) { return {Code::XmlSchema, where}; }

std::string date_time(std::int64_t time, std::uint32_t milliseconds) {
  const std::time_t at = time;
  std::tm parts{};
  ::gmtime_r(&at, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::string written(text.data(), size);
  if (milliseconds != 0) {
    std::snprintf(text.data(), text.size(), ".%03u", milliseconds);
    written += text.data();
  }
  return written + "Z";
}

// Seconds; a fraction is dropped, no zone is UTC.
std::optional<std::int64_t> read_date_time(const std::string& text) {
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  std::int64_t time = ::timegm(&parts);
  if (*rest == '.') {
    while (*++rest >= '0' && *rest <= '9') continue;
  }
  int hours = 0;
  int minutes = 0;
  char sign = 0;
  if (std::sscanf(rest, "%c%2d:%2d", &sign, &hours, &minutes) == 3 && (sign == '+' || sign == '-')) {
    const std::int64_t offset = hours * 3600 + minutes * 60;
    time += sign == '+' ? -offset : offset;
  } else if (*rest != '\0' && std::string_view(rest) != "Z") {
    return std::nullopt;
  }
  return time;
}

Result<std::uint64_t> number(XmlElement parent, std::string_view name) {
  const std::string text = parent.text_of(name);
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return schema(name);
  return value;
}

Result<Unit> hex_into(XmlElement parent, std::string_view name, MutableBytes out) {
  const std::string text = parent.text_of(name);
  const auto size = codec::hex_decode(text, out);
  if (!size || *size != out.size()) return schema(name);
  return Unit{};
}

bool is_true(const std::string& text) { return text == "true" || text == "1"; }

// Hex or base64: both are in use, and a length of one is never that of the other (clause 9.3.4).
Result<SecretBytes> cipher_value(XmlElement encrypted) {
  const XmlElement data = encrypted.only("CipherData", kEncryptionNamespace);
  std::string text = data.only("CipherValue", kEncryptionNamespace).text();
  std::erase_if(text, [](char each) { return each == ' ' || each == '\t' || each == '\r' || each == '\n'; });
  SecretBytes bytes(text.size());
  const bool is_hex = std::ranges::all_of(text, [](char each) {
    return (each >= '0' && each <= '9') || (each >= 'a' && each <= 'f') || (each >= 'A' && each <= 'F');
  });
  auto size = is_hex ? codec::hex_decode(text, bytes.reveal_for_writing()) : Result<std::size_t>(schema("CipherValue"));
  if (!size || *size % 8 != 0) size = codec::base64_decode(text, bytes.reveal_for_writing());
  if (!size || *size == 0) return schema("CipherValue");
  return SecretBytes(bytes.reveal().first(*size));
}

// AES key wrap takes whole blocks; which of the ways around is taken for the others shows when it opens: both
// authenticate themselves (RFC 3394, RFC 5649).
Result<SecretBytes> unwrap(XmlElement holder, const SharedKey& trk, std::size_t size) {
  constexpr Error kBad{Code::KeyWrapInvalid, "kms.wrapped"};
  const XmlElement encrypted = holder.only("EncryptedKey", kEncryptionNamespace);
  const std::string name = encrypted.only("KeyInfo", kSignatureNamespace).only("KeyName", kSignatureNamespace).text();
  if (!trk.has_value() || (!name.empty() && name != trk.id)) return kBad;
  CLAVIGER_TRY(wrapped, cipher_value(encrypted));
  CLAVIGER_TRY(wrap, crypto::KeyWrap::make());
  auto plain = wrap.unwrap(crypto::KeyWrapMode::Rfc5649, trk.key.reveal(), wrapped.reveal());
  if (!plain) plain = wrap.unwrap(crypto::KeyWrapMode::Rfc3394, trk.key.reveal(), wrapped.reveal());
  if (!plain) return kBad;
  // A point without its first octet, which is 04 always.
  if (plain->size() + 1 == size && size % 8 == 1) {
    SecretBytes point(size);
    point.reveal_for_writing()[0] = std::byte{4};
    std::ranges::copy(plain->reveal(), point.reveal_for_writing().begin() + 1);
    return point;
  }
  if (plain->size() != size) return kBad;
  return *std::move(plain);
}

struct KeyContent {
  SecretBytes key;
  bool was_wrapped;
};
// Wrapped, or hex; some servers write leading zeros before an SSK.
Result<KeyContent> key_content(XmlElement set, std::string_view name, std::size_t size, const SharedKey& trk) {
  const XmlElement holder = set.only(name);
  if (!holder) return schema(name);
  if (!holder.children().empty()) {
    CLAVIGER_TRY(key, unwrap(holder, trk, size));
    return KeyContent{std::move(key), true};
  }
  std::string text = holder.text();
  std::string_view digits = text;
  while (digits.size() > 2 * size && digits.starts_with("00")) digits.remove_prefix(2);
  SecretBytes key(size);
  const auto read = codec::hex_decode(digits, key.reveal_for_writing());
  const bool is_good = read && *read == size;
  wipe_text(text);
  if (!is_good) return schema(name);
  return KeyContent{std::move(key), false};
}

Result<KeySet> read_key_set(XmlElement element, const SharedKey& trk) {
  KeySet set;
  set.kms_uri = element.text_of("KmsUri");
  set.cert_uri = element.text_of("CertUri");
  set.user_uri = element.text_of("UserUri");
  if (set.kms_uri.empty() || set.user_uri.empty()) return schema("KmsKeySet");
  const std::string user_id = element.text_of("UserID");
  auto size = codec::hex_decode(user_id, set.user_id);
  if (!size) {
    std::array<std::byte, 48> bytes{};
    size = user_id.size() > 64 ? Result<std::size_t>(schema("UserID")) : codec::base64_decode(user_id, bytes);
    if (size && *size == set.user_id.size()) std::copy_n(bytes.begin(), set.user_id.size(), set.user_id.begin());
  }
  if (!size || *size != set.user_id.size()) return schema("UserID");
  CLAVIGER_TRY(period, number(element, "KeyPeriodNo"));
  set.period = period;
  set.is_revoked = is_true(element.text_of("Revoked"));
  if (set.is_revoked) return set;
  CLAVIGER_TRY(rsk, key_content(element, "UserDecryptKey", 257, trk));
  CLAVIGER_TRY(ssk, key_content(element, "UserSigningKeySSK", 32, trk));
  CLAVIGER_TRY(pvt, key_content(element, "UserPubTokenPVT", set.pvt.size(), trk));
  set.was_wrapped = rsk.was_wrapped && ssk.was_wrapped;
  set.rsk = std::move(rsk.key);
  set.ssk = std::move(ssk.key);
  std::ranges::copy(pvt.key.reveal(), set.pvt.begin());
  return set;
}

Result<Unit> read_new_keys(XmlElement holder, std::string_view name, const SharedKey& trk,
                           std::vector<SharedKey>& out) {
  for (const XmlElement child : holder.children()) {
    if (!child.is(name)) continue;
    const XmlElement encrypted = child.only("EncryptedKey", kEncryptionNamespace);
    SharedKey key;
    key.id = encrypted.only("CarriedKeyName", kEncryptionNamespace).text();
    if (key.id.empty() || out.size() >= 8) return schema(name);
    CLAVIGER_TRY(unwrapped, unwrap(child, trk, kSharedKeyBytes));
    key.key = std::move(unwrapped);
    out.push_back(std::move(key));
  }
  return Unit{};
}

// Bare, or in a SignedKmsCertificate: whose signature that is, the answer's own stands for (clause 5.3.1).
XmlElement bare_certificate(XmlElement element) {
  if (element.is("SignedKmsCertificate")) return element.only("KmsCertificate");
  return element.is("KmsCertificate") ? element : XmlElement();
}

Result<Unit> read_certificates(const XmlTree& tree, XmlElement holder, KmsResponse& response) {
  for (const XmlElement child : holder.children()) {
    const XmlElement bare = bare_certificate(child);
    if (!bare) continue;
    if (response.certificates.size() >= kCertificatesMax) return schema("KmsCertCache");
    CLAVIGER_TRY(certificate, read_certificate(tree, bare));
    response.certificates.push_back(std::move(certificate));
  }
  return Unit{};
}

Result<Unit> read_message(const XmlTree& tree, XmlElement message, const SharedKey& trk, KmsResponse& response) {
  const auto contents = message.children();
  if (contents.size() > 1) return schema("KmsMessage");
  if (contents.empty()) return Unit{};
  const XmlElement content = contents.front();
  if (content.is("KmsLookup", "urn:claviger:kms:lookup:1.0") || content.is("KmsLookup")) {
    for (const XmlElement child : content.children()) {
      const bool is_uri = child.is("KmsUri", "urn:claviger:kms:lookup:1.0") || child.is("KmsUri");
      if (is_uri && response.kms_uris.size() < kLookupMax) response.kms_uris.push_back(child.text());
    }
    return Unit{};
  }
  CLAVIGER_TRY(certificates, read_certificates(tree, content, response));
  if (content.is("KmsCertCache")) {
    const std::string text = content.attribute("CacheNum");
    std::uint64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return schema("CacheNum");
    response.cache_number = value;
    return Unit{};
  }
  if (!content.is("KmsInit") && !content.is("KmsKeyProv")) return schema("KmsMessage");
  for (const XmlElement child : content.children()) {
    if (!child.is("KmsKeySet")) continue;
    if (response.key_sets.size() >= kKeySetsMax) return schema("KmsKeyProv");
    CLAVIGER_TRY(set, read_key_set(child, trk));
    response.key_sets.push_back(std::move(set));
  }
  CLAVIGER_TRY(transport, read_new_keys(content, "NewTransportKey", trk, response.new_transport_keys));
  return read_new_keys(content, "NewIntegrityKey", trk, response.new_integrity_keys);
}

Result<Unit> check_head(XmlElement element, const KmsRequest& request, bool is_signed) {
  if (element.text_of("UserUri") != request.user_uri) return Error{Code::KeysDenied, "kms.response.user"};
  if (element.text_of("KmsUri") != request.kms_uri) return Error{Code::KmsUriDiffers, "kms.response.kms"};
  if (element.text_of("ClientReqUrl") != request.url) return Error{Code::RequestUrlDiffers, "kms.response.url"};
  const auto time = read_date_time(element.text_of("Time"));
  if (!time) return schema("Time");
  const std::int64_t off = *time > request.time ? *time - request.time : request.time - *time;
  // An old answer that was signed is a replay; without a signature the time says nothing anyway.
  if (is_signed && off > kTimeWindow) return Error{Code::RequestTime, "kms.response.time"};
  return Unit{};
}

}  // namespace

std::string write_request(const KmsRequest& request, const SharedKey& trk, const SharedKey& ink) {
  const SharedKey& signer = ink.has_value() ? ink : trk;
  std::string text = "<KmsRequest xmlns=\"";
  text.append(kKmsNamespace).append("\" Id=\"xmldoc\" Version=\"1.1.0\">");
  const auto put = [&text](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    text.append("<").append(name).append(">").append(xml_escaped(value)).append("</").append(name).append(">");
  };
  put("UserUri", request.user_uri);
  put("KmsUri", request.kms_uri);
  put("Time", date_time(request.time, request.milliseconds));
  put("ClientId", "claviger-ue");
  put("DeviceId", request.device_id);
  put("ClientReqUrl", request.url);
  put("TrK-ID", trk.id);
  put("Signature-ID", signer.id);
  text += "</KmsRequest>";
  if (!signer.has_value()) return text;
  std::string whole = "<SignedKmsRequest xmlns=\"";
  whole.append(kKmsNamespace).append("\" Id=\"signed\">").append(text);
  whole += write_signature("xmldoc", text, signer.id, signer.key.reveal());
  return whole + "</SignedKmsRequest>";
}

Result<KmsCertificate> read_certificate(const XmlTree& tree, XmlElement element) {
  constexpr Error kBad{Code::KmsCertificateInvalid, "kms.certificate"};
  KmsCertificate certificate;
  certificate.cert_uri = element.text_of("CertUri");
  certificate.kms_uri = element.text_of("KmsUri");
  certificate.role = element.attribute("Role");
  certificate.is_revoked = is_true(element.text_of("Revoked"));
  const std::string set = element.text_of("ParameterSet");
  if (certificate.kms_uri.empty() || element.text_of("UserIdFormat") != "2" || (!set.empty() && set != "1"))
    return kBad;
  const auto period = number(element, "UserKeyPeriod");
  const auto offset = number(element, "UserKeyOffset");
  if (!period || !offset || !hex_into(element, "PubEncKey", certificate.pub_enc_key) ||
      !hex_into(element, "PubAuthKey", certificate.pub_auth_key)) {
    return kBad;
  }
  certificate.period = *period;
  certificate.offset = *offset;
  for (const XmlElement name : element.only("KmsDomainList").children()) certificate.domains.push_back(name.text());
  CLAVIGER_TRY(xml, tree.canonical(element));
  certificate.xml = std::move(xml);
  return certificate;
}

Result<KmsResponse> read_response(std::string_view text, const KmsRequest& request, const SharedKey& trk,
                                  const SharedKey& ink) {
  CLAVIGER_TRY(tree, XmlTree::read(text));
  const SharedKey& signer = ink.has_value() ? ink : trk;
  KmsResponse response;
  XmlElement element = tree.root();
  if (element.is("SignedKmsResponse")) {
    CLAVIGER_TRY(what, find_signed(tree, "SignedKmsResponse", "KmsResponse"));
    if (!signer.has_value() || what.key_name != signer.id) return Error{Code::XmlSignature, "kms.response.key"};
    CLAVIGER_TRY(checked, check_signature(tree, what, signer.key.reveal()));
    element = what.element;
    response.is_signed = true;
  } else if (signer.has_value()) {
    return Error{Code::XmlSignature, "kms.response.unsigned"};
  }
  if (!element.is("KmsResponse")) return schema("KmsResponse");
  CLAVIGER_TRY(head, check_head(element, request, response.is_signed));
  if (element.only("KmsError")) return schema("KmsError");
  CLAVIGER_TRY(message, read_message(tree, element.only("KmsMessage"), trk, response));
  return response;
}

std::string read_error(std::string_view text) {
  const auto tree = XmlTree::read(text);
  if (!tree) return {};
  XmlElement element = tree->root();
  if (element.is("SignedKmsResponse")) element = element.only("KmsResponse");
  const XmlElement error = element.only("KmsError");
  if (!error) return {};
  // Shown on a terminal.
  std::string shown = error.text_of("ErrorCode") + ": " + error.text_of("ErrorMsg");
  std::erase_if(shown, [](char each) { return static_cast<unsigned char>(each) < 0x20 || each == 0x7F; });
  return shown;
}

Code code_of_refusal(std::uint16_t status, std::string_view error) {
  // Both, so that no front that answers 410 for a path of its own takes keys away.
  return status == 410 && error.starts_with("1203:") ? Code::KeysRevoked : Code::Refused;
}

}  // namespace claviger::ue
