#include "core/diameter/watchdog.h"

#include <algorithm>

namespace claviger::diameter {

Watchdog::Actions Watchdog::on(Event event) {
  switch (state_) {
    case PeerState::Initial:
      if (event == Event::Up) {
        state_ = PeerState::Okay;
        return {.sets_timer = true};
      }
      if (event == Event::Timer) return {.sets_timer = true, .opens = true};
      return {};
    case PeerState::Okay:
      return okay(event);
    case PeerState::Suspect:
      return suspect(event);
    case PeerState::Down:
      return down(event);
    case PeerState::Reopen:
      return reopen(event);
  }
  return {};
}

Watchdog::Actions Watchdog::closed(bool is_failing_over) {
  state_ = PeerState::Down;
  is_pending_ = false;
  return {.sets_timer = true, .fails_over = is_failing_over, .closes = true};
}

Watchdog::Actions Watchdog::okay(Event event) {
  switch (event) {
    case Event::Answer:
      is_pending_ = false;
      return {.sets_timer = true};
    case Event::Other:
      return {.sets_timer = true};
    case Event::Timer:
      if (!is_pending_) {
        is_pending_ = true;
        return {.sends_watchdog = true, .sets_timer = true};
      }
      state_ = PeerState::Suspect;
      return {.sets_timer = true, .fails_over = true};
    case Event::Lost:
      return closed(true);
    case Event::Up:
      return {};
  }
  return {};
}

Watchdog::Actions Watchdog::suspect(Event event) {
  switch (event) {
    case Event::Answer:
      is_pending_ = false;
      state_ = PeerState::Okay;
      return {.sets_timer = true, .fails_back = true};
    case Event::Other:
      state_ = PeerState::Okay;
      return {.sets_timer = true, .fails_back = true};
    case Event::Timer:
    case Event::Lost:
      return closed(false);
    case Event::Up:
      return {};
  }
  return {};
}

Watchdog::Actions Watchdog::down(Event event) {
  switch (event) {
    case Event::Timer:
      return {.sets_timer = true, .opens = true};
    case Event::Up:
      state_ = PeerState::Reopen;
      answers_ = 0;
      is_pending_ = true;
      return {.sends_watchdog = true, .sets_timer = true};
    case Event::Answer:
    case Event::Other:
      return {.discards = true};
    case Event::Lost:
      return {};
  }
  return {};
}

Watchdog::Actions Watchdog::reopen(Event event) {
  switch (event) {
    case Event::Answer:
      is_pending_ = false;
      if (++answers_ < kAnswersToReturn) return {};
      state_ = PeerState::Okay;
      return {.fails_back = true};
    case Event::Other:
      return {.discards = true};
    case Event::Timer:
      if (!is_pending_) {
        is_pending_ = true;
        return {.sends_watchdog = true, .sets_timer = true};
      }
      if (answers_ < 0) return closed(false);
      answers_ = -1;
      return {.sets_timer = true};
    case Event::Lost:
      return closed(false);
    case Event::Up:
      return {};
  }
  return {};
}

Milliseconds watchdog_wait(Milliseconds initial, std::uint64_t random) {
  const std::int64_t spread = std::min<std::int64_t>(2000, initial.count() / 3);
  const auto offset = static_cast<std::int64_t>(random % static_cast<std::uint64_t>(2 * spread + 1)) - spread;
  return initial + Milliseconds(offset);
}

}  // namespace claviger::diameter
