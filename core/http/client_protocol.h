// What carries a client's requests over one connection: HTTP/1.1 or HTTP/2, without the socket.
//
// Owned by a client's connection, on its shard.
#pragma once

#include <memory>

#include "core/base/slice.h"
#include "core/http/client.h"
#include "core/runtime/one_shot.h"

namespace claviger::http {

class ClientProtocol;

// One request and its answer while it comes. Shared by who waits, who carries, and the queue in between.
struct ClientExchange {
  ClientExchange(ClientRequest its_request, runtime::Completer<Result<ClientResponse>> its_completer)
      : request(std::move(its_request)), completer(std::move(its_completer)) {}

  ClientRequest request;
  std::string authority;
  std::string target;  // path and query
  bool is_https = false;

  ClientProtocol* carrier = nullptr;
  std::int32_t stream = 0;  // HTTP/2
  std::size_t body_sent = 0;
  std::size_t header_bytes = 0;
  bool has_answer_begun = false;
  bool was_retried = false;
  bool is_finished = false;

  ClientResponse response;
  runtime::Completer<Result<ClientResponse>> completer;
};
using ClientExchangePtr = std::shared_ptr<ClientExchange>;

class ClientProtocolHost {
 public:
  virtual void update() = 0;
  virtual SlabPool& slabs() = 0;
  // The exchange is over: who waits is told from the loop, never from within the caller.
  virtual void finish(const ClientExchangePtr& exchange, Result<ClientResponse> result) = 0;
  // The server cannot have seen it, or it does no harm twice.
  virtual void retry(const ClientExchangePtr& exchange, Error reason) = 0;

 protected:
  ~ClientProtocolHost() = default;
};

class ClientProtocol {
 public:
  virtual ~ClientProtocol() = default;
  virtual std::size_t in_flight() const = 0;
  virtual std::size_t capacity() const = 0;  // further requests it takes now
  virtual void submit(ClientExchangePtr exchange) = 0;
  virtual void abandon(ClientExchange& exchange) = 0;  // nobody waits for it any more
  virtual void receive(Slice bytes) = 0;
  virtual std::size_t produce(MutableBytes room) = 0;
  virtual bool is_finished() const = 0;
  virtual void closed(Error reason) = 0;  // the connection is gone
};

inline bool is_idempotent(Method method) {  // RFC 9110 clause 9.2.2
  return method != Method::Post && method != Method::Patch && method != Method::Other;
}

// To an answer's body: what growth leaves behind is wiped.
void append_wiping(std::string& text, std::string_view piece);

// Answers' header fields: an authorization server's answers have some 2 KiB; cookies and CSP of others more.
inline constexpr std::size_t kAnswerHeaderBytesMax = 16 * 1024;

std::unique_ptr<ClientProtocol> make_client_http1(ClientProtocolHost& host);
std::unique_ptr<ClientProtocol> make_client_http2(ClientProtocolHost& host);

}  // namespace claviger::http
