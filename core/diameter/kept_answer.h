// Answers carry keys (CK, IK, XRES): their bytes are wiped when nobody needs them any more, before the slab that they lie in
// goes back to the pool.
//
// Each answer has one owner at a time: who built it, the packer's copy on its way down, the received one. Requests are kept
// for another attempt and carry none.
#pragma once

#include <string.h>

#include "core/base/slice.h"

namespace claviger::diameter {

// The caller is the last one who looks at these bytes. The C library's, which the compiler leaves alone as it does OPENSSL_cleanse():
// that one takes eight octets at a time, and three answers are wiped for each that is relayed.
inline void wipe_answer(const Slice& message) {
  ::explicit_bzero(const_cast<std::byte*>(message.data()), message.size());
}

}  // namespace claviger::diameter
