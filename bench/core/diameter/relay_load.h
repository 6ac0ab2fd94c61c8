// The peers around a relay, played by one thread that never sleeps: N connections that ask, one that answers.
//
// Closed (a window of requests under way), or open (so many a second). Open, each request is due at an instant of its own and
// sent then, alone if need be; what it takes counts from that instant, also when the generator or the relay was behind. How
// late the generator itself was, and how long it looked away from its sockets, is told beside it: whose queue it was shows
// there. A generator that slept would be woken by the relay at the relay's cost, and would send in bursts afterwards.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/slice.h"
#include "core/diameter/header.h"
#include "core/net/address.h"
#include "core/net/descriptor.h"

namespace claviger::bench {

using Now = std::chrono::steady_clock;

struct LoadPeer {
  std::string identity;
  net::Descriptor socket;
  std::vector<char> in = std::vector<char>(1 << 20);
  std::size_t have = 0;
  std::vector<char> out;
  std::uint64_t unanswered = 0;

  static inline SSL_CTX* context = nullptr;  // null: in the clear
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl{nullptr, SSL_free};

  void connect(const net::Address& to, const std::string& capabilities);
  // Yes: all is on its way; no: the socket takes no more now.
  bool flush();
  // Calls each(message, length) for what has come.
  template <typename Each>
  void receive(Each each) {
    const ssize_t count = take(in.data() + have, in.size() - have);
    if (count == 0) std::abort();
    if (count < 0) return;
    have += static_cast<std::size_t>(count);
    std::size_t at = 0;
    while (have - at >= diameter::kHeaderBytes) {
      const auto* bytes = reinterpret_cast<const std::byte*>(in.data() + at);
      const std::size_t length = diameter::load_u32(bytes) & 0xffffffU;
      if (have - at < length) break;
      each(bytes, length);
      at += length;
    }
    std::copy(in.begin() + static_cast<std::ptrdiff_t>(at), in.begin() + static_cast<std::ptrdiff_t>(have), in.begin());
    have -= at;
  }

 private:
  // As send() and recv() do, under TLS where that is.
  ssize_t give(const char* from, std::size_t size);
  ssize_t take(char* to, std::size_t size);
};

// Microseconds, of an open run.
struct Latencies {
  std::vector<float> all;     // from when it was due to its answer
  std::vector<float> late;    // of `all`, until the generator sent it
  std::vector<float> rounds;  // between two looks of the generator at its sockets
};

class Load {
 public:
  // `realm`: of the one that answers.
  Load(const net::Address& address, std::size_t connections, SlabPool& pool, const std::string& realm);
  ~Load();
  // From now on so many of a hundred requests go to a partner that reads them and answers none.
  void add_silent(const net::Address& address, SlabPool& pool, std::uint64_t percent);
  std::uint64_t silents() const { return silents_; }
  // Requests that nobody answered within kGrace of their run's end.
  std::uint64_t lost() const { return lost_; }

  // Until `end`, and until all is answered or given up: as many as `window` under way on so many of the connections, or with a rate, so
  // many a second. How many were answered.
  std::uint64_t run(std::size_t sockets, std::size_t window, double rate, Now::time_point end, Latencies* latencies);

 private:
  static constexpr std::size_t kTimes = 1 << 22;
  static constexpr std::chrono::seconds kGrace{5};
  // Of an open run, sent together at most: a round that fell behind looks at its sockets in between.
  static constexpr std::uint64_t kRoundMax = 64;
  struct Times {
    Now::time_point due;
    Now::time_point sent;
    bool is_silents = false;
  };
  void ask(std::size_t i, Now::time_point due, Now::time_point now, bool is_silents);
  void reply(const std::byte* request);
  void watchdog(LoadPeer& peer, const std::byte* request);
  void answered(std::size_t i, const std::byte* bytes, Now::time_point arrived, Latencies* latencies);
  void look(Latencies* latencies);
  void watch(int descriptor, std::uint32_t number);
  LoadPeer& peer(std::size_t i) { return i == downs_.size() ? up_ : *downs_[i]; }
  void flush_dirty();
  void give_up();

  LoadPeer up_;
  std::string answer_;
  std::vector<std::unique_ptr<LoadPeer>> downs_;
  std::vector<std::string> request_;
  std::vector<std::size_t> dirty_;  // that have something to send; downs_.size(): the answering one
  net::Descriptor watched_;         // epoll: by connection, the answering one last
  std::uint32_t number_ = 1;
  std::uint32_t first_ = 1;  // of this run: what is answered later than its run does not count
  std::uint64_t lost_ = 0;
  std::uint64_t under_way_ = 0;
  std::uint64_t done_ = 0;
  std::vector<Times> times_ = std::vector<Times>(kTimes);
  std::unique_ptr<LoadPeer> silent_;
  std::thread reader_;
  std::vector<std::string> silent_request_;
  std::uint64_t silent_percent_ = 0;
  std::uint64_t silents_ = 0;
};

}  // namespace claviger::bench
