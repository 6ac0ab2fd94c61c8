// HTTP/1.1 (RFC 9112) of a server: one request after the other, pipelined ones in order.
//
// Owned by a server's connection, on its shard. A request is looked at when the one before is answered; what comes
// meanwhile waits unparsed, up to kUnparsedMax, then reading stops.
#pragma once

#include <optional>

#include "core/http/body_buffer.h"
#include "core/http/http1_head.h"
#include "core/http/http1_parser.h"
#include "core/http/protocol.h"

namespace claviger::http {

// Pipelined input beside a request in flight.
inline constexpr std::size_t kUnparsedMax = 16 * 1024;
// Answers waiting to be pulled before another pipelined request is looked at.
inline constexpr std::size_t kPipelineBytesMax = 64 * 1024;
// Bodies up to this are copied behind their heads, so that pipelined answers leave as one piece.
inline constexpr std::size_t kSmallBody = 16 * 1024;

class Http1Connection final : public Protocol {
 public:
  Http1Connection(ProtocolHost& host, Dispatcher& dispatcher, const FixedHeaders& fixed);

  void receive(Slice bytes) override;
  std::size_t produce(MutableBytes room) override;
  bool wants_input() const override {
    return !is_ending_ && (phase_ != Phase::Handles || unparsed_.size() < kUnparsedMax);
  }
  bool is_finished() const override { return is_ending_; }
  Monotonic deadline() const override;
  void on_deadline() override;
  void drain() override;

 private:
  enum class Phase : std::uint8_t { ReadsHead, ReadsBody, Handles };
  class OneExchange;
  friend class OneExchange;

  void advance();
  bool has_room() const { return !large_ && output_.size() - output_sent_ < kPipelineBytesMax; }
  // False: more bytes must come first.
  bool skip_empty_line();
  void begin_request(std::size_t head_size);
  void read_body();
  void submit(Response response);
  void refuse(Response response);
  void write_head(const Response& response, std::size_t body_size);
  void retire_exchange();
  std::size_t unsent() const;

  ProtocolHost& host_;
  Dispatcher& dispatcher_;
  const FixedHeaders& fixed_;
  Phase phase_ = Phase::ReadsHead;
  bool is_ending_ = false;
  bool is_draining_ = false;
  bool keeps_alive_ = true;

  Slice unparsed_;
  HeadScanner scanner_;
  bool was_empty_line_skipped_ = false;  // before the head that is being read
  Http1Parser parser_;
  BodyBuffer body_;
  std::size_t body_received_ = 0;
  std::unique_ptr<OneExchange> exchange_;

  std::string output_;
  std::size_t output_sent_ = 0;
  std::optional<Response> large_;  // only its body, behind output_
  std::size_t large_sent_ = 0;
  KeptBytes kept_;  // output_ and large_

  Monotonic phase_since_;  // idle, head or body began
};

}  // namespace claviger::http
