// The process's HTTP server: listeners on one side, a part on every shard on the other.
//
// Made before use and kept until drained; listen(), replace_tls() and drain() are called by one controlling thread (or
// shard), never at once. A connection lives on the shard that had fewest when it was accepted, and never moves.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/unique_function.h"
#include "core/http/counters.h"
#include "core/http/dispatcher.h"
#include "core/http/limits.h"
#include "core/http/protocol.h"
#include "core/net/address.h"
#include "core/net/tls_context.h"
#include "core/runtime/shard.h"

namespace claviger::http {

struct ListenerOptions {
  std::string name;  // for the log
  net::Address address;
  mode_t unix_mode = 0600;
  std::shared_ptr<const net::TlsContext> tls;  // null: in the clear
  std::shared_ptr<const Router> router;
  Limits limits;
  FixedHeaders headers;  // in every response; see security_headers()
  // Asked on the accepting shard before anything is spent on a connection.
  std::function<bool(const net::Address& peer)> admits;
  OverloadHook overload;  // asked on the connection's shard: must be safe to call from all of them
};

// For listeners that browsers talk to: Strict-Transport-Security (RFC 6797, a year), X-Content-Type-Options.
FixedHeaders security_headers();

class Server {
 public:
  explicit Server(runtime::Shards& shards, SipKey source_key = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  // Drained, or no shard is running any more.
  ~Server();

  struct Listening {
    std::size_t index = 0;
    net::Address address;  // with the port that the kernel chose for port 0
  };
  // The socket is bound when this returns (or Code::AddressInUse and others), connections are accepted soon after.
  Result<Listening> listen(ListenerOptions options);
  // For connections accepted from now on.
  void replace_tls(std::size_t listener, std::shared_ptr<const net::TlsContext> tls);
  // Stops accepting, tells peers to go, lets requests finish for `grace`, then closes what is left. `done` runs on some
  // shard once everything is closed.
  void drain(Milliseconds grace, UniqueFunction<void()> done);

  const Counters& counters(std::size_t shard) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace claviger::http
