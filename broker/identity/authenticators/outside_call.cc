// The call itself: a connection for each, closed with its answer; nobody's hot path.
#include "broker/identity/authenticators/outside_verifier.h"
#include "broker/identity/identity_shard.h"
#include "core/codec/base64url.h"
#include "core/crypto/random.h"
#include "core/http/client.h"
#include "core/runtime/offload.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;
using TlsRef = std::shared_ptr<const net::TlsContext>;

// Parses PEM: off the loop.
Task<Result<TlsRef>> make_tls(Context* context, const OutsideVerifier* verifier) {
  net::TlsClientOptions options;
  options.ca_pem = verifier->ca_pem;
  options.certificate_chain_pem = verifier->certificate_pem;
  options.private_key_pem = verifier->key_pem.duplicate();
  options.alpn = {"http/1.1"};
  auto work = [options = std::move(options)]() mutable { return net::TlsContext::client(std::move(options)); };
  auto made = co_await runtime::offload(&context->work_pool, std::move(work));
  if (!made) co_return made.error();
  co_return *std::move(made);
}

Task<Result<bool>> call(Context* context, VerifierQuestion question, SecretBytes code) {
  CLAVIGER_CO_TRY(verifier, co_await read_verifier(context, question.tenant));
  const OutsideVerifier* kept = &verifier;
  CLAVIGER_CO_TRY(tls, co_await make_tls(context, kept));
  http::ClientOptions options;
  options.tls = std::move(tls);
  options.connections_max = 1;
  options.handshake = verifier.timeout;
  http::Client client(context->shard, std::move(options));
  http::ClientRequest request(http::Method::Post, verifier.url);
  request.content_type = "application/json";
  request.body = verifier_body(question, as_text(code.reveal()));
  request.timeout = verifier.timeout;
  request.response_bytes_max = kVerifierAnswerMax;
  if (!verifier.mac_key.empty()) {
    request.with(std::string(kVerifierMacHeader),
                 verifier_mac(verifier.mac_key, "request", question.nonce, request.body));
  }
  auto answer = co_await client.send(std::move(request));
  if (!answer) co_return answer.error();
  if (answer->status != 200) co_return Error{Code::Refused, "verifier.status"};
  co_return read_verdict(verifier.mac_key, question.nonce, answer->header(kVerifierMacHeader), answer->body);
}

// Counted while it is under way, whatever ends it.
class Place {
 public:
  explicit Place(std::uint32_t& under_way) : under_way_(under_way), is_granted_(under_way++ < kVerifierCallsMax) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { --under_way_; }
  bool is_granted() const { return is_granted_; }

 private:
  std::uint32_t& under_way_;
  bool is_granted_;
};

}  // namespace

Task<Result<bool>> ask_verifier(Context* context, VerifierQuestion question, SecretBytes code) {
  const Place place(context->identity->outside_calls());
  if (!place.is_granted()) co_return Error{Code::Overload, "verifier.calls"};
  CLAVIGER_CO_TRY(random, crypto::random_bytes<16>());
  codec::base64url_encode(random.reveal(), question.nonce);
  question.time = numeric_date(context->shard.wall());
  const std::string tenant = question.tenant;
  auto verdict = co_await call(context, std::move(question), std::move(code));
  if (verdict) co_return verdict;
  context->shard.logger().error(
      "verifier.failed",
      {{"tenant", tenant}, {"code", name_of(verdict.error().code)}, {"where", verdict.error().where}});
  co_return Error{Code::Overload, "verifier"};
}

}  // namespace claviger::identity
