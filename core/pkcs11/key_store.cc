#include "core/pkcs11/key_store.h"

#include <utility>

#include "core/pkcs11/pin_file.h"

namespace claviger::pkcs11 {
namespace {

using crypto::SignatureAlgorithm;
using crypto::VerifyKey;
using runtime::Task;

std::string_view text_of(Health health) {
  switch (health) {
    case Health::NotConnected: return "PKCS #11: not connected yet";
    case Health::Ready: return "";
    case Health::ModuleUnusable: return "PKCS #11: the module cannot be used";
    case Health::TokenMissing: return "PKCS #11: the token is missing";
    case Health::PinUnreadable: return "PKCS #11: the PIN file cannot be used";
    case Health::PinRefused: return "PKCS #11: the token refuses the PIN";
    case Health::Failing: return "PKCS #11: the token fails";
  }
  return "?";
}

Health health_of(const Error& error) {
  switch (error.code) {
    case Code::KeyStoreMissing:
    case Code::Duplicate: return Health::TokenMissing;
    case Code::PasswordMismatch: return Health::PinRefused;
    case Code::Unreadable:
    case Code::PermissionsTooOpen:
    case Code::BadValue: return Health::PinUnreadable;
    default: return error.where == "pkcs11.module" ? Health::ModuleUnusable : Health::Failing;
  }
}

}  // namespace

KeyStore::KeyStore(KeyStoreOptions options, std::vector<int> cpus)
    : options_(std::move(options)),
      timer_([](void* self) { static_cast<KeyStore*>(self)->start(*static_cast<KeyStore*>(self)->shard_); }, this),
      pool_("pkcs11", options_.sessions, kQueueMax, std::move(cpus)) {}

void KeyStore::close() {
  pool_.close();
  const std::unique_lock lock(connection_);
  health_.store(Health::NotConnected, std::memory_order_release);
  free_.clear();
  module_.reset();
}

std::string_view KeyStore::why_not_ready() const {
  const Health now = health();
  if (now != Health::Ready) return text_of(now);
  return is_any_missing_.load(std::memory_order_acquire) ? "PKCS #11: the token lacks a key" : "";
}

Result<Unit> KeyStore::check_key(std::string_view label) const {
  const Error missing{Code::KeyStoreMissing, "pkcs11"};
  if (!is_ready()) return missing;
  if (!is_any_missing_.load(std::memory_order_acquire)) return Unit{};
  const std::lock_guard lock(wanted_mutex_);
  if (missing_.contains(label)) return missing;
  return Unit{};
}

void KeyStore::want(std::string label) {
  const std::lock_guard lock(wanted_mutex_);
  wanted_.insert(std::move(label));
}

void KeyStore::want_no_longer(std::string_view label) {
  const std::lock_guard lock(wanted_mutex_);
  if (const auto found = wanted_.find(label); found != wanted_.end()) wanted_.erase(found);
  if (const auto found = missing_.find(label); found != missing_.end()) missing_.erase(found);
  is_any_missing_.store(!missing_.empty(), std::memory_order_release);
}

// Looking after it.

void KeyStore::start(runtime::Shard& shard) {
  shard_ = &shard;
  shard.timers().start(timer_, shard.now() + kLookEvery);
  if (is_looking_) return;
  // Not every time: a token's line is slow, and who signs finds out by himself.
  if (is_ready() && ++looks_ % kLooksWhenReady != 0) return note();
  is_looking_ = true;
  shard.scope().spawn(look_and_note());
}

Task<void> KeyStore::look_and_note() {
  co_await look();
  note();
  is_looking_ = false;
}

Task<void> KeyStore::look() {
  auto work = [this] {
    look_here();
    return Unit{};
  };
  // A full queue says that the token is at work.
  const auto looked = co_await runtime::offload(&pool_, std::move(work));
  if (!looked) co_return;
}

void KeyStore::note() {
  const Health now = health();
  if (now == noted_) return;
  noted_ = now;
  if (now == Health::Ready) {
    shard_->logger().info("key_store.ready", {{"token", options_.token}});
  } else {
    shard_->logger().error("key_store.lost", {{"token", options_.token}, {"why", text_of(now)}});
  }
}

void KeyStore::look_here() {
  if (is_ready()) {
    const auto checked = check_here();
    if (!checked) health_.store(Health::Failing, std::memory_order_release);
  }
  if (is_ready()) {
    const std::shared_lock lock(connection_);
    if (is_ready()) look_for_wanted(true);
    return;
  }
  const std::unique_lock lock(connection_);
  const auto connected = connect_here();
  if (!connected) {
    free_.clear();
    health_.store(health_of(connected.error()), std::memory_order_release);
    return;
  }
  look_for_wanted(false);
  health_.store(Health::Ready, std::memory_order_release);
}

Result<Unit> KeyStore::check_here() {
  const std::shared_lock lock(connection_);
  auto session = take();
  auto checked = session->check();
  give_back(std::move(session));
  return checked;
}

// With the connection held: everything from the start.
Result<Unit> KeyStore::connect_here() {
  free_.clear();
  module_.reset();
  CLAVIGER_TRY(module, Module::open(options_.module_file));
  module_ = std::move(module);
  CLAVIGER_TRY(slot, module_->find_token(options_.token));
  CLAVIGER_TRY(pin, read_pin(options_.pin_file));
  if (!refused_pin_.empty() && refused_pin_.equals(pin.reveal())) return Error{Code::PasswordMismatch, "pkcs11.pin"};
  for (std::size_t i = 0; i < options_.sessions; ++i) {
    CLAVIGER_TRY(session, Session::open(*module_, slot));
    free_.push_back(std::move(session));
  }
  const auto logged_in = free_.front()->log_in(pin);
  if (logged_in.failed_with(Code::PasswordMismatch)) refused_pin_ = std::move(pin);
  return logged_in;
}

// With the connection held, either way.
void KeyStore::look_for_wanted(bool only_missing) {
  std::vector<std::string> labels;
  {
    const std::lock_guard lock(wanted_mutex_);
    const auto& asked = only_missing ? missing_ : wanted_;
    labels.assign(asked.begin(), asked.end());
  }
  if (labels.empty()) return;
  auto session = take();
  std::vector<bool> is_there;
  for (const std::string& label : labels) is_there.push_back(session->has_pair(label));
  give_back(std::move(session));
  const std::lock_guard lock(wanted_mutex_);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (is_there[i] || !wanted_.contains(labels[i])) missing_.erase(labels[i]);
    else missing_.insert(labels[i]);
  }
  is_any_missing_.store(!missing_.empty(), std::memory_order_release);
}

// Using it.

std::unique_ptr<Session> KeyStore::take() {
  const std::lock_guard lock(sessions_mutex_);
  CLAVIGER_ASSERT(!free_.empty());
  auto session = std::move(free_.back());
  free_.pop_back();
  return session;
}

void KeyStore::give_back(std::unique_ptr<Session> session) {
  const std::lock_guard lock(sessions_mutex_);
  free_.push_back(std::move(session));
}

// Pool thread.
template <typename Value, typename Work>
Result<Value> KeyStore::on_session(Work& work) {
  const std::shared_lock lock(connection_);
  if (!is_ready()) return Error{Code::KeyStoreMissing, "pkcs11"};
  auto session = take();
  Result<Value> result = work(*session);
  if (result.failed_with(Code::KeyStoreFailure)) {
    // A handle of an object that was made anew, perhaps: found again by the next. Or the token is gone.
    session->forget_handles();
    if (!session->check()) {
      health_.store(Health::Failing, std::memory_order_release);
      result = Error{Code::KeyStoreMissing, result.error().where};
    }
  }
  give_back(std::move(session));
  return result;
}

template <typename Value, typename Work>
Task<Result<Value>> KeyStore::ask(Work work) {
  if (!is_ready()) co_return Error{Code::KeyStoreMissing, "pkcs11"};
  auto job = [this, work = std::move(work)]() mutable { return on_session<Value>(work); };
  auto submitted = runtime::detail::submit_for_value<decltype(job), Result<Value>>(pool_, std::move(job));
  if (!submitted) co_return submitted.error();
  auto waiter = *std::move(submitted);
  auto answer = co_await waiter.until(runtime::Shard::current().now() + kAnswerMax);
  if (!answer) co_return Error{Code::DeadlinePassed, "pkcs11"};
  if (!*answer) co_return answer->error();
  co_return **std::move(answer);
}

Task<Result<VerifyKey>> KeyStore::find_pair(std::string label) {
  auto work = [label = std::move(label)](Session& session) { return session.find_pair(label); };
  auto found = co_await ask<VerifyKey>(std::move(work));
  co_return found;
}

Task<Result<VerifyKey>> KeyStore::make_pair(std::string label, SignatureAlgorithm algorithm) {
  auto work = [label = std::move(label), algorithm](Session& session) { return session.make_pair(label, algorithm); };
  auto made = co_await ask<VerifyKey>(std::move(work));
  co_return made;
}

Task<Result<std::string>> KeyStore::sign(std::string label, VerifyKey key, std::string input) {
  auto work = [this, label = std::move(label), key = std::move(key), input = std::move(input)](Session& session) {
    auto signature = session.sign(label, key, as_bytes(input));
    if (!signature.failed_with(Code::NotFound)) return signature;
    const std::lock_guard lock(wanted_mutex_);
    if (wanted_.contains(label)) missing_.insert(label);
    is_any_missing_.store(!missing_.empty(), std::memory_order_release);
    return Result<std::string>(Error{Code::KeyStoreMissing, "pkcs11.label"});
  };
  auto signature = co_await ask<std::string>(std::move(work));
  co_return signature;
}

Task<Result<std::string>> KeyStore::wrap(std::string label, std::string associated, SecretBytes plaintext) {
  auto work = [label = std::move(label), associated = std::move(associated),
               plaintext = std::move(plaintext)](Session& session) { return session.wrap(label, as_bytes(associated), plaintext); };
  auto wrapped = co_await ask<std::string>(std::move(work));
  co_return wrapped;
}

Task<Result<SecretBytes>> KeyStore::unwrap(std::string label, std::string associated, std::string wrapped) {
  auto work = [label = std::move(label), associated = std::move(associated), wrapped = std::move(wrapped)](Session& session) {
    return session.unwrap(label, as_bytes(associated), as_bytes(wrapped));
  };
  auto plaintext = co_await ask<SecretBytes>(std::move(work));
  co_return plaintext;
}

}  // namespace claviger::pkcs11
