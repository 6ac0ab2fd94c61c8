// Protocol: HTTP/1.1 or HTTP/2 without a socket: bytes in, requests to the dispatcher, bytes out when pulled.
//
// Two implementations. Owned by a server's connection, or by a test or fuzz target that feeds it. One shard.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "core/base/slice.h"
#include "core/http/dispatcher.h"

namespace claviger::http {

// What a protocol needs from whoever carries its bytes.
class ProtocolHost {
 public:
  // There is something to produce, or is_finished(), wants_input() or deadline() may have changed.
  virtual void update() = 0;
  virtual Monotonic now() = 0;
  virtual std::string_view date() = 0;  // IMF-fixdate of now (RFC 9110 clause 5.6.7)
  virtual SlabPool& slabs() = 0;
  virtual const Peer& peer() = 0;

 protected:
  ~ProtocolHost() = default;
};

class Protocol {
 public:
  virtual ~Protocol() = default;
  virtual void receive(Slice bytes) = 0;
  // Writes into `room` (kProduceRoomMin bytes at least); 0: nothing to send now.
  virtual std::size_t produce(MutableBytes room) = 0;
  virtual bool wants_input() const = 0;
  // True: close the connection once everything was produced.
  virtual bool is_finished() const = 0;
  virtual Monotonic deadline() const = 0;
  virtual void on_deadline() = 0;
  // No new requests; finished when those in flight are answered.
  virtual void drain() = 0;
};

// Sent with each response of a listener, such as Strict-Transport-Security.
using FixedHeaders = std::vector<ResponseHeader>;

std::unique_ptr<Protocol> make_http1(ProtocolHost& host, Dispatcher& dispatcher, const FixedHeaders& fixed);
std::unique_ptr<Protocol> make_http2(ProtocolHost& host, Dispatcher& dispatcher, const FixedHeaders& fixed);

}  // namespace claviger::http
