#include "core/http/client.h"

#include <algorithm>
#include <memory>
#include <span>

#include "core/base/secret.h"
#include "core/http/client_pool.h"

namespace claviger::http {
namespace {

// Origins remembered; beyond it those without a connection are forgotten. Partners and redirect targets are few.
constexpr std::size_t kOriginsMax = 256;

void wipe_text(std::string& text) noexcept { wipe(std::as_writable_bytes(std::span(text))); }
void wipe_fields(std::vector<ClientHeader>& fields) noexcept {
  for (ClientHeader& field : fields) wipe_text(field.value);
}

// Tells the pool when send() is dropped or gives up.
class Waiting {
 public:
  Waiting(Client::Pool& pool, ClientExchangePtr exchange) : pool_(pool), exchange_(std::move(exchange)) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() {
    if (!exchange_->is_finished) pool_.abandon(exchange_);  // a finished one may have outlived its pool
  }

 private:
  Client::Pool& pool_;
  ClientExchangePtr exchange_;
};

}  // namespace

void append_wiping(std::string& text, std::string_view piece) {
  if (text.capacity() - text.size() < piece.size()) {
    std::string larger;
    larger.reserve(std::max(2 * text.capacity(), text.size() + piece.size()));
    larger += text;
    wipe_text(text);
    text = std::move(larger);
  }
  text += piece;
}

ClientRequest::ClientRequest(ClientRequest&&) noexcept = default;
// What was there is wiped like what goes: the members' own assignment would give it back as it is.
ClientRequest& ClientRequest::operator=(ClientRequest&& other) noexcept {
  if (this == &other) return *this;
  std::destroy_at(this);
  return *std::construct_at(this, std::move(other));
}
ClientRequest::~ClientRequest() {
  wipe_fields(headers);
  wipe_text(body);
}

ClientResponse::ClientResponse(ClientResponse&&) noexcept = default;
ClientResponse& ClientResponse::operator=(ClientResponse&& other) noexcept {
  if (this == &other) return *this;
  std::destroy_at(this);
  return *std::construct_at(this, std::move(other));
}
ClientResponse::~ClientResponse() {
  wipe_fields(headers);
  wipe_text(body);
}

std::string_view ClientResponse::header(std::string_view name) const {
  for (const ClientHeader& each : headers) {
    if (each.name == name) return each.value;
  }
  return {};
}

namespace {

// RFC 9110 clause 5.5: what would end a field, and begin another one in HTTP/1.1, is in no value.
bool is_field_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return (c >= '\0' && c < ' ' && c != '\t') || c == '\x7f'; });
}

}  // namespace

Client::Client(runtime::Shard& shard, ClientOptions options)
    : pool_(std::make_unique<Pool>(shard, std::move(options))) {}
Client::~Client() = default;
void Client::close_idle() { pool_->close_idle(); }
std::size_t Client::connections() const { return pool_->connections(); }

runtime::Task<Result<ClientResponse>> Client::send(ClientRequest request) {
  Pool& pool = *pool_;
  const Monotonic deadline = pool.shard.now() + request.timeout;
  runtime::OneShotPair<Result<ClientResponse>> pair;
  auto enqueued = pool.enqueue(std::move(request), std::move(pair.completer));
  if (!enqueued) co_return enqueued.error();
  const Waiting waiting(pool, *std::move(enqueued));
  auto answer = co_await pair.waiter.until(deadline);
  if (!answer) co_return Error{Code::DeadlinePassed, "client.send"};
  co_return *std::move(answer);
}

Client::Pool::Pool(runtime::Shard& its_shard, ClientOptions its_options)
    : shard(its_shard), options(std::move(its_options)) {}

Client::Pool::~Pool() {
  scope_.cancel();
  for (auto& [key, origin] : origins_) {
    origin.connections.clear();
    while (!origin.waiting.empty()) {
      finish(origin.waiting.front(), Error{Code::Cancelled, "client"});
      origin.waiting.pop_front();
    }
  }
}

Result<ClientExchangePtr> Client::Pool::enqueue(ClientRequest request,
                                                runtime::Completer<Result<ClientResponse>> completer) {
  CLAVIGER_TRY(url, parse_url(request.url));
  if (url.is_https && options.tls == nullptr) return Error{Code::Unsupported, "client.tls"};
  const auto is_good = [](const ClientHeader& header) { return is_field_value(header.value); };
  if (!is_field_value(request.content_type) || !std::ranges::all_of(request.headers, is_good)) {
    return Error{Code::BadValue, "client.header"};
  }
  forget_unused();
  const std::string scheme = url.is_https ? "https" : "http";
  ClientOrigin& origin = origins_[scheme + ' ' + url.host + ' ' + std::to_string(url.port) + ' ' + request.unix_path];
  if (origin.waiting.size() >= options.waiting_max) return Error{Code::Overload, "client.waiting"};
  origin.is_https = url.is_https;
  origin.host = url.host;
  origin.port = url.port;
  origin.unix_path = request.unix_path;
  auto exchange = std::make_shared<ClientExchange>(std::move(request), std::move(completer));
  exchange->authority = std::move(url.authority);
  exchange->target = std::move(url.target);
  exchange->is_https = url.is_https;
  origin.waiting.push_back(exchange);
  pump(origin);
  return exchange;
}

void Client::Pool::forget_unused() {
  if (origins_.size() < kOriginsMax) return;
  std::erase_if(origins_, [](const auto& each) {
    return each.second.connections.empty() && each.second.waiting.empty() && each.second.opening == 0;
  });
}

void Client::Pool::pump(ClientOrigin& origin) {
  for (auto& connection : origin.connections) {
    while (!origin.waiting.empty() && connection->capacity() > 0) {
      ClientExchangePtr next = std::move(origin.waiting.front());
      origin.waiting.pop_front();
      if (!next->is_finished) connection->submit(std::move(next));
    }
  }
  // One more connection at a time for what still waits: an HTTP/2 one may take it all.
  const bool is_full = origin.connections.size() + origin.opening >= options.connections_max;
  if (origin.waiting.empty() || origin.opening > 0 || is_full) return;
  ++origin.opening;
  scope_.spawn(open(&origin));
}

runtime::Task<void> Client::Pool::open(ClientOrigin* origin) {
  auto opened = co_await open_one(origin);
  --origin->opening;
  if (!opened && origin->connections.empty()) {
    // Nothing else is coming for those who wait.
    while (!origin->waiting.empty()) {
      finish(origin->waiting.front(), opened.error());
      origin->waiting.pop_front();
    }
  }
  if (opened) pump(*origin);
}

runtime::Task<Result<Unit>> Client::Pool::open_one(ClientOrigin* origin) {
  std::vector<net::Address> addresses;
  if (!origin->unix_path.empty()) {
    CLAVIGER_CO_TRY(address, net::Address::unix_path(origin->unix_path));
    addresses.push_back(address);
  } else {
    auto found = co_await net::resolve(origin->host, origin->port, shard.now() + options.handshake);
    if (!found) co_return found.error();
    addresses = *std::move(found);
  }
  Error last{Code::Unreachable, "client.connect"};
  for (const net::Address& address : addresses) {
    runtime::OneShotPair<Result<Unit>> pair;
    auto connection = std::make_unique<ClientConnection>(*this, *origin, std::move(pair.completer));
    const auto started = connection->connect(address);
    if (!started) {
      last = started.error();
      continue;
    }
    origin->connections.push_back(std::move(connection));
    auto established = co_await pair.waiter;  // the stream's handshake deadline ends it
    if (established) co_return Unit{};
    last = established.error();
    // Another address will not show another certificate.
    if (last.code == Code::CertificateInvalid) break;
  }
  co_return last;
}

// Who waits is resumed from the loop: it may send the next request, or drop this client.
void Client::Pool::finish(const ClientExchangePtr& exchange, Result<ClientResponse> result) {
  if (exchange->is_finished) return;
  exchange->is_finished = true;
  shard.defer([exchange, answer = std::move(result)]() mutable { exchange->completer.complete(std::move(answer)); });
}

void Client::Pool::abandon(const ClientExchangePtr& exchange) {
  exchange->is_finished = true;  // pump() passes over it while it waits
  if (exchange->carrier != nullptr) exchange->carrier->abandon(*exchange);
}

void Client::Pool::closed(ClientOrigin& origin, ClientConnection& connection) {
  std::erase_if(origin.connections, [&](const auto& each) { return each.get() == &connection; });
  if (!origin.waiting.empty()) pump(origin);
}

void Client::Pool::close_idle() {
  for (auto& [key, origin] : origins_) {
    for (auto& connection : origin.connections) {
      if (connection->is_idle()) connection->close({Code::Closed, "client.idle"});
    }
  }
}

std::size_t Client::Pool::connections() const {
  std::size_t count = 0;
  for (const auto& [key, origin] : origins_) count += origin.connections.size();
  return count;
}

}  // namespace claviger::http
