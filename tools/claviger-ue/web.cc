#include "tools/claviger-ue/web.h"

#include <optional>
#include <utility>

#include "core/base/secret.h"
#include "core/runtime/shard.h"
#include "core/runtime/task.h"

namespace claviger::ue {
namespace {

using runtime::Task;
using Answer = std::optional<Result<http::ClientResponse>>;

Task<void> ask(http::Client* client, http::ClientRequest request, Answer* answer) {
  auto got = co_await client->send(std::move(request));
  *answer = std::move(got);
}

}  // namespace

struct Web::Engine {
  SystemClock clock;
  Logger logger;
  // One shard: nobody aims at a home here.
  runtime::Shards shards{1, clock, logger, SipKey{1, 2}};
  runtime::Scope scope;
  std::optional<http::Client> client;
};

Web::Web(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}

Result<std::unique_ptr<Web>> Web::make(const std::string& ca_pem) {
  net::TlsClientOptions tls;
  tls.ca_pem = ca_pem;
  CLAVIGER_TRY(context, net::TlsContext::client(std::move(tls)));
  auto engine = std::make_unique<Engine>();
  http::ClientOptions options;
  options.tls = std::move(context);
  options.connections_max = 1;
  engine->shards[0].run_until([&] { return engine->client.emplace(engine->shards[0], std::move(options)), true; });
  return std::unique_ptr<Web>(new Web(std::move(engine)));
}

Web::~Web() {
  // What belongs to the loop closes on the loop.
  runtime::Shard& shard = engine_->shards[0];
  shard.run_until([this] { return engine_->client.reset(), true; });
  int turns = 3;
  shard.run_until([&turns] { return turns-- == 0; });
}

Result<http::ClientResponse> Web::send(http::ClientRequest request) {
  Answer answer;
  runtime::Shard& shard = engine_->shards[0];
  bool has_begun = false;
  shard.run_until([&] {
    if (!std::exchange(has_begun, true)) engine_->scope.spawn(ask(&*engine_->client, std::move(request), &answer));
    return answer.has_value();
  });
  return *std::move(answer);
}

void wipe_text(std::string& text) {
  wipe(std::as_writable_bytes(std::span(text)));
  text.clear();
}

}  // namespace claviger::ue
