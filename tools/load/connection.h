// One HTTP/2 connection over TLS with `streams` slots, each working through the scenario.
//
// Lives on one worker's thread. Non-blocking after the handshake; the worker polls its descriptor.
#pragma once

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/load/scenario.h"

namespace claviger::load {

using Instant = std::chrono::steady_clock::time_point;

struct Target {
  std::string host;
  std::string port;
};

// Gets told how each request ended; decides what the slot does next.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void answered(std::size_t slot, const Answer& answer) = 0;
  virtual void broken(const std::string& why) = 0;
};

class Connection {
 public:
  Connection(Listener& listener, std::size_t first_slot, std::size_t slots);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Blocking: resolves, connects, shakes hands. The reason when it fails.
  std::string open(const Target& target, SSL_CTX* context);
  int descriptor() const { return socket_; }
  bool wants_write() const { return wants_write_; }
  // Through the socket both ways, TLS and all, since it was opened.
  std::uint64_t octets() const;
  bool is_open() const { return session_ != nullptr && !is_broken_; }

  void submit(std::size_t slot, const Request& request);
  void on_ready();  // reads all there is, then flushes
  void flush();

 private:
  struct Stream {
    Answer answer;
    std::string body;
    std::size_t body_sent = 0;
    bool is_busy = false;
  };
  static int on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t, const std::uint8_t*,
                       std::size_t, std::uint8_t, void*);
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t*, std::size_t, void*);
  static int on_close(nghttp2_session*, std::int32_t, std::uint32_t, void*);
  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t, std::uint32_t*,
                           nghttp2_data_source*, void*);
  void fail(const std::string& why);
  void gather();

  Listener& listener_;
  std::size_t first_slot_;
  std::vector<Stream> streams_;
  std::string authority_;
  int socket_ = -1;
  SSL* ssl_ = nullptr;
  nghttp2_session* session_ = nullptr;
  std::string out_;
  std::size_t out_sent_ = 0;
  bool wants_write_ = false;
  bool is_broken_ = false;
};

}  // namespace claviger::load
