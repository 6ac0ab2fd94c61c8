#include "core/crypto/key_wrap.h"

#include <algorithm>
#include <climits>
#include <cstring>

#include "core/crypto/key_wrap_rounds.h"
#include "core/crypto/openssl.h"

namespace claviger::crypto {
namespace {

constexpr std::array<std::size_t, 3> kKeyBytes = {16, 24, 32};
constexpr std::size_t kModes = 2;

bool can_wrap(KeyWrapMode mode, std::size_t plain_size) {
  if (plain_size > kKeyWrapPlainBytesMax) return false;
  return mode == KeyWrapMode::Rfc3394 ? plain_size >= 16 && plain_size % 8 == 0 : plain_size >= 1;
}

// RFC 3394 clause 2.2.3.1; RFC 5649 clause 3, before the length.
constexpr std::uint64_t kInitialValue = 0xA6A6A6A6A6A6A6A6;
constexpr std::uint64_t kPaddedInitialValue = 0xA65959A600000000;
// RFC 5649 clause 4.1: a single block is encrypted without rounds. OpenSSL does that.
constexpr std::size_t kOneBlock = 8;

// What the rounds begin with, in front of `out`.
MutableBytes lay_out(KeyWrapMode mode, Bytes plain, MutableBytes out) {
  const MutableBytes blocks = out.first(wrapped_size(mode, plain.size()));
  store_be(blocks, mode == KeyWrapMode::Rfc3394 ? kInitialValue : kPaddedInitialValue | plain.size());
  std::memcpy(blocks.data() + kOneBlock, plain.data(), plain.size());
  std::ranges::fill(blocks.subspan(kOneBlock + plain.size()), std::byte{0});
  return blocks;
}

}  // namespace

struct KeyWrap::Context {
  CipherContextPtr context{EVP_CIPHER_CTX_new()};
  bool has_rounds = false;
  // Fetched once: a fetch costs more than the wrapping.
  std::array<std::array<CipherPtr, kKeyBytes.size()>, kModes> ciphers;

  EVP_CIPHER* cipher_for(KeyWrapMode mode, std::size_t key_size) {
    for (std::size_t i = 0; i < kKeyBytes.size(); ++i) {
      if (kKeyBytes[i] == key_size) return ciphers[static_cast<std::size_t>(mode)][i].get();
    }
    return nullptr;
  }
};

KeyWrap::KeyWrap(std::unique_ptr<Context> context) : context_(std::move(context)) {}
KeyWrap::KeyWrap(KeyWrap&&) noexcept = default;
KeyWrap& KeyWrap::operator=(KeyWrap&&) noexcept = default;
KeyWrap::~KeyWrap() = default;

Result<KeyWrap> KeyWrap::make(KeyWrapEngine engine) {
  static constexpr std::array<std::array<const char*, kKeyBytes.size()>, kModes> kNames = {
      {{"AES-128-WRAP", "AES-192-WRAP", "AES-256-WRAP"}, {"AES-128-WRAP-PAD", "AES-192-WRAP-PAD", "AES-256-WRAP-PAD"}}};
  auto made = std::make_unique<Context>();
  if (!made->context) return openssl_error(Code::CryptoFailure, "key_wrap");
  made->has_rounds = engine == KeyWrapEngine::Fastest && has_wrap_rounds();
  EVP_CIPHER_CTX_set_flags(made->context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  for (std::size_t mode = 0; mode < kModes; ++mode) {
    for (std::size_t i = 0; i < kKeyBytes.size(); ++i) {
      made->ciphers[mode][i].reset(EVP_CIPHER_fetch(nullptr, kNames[mode][i], nullptr));
      if (!made->ciphers[mode][i]) return openssl_error(Code::CryptoFailure, "key_wrap.fetch");
    }
  }
  return KeyWrap(std::move(made));
}

Result<std::size_t> KeyWrap::wrap(KeyWrapMode mode, Bytes key, Bytes plain, MutableBytes out) {
  EVP_CIPHER* const cipher = context_->cipher_for(mode, key.size());
  if (cipher == nullptr) return Error{Code::KeyMalformed, "key_wrap.key"};
  if (!can_wrap(mode, plain.size())) return Error{Code::OutOfRange, "key_wrap.length"};
  CLAVIGER_ASSERT(out.size() >= wrapped_size(mode, plain.size()));
  if (context_->has_rounds && key.size() == kWrapRoundsKeyBytes && plain.size() > kOneBlock) {
    const MutableBytes blocks = lay_out(mode, plain, out);
    wrap_rounds(key.first<kWrapRoundsKeyBytes>(), blocks);
    return blocks.size();
  }
  int written = 0;
  if (EVP_EncryptInit_ex2(context_->context.get(), cipher, as_uchar(key), nullptr, nullptr) != 1 ||
      EVP_EncryptUpdate(context_->context.get(), as_uchar(out), &written, as_uchar(plain),
                        static_cast<int>(plain.size())) != 1) {
    return openssl_error(Code::CryptoFailure, "key_wrap.wrap");
  }
  CLAVIGER_ASSERT(static_cast<std::size_t>(written) == wrapped_size(mode, plain.size()));
  return static_cast<std::size_t>(written);
}

Result<Unit> KeyWrap::wrap_together(KeyWrapMode mode, Bytes key, std::span<Wrapping> all) {
  CLAVIGER_ASSERT(all.size() <= kTogetherMax);
  const bool is_together = context_->has_rounds && key.size() == kWrapRoundsKeyBytes &&
                           std::ranges::all_of(all, [mode](const Wrapping& one) {
                             return can_wrap(mode, one.plain.size()) && one.plain.size() > kOneBlock;
                           });
  std::array<MutableBytes, kTogetherMax> blocks;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (is_together) {
      CLAVIGER_ASSERT(all[i].out.size() >= wrapped_size(mode, all[i].plain.size()));
      blocks[i] = lay_out(mode, all[i].plain, all[i].out);
      all[i].size = blocks[i].size();
    } else {
      CLAVIGER_TRY(size, wrap(mode, key, all[i].plain, all[i].out));
      all[i].size = size;
    }
  }
  if (is_together) wrap_rounds(key.first<kWrapRoundsKeyBytes>(), std::span(blocks).first(all.size()));
  return Unit{};
}

Result<SecretBytes> KeyWrap::unwrap(KeyWrapMode mode, Bytes key, Bytes wrapped) {
  EVP_CIPHER* const cipher = context_->cipher_for(mode, key.size());
  if (cipher == nullptr) return Error{Code::KeyMalformed, "key_wrap.key"};
  const std::size_t least = mode == KeyWrapMode::Rfc3394 ? 24 : 16;
  if (wrapped.size() < least || wrapped.size() % 8 != 0 || wrapped.size() > kKeyWrapPlainBytesMax + 8) {
    return Error{Code::SealBroken, "key_wrap.length"};
  }
  SecretBytes opened(wrapped.size());
  int written = 0;
  if (EVP_DecryptInit_ex2(context_->context.get(), cipher, as_uchar(key), nullptr, nullptr) != 1 ||
      EVP_DecryptUpdate(context_->context.get(), as_uchar(opened.reveal_for_writing()), &written, as_uchar(wrapped),
                        static_cast<int>(wrapped.size())) != 1 ||
      written <= 0) {
    return openssl_error(Code::SealBroken, "key_wrap.unwrap");
  }
  return SecretBytes(opened.reveal().first(static_cast<std::size_t>(written)));
}

}  // namespace claviger::crypto
