#include "core/crypto/random.h"

#include <openssl/rand.h>

#include <climits>

#include "core/crypto/openssl.h"

namespace claviger::crypto {
namespace {

// Up to here a draw is served from bytes drawn ahead, by thread: a sign-in makes eight of them, and each call of the
// generator asks the kernel for the process's number, lest a child repeat its parent's values. We have no children that
// go on as we do.
constexpr std::size_t kShortMax = 32;
//
// Whoever draws while its thread ends, behind the pool's own end, is given bytes of the generator and not wiped ones.
thread_local bool is_pool_gone = false;  // has no destructor: good to the thread's last breath
struct ShortDraws {
  ShortDraws() = default;
  ShortDraws(const ShortDraws&) = delete;
  ShortDraws& operator=(const ShortDraws&) = delete;
  ~ShortDraws() { is_pool_gone = true; }
  RandomPool pool;
};
thread_local ShortDraws short_draws;

Result<Unit> generate(MutableBytes out) {
  if (RAND_priv_bytes(as_uchar(out), static_cast<int>(out.size())) != 1) {
    return openssl_error(Code::CryptoFailure, "random");
  }
  return Unit{};
}

}  // namespace

Result<Unit> fill_random(MutableBytes out) {
  CLAVIGER_ASSERT(out.size() <= INT_MAX);
  if (out.empty()) return Unit{};
  return out.size() <= kShortMax && !is_pool_gone ? short_draws.pool.fill(out) : generate(out);
}

Result<Unit> RandomPool::fill(MutableBytes out) {
  if (out.size() > bytes_.size()) return fill_random(out);
  if (out.size() > left_) {
    left_ = 0;
    CLAVIGER_TRY(filled, generate(bytes_));
    left_ = bytes_.size();
  }
  if (out.empty()) return Unit{};
  left_ -= out.size();
  const MutableBytes drawn = MutableBytes(bytes_).subspan(left_, out.size());
  std::memcpy(out.data(), drawn.data(), out.size());
  wipe(drawn);
  return Unit{};
}

}  // namespace claviger::crypto
