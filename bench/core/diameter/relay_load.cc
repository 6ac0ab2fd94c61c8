#include "bench/core/diameter/relay_load.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "bench/core/diameter/vector_messages.h"
#include "core/diameter/message.h"

namespace claviger::bench {
namespace {

using namespace diameter;

std::string capabilities(SlabPool& pool, const std::string& identity, const std::string& realm = "load.example") {
  auto builder = MessageBuilder::request(pool, 0, command::kCapabilitiesExchange, 0);
  builder.origin(identity, realm).octets(avp::kHostIpAddress, as_bytes(std::string_view("\0\1\177\0\0\1", 6)));
  builder.u32(avp::kVendorId, 0).text(avp::kProductName, "load");
  builder.u32(avp::kSupportedVendorId, kVendor).u32(avp::kAuthApplicationId, kApplication);
  return std::string(builder.finish()->text());
}

float micros(Now::duration duration) { return std::chrono::duration<float, std::micro>(duration).count(); }

}  // namespace

ssize_t LoadPeer::give(const char* from, std::size_t size) {
  if (!ssl) return ::send(socket.number(), from, size, MSG_NOSIGNAL);
  std::size_t done = 0;
  if (SSL_write_ex(ssl.get(), from, std::min<std::size_t>(size, 16'384), &done) == 1) return static_cast<ssize_t>(done);
  if (SSL_get_error(ssl.get(), 0) != SSL_ERROR_WANT_WRITE) std::abort();
  errno = EAGAIN;
  return -1;
}

ssize_t LoadPeer::take(char* to, std::size_t size) {
  if (!ssl) return ::recv(socket.number(), to, size, 0);
  std::size_t done = 0;
  std::size_t more = 0;
  while (done < size && SSL_read_ex(ssl.get(), to + done, size - done, &more) == 1) {
    done += more;
    if (SSL_pending(ssl.get()) == 0 && done > 0) break;
  }
  errno = EAGAIN;
  return done == 0 ? -1 : static_cast<ssize_t>(done);
}

void LoadPeer::connect(const net::Address& to, const std::string& capabilities_request) {
  socket = net::Descriptor(::socket(to.family(), SOCK_STREAM, 0));
  if (::connect(socket.number(), to.data(), to.size()) != 0) std::abort();
  const int yes = 1;
  setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (context != nullptr) {
    ssl.reset(SSL_new(context));
    if (SSL_set_fd(ssl.get(), socket.number()) != 1 || SSL_connect(ssl.get()) != 1) std::abort();
  }
  if (give(capabilities_request.data(), capabilities_request.size()) < 0) std::abort();
  if (take(in.data(), in.size()) < 20 || in[4] != 0) std::abort();
  fcntl(socket.number(), F_SETFL, O_NONBLOCK);
}

bool LoadPeer::flush() {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t count = give(out.data() + done, out.size() - done);
    if (count < 0 && errno != EAGAIN) std::abort();
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(done));
  return out.empty();
}

Load::Load(const net::Address& address, std::size_t connections, SlabPool& pool, const std::string& realm)
    : watched_(epoll_create1(EPOLL_CLOEXEC)) {
  up_.identity = "up.load.example";
  up_.connect(address, capabilities(pool, up_.identity, realm));
  answer_ = vector_answer(pool, up_.identity);
  for (std::size_t i = 0; i < connections; ++i) {
    auto peer = std::make_unique<LoadPeer>();
    peer->identity = "down" + std::to_string(i) + ".load.example";
    peer->connect(address, capabilities(pool, peer->identity));
    request_.push_back(vector_request(pool, peer->identity));
    downs_.push_back(std::move(peer));
  }
  for (std::string request : request_) {
    const std::size_t at = request.rfind("bravo.example", request.find("sip:"));  // Destination-Realm
    silent_request_.push_back(request.replace(at, 13, "quiet.example"));
  }
  for (std::size_t i = 0; i < downs_.size(); ++i) watch(downs_[i]->socket.number(), static_cast<std::uint32_t>(i));
  watch(up_.socket.number(), static_cast<std::uint32_t>(downs_.size()));
}

Load::~Load() {
  if (silent_ == nullptr) return;
  ::shutdown(silent_->socket.number(), SHUT_RDWR);
  reader_.join();
}

void Load::watch(int descriptor, std::uint32_t number) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = number;
  if (epoll_ctl(watched_.number(), EPOLL_CTL_ADD, descriptor, &event) != 0) std::abort();
}

void Load::add_silent(const net::Address& address, SlabPool& pool, std::uint64_t percent) {
  silent_ = std::make_unique<LoadPeer>();
  silent_->identity = "quiet.load.example";
  silent_->connect(address, capabilities(pool, silent_->identity));
  fcntl(silent_->socket.number(), F_SETFL, 0);
  silent_percent_ = percent;
  reader_ = std::thread([this] {
    std::vector<char> in(1 << 20);
    while (::recv(silent_->socket.number(), in.data(), in.size(), 0) > 0) {
    }
  });
}

std::uint64_t Load::run(std::size_t sockets, std::size_t window, double rate, Now::time_point end,
                        Latencies* latencies) {
  done_ = 0;
  first_ = number_;
  const auto start = Now::now();
  auto looked = start;
  std::uint64_t sent = 0;
  const std::size_t each = std::max<std::size_t>(1, window / sockets);
  const std::size_t active = std::min(window, sockets);
  for (;;) {
    const auto now = Now::now();
    if (latencies != nullptr) latencies->rounds.push_back(micros(now - looked));
    looked = now;
    const bool is_over = now >= end;
    if (is_over && now > end + kGrace) give_up();
    if (is_over && under_way_ == 0) return done_;
    if (!is_over && rate > 0) {
      const auto due = static_cast<std::uint64_t>(std::chrono::duration<double>(now - start).count() * rate);
      const std::uint64_t last = std::min(due, sent + kRoundMax);
      for (; sent < last; ++sent) {
        const auto nanoseconds = static_cast<std::int64_t>(static_cast<double>(sent) * 1e9 / rate);
        ask(sent % sockets, start + std::chrono::nanoseconds(nanoseconds), now, sent % 100 < silent_percent_);
      }
    } else if (!is_over) {
      for (std::size_t i = 0; i < active; ++i) {
        while (downs_[i]->unanswered < each) ask(i, now, now, false);
      }
    }
    flush_dirty();
    look(latencies);
  }
}

void Load::give_up() {
  lost_ += std::exchange(under_way_, 0);
  for (const auto& down : downs_) down->unanswered = 0;
}

// A relay that does not read is not waited for: it may wait for us to read.
void Load::flush_dirty() {
  std::erase_if(dirty_, [&](std::size_t i) { return peer(i).flush(); });
}

void Load::look(Latencies* latencies) {
  std::array<epoll_event, 128> events;
  const int count = epoll_wait(watched_.number(), events.data(), static_cast<int>(events.size()), 0);
  if (count < 0) std::abort();
  for (int n = 0; n < count; ++n) {
    const std::size_t i = events[static_cast<std::size_t>(n)].data.u32;
    if (i == downs_.size()) {
      const bool was_empty = up_.out.empty();
      up_.receive([&](const std::byte* bytes, std::size_t) { reply(bytes); });
      if (was_empty && !up_.flush()) dirty_.push_back(i);
      continue;
    }
    const auto arrived = Now::now();
    downs_[i]->receive([&](const std::byte* bytes, std::size_t) { answered(i, bytes, arrived, latencies); });
  }
}

void Load::answered(std::size_t i, const std::byte* bytes, Now::time_point arrived, Latencies* latencies) {
  if ((std::to_integer<unsigned>(bytes[4]) & 0x80U) != 0) {
    if (downs_[i]->out.empty()) dirty_.push_back(i);
    return watchdog(*downs_[i], bytes);
  }
  const std::uint32_t number = load_u32(bytes + 16);
  if (number - first_ >= number_ - first_) return;
  const Times& its = times_[number % kTimes];
  if (its.is_silents) ++silents_;
  if (latencies != nullptr && !its.is_silents) {
    latencies->all.push_back(micros(arrived - its.due));
    latencies->late.push_back(micros(its.sent - its.due));
  }
  --downs_[i]->unanswered;
  --under_way_;
  ++done_;
}

void Load::ask(std::size_t i, Now::time_point due, Now::time_point now, bool is_silents) {
  LoadPeer& down = *downs_[i];
  const std::string& request = is_silents ? silent_request_[i] : request_[i];
  const std::size_t at = down.out.size();
  if (at == 0) dirty_.push_back(i);
  down.out.insert(down.out.end(), request.begin(), request.end());
  auto* bytes = reinterpret_cast<std::byte*>(down.out.data() + at);
  store_u32(bytes + 12, number_);
  store_u32(bytes + 16, number_);
  times_[number_ % kTimes] = {due, now, is_silents};
  ++number_;
  ++down.unanswered;
  ++under_way_;
}

void Load::reply(const std::byte* request) {
  if (load_u32(request + 8) == 0) return watchdog(up_, request);
  const std::size_t at = up_.out.size();
  up_.out.insert(up_.out.end(), answer_.begin(), answer_.end());
  std::memcpy(up_.out.data() + at + 12, request + 12, 8);
}

void Load::watchdog(LoadPeer& peer, const std::byte* request) {
  SlabPool pool;
  const std::size_t length = load_u32(request) & 0xffffffU;
  const Message asked(Slice::copy_of(pool, Bytes(request, length)));
  auto builder = MessageBuilder::answer(pool, asked);
  builder.result(2001).origin(peer.identity, "load.example");
  const auto built = builder.finish();
  peer.out.insert(peer.out.end(), built->text().begin(), built->text().end());
}

}  // namespace claviger::bench
