// What a request must be before anybody looks at what it asks for (RFC 3261 clauses 8.1.1, 8.2, RFC 4475).
//
// Pure functions, any thread; they allocate nothing.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/sip/message.h"

namespace claviger::sip {

// SipHeaderMissing, SipHeaderRepeated, SipSyntax with the header in `where`, SipUri (a Request-URI of another scheme).
Result<Unit> check_request(const Message& request);
// Of a response to us: the same for what matching it needs. One that fails is dropped.
Result<Unit> check_response(const Message& response);

// Option tags of Require that are not in `known`, comma-separated: the Unsupported header of a 420; empty: none.
std::string unsupported_options(const Message& request, std::initializer_list<std::string_view> known);
// Whether a comma-separated list (Accept, Supported, Allow-Events) has the item, in front of its parameters.
bool list_has(std::string_view list, std::string_view item);
// Accept of the request: absent means that the default is taken; "*/*" and "type/*" count.
bool accepts(const Message& request, std::string_view media_type);

// The answer to a code of this folder: one table for all of SIP.
std::uint16_t status_of(Code code);
std::string_view reason_of(std::uint16_t status);

}  // namespace claviger::sip
