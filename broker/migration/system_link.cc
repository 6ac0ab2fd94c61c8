#include "broker/migration/system_link.h"

#include "broker/migration/token_answer.h"
#include "core/codec/percent.h"

namespace claviger::migration {

using runtime::Task;

namespace {

// A token is asked for again this long before it ends.
constexpr std::int64_t kTokenMargin = 30;

http::ClientOptions options_with(std::shared_ptr<const net::TlsContext> tls) {
  http::ClientOptions options;
  options.tls = std::move(tls);
  return options;
}

}  // namespace

SystemLink::SystemLink(broker::Context& context, std::string tenant, Agreement agreement,
                       std::shared_ptr<const net::TlsContext> tls)
    : context_(context),
      tenant_(std::move(tenant)),
      agreement_(std::move(agreement)),
      client_(context.shard, options_with(std::move(tls))) {}

Task<Result<Unit>> SystemLink::fetch_token() {
  http::ClientRequest request(http::Method::Post, agreement_.token_endpoint);
  request.content_type = "application/x-www-form-urlencoded";
  codec::FormWriter form(request.body);
  form.add("grant_type", "client_credentials").add("client_id", agreement_.client_id).add("scope", kMigrationScope);
  request.with("accept", "application/json");
  request.timeout = kLinkAnswerMax;
  request.response_bytes_max = kLinkAnswerBytesMax;
  CLAVIGER_CO_TRY(answer, co_await client_.send(std::move(request)));
  if (answer.status != 200) co_return Error{Code::Refused, "link.token"};
  auto read = read_token_answer(answer.body);
  wipe(std::as_writable_bytes(std::span(answer.body)));
  if (!read) co_return read.error();
  token_ = std::move(read->token);
  token_until_ = numeric_date(context_.shard.wall()) + read->life - kTokenMargin;
  co_return Unit{};
}

Task<Result<http::ClientResponse>> SystemLink::ask(http::Method method, std::string path, std::string body) {
  constexpr int kTriesMax = 2;  // the second one with a new token
  for (int tries = 1;; ++tries) {
    if (token_.empty() || numeric_date(context_.shard.wall()) >= token_until_) {
      CLAVIGER_CO_TRY(fetched, co_await fetch_token());
    }
    http::ClientRequest request(method, agreement_.url + path);
    if (!body.empty()) request.content_type = "application/json";
    request.body = body;
    std::string field = "Bearer ";
    field.append(as_text(token_.reveal()));
    request.with("authorization", std::move(field)).with("accept", "application/json");
    request.timeout = kLinkAnswerMax;
    request.response_bytes_max = kLinkAnswerBytesMax;
    CLAVIGER_CO_TRY(answer, co_await client_.send(std::move(request)));
    if (answer.status != 401 || tries == kTriesMax) co_return std::move(answer);
    token_ = SecretBytes();
  }
}

}  // namespace claviger::migration
