// An S-CSCF's connection to a Diameter node (RFC 6733, TS 29.229): multimedia authentication and server assignment.
//
// One shard. Capabilities are exchanged before anything else is sent; watchdogs are answered.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "core/crypto/aka/aka.h"
#include "core/diameter/frame_reader.h"
#include "core/diameter/message_builder.h"
#include "core/runtime/one_shot.h"
#include "tools/load/day/tcp_link.h"

namespace claviger::day {

struct CxAnswer {
  std::uint32_t vendor = 0;  // of an Experimental-Result
  std::uint32_t result = 0;  // 0: the connection broke
  std::string challenge;     // RAND and AUTN
  std::string expected;      // XRES
};

struct CxIdentity {
  std::string host;
  std::string realm;
  std::string server;  // the name of the S-CSCF: a SIP URI
};

class CxLink final : public TcpLink {
 public:
  CxLink(runtime::Shard& shard, net::Address address, CxIdentity own) : TcpLink(shard, address), own_(std::move(own)) {}

  runtime::Task<CxAnswer> vector(std::string impi, std::string impu);
  runtime::Task<CxAnswer> assign(std::string impi, std::string impu);

 private:
  void opened() override;
  void received(Slice bytes) override;
  void lost() override;
  void take(const diameter::Message& message);
  runtime::Task<CxAnswer> ask(std::uint32_t hop_by_hop, Slice request);
  // What every request of Cx begins with; its number is the hop-by-hop identifier.
  diameter::MessageBuilder begin(std::uint32_t command, std::uint32_t number);

  CxIdentity own_;
  std::optional<diameter::FrameReader> reader_;  // of this connection
  std::uint32_t number_ = 0;
  bool is_let_in_ = false;
  std::string held_;  // until the capabilities are exchanged
  std::unordered_map<std::uint32_t, runtime::Completer<CxAnswer>> waiting_;
};

}  // namespace claviger::day
