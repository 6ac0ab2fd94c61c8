#include "core/net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "core/base/bytes.h"

namespace claviger::net {
namespace {

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
    return Error{Code::AddressInvalid, "address.port"};
  }
  return port;
}

template <typename T>
T read_as(const sockaddr* address) {
  T value;
  std::memcpy(&value, address, sizeof value);
  return value;
}

}  // namespace

Address::Address(const sockaddr* address, socklen_t length)
    : size_(std::min(length, static_cast<socklen_t>(sizeof storage_))) {
  std::memcpy(&storage_, address, size_);
}

Result<Address> Address::parse(std::string_view text) {
  if (text.starts_with("unix:")) return unix_path(text.substr(5));
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Error{Code::AddressInvalid, "address"};
  CLAVIGER_TRY(port, parse_port(text.substr(colon + 1)));
  std::string_view host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos) return Error{Code::AddressInvalid, "address"};
  } else if (host.find(':') != std::string_view::npos) {
    return Error{Code::AddressInvalid, "address"};  // an IPv6 address without brackets is ambiguous
  }
  return ip(host, port);
}

Result<Address> Address::ip(std::string_view host, std::uint16_t port) {
  const std::string terminated(host);
  sockaddr_in v4{};
  if (inet_pton(AF_INET, terminated.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return Address(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  }
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET6, terminated.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    return Address(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  }
  return Error{Code::AddressInvalid, "address.host"};
}

Result<Address> Address::unix_path(std::string_view path) {
  sockaddr_un local{};
  // One byte is left for the terminator; a name that starts with NUL would be Linux's abstract space, open to all.
  if (path.empty() || path.size() >= sizeof local.sun_path || path.find('\0') != std::string_view::npos) {
    return Error{Code::AddressInvalid, "address.path"};
  }
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, path.data(), path.size());
  return Address(reinterpret_cast<const sockaddr*>(&local),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1));
}

Result<Address> Address::of_local_end(int descriptor) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
    return Error{Code::Io, "address.local"};
  }
  return Address(reinterpret_cast<const sockaddr*>(&storage), length);
}

std::uint16_t Address::port() const {
  if (family() == AF_INET) return ntohs(read_as<sockaddr_in>(data()).sin_port);
  if (family() == AF_INET6) return ntohs(read_as<sockaddr_in6>(data()).sin6_port);
  return 0;
}

std::string Address::host() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family() == AF_INET) {
    const auto v4 = read_as<sockaddr_in>(data());
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  } else if (family() == AF_INET6) {
    const auto v6 = read_as<sockaddr_in6>(data());
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text.data(), text.size());
    } else {
      inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    }
  }
  return text.data();
}

std::string Address::path() const {
  constexpr std::size_t kFront = offsetof(sockaddr_un, sun_path);
  if (!is_unix() || size_ <= kFront) return {};
  return std::string(storage_.local.sun_path, strnlen(storage_.local.sun_path, size_ - kFront));
}

std::string Address::text() const {
  if (is_unix()) return "unix:" + path();
  const std::string name = host();
  const bool has_colon = name.find(':') != std::string::npos;
  return (has_colon ? "[" + name + "]" : name) + ":" + std::to_string(port());
}

std::uint64_t Address::source() const {
  if (family() == AF_INET) return ntohl(read_as<sockaddr_in>(data()).sin_addr.s_addr);
  if (family() != AF_INET6) return 0;
  const auto v6 = read_as<sockaddr_in6>(data());
  const Bytes bytes = std::as_bytes(std::span(v6.sin6_addr.s6_addr));
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return load_be<std::uint32_t>(bytes.subspan(12));
  return load_be<std::uint64_t>(bytes);
}

}  // namespace claviger::net
