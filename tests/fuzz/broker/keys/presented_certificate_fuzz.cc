// Client-Cert as a proxy passes it on, in either form: nothing, or one certificate whose octets make the same certificate
// again. It counts once, from the proxy, and when that says that it looked at it; from anybody else and beside a second
// field it never does.
#include <cstdint>
#include <string>

#include "broker/keys/presented_certificate.h"
#include "core/base/assert.h"
#include "core/codec/base64url.h"

namespace {

using namespace claviger;

settings::Settings behind_proxy() {
  settings::Settings settings;
  settings.trusted_proxies.push_back(*settings::Network::parse("192.0.2.0/24"));
  return settings;
}

std::optional<crypto::Certificate> presented(const settings::Settings& settings, std::string_view address,
                                             std::string_view verdict, std::string_view field, int times) {
  http::Peer peer;
  peer.address = address;
  http::Request request;
  request.peer = &peer;
  request.add(http::Field::Other, {"x-client-verify", verdict});
  for (int i = 0; i < times; ++i) request.add(http::Field::Other, {"client-cert", field});
  return keys::presented_certificate(settings, request);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const settings::Settings settings = behind_proxy();
  const std::string_view field(reinterpret_cast<const char*>(data), size);
  CLAVIGER_ASSERT(!presented(settings, "198.51.100.1", "SUCCESS", field, 1));
  CLAVIGER_ASSERT(!presented(settings, "192.0.2.1", "NONE", field, 1));
  CLAVIGER_ASSERT(!presented(settings, "192.0.2.1", field, field, 1) || field == "SUCCESS");
  CLAVIGER_ASSERT(!presented(settings, "192.0.2.1", "SUCCESS", field, 2));
  const auto certificate = presented(settings, "192.0.2.1", "SUCCESS", field, 1);
  if (!certificate) return 0;
  std::string again = ":";
  codec::base64_encode(certificate->der(), again);
  again += ':';
  const auto same = presented(settings, "192.0.2.1", "SUCCESS", again, 1);
  CLAVIGER_ASSERT(same && same->subject() == certificate->subject() &&
                  as_text(same->der()) == as_text(certificate->der()));
  return 0;
}
