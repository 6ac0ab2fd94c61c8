// A SIP core's connection to the MC service server (RFC 3261 clause 18): requests in the names of its UEs.
//
// One shard.
#pragma once

#include <string>
#include <unordered_map>

#include "core/runtime/one_shot.h"
#include "core/sip/frame_scanner.h"
#include "tools/load/day/tcp_link.h"

namespace claviger::day {

struct SipAnswer {
  int status = 0;  // 0: the connection broke
  std::string entity_tag;
};

struct SipRequest {
  std::string method;
  std::string uri;
  std::string fields;  // To and what the method needs, each with its line end
  std::string content_type;
  std::string body;
};

class SipLink final : public TcpLink {
 public:
  using TcpLink::TcpLink;
  runtime::Task<SipAnswer> ask(SipRequest request);

 private:
  void received(Slice bytes) override;
  void lost() override;
  void take(std::string_view message);

  std::uint32_t number_ = 0;
  std::string input_;
  sip::FrameScanner scanner_;
  std::unordered_map<std::uint32_t, runtime::Completer<SipAnswer>> waiting_;  // by CSeq
};

}  // namespace claviger::day
