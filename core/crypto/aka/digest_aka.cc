#include "core/crypto/aka/digest_aka.h"

#include <openssl/hmac.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "core/codec/base64url.h"
#include "core/codec/hex.h"
#include "core/crypto/openssl.h"

namespace claviger::aka {
namespace {

constexpr std::string_view kScheme = "digest";
constexpr std::size_t kMd5Bytes = 16;
using Md5Hex = std::array<char, 2 * kMd5Bytes>;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char a, char b) { return lower(a) == lower(b); });
}
bool is_blank(char c) { return c == ' ' || c == '\t'; }
// tchar of RFC 9110 clause 5.6.2.
bool is_token(char c) {
  const bool is_alphanumeric = (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
  return is_alphanumeric || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// Reads from the front of what is left.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : left_(text) {}
  bool is_at_end() const { return left_.empty(); }
  void skip_blanks() {
    while (!left_.empty() && is_blank(left_.front())) left_.remove_prefix(1);
  }
  bool take(char c) {
    if (left_.empty() || left_.front() != c) return false;
    left_.remove_prefix(1);
    return true;
  }
  std::string_view token() {
    const auto end = std::ranges::find_if_not(left_, is_token);
    const std::string_view found = left_.substr(0, static_cast<std::size_t>(end - left_.begin()));
    left_.remove_prefix(found.size());
    return found;
  }
  // Behind its opening quote.
  Result<std::string> quoted() {
    std::string value;
    while (!left_.empty()) {
      char c = left_.front();
      left_.remove_prefix(1);
      if (c == '"') return value;
      if (c == '\\') {
        if (left_.empty()) break;
        c = left_.front();
        left_.remove_prefix(1);
      }
      if (is_control(c) && c != '\t') break;
      value.push_back(c);
    }
    return Error{Code::ParameterMalformed, "digest.quoted"};
  }

 private:
  std::string_view left_;
};

const std::string* find(const std::vector<DigestParameter>& parameters, std::string_view name) {
  const auto found = std::ranges::find(parameters, name, &DigestParameter::name);
  return found == parameters.end() ? nullptr : &found->value;
}

std::optional<DigestAlgorithm> algorithm_of(std::string_view name) {
  if (equals_ignoring_case(name, kAkaV1)) return DigestAlgorithm::AkaV1;
  if (equals_ignoring_case(name, kAkaV2)) return DigestAlgorithm::AkaV2;
  return std::nullopt;
}
std::string_view name_of(DigestAlgorithm algorithm) { return algorithm == DigestAlgorithm::AkaV1 ? kAkaV1 : kAkaV2; }

void append_quoted(std::string& out, std::string_view name, std::string_view value) {
  if (!out.ends_with(' ')) out += ", ";
  out.append(name).append("=\"");
  for (const char c : value) {
    CLAVIGER_ASSERT(!is_control(c));
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
}

// MD5 of pieces one after the other, in hexadecimal. MD5's collisions do not help against a keyed, one-time use of it.
class Md5 {
 public:
  Md5() : context_(EVP_MD_CTX_new()) {
    const bool is_ready = context_ && EVP_DigestInit_ex(context_.get(), EVP_md5(), nullptr) == 1;
    CLAVIGER_ASSERT(is_ready);
  }
  Md5& add(Bytes piece) {
    const bool is_added = EVP_DigestUpdate(context_.get(), piece.data(), piece.size()) == 1;
    CLAVIGER_ASSERT(is_added);
    return *this;
  }
  Md5& add(std::string_view piece) { return add(as_bytes(piece)); }
  Md5Hex finish() {
    std::array<std::byte, kMd5Bytes> digest;
    unsigned size = 0;
    const bool is_done = EVP_DigestFinal_ex(context_.get(), as_uchar(MutableBytes(digest)), &size) == 1;
    CLAVIGER_ASSERT(is_done && size == kMd5Bytes);
    Md5Hex hex;
    codec::hex_encode(digest, std::as_writable_bytes(std::span(hex)));
    wipe(digest);
    return hex;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, crypto::FreeWith<EVP_MD_CTX_free>> context_;
};

std::string_view text_of(const Md5Hex& hex) { return {hex.data(), hex.size()}; }

}  // namespace

Result<std::vector<DigestParameter>> parse_digest(std::string_view header) {
  if (header.size() > kDigestHeaderMax) return Error{Code::TooLarge, "digest"};
  Scanner scanner(header);
  scanner.skip_blanks();
  if (!equals_ignoring_case(scanner.token(), kScheme)) return Error{Code::Unsupported, "digest.scheme"};
  std::vector<DigestParameter> parameters;
  for (;;) {
    scanner.skip_blanks();
    // RFC 9110 clause 5.6.1.2: empty members of a list are read over.
    if (scanner.take(',')) continue;
    if (scanner.is_at_end()) break;
    DigestParameter parameter;
    for (const char c : scanner.token()) parameter.name.push_back(lower(c));
    scanner.skip_blanks();
    if (parameter.name.empty() || !scanner.take('=')) return Error{Code::ParameterMalformed, "digest"};
    scanner.skip_blanks();
    if (scanner.take('"')) {
      CLAVIGER_TRY(value, scanner.quoted());
      parameter.value = std::move(value);
    } else {
      parameter.value = scanner.token();
      if (parameter.value.empty()) return Error{Code::ParameterMalformed, "digest"};
    }
    if (find(parameters, parameter.name) != nullptr) return Error{Code::ParameterRepeated, "digest"};
    if (parameters.size() == kDigestParametersMax) return Error{Code::TooLarge, "digest.parameters"};
    parameters.push_back(std::move(parameter));
    scanner.skip_blanks();
    if (!scanner.is_at_end() && !scanner.take(',')) return Error{Code::ParameterMalformed, "digest"};
  }
  return parameters;
}

Result<DigestCredentials> parse_digest_credentials(std::string_view header) {
  CLAVIGER_TRY(parameters, parse_digest(header));
  DigestCredentials credentials;
  const auto take = [&](std::string_view name, std::string& into) {
    const std::string* value = find(parameters, name);
    if (value != nullptr) into = *value;
    return value != nullptr;
  };
  const bool is_complete = take("username", credentials.username) && take("realm", credentials.realm) &&
                           take("nonce", credentials.nonce) && take("uri", credentials.uri) &&
                           take("response", credentials.response);
  if (!is_complete) return Error{Code::ParameterMissing, "digest"};
  const std::string* algorithm = find(parameters, "algorithm");
  if (algorithm == nullptr) return Error{Code::ParameterMissing, "digest.algorithm"};
  const auto known = algorithm_of(*algorithm);
  if (!known) return Error{Code::AuthenticationScheme, "digest.algorithm"};
  credentials.algorithm = *known;
  take("opaque", credentials.opaque);
  take("auts", credentials.auts);
  std::string qop;
  const bool has_qop = take("qop", qop);
  if (!has_qop) return Error{Code::ParameterMissing, "digest.qop"};
  if (!equals_ignoring_case(qop, "auth")) return Error{Code::AuthenticationScheme, "digest.qop"};
  if (!take("cnonce", credentials.cnonce) || !take("nc", credentials.nonce_count)) {
    return Error{Code::ParameterMissing, "digest.qop"};
  }
  return credentials;
}

Result<DigestChallenge> parse_digest_challenge(std::string_view header) {
  CLAVIGER_TRY(parameters, parse_digest(header));
  const std::string* realm = find(parameters, "realm");
  const std::string* nonce = find(parameters, "nonce");
  const std::string* algorithm = find(parameters, "algorithm");
  if (realm == nullptr || nonce == nullptr || algorithm == nullptr) return Error{Code::ParameterMissing, "digest"};
  const auto known = algorithm_of(*algorithm);
  if (!known) return Error{Code::AuthenticationScheme, "digest.algorithm"};
  DigestChallenge challenge{*realm, *nonce, {}, *known, false};
  if (const std::string* opaque = find(parameters, "opaque")) challenge.opaque = *opaque;
  const std::string* stale = find(parameters, "stale");
  challenge.is_stale = stale != nullptr && equals_ignoring_case(*stale, "true");
  return challenge;
}

std::string write_digest_challenge(const DigestChallenge& challenge) {
  std::string out = "Digest ";
  append_quoted(out, "realm", challenge.realm);
  append_quoted(out, "nonce", challenge.nonce);
  if (!challenge.opaque.empty()) append_quoted(out, "opaque", challenge.opaque);
  out.append(", algorithm=").append(name_of(challenge.algorithm)).append(", qop=\"auth\"");
  if (challenge.is_stale) out += ", stale=true";
  return out;
}

std::string write_digest_credentials(const DigestCredentials& credentials) {
  std::string out = "Digest ";
  append_quoted(out, "username", credentials.username);
  append_quoted(out, "realm", credentials.realm);
  append_quoted(out, "nonce", credentials.nonce);
  append_quoted(out, "uri", credentials.uri);
  append_quoted(out, "response", credentials.response);
  out.append(", algorithm=").append(name_of(credentials.algorithm)).append(", qop=auth, nc=");
  out.append(credentials.nonce_count);
  append_quoted(out, "cnonce", credentials.cnonce);
  if (!credentials.opaque.empty()) append_quoted(out, "opaque", credentials.opaque);
  if (!credentials.auts.empty()) append_quoted(out, "auts", credentials.auts);
  return out;
}

std::string digest_nonce(const Rand& rand, std::span<const std::byte, kAutnBytes> autn) {
  std::array<std::byte, kRandBytes + kAutnBytes> both;
  std::ranges::copy(rand, both.begin());
  std::ranges::copy(autn, both.begin() + kRandBytes);
  std::string nonce;
  codec::base64_encode(both, nonce);
  return nonce;
}

Result<NonceParts> read_nonce(std::string_view nonce) {
  std::array<std::byte, 512> bytes;  // with whatever server data a peer may have added
  CLAVIGER_TRY(size, codec::base64_decode(nonce, bytes));
  if (size < kRandBytes + kAutnBytes) return Error{Code::Truncated, "digest.nonce"};
  NonceParts parts;
  std::copy_n(bytes.begin(), kRandBytes, parts.rand.begin());
  std::copy_n(bytes.begin() + kRandBytes, kAutnBytes, parts.autn.begin());
  return parts;
}

Result<std::array<std::byte, kAutsBytes>> read_auts(std::string_view auts) {
  if (auts.size() > codec::base64_encoded_size(kAutsBytes)) return Error{Code::OutOfRange, "digest.auts"};
  std::array<std::byte, codec::base64_decoded_size_max(codec::base64_encoded_size(kAutsBytes))> decoded;
  CLAVIGER_TRY(size, codec::base64_decode(auts, decoded));
  if (size != kAutsBytes) return Error{Code::OutOfRange, "digest.auts"};
  std::array<std::byte, kAutsBytes> out;
  std::copy_n(decoded.begin(), kAutsBytes, out.begin());
  return out;
}

SecretBytes digest_password(DigestAlgorithm algorithm, Bytes response, std::span<const std::byte, 16> cipher_key,
                            std::span<const std::byte, 16> integrity_key) {
  if (algorithm == DigestAlgorithm::AkaV1) return SecretBytes(response);
  SecretBytes key(response.size() + 32);
  const MutableBytes parts = key.reveal_for_writing();
  std::ranges::copy(response, parts.begin());
  std::ranges::copy(integrity_key, parts.subspan(response.size()).begin());
  std::ranges::copy(cipher_key, parts.subspan(response.size() + 16).begin());
  constexpr std::string_view kLabel = "http-digest-akav2-password";
  std::array<std::byte, kMd5Bytes> mac;
  unsigned size = 0;
  const bool is_done = HMAC(EVP_md5(), key.reveal().data(), static_cast<int>(key.size()), as_uchar(as_bytes(kLabel)),
                            kLabel.size(), as_uchar(MutableBytes(mac)), &size) != nullptr;
  CLAVIGER_ASSERT(is_done && size == kMd5Bytes);
  SecretBytes password(codec::base64_encoded_size(kMd5Bytes));
  codec::base64_encode(mac, password.reveal_for_writing());
  wipe(mac);
  return password;
}

std::array<char, 32> digest_response(const DigestCredentials& credentials, std::string_view method, Bytes password) {
  Md5Hex a1 = Md5().add(credentials.username).add(":").add(credentials.realm).add(":").add(password).finish();
  const Md5Hex a2 = Md5().add(method).add(":").add(credentials.uri).finish();
  Md5 outer;
  outer.add(text_of(a1)).add(":").add(credentials.nonce).add(":").add(credentials.nonce_count).add(":");
  outer.add(credentials.cnonce).add(":auth:").add(text_of(a2));
  wipe(std::as_writable_bytes(std::span(a1)));
  return outer.finish();
}

bool is_right_response(const DigestCredentials& credentials, std::string_view method, Bytes password) {
  Md5Hex expected = digest_response(credentials, method, password);
  const bool is_right = equals_constant_time(std::as_bytes(std::span(expected)), as_bytes(credentials.response));
  wipe(std::as_writable_bytes(std::span(expected)));
  return is_right;
}

}  // namespace claviger::aka
