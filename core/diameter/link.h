// Link: one connection to a peer: capabilities exchange, watchdog, disconnection, and the messages in between
// (RFC 6733 clause 5, RFC 3539).
//
// Owned by its NodeShard, on one shard. Which of two connections to one peer stays is decided in enter().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/diameter/capabilities.h"
#include "core/diameter/frame_reader.h"
#include "core/diameter/outbox.h"
#include "core/diameter/peer_table.h"
#include "core/diameter/pending_table.h"
#include "core/diameter/request.h"
#include "core/diameter/watchdog.h"
#include "core/net/stream.h"

namespace claviger::diameter {

// From the connection to the end of the capabilities exchange, of one that we opened and of one that was opened to us; and
// from our disconnect request to its answer.
inline constexpr Milliseconds kCapabilitiesMax{10'000};
inline constexpr Milliseconds kStrangerMax{5'000};
inline constexpr Milliseconds kDisconnectMax{2'000};

// Disconnect-Cause (RFC 6733 clause 5.4.3): after the first one the peer comes again.
inline constexpr std::uint32_t kRebooting = 0;
inline constexpr std::uint32_t kDoNotWantToTalk = 2;

class Link final : public net::StreamUser {
 public:
  // `dialled`: the peer that we connect to; null: it connects to us.
  Link(NodeShard& shard, std::uint64_t id, PeerEntry* dialled, std::string address);
  ~Link();

  Result<Unit> accept(net::Descriptor socket, std::shared_ptr<const net::TlsContext> tls);
  Result<Unit> connect(const net::Address& address, std::shared_ptr<const net::TlsContext> tls);

  std::uint64_t id() const { return id_; }
  PeerEntry* peer() { return peer_; }
  bool is_open() const { return state_ == State::Open; }
  const std::shared_ptr<const Source>& source() const { return source_; }

  // Whether its bounds have room for another request of that priority.
  bool has_room(std::uint32_t priority) const;
  // Bytes that wait for the peer to take them.
  std::size_t unsent() const { return outbox_.bytes() + stream_.unsent(); }
  // The message is the caller's alone: identifiers are written into it. Its hop-by-hop identifier.
  std::uint32_t send_request(Slice message, const PendingTable::Waiting& waiting);
  void send_answer(Slice message);
  // Who waits for that answer; nothing, and counted, when nobody does.
  std::optional<PendingTable::Waiting> take_pending(const Header& header);
  void forget(std::uint32_t hop_by_hop);
  // True when a request from it is within its rate.
  bool is_within_rate();
  // DPR; the end follows.
  void disconnect(std::uint32_t cause);
  void close(Error reason) { stream_.close(reason); }

 private:
  enum class State : std::uint8_t { Connecting, AwaitsRequest, AwaitsAnswer, Open, Ending };
  enum class Entry : std::uint8_t { Taken, ElectionLost, Rejected };

  void on_established() override;
  std::size_t read_max() const override;
  void on_received(Slice bytes) override;
  std::size_t produce(MutableBytes room) override { return outbox_.produce(room); }
  bool wants_input() const override;
  bool is_finished() const override { return state_ == State::Ending && outbox_.empty(); }
  Monotonic deadline() const override { return due_; }
  void on_deadline() override;
  void on_closed(Error reason) override;

  void receive(Slice message);
  void repeat_capabilities(const Message& message, MessageBuilder& answer);
  void receive_capabilities_request(const Message& request);
  void receive_capabilities_answer(const Message& answer);
  void receive_base(const Message& message);
  // What the request's answer says; 2001: taken.
  struct Verdict {
    std::uint32_t result;
    PeerEntry* entry;
  };
  Verdict judge(const Capabilities& theirs);
  bool is_certified(std::string_view identity) const;
  bool comes_from_elsewhere(PeerEntry& entry) const;
  Entry enter(PeerEntry& entry, const Capabilities& theirs);
  void open(PeerEntry& entry, const Capabilities& theirs);
  void refuse_capabilities(const Message& request, std::uint32_t code, const Fault* fault);
  void push(Slice message, bool is_answer = false);
  // Built messages lie in slabs of their own.
  void push_packed(Result<Slice> message);
  void watch(Watchdog::Event event);
  void apply(const Watchdog::Actions& actions);
  void send_watchdog();
  void fail_over();

  NodeShard& shard_;
  const std::uint64_t id_;
  PeerEntry* const dialled_;
  const std::string address_;
  PeerEntry* peer_ = nullptr;
  State state_;
  bool was_told_to_leave_ = false;
  bool has_answered_leaving_ = false;
  std::shared_ptr<const Source> source_;
  Watchdog watchdog_{PeerState::Initial};
  Monotonic due_ = Monotonic::max();
  Monotonic timer_set_at_ = Monotonic::min();
  FrameReader reader_;
  Outbox outbox_;
  PendingTable pending_;
  double tokens_ = 0;  // of the rate
  Monotonic tokens_at_;
  net::Stream stream_;
};

}  // namespace claviger::diameter
