// Turns: at its home shard an entity is changed by one procedure at a time. take() waits in line for the key (FIFO,
// bounded, with a deadline); the Turn is held to the end of the procedure.
//
// One Turns per shard and kind of entity. A procedure holds one turn, never two.
#pragma once

#include <coroutine>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

#include "core/base/result.h"
#include "core/runtime/one_shot.h"
#include "core/runtime/shard.h"
#include "core/runtime/task.h"

namespace claviger::runtime {

class Turns;

// Its destructor gives the turn to the next in line (from the loop).
class [[nodiscard]] Turn {
 public:
  Turn(Turns* turns, std::string key) : turns_(turns), key_(std::move(key)) {}
  Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)), key_(std::move(other.key_)) {}
  Turn& operator=(Turn&&) = delete;
  ~Turn();

 private:
  Turns* turns_;
  std::string key_;
};

class Turns {
 public:
  // Waiters for one entity: a UE's retries pile up to a few; more is somebody hammering one account.
  static constexpr std::size_t kWaitersMax = 64;
  static constexpr Milliseconds kWaitMax{5000};

  explicit Turns(Shard& shard) : shard_(shard) {}
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  // Code::Overload when the line is full, Code::DeadlinePassed when the turn does not come in time.
  Task<Result<Turn>> take(std::string key);
  std::size_t held() const { return lines_.size(); }

 private:
  friend class Turn;
  using Line = std::deque<Completer<Unit>>;
  void release(const std::string& key);

  Shard& shard_;
  std::unordered_map<std::string, Line> lines_;  // an entry means: held
};

}  // namespace claviger::runtime
