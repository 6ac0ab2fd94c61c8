#include "core/runtime/timer_wheel.h"

#include <algorithm>
#include <bit>

#include "core/base/assert.h"

namespace claviger::runtime {

void Timer::stop() {
  if (wheel_ != nullptr) wheel_->unlink(*this);
}

TimerWheel::~TimerWheel() {
  for (Timer* timer : slots_) {
    while (timer != nullptr) {
      Timer* next = timer->next_;
      timer->wheel_ = nullptr;
      timer->link_ = nullptr;
      timer = next;
    }
  }
}

void TimerWheel::start(Timer& timer, Monotonic due) {
  timer.stop();
  // Rounded up, and always ahead of what was fired: never early, never lost.
  const std::uint64_t tick = std::max(tick_of(due) + 1, now_tick_ + 1);
  const std::size_t slot = tick % kSlots;
  timer.wheel_ = this;
  timer.tick_ = tick;
  timer.next_ = slots_[slot];
  timer.link_ = &slots_[slot];
  if (timer.next_ != nullptr) timer.next_->link_ = &timer.next_;
  slots_[slot] = &timer;
  used_[slot / 64] |= std::uint64_t{1} << (slot % 64);
  ++running_;
}

void TimerWheel::unlink(Timer& timer) {
  *timer.link_ = timer.next_;
  if (timer.next_ != nullptr) timer.next_->link_ = timer.link_;
  const std::size_t slot = timer.tick_ % kSlots;
  if (slots_[slot] == nullptr) used_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
  timer.wheel_ = nullptr;
  timer.link_ = nullptr;
  timer.next_ = nullptr;
  --running_;
}

void TimerWheel::advance(Monotonic now) {
  const std::uint64_t target = tick_of(now);
  if (target <= now_tick_) return;
  if (running_ == 0) {
    now_tick_ = target;
    return;
  }
  // After a long sleep every slot is looked at once; ticks decide what is due.
  const std::uint64_t steps = std::min<std::uint64_t>(target - now_tick_, kSlots);
  const std::uint64_t first = now_tick_ + 1;
  now_tick_ = target;
  for (std::uint64_t tick = first; tick < first + steps; ++tick) {
    const std::size_t slot = tick % kSlots;
    if ((used_[slot / 64] >> (slot % 64) & 1U) != 0) fire_slot(slot);
  }
}

void TimerWheel::fire_slot(std::size_t slot) {
  // What is due is moved to a list of its own first: callbacks may stop any of it, or start timers in this very slot.
  Timer* due = nullptr;
  for (Timer* timer = slots_[slot]; timer != nullptr;) {
    Timer* next = timer->next_;
    if (timer->tick_ <= now_tick_) {
      *timer->link_ = next;
      if (next != nullptr) next->link_ = timer->link_;
      timer->next_ = due;
      timer->link_ = &due;
      if (due != nullptr) due->link_ = &timer->next_;
      due = timer;
    }
    timer = next;
  }
  while (due != nullptr) {
    Timer* timer = due;
    unlink(*timer);
    timer->callback_(timer->owner_);  // may destroy the timer
  }
  if (slots_[slot] == nullptr) used_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
}

std::optional<Milliseconds> TimerWheel::sleep_max(Monotonic now) const {
  if (running_ == 0) return std::nullopt;
  const std::uint64_t first = now_tick_ + 1;
  for (std::uint64_t offset = 0; offset < kSlots;) {
    const std::size_t slot = (first + offset) % kSlots;
    const std::uint64_t word = used_[slot / 64] >> (slot % 64);
    if (word == 0) {
      offset += 64 - slot % 64;
      continue;
    }
    offset += static_cast<std::uint64_t>(std::countr_zero(word));
    const Monotonic due(static_cast<std::int64_t>(first + offset) * std::chrono::nanoseconds(kTick));
    return due <= now ? Milliseconds(0) : std::chrono::ceil<Milliseconds>(due - now);
  }
  return kTick;  // the set bits lie behind in the present word only: look again one tick later
}

}  // namespace claviger::runtime
