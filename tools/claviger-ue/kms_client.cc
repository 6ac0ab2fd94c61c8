#include "tools/claviger-ue/kms_client.h"

#include <chrono>

#include "core/codec/percent.h"

namespace claviger::ue {
namespace {

std::string segment(std::string_view text) {
  std::string encoded;
  codec::percent_encode(text, encoded);
  return encoded;
}

}  // namespace

Result<KmsResponse> KmsClient::key_provision(std::string_view uri, std::string_view at_ntp) {
  std::string path = "keyprov";
  if (!uri.empty()) path += "/" + segment(uri);
  if (!at_ntp.empty()) path += "/" + std::string(at_ntp);
  return ask(path);
}

Result<KmsResponse> KmsClient::certificate_cache(std::string_view known) {
  return ask(known.empty() ? std::string("certcache") : "certcache/" + std::string(known));
}

Result<KmsResponse> KmsClient::certificate(std::string_view kms_uri) { return ask("cert/" + segment(kms_uri)); }
Result<KmsResponse> KmsClient::lookup(std::string_view user_uri) { return ask("lookup/" + segment(user_uri)); }

Result<KmsResponse> KmsClient::ask(const std::string& path) {
  KmsRequest request;
  request.user_uri = account_.identity();
  request.kms_uri = account_.setting("kms_uri");
  request.url = account_.setting("kms") + "/" + path;
  request.device_id = account_.setting("device");
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  request.time = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  request.milliseconds =
      static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count() % 1000);
  if (request.user_uri.empty()) return Error{Code::KeysDenied, "kms.identity"};
  const SharedKey trk = ring_.shared_key("trk");
  const SharedKey ink = ring_.shared_key("ink");
  http::ClientRequest post(http::Method::Post, request.url);
  post.content_type = "application/xml";
  post.body = write_request(request, trk, ink);
  post.response_bytes_max = kResponseBytesMax;
  post.with("accept", "application/xml");
  auto sent = account_.send_with_token(std::move(post));
  CLAVIGER_TRY(answer, std::move(sent));
  if (answer.status != 200) {
    const std::string said = read_error(answer.body);
    account_.journal().complain("the KMS answered " + path.substr(0, path.find('/')) + " with " +
                                std::to_string(answer.status) + " " + said);
    return Error{code_of_refusal(answer.status, said), "kms.status"};
  }
  auto response = read_response(answer.body, request, trk, ink);
  wipe_text(answer.body);
  return response;
}

}  // namespace claviger::ue
