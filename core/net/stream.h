// Stream: one connected socket, in the clear or under TLS, driven by its shard's loop.
//
// Owned by its user (a server's or a client's connection), on one shard. All that a turn has to send leaves in one
// system call at the turn's end: the stream then *pulls* from its user as much as it may hold unsent, so that nothing
// is produced that the socket does not take. Idle, it holds no slab. It never destroys its user or itself: on_closed()
// comes last, from the loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/slice.h"
#include "core/net/address.h"
#include "core/net/descriptor.h"
#include "core/net/poll.h"
#include "core/net/send_queue.h"
#include "core/net/tls_session.h"
#include "core/runtime/shard.h"

namespace claviger::net {

// Read in one turn from one connection whose user does not say otherwise: others get theirs before it gets more.
inline constexpr std::size_t kReadPerTurnMax = 64 * 1024;
// Unsent bytes of one connection, and so what one turn sends: 16 records.
inline constexpr std::size_t kUnsentMax = 256 * 1024;
// What produce() is offered at least: a frame header and a useful piece of a body fit.
inline constexpr std::size_t kProduceRoomMin = 4 * 1024;
// After our last byte: until the peer has read it and closed, or this. Closing at once with unread input makes the
// kernel send a reset, which can destroy the answer on its way (RFC 9112 clause 9.6).
inline constexpr Milliseconds kLinger{2000};
inline constexpr std::size_t kLingerBytesMax = 256 * 1024;

struct StreamLimits {
  Milliseconds handshake{10'000};    // connect and TLS together; of an accepted one: from its first byte
  Milliseconds first_byte{10'000};   // of an accepted one under TLS
  Milliseconds write_stall{30'000};  // without the socket taking a byte
  // Bytes it must take for each second more, once there is something that it does not take at once.
  std::size_t write_rate_min = 1024;
};

// Scratch space that every stream of a shard uses within one call.
struct StreamBuffers {
  std::array<std::byte, kReadPerTurnMax> ciphertext;
  std::array<std::byte, kSlabBytes> plaintext;
  std::array<std::byte, 64 * 1024> records;  // some answers' worth: more goes by slabs
};

class StreamUser {
 public:
  // An accepted socket under TLS has its first bytes: the handshake begins.
  virtual void on_first_bytes() {}
  // Connected, and TLS is up when asked for.
  virtual void on_established() = 0;
  // Of what has come, how much it takes in one turn: asked each time there is something. More waits for the next turn.
  virtual std::size_t read_max() const { return kReadPerTurnMax; }
  // May come several times a turn, together up to read_max() (under TLS a record more); all must be taken.
  virtual void on_received(Slice bytes) = 0;
  // Writes what is to be sent next into `room`; 0: nothing now.
  virtual std::size_t produce(MutableBytes room) = 0;
  // No: reading stops until Stream::update() is called.
  virtual bool wants_input() const = 0;
  // Yes: the stream is closed once everything produced was sent.
  virtual bool is_finished() const = 0;
  // What was produced and not sent has changed: told at a turn's end, not while the socket takes everything at once.
  virtual void on_unsent(std::size_t) {}
  // When on_deadline() is due; looked at after each call above and in update().
  virtual Monotonic deadline() const = 0;
  virtual void on_deadline() = 0;
  virtual void on_closed(Error reason) = 0;

 protected:
  ~StreamUser() = default;
};

class Stream {
 public:
  Stream(runtime::Shard& shard, StreamBuffers& buffers, StreamUser& user, StreamLimits limits);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  // An accepted socket; null context: in the clear. After an error only destruction is allowed.
  Result<Unit> accept(Descriptor socket, std::shared_ptr<const TlsContext> context);
  Result<Unit> connect(const Address& address, std::shared_ptr<const TlsContext> context, std::string server_name,
                       TlsResumption resumption = {});

  // The user has something to send, wants input again, is finished, or moved its deadline: acted on at the turn's end.
  void update();
  // Without sending anything more. on_closed() follows.
  void close(Error reason);

  bool is_open() const { return state_ == State::Open; }
  bool is_closed() const { return state_ == State::Closed; }
  const TlsSession* tls() const { return tls_.get(); }
  int descriptor() const { return socket_.number(); }
  std::size_t unsent() const { return queue_.size(); }

 private:
  enum class State : std::uint8_t { Idle, Connecting, Handshaking, Open, Lingering, Closed };

  void on_event(int events);
  void on_connected();
  void on_readable();
  void receive_clear();
  void receive_tls();
  void discard_input();
  void continue_handshake();
  void established();
  void flush();
  // True when it stopped at kUnsentMax with more to come.
  bool fill();
  void linger();
  void watch();
  Monotonic due() const;
  void arm();
  void on_timer();

  runtime::Shard& shard_;
  StreamBuffers& buffers_;
  StreamUser& user_;
  StreamLimits limits_;
  State state_ = State::Idle;
  bool awaits_first_bytes_ = false;
  bool has_more_to_produce_ = false;
  std::size_t discarded_ = 0;
  std::size_t unsent_told_ = 0;
  Error reason_{Code::Closed, "stream"};
  Monotonic own_deadline_ = Monotonic::max();  // of connect, handshake, write stall, linger
  Monotonic armed_ = Monotonic::max();
  SendQueue queue_;
  std::shared_ptr<const TlsContext> pending_context_;  // until connected
  std::string server_name_;
  TlsResumption pending_resumption_;
  std::unique_ptr<TlsSession> tls_;
  runtime::Timer timer_;
  runtime::TurnEndHook hook_;
  Descriptor socket_;
  Poll poll_;  // last: off the loop before the socket is closed
};

}  // namespace claviger::net
