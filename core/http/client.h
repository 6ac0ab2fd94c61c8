// An HTTP client: HTTP/2 or HTTP/1.1 over TLS by ALPN, HTTP/1.1 in the clear and over Unix sockets.
//
// Lives on one shard, with its pooled connections. send() is dropped to cancel; a client is destroyed when nobody waits
// in send() any more, or they get Code::Cancelled.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.h"
#include "core/net/tls_context.h"
#include "core/runtime/shard.h"

namespace claviger::http {

struct ClientHeader {
  std::string name;  // lower case
  std::string value;
};

// Tokens, passwords and keys go out in fields and bodies: they are wiped when it goes, and so is what is made of them.
struct ClientRequest {
  ClientRequest() = default;
  ClientRequest(Method its_method, std::string its_url) : method(its_method), url(std::move(its_url)) {}
  ClientRequest(ClientRequest&&) noexcept;
  ClientRequest& operator=(ClientRequest&&) noexcept;
  ClientRequest(const ClientRequest&) = default;
  ClientRequest& operator=(const ClientRequest&) = default;
  ~ClientRequest();

  Method method = Method::Get;
  // "https://host:port/path?query"; http for the clear.
  std::string url;
  // Where to connect to instead of the URL's host: a Unix socket.
  std::string unix_path;
  std::vector<ClientHeader> headers;
  std::string content_type;  // of the body
  std::string body;
  Milliseconds timeout{10'000};  // for everything: name, connection, answer
  std::size_t response_bytes_max = 1024 * 1024;

  ClientRequest& with(std::string name, std::string value) {
    headers.push_back({std::move(name), std::move(value)});
    return *this;
  }
};

// Tokens and keys come in: wiped, too, but for what its holder moves out.
struct ClientResponse {
  ClientResponse() = default;
  ClientResponse(ClientResponse&&) noexcept;
  ClientResponse& operator=(ClientResponse&&) noexcept;
  ClientResponse(const ClientResponse&) = default;
  ClientResponse& operator=(const ClientResponse&) = default;
  ~ClientResponse();

  std::uint16_t status = 0;
  bool is_http2 = false;
  std::vector<ClientHeader> headers;
  std::string body;

  // The first field of this lower-case name; empty when absent.
  std::string_view header(std::string_view name) const;
};

struct ClientOptions {
  std::shared_ptr<const net::TlsContext> tls;  // null: https is refused
  std::size_t connections_max = 8;             // of one origin
  std::size_t waiting_max = 1024;              // requests of one origin without a connection yet
  Milliseconds idle{30'000};                   // less than servers keep theirs, so that they seldom close first
  Milliseconds handshake{10'000};
};

class Client {
 public:
  Client(runtime::Shard& shard, ClientOptions options);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  // Code::UriSyntax, BadValue (a header that is none), Unreachable, CertificateInvalid, TlsFailure, DeadlinePassed,
  // PeerClosed, ProtocolError, TooLarge (an answer beyond response_bytes_max), Overload, Cancelled.
  // A request that reached no server is sent once more when its connection was a kept one that closed meanwhile.
  runtime::Task<Result<ClientResponse>> send(ClientRequest request);

  // Keeps nothing open that nobody uses.
  void close_idle();
  std::size_t connections() const;

  class Pool;

 private:
  std::unique_ptr<Pool> pool_;
};

}  // namespace claviger::http
