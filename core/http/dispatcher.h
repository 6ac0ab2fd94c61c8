// From a request's header to its handler: routing, bounds, overload; and the books about answers.
//
// One per shard and listener, shared by the listener's connections on that shard, outlives them.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "core/http/counters.h"
#include "core/http/exchange.h"
#include "core/http/limits.h"
#include "core/http/router.h"

namespace claviger::http {

// What is answered when the shard has no room for a request.
Response overload_response();

// Asked for each request before anything is read of its body; a response: refused with it, and counted as overload when it
// is 503. Must be cheap.
using OverloadHook = std::function<std::optional<Response>(const Request&)>;

class Dispatcher {
 public:
  Dispatcher(std::shared_ptr<const Router> router, const Limits& limits, Counters& counters, OverloadHook overload = {})
      : router_(std::move(router)), limits_(limits), counters_(counters), overload_(std::move(overload)) {}

  // The header is complete. A response: the request is refused, its body not wanted. 415: it has a content coding.
  std::optional<Response> admit(Exchange& exchange, std::optional<std::uint64_t> content_length);
  // The body is complete: an inline answer, or the handler's run begins.
  void dispatch(Exchange& exchange);
  // Bytes of a request kept from here until it is answered. False, and nothing counted: the shard keeps too many.
  [[nodiscard]] bool hold(Exchange& exchange, std::size_t bytes);
  // Bytes of answers until they are sent: never refused, the requests after them are.
  void keep(std::size_t bytes);
  void release(std::size_t bytes);
  // Half of what the shard may hold is held: who takes no answers is given little time and no new ones.
  bool is_pressed() const { return held_bytes_ > limits_.held_bytes_max / 2; }
  // For the protocols: an answer is on its way; an exchange ended.
  void answered(Exchange& exchange, std::uint16_t status);
  void ended(Exchange& exchange);

  const Limits& limits() const { return limits_; }
  Counters& counters() { return counters_; }

 private:
  void let_go(Exchange& exchange);
  std::shared_ptr<const Router> router_;
  const Limits& limits_;
  Counters& counters_;
  OverloadHook overload_;
  // This listener's own share of the counters' gauges: the admin socket answers while the others are full.
  std::uint64_t in_flight_ = 0;
  std::uint64_t held_bytes_ = 0;
};

// What one connection's unsent answers take in the dispatcher's books.
class KeptBytes {
 public:
  explicit KeptBytes(Dispatcher& dispatcher) : dispatcher_(dispatcher) {}
  KeptBytes(const KeptBytes&) = delete;
  KeptBytes& operator=(const KeptBytes&) = delete;
  ~KeptBytes() { set(0); }
  void set(std::size_t bytes) {
    if (bytes > bytes_) dispatcher_.keep(bytes - bytes_);
    if (bytes < bytes_) dispatcher_.release(bytes_ - bytes);
    bytes_ = bytes;
  }
  std::size_t count() const { return bytes_; }

 private:
  Dispatcher& dispatcher_;
  std::size_t bytes_ = 0;
};

}  // namespace claviger::http
