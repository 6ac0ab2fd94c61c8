// SoftHSM behind a switch. While the file that CLAVIGER_TEST_TOKEN_AWAY names exists, the token is not there; while the one
// of CLAVIGER_TEST_TOKEN_SLOW does, signatures do not come back.
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>

namespace {

CK_FUNCTION_LIST* soft = nullptr;
CK_FUNCTION_LIST ours;

bool is_there(const char* variable) {
  const char* file = std::getenv(variable);
  return file != nullptr && ::access(file, F_OK) == 0;
}
bool is_away() { return is_there("CLAVIGER_TEST_TOKEN_AWAY"); }

CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID* slots, CK_ULONG* count) {
  if (!is_away()) return soft->C_GetSlotList(present, slots, count);
  *count = 0;
  return CKR_OK;
}
CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO* info) {
  return is_away() ? CKR_TOKEN_NOT_PRESENT : soft->C_GetTokenInfo(slot, info);
}
CK_RV get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO* info) {
  return is_away() ? CKR_DEVICE_REMOVED : soft->C_GetSessionInfo(session, info);
}
CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void* application, CK_NOTIFY notify, CK_SESSION_HANDLE* session) {
  return is_away() ? CKR_TOKEN_NOT_PRESENT : soft->C_OpenSession(slot, flags, application, notify, session);
}
CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  return is_away() ? CKR_DEVICE_REMOVED : soft->C_SignInit(session, mechanism, key);
}
CK_RV sign(CK_SESSION_HANDLE session, unsigned char* data, CK_ULONG size, unsigned char* signature, CK_ULONG* signature_size) {
  while (is_there("CLAVIGER_TEST_TOKEN_SLOW")) ::sched_yield();
  return is_away() ? CKR_DEVICE_REMOVED : soft->C_Sign(session, data, size, signature, signature_size);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  if (soft == nullptr) {
    void* library = ::dlopen("libsofthsm2.so", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) library = ::dlopen("/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return CKR_GENERAL_ERROR;
    const auto get = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList"));
    if (get == nullptr || get(&soft) != CKR_OK) return CKR_GENERAL_ERROR;
    ours = *soft;
    ours.C_GetFunctionList = C_GetFunctionList;
    ours.C_GetSlotList = get_slot_list;
    ours.C_GetTokenInfo = get_token_info;
    ours.C_GetSessionInfo = get_session_info;
    ours.C_OpenSession = open_session;
    ours.C_SignInit = sign_init;
    ours.C_Sign = sign;
  }
  *list = &ours;
  return CKR_OK;
}
