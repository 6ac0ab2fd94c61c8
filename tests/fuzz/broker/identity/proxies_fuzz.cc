// Any text where proxies and browsers put addresses, identities, networks and languages: read or ignored, never a crash,
// and what is taken for an address is one.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "broker/identity/page_language.h"
#include "broker/identity/proxies.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  http::Peer peer;
  peer.address = "192.0.2.1";
  settings::Settings settings;
  settings.trusted_proxies.push_back(*settings::Network::parse("192.0.2.0/24"));
  for (const auto header : {settings::ForwardedHeader::XForwardedFor, settings::ForwardedHeader::Forwarded}) {
    settings.forwarded_header = header;
    http::Request request;
    request.peer = &peer;
    const bool is_rfc7239 = header == settings::ForwardedHeader::Forwarded;
    request.add(http::Field::Other, {is_rfc7239 ? "forwarded" : "x-forwarded-for", text});
    request.add(http::Field::Other, {identity::kAssertedIdentityHeader, text});
    if (settings::normalised_address(identity::source_of(settings, request)).empty()) std::abort();
    (void)identity::read_caller(settings, request);
  }
  (void)settings::Network::parse(text);
  const std::size_t half = size / 2;
  const auto& page = identity::choose_page_text(identity::kPageTexts, text.substr(0, half), text.substr(half));
  if (page.language.empty()) std::abort();
  return 0;
}
