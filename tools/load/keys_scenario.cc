#include "tools/load/keys_scenario.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <fstream>

#include "core/base/bytes.h"
#include "core/codec/base64url.h"
#include "core/codec/hex.h"

namespace claviger::load {
namespace {

constexpr std::string_view kPath = "/keymanagement/identity/v1/keyprov";
constexpr std::string_view kKms = "urn:3gpp:ns:mcsecKMSInterface:1.0";
constexpr std::string_view kDsig = "http://www.w3.org/2000/09/xmldsig#";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string base64(Bytes bytes) {
  std::string text;
  codec::base64_encode(bytes, text);
  return text;
}

std::string element(std::string_view name, std::string_view text) {
  std::string out = "<";
  out.append(name).append(">").append(text).append("</").append(name);
  return out.append(">");
}

// What is asked, in canonical form; `number` makes it another each time.
std::string kms_request(const ScenarioOptions& options, std::uint64_t number, bool is_signed) {
  std::string xml = "<KmsRequest xmlns=\"";
  xml.append(kKms).append("\" Id=\"xmldoc\" Version=\"1.1.0\">");
  xml += element("UserUri", options.kms_user_uri) + element("KmsUri", options.kms_uri) + element("Time", now_text());
  xml += element("ClientId", "load-" + std::to_string(options.worker) + "-" + std::to_string(number));
  xml += element("ClientReqUrl", options.origin + std::string(kPath));
  if (is_signed) xml += element("TrK-ID", options.trk_id) + element("Signature-ID", options.ink_id);
  return xml + "</KmsRequest>";
}

class OneUser final : public Scenario {
 public:
  OneUser(const ScenarioOptions& options, bool is_signed) : options_(options), is_signed_(is_signed) {
    authorization_ = "Bearer " + environment("CLAVIGER_LOAD_TOKEN");
    const std::string hex = environment("CLAVIGER_LOAD_INK");
    const auto size = codec::hex_decode(hex, ink_);
    has_key_ = size.has_value() && *size == ink_.size();
    unsigned_body_ = kms_request(options_, 0, false);
  }
  Request next(std::size_t) override {
    Request request;
    request.path = kPath;
    request.headers = {{"authorization", authorization_}, {"content-type", "application/xml"}};
    request.body = is_signed_ && has_key_ ? signed_request() : unsigned_body_;
    return request;
  }
  Step finish(std::size_t, const Answer& answer) override {
    if (answer.status == 503 || answer.status == 429) return Step::Refused;
    const std::string_view wanted = is_signed_ ? "</SignedKmsResponse>" : "</KmsKeySet></KmsKeyProv>";
    return answer.status == 200 && answer.body.find(wanted) != std::string::npos ? Step::Done : Step::Failed;
  }

 private:
  std::string signed_request() const {
    const std::string request = kms_request(options_, ++number_, true);
    std::array<std::byte, SHA256_DIGEST_LENGTH> digest{};
    SHA256(as_uchar(as_bytes(request)), request.size(), as_uchar(MutableBytes(digest)));
    std::string info = "<SignedInfo xmlns=\"" + std::string(kDsig) + "\"><CanonicalizationMethod Algorithm=\"";
    info += "http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"></CanonicalizationMethod><SignatureMethod Algorithm=\"";
    info += "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256\"></SignatureMethod><Reference URI=\"#xmldoc\">";
    info += "<DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></DigestMethod>";
    info += element("DigestValue", base64(digest)) + "</Reference></SignedInfo>";
    std::array<std::byte, SHA256_DIGEST_LENGTH> mac{};
    HMAC(EVP_sha256(), ink_.data(), static_cast<int>(ink_.size()), as_uchar(as_bytes(info)), info.size(),
         as_uchar(MutableBytes(mac)), nullptr);
    std::string xml = "<SignedKmsRequest xmlns=\"" + std::string(kKms) + "\" Id=\"signed\">" + request;
    xml += "<Signature xmlns=\"" + std::string(kDsig) + "\">" + info + element("SignatureValue", base64(mac));
    return xml + "<KeyInfo>" + element("KeyName", options_.ink_id) + "</KeyInfo></Signature></SignedKmsRequest>";
  }

  ScenarioOptions options_;
  bool is_signed_;
  std::string authorization_;
  std::string unsigned_body_;
  std::array<std::byte, 32> ink_{};
  bool has_key_ = false;
  mutable std::uint64_t number_ = 0;
};

class Storm final : public Scenario {
 public:
  Storm() {
    std::ifstream file(environment("CLAVIGER_LOAD_TOKENS"));
    for (std::string line; std::getline(file, line);) tokens_.push_back("Bearer " + line);
  }
  bool is_ready() const { return !tokens_.empty(); }
  // Who was told "later" asks again behind the others, as Retry-After wants.
  Request next(std::size_t) override {
    Request request;
    request.path = kPath;
    request.headers = {{"authorization", tokens_[position_++ % tokens_.size()]}};
    return request;
  }
  Step finish(std::size_t, const Answer& answer) override {
    if (answer.status == 503 || answer.status == 429) return Step::Refused;
    return answer.status == 200 ? Step::Done : Step::Failed;
  }

 private:
  std::vector<std::string> tokens_;
  std::size_t position_ = 0;
};

// The value of a member of a token's claims that is a text without escapes; empty: it has none.
std::string claim_of(std::string_view token, std::string_view name) {
  const std::size_t from = token.find('.') + 1;
  const std::string_view part = token.substr(from, token.find('.', from) - from);
  std::string claims(codec::base64url_decoded_size_max(part.size()), '\0');
  const auto size = codec::base64url_decode(part, std::as_writable_bytes(std::span(claims)));
  if (!size) return {};
  claims.resize(*size);
  const std::string member = "\"" + std::string(name) + "\":\"";
  const std::size_t at = claims.find(member);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + member.size();
  return claims.substr(begin, claims.find('"', begin) - begin);
}

// Users' keys of a time to come, which pre-issue has made: of each token once, then again.
class Ahead final : public Scenario {
 public:
  Ahead() {
    std::ifstream file(environment("CLAVIGER_LOAD_TOKENS"));
    const std::string at = environment("CLAVIGER_LOAD_TIME");
    for (std::string line; std::getline(file, line);) {
      std::string path(kPath);
      path += "/";
      for (const char character : claim_of(line, "mcptt_id")) {
        path += character == ':' ? std::string("%3A") : character == '@' ? "%40" : std::string(1, character);
      }
      asked_.push_back({"Bearer " + line, path + "/" + at});
    }
  }
  bool is_ready() const { return !asked_.empty(); }
  Request next(std::size_t) override {
    const Asked& asked = asked_[position_++ % asked_.size()];
    Request request;
    request.path = asked.path;
    request.headers = {{"authorization", asked.authorization}};
    return request;
  }
  Step finish(std::size_t, const Answer& answer) override {
    if (answer.status == 503 || answer.status == 429) return Step::Refused;
    return answer.status == 200 ? Step::Done : Step::Failed;
  }

 private:
  struct Asked {
    std::string authorization;
    std::string path;
  };
  std::vector<Asked> asked_;
  std::size_t position_ = 0;
};

}  // namespace

std::unique_ptr<Scenario> make_keys_scenario(const ScenarioOptions& options) {
  if (options.name == "keys-request") return std::make_unique<OneUser>(options, false);
  if (options.name == "keys-signed") return std::make_unique<OneUser>(options, true);
  if (options.name == "keys-ahead") {
    auto ahead = std::make_unique<Ahead>();
    if (!ahead->is_ready()) return nullptr;
    return ahead;
  }
  if (options.name != "keys-storm") return nullptr;
  auto storm = std::make_unique<Storm>();
  if (!storm->is_ready()) return nullptr;
  return storm;
}

}  // namespace claviger::load
