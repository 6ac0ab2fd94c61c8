// A server on a port that the kernel chose: it takes connections and says nothing. Whoever asks it waits for his deadline.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace claviger::identity {

class SilentServer {
 public:
  SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const place = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket_, place, size), 0);
    EXPECT_EQ(::listen(socket_, 1024), 0);
    EXPECT_EQ(::getsockname(socket_, place, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  ~SilentServer() {
    ::close(socket_);
    for (const int each : taken_) ::close(each);
  }

  // Connections so far.
  std::size_t taken() {
    for (int each; (each = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) taken_.push_back(each);
    return taken_.size();
  }
  std::string origin() const { return "https://127.0.0.1:" + std::to_string(port_); }

 private:
  int socket_;
  std::vector<int> taken_;
  std::uint16_t port_ = 0;
};

}  // namespace claviger::identity
