// KeyStore: a PKCS #11 token that keeps keys for us and works with them.
//
// Calls into a token block, some of them for as long as the network to it takes: all run on a pool of its own, one thread
// a session, with a bounded queue, and never on a shard. Whatever goes wrong with the token, askers get KeyStoreMissing at
// once until it is back: it is looked at every second, connected again from the start (C_Finalize, C_Initialize), and the
// keys that somebody wants are looked for.
//
// One per process, made before the shards start. close() before they stop; destroyed after them.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/verify_key.h"
#include "core/pkcs11/session.h"
#include "core/runtime/offload.h"
#include "core/runtime/shard.h"
#include "core/runtime/task.h"

namespace claviger::pkcs11 {

struct KeyStoreOptions {
  std::string module_file;
  std::string token;  // its label
  std::string pin_file;
  std::size_t sessions = 4;
};

enum class Health : std::uint8_t { NotConnected, Ready, ModuleUnusable, TokenMissing, PinUnreadable, PinRefused, Failing };

class KeyStore {
 public:
  // Signatures that wait: a second of a token that makes a thousand.
  static constexpr std::size_t kQueueMax = 1024;
  // A token that has not answered by then is as good as gone.
  static constexpr Seconds kAnswerMax{5};
  static constexpr Seconds kLookEvery{1};
  // While all is well, only every so many looks ask the token.
  static constexpr unsigned kLooksWhenReady = 5;

  explicit KeyStore(KeyStoreOptions options, std::vector<int> cpus = {});
  KeyStore(const KeyStore&) = delete;
  KeyStore& operator=(const KeyStore&) = delete;
  ~KeyStore() { close(); }
  // Refuses what comes from now on, ends what runs, lets go of the token.
  void close();

  // Any thread.
  Health health() const { return health_.load(std::memory_order_acquire); }
  bool is_ready() const { return health() == Health::Ready; }
  // A literal; empty when the token is there with all keys that are wanted.
  std::string_view why_not_ready() const;
  // Before something is spent on an answer that would have to be signed. KeyStoreMissing.
  Result<Unit> check_key(std::string_view label) const;
  // This key is needed: its absence is a reason not to be ready.
  void want(std::string label);
  void want_no_longer(std::string_view label);

  // On the shard that looks after it: a look now and every kLookEvery, until the shard ends.
  void start(runtime::Shard& shard);
  // One look; connects if need be.
  runtime::Task<void> look();

  // On any shard; errors of Session, and KeyStoreMissing, Overload (the queue), DeadlinePassed.
  runtime::Task<Result<crypto::VerifyKey>> find_pair(std::string label);
  runtime::Task<Result<crypto::VerifyKey>> make_pair(std::string label, crypto::SignatureAlgorithm algorithm);
  runtime::Task<Result<std::string>> sign(std::string label, crypto::VerifyKey key, std::string input);
  runtime::Task<Result<std::string>> wrap(std::string label, std::string associated, SecretBytes plaintext);
  runtime::Task<Result<SecretBytes>> unwrap(std::string label, std::string associated, std::string wrapped);

 private:
  template <typename Value, typename Work>
  runtime::Task<Result<Value>> ask(Work work);
  template <typename Value, typename Work>
  Result<Value> on_session(Work& work);
  std::unique_ptr<Session> take();
  void give_back(std::unique_ptr<Session> session);

  // Pool thread.
  void look_here();
  Result<Unit> check_here();
  Result<Unit> connect_here();
  void look_for_wanted(bool only_missing);
  runtime::Task<void> look_and_note();
  void note();

  KeyStoreOptions options_;
  std::atomic<Health> health_{Health::NotConnected};

  // Exclusive while connecting; shared by whoever uses a session.
  std::shared_mutex connection_;
  std::unique_ptr<Module> module_;
  SecretBytes refused_pin_;  // not tried again: the token would lock itself
  std::mutex sessions_mutex_;
  std::vector<std::unique_ptr<Session>> free_;  // as many as pool threads, so that one is always there

  mutable std::mutex wanted_mutex_;
  std::set<std::string, std::less<>> wanted_;   // keys of tenants
  std::set<std::string, std::less<>> missing_;  // those of them that the token does not have
  std::atomic<bool> is_any_missing_{false};

  runtime::Shard* shard_ = nullptr;
  bool is_looking_ = false;
  unsigned looks_ = 0;
  Health noted_ = Health::NotConnected;
  runtime::Timer timer_;
  runtime::OffloadPool pool_;  // last: its threads use all the others
};

}  // namespace claviger::pkcs11
