// An identifier as SAKKE's number a (RFC 6508 clause 6.1): its octets, big endian. Public. Pure, any thread.
#pragma once

#include "core/base/result.h"
#include "core/crypto/mikey/field.h"
#include "core/crypto/mikey/sakke.h"

namespace claviger::mikey {

// In [1, q - 1]. BadValue when empty, longer than kIdentifierBytesMax (so it is below q) or zero.
inline Result<Scalar> identifier_number(Bytes identifier) {
  if (identifier.empty() || identifier.size() > kIdentifierBytesMax) return Error{Code::BadValue, "mikey.identifier"};
  const Scalar a = words_from_octets<16>(identifier);
  if (is_zero(a) != 0) return Error{Code::BadValue, "mikey.identifier"};
  return a;
}

}  // namespace claviger::mikey
