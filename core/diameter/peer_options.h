// What an operator says of the node and of each peer that it talks to. Values, any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/net/address.h"
#include "core/net/tls_context.h"

namespace claviger::diameter {

// An application that is advertised. A vendor's is told three ways (Supported-Vendor-Id, Auth-Application-Id and
// Vendor-Specific-Application-Id), because peers differ in which one they read.
struct Application {
  std::uint32_t id = 0;
  std::uint32_t vendor = 0;
  bool operator==(const Application&) const = default;
};

struct NodeOptions {
  std::string identity;  // Origin-Host
  std::string realm;
  std::string product = "Claviger";
  std::uint32_t vendor = 0;  // Vendor-Id of the capabilities exchange
  std::vector<Application> applications;
  std::vector<net::Address> addresses;  // Host-IP-Address; ports do not matter
  // Twinit of RFC 3539 clause 3.4.1, without its jitter.
  Milliseconds watchdog{30'000};
  // Requests that a peer may have unanswered at our side; beyond it they are refused.
  std::size_t pending_max = 65'536;
  // Bytes that a peer does not take: beyond it we refuse what would be sent to it.
  std::size_t unsent_max = 4 * 1024 * 1024;
};

// RFC 3539 clause 3.4.1: no faster than that.
inline constexpr Milliseconds kWatchdogMin{6'000};

struct RealmRoute {
  std::string realm;
  std::uint32_t priority = 1;  // lowest first
  std::uint32_t weight = 1;    // share among peers of one priority; 0: only when no other is there
};

struct PeerOptions {
  std::string identity;  // its Origin-Host; with TLS also a dNSName of its certificate
  std::string realm;     // its Origin-Realm
  std::string host;      // address or name that we connect to; empty: it connects to us
  std::uint16_t port = 3868;
  bool is_tls = false;
  // Where connections to us come from, as the operator wrote it, and whether an address is one of those. None: wherever from,
  // and without TLS nothing else says who it is (RFC 6733 clause 13.1 leaves that to IPsec, which ends at an address).
  std::vector<std::string> addresses;
  std::function<bool(std::string_view address)> admits;
  std::vector<RealmRoute> routes;         // its own realm is not one of them unless it stands here
  std::uint32_t requests_per_second = 0;  // admitted from it; 0: as many as the bounds allow
  bool operator_admitted = false;         // added while running, not in the configuration
  std::vector<std::string> quirks;        // known faults of its implementation, named by whoever allows for them
};

// Which way a peer's watchdog stands (RFC 3539 clause 3.4.1).
enum class PeerState : std::uint8_t { Down, Initial, Okay, Suspect, Reopen };

struct PeerFigures {
  std::string identity;
  std::string realm;
  std::string address;
  std::vector<std::string> addresses;  // that it may connect from
  bool is_tls = false;
  bool is_connected = false;
  bool operator_admitted = false;
  PeerState state = PeerState::Down;
  std::uint64_t pending = 0;
  std::uint64_t requests_in = 0;
  std::uint64_t requests_out = 0;
  std::uint64_t answers_in = 0;
  std::uint64_t answers_out = 0;
  std::uint64_t dropped = 0;    // answers nobody waited for, messages of a peer that is not trusted again yet
  std::uint64_t refused = 0;    // requests answered with an error before they reached anybody
  std::uint64_t failovers = 0;  // requests moved to another peer
  std::uint64_t connects = 0;
};

}  // namespace claviger::diameter
