// A request that arrived, and the one answer it gets; what a handler does with it.
//
// A Request lives on the shard of the connection it came by, and moves with whoever handles it. Exactly one of answer(),
// refuse() and forward() ends it; one that is dropped is refused with 5012. An answer whose connection has gone meanwhile
// is thrown away.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/base/clock.h"
#include "core/diameter/answer_cache.h"
#include "core/diameter/edits.h"
#include "core/diameter/message.h"
#include "core/diameter/message_builder.h"
#include "core/runtime/task.h"

namespace claviger::diameter {

class NodeShard;

// The peer that a request came from, as it proved itself.
struct Source {
  std::string identity;  // Origin-Host of its capabilities exchange, lower case
  std::string realm;     // lower case
  bool is_tls = false;
  std::string certificate_digest;  // SHA-256, raw; empty without TLS
};

// Where a request goes: to that peer if it is one, else by the realm.
struct Destination {
  std::string_view host;   // may be empty
  std::string_view realm;  // may be empty when host names a peer
};

// What whoever forwards wants to know again when the answer comes: a small plain value, kept in the transaction.
class ForwardState {
 public:
  static constexpr std::size_t kBytes = 256;
  template <typename T>
  T& as() {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= kBytes && alignof(T) <= 16);
    return *reinterpret_cast<T*>(bytes_.data());
  }

 private:
  // Not cleared: whoever reads it has written it.
  alignas(16) std::array<std::byte, kBytes> bytes_;
};

// The way back of forwarded requests. One object for all transactions, alive as long as the node; its functions run on
// the shard the request arrived on and do not wait.
class Returning {
 public:
  // `request` is the request as it arrived. What is edited goes down with its identifiers and Proxy-Infos as they are
  // in the answer; a returned message goes down instead (built with MessageBuilder::answer()).
  virtual std::optional<Slice> on_answer(ForwardState& state, const Slice& request, const Message& answer,
                                         Edits& edits) = 0;
  // No answer came in time, or nobody could be asked: `answer` has identifiers, result and origin already.
  virtual void on_failure(ForwardState& state, const Slice& request, Error reason, MessageBuilder& answer) = 0;

 protected:
  ~Returning() = default;
};

struct Forwarding {
  Destination to;
  Monotonic deadline;              // of all attempts together
  Milliseconds attempt{1'800};     // then another peer is tried, once
  Returning* returning = nullptr;  // null: answers pass as they are
  ForwardState state;
  // A proxy that puts its own Origin-Host there needs an end-to-end identifier of its own as well.
  bool renews_end_to_end = false;
  // RFC 6733 clause 6.1.9; no for a proxy that ends the session here.
  bool records_route = true;
};

// Hears how a request that it handed to another handler ended. One object for all requests, alive as long as the node; on
// the request's shard, and does not wait.
class Watching {
 public:
  virtual void on_answered(const Message& request, const Message& answer) = 0;

 protected:
  ~Watching() = default;
};

class Request {
 public:
  // Made by the node.
  Request(NodeShard& shard, std::uint64_t connection, std::shared_ptr<const Source> source, Slice message);
  Request(Request&& other) noexcept;
  Request& operator=(Request&&) = delete;
  ~Request();

  const Message& message() const { return message_; }
  const Source& source() const { return *source_; }
  NodeShard& shard() { return *shard_; }

  // The same bytes in a slab of ours, for who keeps the request.
  void keep(Slice bytes) { message_ = Message(std::move(bytes)); }

  // Of what ends with answer() and a message, not of what is refused or forwarded.
  void watch(Watching& watching) { watching_ = &watching; }

  // Identifiers, Session-Id, Proxy-Infos, our Origin-Host and Origin-Realm, and our load are in it.
  MessageBuilder answer_builder() const;
  // Each ends the request.
  void answer(Slice message);
  void refuse(std::uint32_t code, std::string_view error_message = {});
  void refuse(const Fault& fault);
  // Borrows `edits` (and adds the Route-Record to it) and `how` for the call. Errors reach `how.returning`, and then the
  // peer.
  void forward(Edits& edits, const Forwarding& how);

 private:
  NodeShard* shard_;  // null: answered
  std::uint64_t connection_;
  std::shared_ptr<const Source> source_;
  Message message_;
  AnswerCache::Name name_;
  Watching* watching_ = nullptr;
  friend class NodeShard;
};

// Handles the requests of one command. One object for all shards, alive as long as the node.
class Handler {
 public:
  // At once, on the connection's shard; the request may be kept and answered later there.
  virtual void handle(Request& request) = 0;
  // Counts changes after which a kept answer may be wrong, or for somebody who must have none any more. On each shard, for
  // each request; a change that was told to be done counts.
  virtual std::uint64_t generation() const { return 0; }

 protected:
  ~Handler() = default;
};

// A handler that is a coroutine: it belongs to the shard, and is dropped with it (the request is then refused).
using Procedure = runtime::Task<void> (*)(void* owner, Request request);

enum class Check : std::uint8_t {
  Full,     // against the dictionary: what arrives is well formed, complete and known
  Routing,  // lengths, header and routing AVPs: for relays
};

}  // namespace claviger::diameter
