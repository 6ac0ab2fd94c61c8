// SHA256_Init() and its like are deprecated in favour of EVP, which costs more for messages as short as ours.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "core/crypto/digest.h"

#include <openssl/sha.h>

namespace claviger::crypto {
namespace {

SHA256_CTX* context_in(std::byte* state) { return reinterpret_cast<SHA256_CTX*>(state); }

}  // namespace

Sha256Digest sha256(Bytes message) {
  Sha256 hash;
  hash.update(message);
  return hash.finish();
}

Sha512Digest sha512(Bytes message) {
  Sha512Digest digest;
  SHA512_CTX context;
  SHA512_Init(&context);
  SHA512_Update(&context, message.data(), message.size());
  SHA512_Final(as_uchar(MutableBytes(digest)), &context);
  return digest;
}

Sha256::Sha256() {
  static_assert(sizeof(SHA256_CTX) == kStateBytes && alignof(SHA256_CTX) <= 8);
  SHA256_Init(context_in(state_.data()));
}

void Sha256::update(Bytes piece) { SHA256_Update(context_in(state_.data()), piece.data(), piece.size()); }

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  SHA256_Final(as_uchar(MutableBytes(digest)), context_in(state_.data()));
  return digest;
}

}  // namespace claviger::crypto
