// Peers: the broker's one Diameter node, and the peers it knows: those of the configuration and those an operator admitted.
//
// Made by Broker on the home shard (0) when [diameter] is configured. Rooms register what they serve on node() before
// start(); after it they send and forward through it from any shard. Stopped before the shards end, destroyed after.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/peers/peer.h"
#include "core/base/result.h"
#include "core/diameter/node.h"
#include "core/net/tls_context.h"
#include "core/runtime/task.h"
#include "core/runtime/turns.h"

namespace claviger::peers {

using Contexts = std::vector<std::unique_ptr<broker::Context>>;

// Cx and Dx (TS 29.229 clause 6): what the broker's rooms speak.
inline constexpr std::uint32_t kCxApplication = 16777216;
inline constexpr std::uint32_t kVendor3gpp = 10415;

// Until a stop that was asked for breaks off what peers still owe us.
inline constexpr Milliseconds kStopMax{3'000};

class Peers {
 public:
  Peers(Contexts& contexts, std::shared_ptr<const settings::DiameterSettings> settings);
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;
  ~Peers();

  // The tenant whose subscribers and agreements these peers deal with.
  const std::string& tenant() const { return settings_->tenant; }
  diameter::Node& node() { return *node_; }

  // Home shard: reads certificates and admitted peers, listens, calls.
  runtime::Task<Result<Unit>> start();
  // Home shard: the certificates again. Nothing is changed before replace(), which gives them to new connections. Null without
  // TLS. What is wrong with a file.
  struct Certificates {
    std::shared_ptr<const net::TlsContext> server, client;
  };
  runtime::Task<Result<Certificates>> read();
  // The same, waiting for the disk: for who has no loop (--check-config).
  static Result<Certificates> read_files(const settings::DiameterSettings& settings);
  void replace(Certificates certificates);
  // Home shard: parts from all peers.
  runtime::Task<void> stop();

  // Any shard. PeerTaken, BadValue; durable when it returns.
  runtime::Task<Result<Unit>> add(DiameterPeer peer);
  // PeerUnknown; Refused for one of the configuration, which would be back after a restart.
  runtime::Task<Result<Unit>> remove(std::string identity);
  // What `wanted` does not say stays. Durable in one step; its connection ends and is made again, unless nothing is changed.
  // As remove(), and SecurityDiffers (TLS, and we have no certificate). BadValue: see what_is_wrong().
  runtime::Task<Result<Unit>> change(std::string identity, PeerChange wanted);
  runtime::Task<Result<Unit>> disconnect(std::string identity);
  runtime::Task<Result<Unit>> reconnect(std::string identity);

  // Any thread: the port that the kernel chose for port 0.
  std::vector<diameter::PeerFigures> figures() const { return node_->figures(); }

 private:
  Result<Unit> admit(diameter::PeerOptions peer);
  runtime::Task<Result<Unit>> add_at_home(DiameterPeer peer);
  runtime::Task<Result<Unit>> remove_at_home(std::string identity);
  runtime::Task<Result<Unit>> change_at_home(std::string identity, PeerChange wanted);
  broker::Context& home() { return *contexts_.front(); }

  Contexts& contexts_;
  std::shared_ptr<const settings::DiameterSettings> settings_;
  std::unique_ptr<diameter::Node> node_;
  runtime::Turns turns_;  // one change of the table at a time
};

}  // namespace claviger::peers
