// One writing of a URN (RFC 8141 clause 3.1): `urn` and the namespace identifier have no case, nor have the hexadecimal digits
// of percent-encoded octets; of a UUID (RFC 9562 clause 4) the rest has none either.
//
// Any thread. What is no URN comes back as it was: an identifier may be anything.
#pragma once

#include <string>
#include <string_view>

namespace claviger::codec {

// "URN:UUID:2F1C.." -> "urn:uuid:2f1c.."; "URN:Example:A%2fb" -> "urn:example:A%2Fb".
std::string canonical_urn(std::string_view text);

}  // namespace claviger::codec
