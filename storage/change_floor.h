// Up to which sequence the change feed of a table has been forgotten: derived from when commits were made.
//
// Entries of the feed are dropped by time. A reader that asks from before the floor may have missed some and must be
// told so, even when nothing is left to show it. So the store keeps marks (time, sequence), each the last commit before
// some moment, thinned to one every kMarkSeconds; the floor of a table that keeps K seconds is the newest mark that is
// K seconds old. Every commit is covered by a mark made less than kMarkSeconds after it: entries are dropped
// no sooner than K + kDropAfter seconds after their commit, when the floor has passed them.
//
// Not thread safe: its owner locks. The marks are persisted with the commits that make them.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

namespace claviger::storage {

class ChangeFloor {
 public:
  struct Mark {
    std::int64_t time;  // NumericDate
    std::uint64_t sequence;
    bool operator==(const Mark&) const = default;
  };
  static constexpr std::int64_t kMarkSeconds = 16;
  // Marks are a grid, entries are dropped well after they fell behind it, so that a reader who has just compared his
  // sequence with the floor still finds all from there on.
  static constexpr std::int64_t kDropAfter = kMarkSeconds + 300;

  explicit ChangeFloor(std::int64_t kept_seconds_max) : kept_seconds_max_(kept_seconds_max) {}

  // Of the commit that is about to be made; time never runs backwards in marks. A mark to persist, or nothing.
  std::optional<Mark> next_mark(std::int64_t now) const;
  // The commit is durable, with the mark that next_mark() gave.
  void committed(Mark last, std::optional<Mark> mark);
  // The oldest mark when no table needs it any more: to be forgotten on disk too, then drop_oldest(), after committed().
  std::optional<Mark> obsolete(std::int64_t now) const;
  void drop_oldest() { marks_.pop_front(); }

  // Everything up to this sequence may be gone for a table that keeps `kept_seconds`.
  std::uint64_t floor(std::int64_t kept_seconds, std::int64_t now) const;
  // Time of a commit made now: not before the last one.
  std::int64_t commit_time(std::int64_t now) const { return now < last_.time ? last_.time : now; }
  Mark last() const { return last_; }

 private:
  std::int64_t kept_seconds_max_;
  std::deque<Mark> marks_;  // oldest first; at most kept_seconds_max / kMarkSeconds + 2 of them
  Mark last_{0, 0};
};

}  // namespace claviger::storage
