// Where a socket listens or connects to: an IP address with port, or the path of a Unix socket.
//
// A value, any thread. Written as "192.0.2.1:8443", "[2001:db8::1]:8443" or "unix:/run/claviger/admin.sock"; host
// names are resolved elsewhere (core/net/resolve.h).
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace claviger::net {

class Address {
 public:
  Address() = default;
  Address(const sockaddr* address, socklen_t length);

  static Result<Address> parse(std::string_view text);
  static Result<Address> ip(std::string_view host, std::uint16_t port);
  static Result<Address> unix_path(std::string_view path);
  // The local end of a socket: which port the kernel chose.
  static Result<Address> of_local_end(int descriptor);

  bool is_unix() const { return storage_.any.ss_family == AF_UNIX; }
  int family() const { return storage_.any.ss_family; }
  std::uint16_t port() const;
  std::string host() const;  // without port; an IPv4 address mapped into IPv6 as IPv4; empty for a Unix socket
  std::string path() const;  // of a Unix socket
  std::string text() const;

  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }

  // What the limits per source count by: the IPv4 address, or the first 64 bits of the IPv6 address, which one host
  // can fill at will. 0 for a Unix socket.
  std::uint64_t source() const;

 private:
  union Storage {
    sockaddr_storage any;
    sockaddr_un local;
  };
  Storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace claviger::net
