// A PKCS #11 module (OASIS PKCS #11 v2.40): the vendor's library, loaded and initialised.
//
// One per process and library: C_Initialize is the process's. Owned by KeyStore. Making and destroying block: a pool
// thread, and no other call into the module meanwhile. The library stays loaded for good: modules leave threads and exit
// handlers behind.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"

struct _CK_FUNCTION_LIST;  // of p11-kit/pkcs11.h, which only the .cc files of this folder see

namespace claviger::pkcs11 {

using SlotId = unsigned long;

class Module {
 public:
  // KeyStoreFailure: no such library, not a PKCS #11 module, or it cannot be initialised.
  static Result<std::unique_ptr<Module>> open(const std::string& file);
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  ~Module();

  _CK_FUNCTION_LIST& functions() const { return *functions_; }
  // The slot with the token of this label. KeyStoreMissing; Duplicate: two of that name.
  Result<SlotId> find_token(const std::string& label) const;

 private:
  explicit Module(_CK_FUNCTION_LIST* functions) : functions_(functions) {}
  _CK_FUNCTION_LIST* functions_;
};

}  // namespace claviger::pkcs11
