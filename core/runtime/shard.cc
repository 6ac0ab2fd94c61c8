#include "core/runtime/shard.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>

#include "core/runtime/loop_parts.h"
#include "core/runtime/thread_schedule.h"

namespace claviger::runtime {
namespace {

thread_local Shard* t_current = nullptr;

Shard& shard_of(uv_handle_t* handle) { return *static_cast<Shard*>(handle->data); }

LoopParts& parts_of(const uv_loop_t& loop) { return *static_cast<LoopParts*>(uv_loop_get_data(&loop)); }

}  // namespace

TurnEndHook::~TurnEndHook() {
  if (link_ == nullptr) return;
  *link_ = next_;
  if (next_ != nullptr) next_->link_ = link_;
}

Shard& Shard::current() {
  CLAVIGER_ASSERT(t_current != nullptr);
  return *t_current;
}
Shard* Shard::current_or_null() { return t_current; }

Shard::Shard(std::size_t index, Shards& shards, Clock& clock, Logger& logger)
    : index_(index),
      shards_(shards),
      clock_(clock),
      logger_(logger),
      mailbox_([this] { parts_of(loop_).wake(clock_.monotonic()); }),
      timers_(clock.monotonic()) {
  CLAVIGER_ASSERT(uv_loop_init(&loop_) == 0);
  const auto own = [this](auto* handle) { handle->data = this; };
  // Only its figure: the turn's messages are taken below, woken or not.
  auto parts = std::make_unique<LoopParts>(loop_, [this] { parts_of(loop_).woken(now()); });
  uv_loop_set_data(&loop_, parts.release());  // until ~Shard
  uv_prepare_init(&loop_, &turn_end_);
  uv_check_init(&loop_, &turn_start_);
  uv_timer_init(&loop_, &wheel_timer_);
  uv_idle_init(&loop_, &busy_);
  own(&turn_end_), own(&turn_start_), own(&wheel_timer_), own(&busy_);
  uv_prepare_start(&turn_end_,
                   [](uv_prepare_t* handle) { shard_of(reinterpret_cast<uv_handle_t*>(handle)).end_turn(); });
  uv_check_start(&turn_start_, [](uv_check_t* handle) {
    Shard& shard = shard_of(reinterpret_cast<uv_handle_t*>(handle));
    shard.has_now_ = shard.has_wall_ = false;
    shard.timers_.advance(shard.now());
    shard.mailbox_.drain();
  });
}

Shard::~Shard() {
  Shard* outer = std::exchange(t_current, this);
  scope_.cancel();
  deferred_.clear();
  for (uv_handle_t* handle : {reinterpret_cast<uv_handle_t*>(&turn_end_), reinterpret_cast<uv_handle_t*>(&turn_start_),
                              reinterpret_cast<uv_handle_t*>(&wheel_timer_), reinterpret_cast<uv_handle_t*>(&busy_)}) {
    uv_close(handle, nullptr);
  }
  const std::unique_ptr<LoopParts> parts(&parts_of(loop_));
  parts->close();
  while (uv_run(&loop_, UV_RUN_DEFAULT) != 0) {  // a pending uv_stop() ends the first run at once
  }
  CLAVIGER_ASSERT(uv_loop_close(&loop_) == 0);  // something still owns a handle otherwise
  t_current = outer;
}

Monotonic Shard::now() {
  if (!has_now_) {
    now_ = clock_.monotonic();
    has_now_ = true;
    mailbox_.stay_awake();
    parts_of(loop_).turn_begins(now_);
  }
  return now_;
}

WallTime Shard::wall() {
  if (!has_wall_) {
    wall_ = clock_.wall();
    has_wall_ = true;
  }
  return wall_;
}

void Shard::defer(UniqueFunction<void()> function) {
  CLAVIGER_DEBUG_ASSERT(t_current == this);
  deferred_.push_back(std::move(function));
}

void Shard::at_turn_end(TurnEndHook& hook) {
  CLAVIGER_DEBUG_ASSERT(t_current == this);
  if (hook.link_ != nullptr) return;
  hook.next_ = hooks_;
  hook.link_ = &hooks_;
  if (hooks_ != nullptr) hooks_->link_ = &hook.next_;
  hooks_ = &hook;
}

void Shard::end_turn() {
  // What a turn's end defers or asks to flush belongs to the same end; the bound keeps sockets served all the same.
  constexpr int kPassesMax = 16;
  for (int pass = 0; pass < kPassesMax && (!deferred_.empty() || hooks_ != nullptr); ++pass) {
    std::vector<UniqueFunction<void()>> batch;
    batch.swap(deferred_);
    for (auto& function : batch) function();
    if (deferred_.empty() && deferred_.capacity() < batch.capacity()) {
      batch.clear();
      deferred_.swap(batch);  // keeps the capacity: no allocation a turn
    }
    while (hooks_ != nullptr && deferred_.empty()) {
      TurnEndHook* hook = hooks_;
      hooks_ = hook->next_;
      if (hooks_ != nullptr) hooks_->link_ = &hooks_;
      hook->next_ = nullptr;
      hook->link_ = nullptr;
      hook->callback_(hook->owner_);
    }
  }
  now_ = clock_.monotonic();
  parts_of(loop_).turn_ends(now_);
  arm_wheel();
  has_now_ = has_wall_ = false;
  // Last, for a message that comes before it costs its sender no system call.
  const bool is_busy = !deferred_.empty() || hooks_ != nullptr || !mailbox_.rest();
  if (is_busy) {
    uv_idle_start(&busy_, [](uv_idle_t*) {});
  } else {
    uv_idle_stop(&busy_);
  }
  if (is_stopping_) uv_stop(&loop_);
}

void Shard::arm_wheel() {
  const auto sleep = timers_.sleep_max(now());
  if (!sleep) {
    uv_timer_stop(&wheel_timer_);
    return;
  }
  // uv counts from its own cached loop time; the callback only has to end the poll, advance() runs in turn_start_.
  uv_update_time(&loop_);
  uv_timer_start(
      &wheel_timer_, [](uv_timer_t*) {}, static_cast<std::uint64_t>(std::max<std::int64_t>(sleep->count(), 0)), 0);
}

void Shard::bind_thread() { t_current = this; }

void Shard::run() {
  bind_thread();
  while (!is_stopping_) uv_run(&loop_, UV_RUN_DEFAULT);
  scope_.cancel();
  end_turn();
  t_current = nullptr;
}

void Shard::stop() {
  CLAVIGER_DEBUG_ASSERT(t_current == this);
  is_stopping_ = true;
}

void Shard::run_until(UniqueFunction<bool()> is_done) {
  bind_thread();
  // Other threads get their turn, but not each time: on a busy machine a yield costs some time slices of others.
  constexpr unsigned kTurnsPerYield = 32;
  for (unsigned turns = 1; !is_done(); ++turns) {
    // Without waiting: a test's manual clock does not wake the poll.
    uv_run(&loop_, UV_RUN_NOWAIT);
    if (turns % kTurnsPerYield == 0) std::this_thread::yield();
  }
  t_current = nullptr;
}

Shards::Shards(std::size_t count, Clock& clock, Logger& logger, SipKey home_key, std::vector<int> cpus)
    : home_key_(home_key), cpus_(std::move(cpus)) {
  for (std::size_t i = 0; i < count; ++i) shards_.push_back(std::make_unique<Shard>(i, *this, clock, logger));
}

Shards::~Shards() { stop_and_join(); }

void Shards::start() {
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    threads_.emplace_back([this, i] {
      pthread_setname_np(pthread_self(), ("shard-" + std::to_string(i)).c_str());
      if (!cpus_.empty()) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(static_cast<std::size_t>(cpus_[i % cpus_.size()]), &set);
        pthread_setaffinity_np(pthread_self(), sizeof set, &set);
      }
      ask_for_short_slices();
      shards_[i]->run();
    });
  }
}

void Shards::stop_and_join() {
  if (threads_.empty()) return;
  for (auto& shard : shards_) {
    Shard* one = shard.get();
    one->mailbox().post_control([one] { one->stop(); });
  }
  join();
}

void Shards::join() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

const TurnFigures& turn_figures(Shard& shard) { return parts_of(*shard.loop()).figures(); }

}  // namespace claviger::runtime
