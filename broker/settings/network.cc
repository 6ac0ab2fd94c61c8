#include "broker/settings/network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace claviger::settings {
namespace {

using AddressBytes = std::array<std::byte, 16>;
constexpr unsigned kMappedBits = 96;

struct Parsed {
  AddressBytes bytes{};
  bool is_ipv4 = false;
};

std::optional<Parsed> parse_address(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof buffer) return std::nullopt;
  *std::copy(text.begin(), text.end(), buffer) = '\0';
  Parsed parsed;
  in_addr four{};
  if (inet_pton(AF_INET, buffer, &four) == 1) {
    parsed.is_ipv4 = true;
    parsed.bytes[10] = parsed.bytes[11] = std::byte{0xFF};
    std::memcpy(parsed.bytes.data() + 12, &four, 4);
    return parsed;
  }
  in6_addr six{};
  if (inet_pton(AF_INET6, buffer, &six) != 1) return std::nullopt;
  std::memcpy(parsed.bytes.data(), &six, 16);
  return parsed;
}

bool agree(const AddressBytes& left, const AddressBytes& right, unsigned bits) {
  for (unsigned i = 0; i < 16 && i * 8 < bits; ++i) {
    const unsigned here = std::min(8U, bits - i * 8);
    const auto mask = static_cast<std::byte>(0xFFU << (8 - here));
    if ((left[i] & mask) != (right[i] & mask)) return false;
  }
  return true;
}

}  // namespace

Result<Network> Network::parse(std::string_view text) {
  constexpr Error kFault{Code::ConfigValue, "network"};
  const std::size_t slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return kFault;
  const unsigned bits_max = address->is_ipv4 ? 32 : 128;
  unsigned bits = bits_max;
  if (slash != std::string_view::npos) {
    const std::string_view number = text.substr(slash + 1);
    const auto read = std::from_chars(number.data(), number.data() + number.size(), bits);
    if (read.ec != std::errc() || read.ptr != number.data() + number.size() || bits > bits_max) return kFault;
  }
  Network network;
  network.bytes_ = address->bytes;
  network.bits_ = address->is_ipv4 ? bits + kMappedBits : bits;
  network.text_ = text;
  // "10.0.0.1/8" is more likely a mistake than a network.
  AddressBytes lowest = network.bytes_;
  for (unsigned bit = network.bits_; bit < 128; ++bit) lowest[bit / 8] &= ~static_cast<std::byte>(0x80U >> (bit % 8));
  if (lowest != network.bytes_) return kFault;
  return network;
}

bool Network::contains(std::string_view address) const {
  const auto parsed = parse_address(address);
  return parsed && agree(parsed->bytes, bytes_, bits_);
}

std::string normalised_address(std::string_view text) {
  const auto parsed = parse_address(text);
  if (!parsed) return {};
  const Network mapped = *Network::parse("::ffff:0:0/96");
  char buffer[INET6_ADDRSTRLEN];
  const bool is_ipv4 = parsed->is_ipv4 || mapped.contains(text);
  const void* from = parsed->bytes.data() + (is_ipv4 ? 12 : 0);
  return inet_ntop(is_ipv4 ? AF_INET : AF_INET6, from, buffer, sizeof buffer) == nullptr ? "" : buffer;
}

}  // namespace claviger::settings
