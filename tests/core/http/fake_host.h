// Carries a protocol object's bytes in memory, with a clock set by hand and a few routes.
#pragma once

#include <memory>
#include <string>

#include "core/http/protocol.h"
#include "core/runtime/one_shot.h"
#include "tests/core/runtime/one_shard.h"

namespace claviger::http {

class FakeHost final : public ProtocolHost {
 public:
  explicit FakeHost(FixedHeaders fixed_headers = {}) : fixed(std::move(fixed_headers)) {
    auto made = std::make_shared<Router>();
    made->add({Method::Get, "/hello", 0, {}, [this](const Request& request) { return hello(request); }});
    made->add({Method::Post, "/echo", 1000, {}, [](const Request& request) {
                 return std::optional(Response(200, "text/plain", std::string(request.body.text())));
               }});
    made->add({Method::Get, "/large", 0, {}, [](const Request&) {
                 return std::optional(Response(200, "text/plain", std::string(300'000, 'L')));
               }});
    made->add({Method::Get, "/wait", 0, [this](Request, PathValues) { return wait(this); }, {}});
    made->add({Method::Post, "/wait", 100'000, [this](Request, PathValues) { return wait(this); }, {}});
    router = std::move(made);
    dispatcher.emplace(router, limits, counters);
  }
  ~FakeHost() { stop(); }

  void start_http1() { protocol = make_http1(*this, *dispatcher, fixed); }
  void start_http2() { protocol = make_http2(*this, *dispatcher, fixed); }
  void stop() { protocol.reset(); }

  // ProtocolHost
  void update() override { ++updates; }
  Monotonic now() override { return clock.monotonic(); }
  std::string_view date() override { return "Tue, 14 Nov 2023 22:13:20 GMT"; }
  SlabPool& slabs() override { return pool; }
  const Peer& peer() override { return peer_value; }

  // As the stream does: what came, then everything that is to be sent.
  std::string exchange(std::string_view bytes) {
    feed(bytes);
    return pull();
  }
  void feed(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::string_view piece = bytes.substr(0, kSlabBytes);
      protocol->receive(Slice::copy_of(pool, as_bytes(piece)));
      bytes.remove_prefix(piece.size());
    }
  }
  std::string pull(std::size_t room_size = kSlabBytes) {
    std::string all;
    std::vector<std::byte> room(room_size);
    while (const std::size_t count = protocol->produce(room)) all += as_text(Bytes(room).first(count));
    return all;
  }
  // Time passes; deadlines that are due come.
  void advance(Milliseconds by) {
    clock.advance(by);
    if (protocol->deadline() <= now()) protocol->on_deadline();
  }
  // The handlers that wait get their answer.
  void answer_waiting() {
    auto now_waiting = std::move(waiting);
    waiting.clear();
    for (auto& completer : now_waiting) completer.complete(Response(200, "text/plain", std::string("waited")));
  }

  ManualClock clock;
  SlabPool pool;
  Peer peer_value;
  Limits limits;
  Counters counters;
  FixedHeaders fixed;
  std::shared_ptr<const Router> router;
  std::optional<Dispatcher> dispatcher;
  int updates = 0;
  std::vector<runtime::Completer<Response>> waiting;
  int hellos = 0;
  std::string seen;  // what the last hello saw
  std::unique_ptr<Protocol> protocol;

 private:
  std::optional<Response> hello(const Request& request) {
    ++hellos;
    seen = std::string(name_of(request.method)) + " " + std::string(request.authority) + " " +
           std::string(request.path) + " " + std::string(request.query);
    for (const Header& header : request.headers()) {
      seen += "|" + std::string(header.name) + "=" + std::string(header.value);
    }
    seen += "|cookie:" + std::string(request.field(Field::Cookie));
    return Response(200, "text/plain", Slice::of_static("hello"));
  }
  static runtime::Task<Response> wait(FakeHost* self) {
    runtime::OneShotPair<Response> pair;
    self->waiting.push_back(std::move(pair.completer));
    Response response = co_await pair.waiter;
    co_return response;
  }
};

}  // namespace claviger::http
