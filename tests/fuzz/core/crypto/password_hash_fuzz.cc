// Password hashes as an import may bring them: whatever is accepted stays within the bounds.
#include "core/crypto/password_hash_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger::crypto;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto hash = PasswordHashText::parse(text);
  if (!hash) return 0;
  CLAVIGER_ASSERT(hash->salt_size >= kHashSaltBytesMin && hash->salt_size <= kHashSaltBytesMax);
  CLAVIGER_ASSERT(hash->tag_size >= kHashTagBytesMin && hash->tag_size <= kHashTagBytesMax);
  if (hash->kind == PasswordHashKind::Argon2id) {
    CLAVIGER_ASSERT(check_parameters(hash->argon2).has_value());
    CLAVIGER_ASSERT(PasswordHashText::parse(hash->format()).has_value());
  }
  return 0;
}
