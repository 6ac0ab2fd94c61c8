#include "tools/load/keys_scenario.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <queue>

#include "core/base/bytes.h"
#include "core/codec/base64url.h"
#include "core/codec/hex.h"
#include "tools/load/connection.h"

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

std::vector<std::string> authorizations() {
  std::vector<std::string> all;
  std::ifstream file(environment("CLAVIGER_LOAD_TOKENS"));
  for (std::string line; std::getline(file, line);) all.push_back("Bearer " + line);
  return all;
}

// A crowd without manners: who was told "later" asks again behind the others, whatever was said.
class Storm final : public Scenario {
 public:
  Storm() : tokens_(authorizations()) {}
  bool is_ready() const { return !tokens_.empty(); }
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

// Who was told "later" comes when he was told to (RFC 9110 clause 10.2.3). Open loop: the rate is how fast they come at first.
class PatientStorm final : public Scenario {
 public:
  // From the end of the file: who came first in a storm before this one may have his keys.
  explicit PatientStorm(std::size_t slots) : tokens_(authorizations()), asking_(slots) {
    std::ranges::reverse(tokens_);
  }
  bool is_ready() const { return !tokens_.empty(); }
  bool has_next(Instant now) override {
    return fresh_ < tokens_.size() || (!returning_.empty() && returning_.top().due <= now);
  }
  Request next(std::size_t slot) override {
    const bool is_due =
        !returning_.empty() && (returning_.top().due <= Instant::clock::now() || fresh_ == tokens_.size());
    asking_[slot] = is_due ? returning_.top().token : fresh_++;
    if (is_due) returning_.pop();
    Request request;
    request.path = kPath;
    request.headers = {{"authorization", tokens_[asking_[slot]]}};
    return request;
  }
  Step finish(std::size_t slot, const Answer& answer) override {
    if (answer.status == 503 || answer.status == 429) {
      const std::chrono::seconds wait(std::max(1, std::atoi(answer.retry_after.c_str())));
      returning_.push({Instant::clock::now() + wait, asking_[slot]});
      return Step::Refused;
    }
    return answer.status == 200 ? Step::Done : Step::Failed;
  }

 private:
  struct Returning {
    Instant due;
    std::size_t token;
    bool operator>(const Returning& other) const { return due > other.due; }
  };
  std::vector<std::string> tokens_;
  std::vector<std::size_t> asking_;  // by slot
  std::priority_queue<Returning, std::vector<Returning>, std::greater<>> returning_;
  std::size_t fresh_ = 0;
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
  const auto when_ready = [](auto scenario) -> std::unique_ptr<Scenario> {
    if (!scenario->is_ready()) return nullptr;
    return scenario;
  };
  if (options.name == "keys-ahead") return when_ready(std::make_unique<Ahead>());
  if (options.name == "keys-storm") return when_ready(std::make_unique<Storm>());
  if (options.name == "keys-storm-patient") return when_ready(std::make_unique<PatientStorm>(options.slots));
  return nullptr;
}

}  // namespace claviger::load
