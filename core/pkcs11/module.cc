#include "core/pkcs11/module.h"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include <algorithm>
#include <string_view>

namespace claviger::pkcs11 {
namespace {

// Network modules show a slot for every partition; far beyond what anybody has.
constexpr std::size_t kSlotsMax = 256;

// Blank-padded, without a NUL (PKCS #11 v2.40 clause 3.1).
template <std::size_t N>
std::string_view padded_text(const unsigned char (&text)[N]) {
  std::string_view view(reinterpret_cast<const char*>(text), N);
  while (!view.empty() && view.back() == ' ') view.remove_suffix(1);
  return view;
}

}  // namespace

Result<std::unique_ptr<Module>> Module::open(const std::string& file) {
  const Error failure{Code::KeyStoreFailure, "pkcs11.module"};
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return failure;
  void* symbol = ::dlsym(library, "C_GetFunctionList");
  if (symbol == nullptr) return failure;
  const auto get_functions = reinterpret_cast<CK_C_GetFunctionList>(symbol);
  CK_FUNCTION_LIST* functions = nullptr;
  if (get_functions(&functions) != CKR_OK || functions == nullptr) return failure;
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.flags = CKF_OS_LOCKING_OK;  // we call from several threads
  const CK_RV initialised = functions->C_Initialize(&arguments);
  if (initialised != CKR_OK && initialised != CKR_CRYPTOKI_ALREADY_INITIALIZED) return failure;
  return std::unique_ptr<Module>(new Module(functions));
}

Module::~Module() { functions_->C_Finalize(nullptr); }

Result<SlotId> Module::find_token(const std::string& label) const {
  const Error missing{Code::KeyStoreMissing, "pkcs11.token"};
  CK_ULONG count = 0;
  if (functions_->C_GetSlotList(CK_TRUE, nullptr, &count) != CKR_OK) return missing;
  if (count > kSlotsMax) return Error{Code::KeyStoreFailure, "pkcs11.slots"};
  std::vector<CK_SLOT_ID> slots(count);
  if (count == 0 || functions_->C_GetSlotList(CK_TRUE, slots.data(), &count) != CKR_OK) return missing;
  slots.resize(std::min<std::size_t>(count, slots.size()));
  std::vector<SlotId> found;
  for (const CK_SLOT_ID slot : slots) {
    CK_TOKEN_INFO info{};
    if (functions_->C_GetTokenInfo(slot, &info) != CKR_OK) continue;
    if ((info.flags & CKF_TOKEN_INITIALIZED) != 0 && padded_text(info.label) == label) found.push_back(slot);
  }
  if (found.empty()) return missing;
  // The wrong one of two would be a matter of luck.
  if (found.size() > 1) return Error{Code::Duplicate, "pkcs11.token"};
  return found.front();
}

}  // namespace claviger::pkcs11
