// Answers carry keys (CK, IK, XRES): their bytes are wiped when nobody needs them any more, before the slab that they lie in
// goes back to the pool.
//
// Each answer has one owner at a time: who built it, the packer's copy on its way down, the received one. Requests are kept
// for another attempt and carry none.
#pragma once

#include "core/base/secret.h"
#include "core/base/slice.h"

namespace claviger::diameter {

// The caller is the last one who looks at these bytes.
inline void wipe_answer(const Slice& message) {
  wipe(MutableBytes(const_cast<std::byte*>(message.data()), message.size()));
}

}  // namespace claviger::diameter
