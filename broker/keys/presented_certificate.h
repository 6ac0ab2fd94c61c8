// With which certificate a request came: directly, or behind a proxy that ends the TLS (RFC 9440).
//
// A proxy passes the client's certificate on in Client-Cert (RFC 9440), or percent-encoded PEM as nginx writes it; that
// counts from configured proxies alone, and only when the proxy itself says that it verified it (X-Client-Verify:
// SUCCESS). From anybody else the field is ignored. Pure function, any thread.
#pragma once

#include <optional>

#include "broker/settings/settings.h"
#include "core/crypto/certificate.h"
#include "core/http/message.h"

namespace claviger::keys {

// One that an authority of the listener, or of the proxy in front of it, vouches for. Nothing without one.
std::optional<crypto::Certificate> presented_certificate(const settings::Settings& settings,
                                                         const http::Request& request);

}  // namespace claviger::keys
