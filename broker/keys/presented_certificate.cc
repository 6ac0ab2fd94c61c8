#include "broker/keys/presented_certificate.h"

#include <utility>

#include "broker/identity/proxies.h"
#include "core/codec/base64url.h"
#include "core/codec/percent.h"

namespace claviger::keys {
namespace {

// A certificate of ten kilobytes, percent-encoded in the worst way.
constexpr std::size_t kFieldBytesMax = 48 * 1024;

// Empty when there is none, or more than one, be it an empty one.
std::string_view only_header(const http::Request& request, std::string_view name) {
  std::string_view value;
  bool is_there = false;
  for (const http::Header& header : request.headers()) {
    if (header.name != name) continue;
    if (std::exchange(is_there, true)) return {};
    value = header.value;
  }
  return value;
}

std::optional<crypto::Certificate> read_field(std::string_view field) {
  if (field.empty() || field.size() > kFieldBytesMax) return std::nullopt;
  std::string bytes(field.size(), '\0');
  const MutableBytes room = std::as_writable_bytes(std::span(bytes));
  if (field.size() > 2 && field.front() == ':' && field.back() == ':') {  // RFC 8941: a byte sequence
    const auto size = codec::base64_decode(field.substr(1, field.size() - 2), room);
    if (!size) return std::nullopt;
    auto certificate = crypto::Certificate::from_der(Bytes(room).first(*size));
    return certificate ? std::optional(*std::move(certificate)) : std::nullopt;
  }
  const auto size = codec::percent_decode(field, codec::Plus::Literal, room);
  if (!size) return std::nullopt;
  auto chain = crypto::Certificate::from_pem(std::string_view(bytes).substr(0, *size));
  if (!chain || chain->size() != 1) return std::nullopt;
  return std::move(chain->front());
}

}  // namespace

std::optional<crypto::Certificate> presented_certificate(const settings::Settings& settings,
                                                         const http::Request& request) {
  const http::Peer& peer = *request.peer;
  if (identity::is_trusted_proxy(settings, peer.address)) {
    // Several: one of them may be what the client itself wrote.
    if (only_header(request, "x-client-verify") != "SUCCESS") return std::nullopt;
    return read_field(only_header(request, "client-cert"));
  }
  if (!peer.is_certificate_trusted || peer.certificate_der.empty()) return std::nullopt;
  auto certificate = crypto::Certificate::from_der(as_bytes(peer.certificate_der));
  return certificate ? std::optional(*std::move(certificate)) : std::nullopt;
}

}  // namespace claviger::keys
