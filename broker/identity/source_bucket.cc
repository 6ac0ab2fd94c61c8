#include "broker/identity/source_bucket.h"

#include <arpa/inet.h>

#include <array>

namespace claviger::identity {

std::string bucket_of(std::string_view source) {
  if (source.find(':') == std::string_view::npos) return std::string(source);  // no address of IPv6
  std::array<unsigned char, 16> address;
  const std::string text(source);
  if (inet_pton(AF_INET6, text.c_str(), address.data()) != 1) return text;
  return std::string(address.begin(), address.begin() + 8);
}

}  // namespace claviger::identity
