// A blocking TCP connection of a load maker to the daemon beside it; whoever cannot have one ends.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace claviger::bench {

[[noreturn]] inline void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

struct TcpConnection {
  int socket;
  std::uint16_t own_port;
};

inline TcpConnection tcp_connect(const std::string& host, std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (socket < 0 || inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1 ||
      connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    die("connect");
  }
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  socklen_t size = sizeof(address);
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return {socket, ntohs(address.sin_port)};
}

}  // namespace claviger::bench
