#include "storage/change_floor.h"

#include <algorithm>

namespace claviger::storage {

std::optional<ChangeFloor::Mark> ChangeFloor::next_mark(std::int64_t now) const {
  if (last_.sequence == 0) return std::nullopt;
  const Mark marked = marks_.empty() ? Mark{0, 0} : marks_.back();
  if (commit_time(now) - marked.time < kMarkSeconds || last_.sequence == marked.sequence) return std::nullopt;
  return last_;
}

void ChangeFloor::committed(Mark last, std::optional<Mark> mark) {
  // A later commit of the same second takes the mark's place, on disk too.
  if (mark && !marks_.empty() && marks_.back().time == mark->time) marks_.pop_back();
  if (mark) marks_.push_back(*mark);
  last_ = last;
}

std::optional<ChangeFloor::Mark> ChangeFloor::obsolete(std::int64_t now) const {
  // The second mark must be older than anybody's need: the floor is the newest mark that is old enough.
  if (marks_.size() < 2 || now - marks_[1].time < kept_seconds_max_) return std::nullopt;
  return marks_.front();
}

std::uint64_t ChangeFloor::floor(std::int64_t kept_seconds, std::int64_t now) const {
  const std::int64_t before = now - kept_seconds;
  if (last_.time <= before) return last_.sequence;
  const auto newer = std::upper_bound(marks_.begin(), marks_.end(), before,
                                      [](std::int64_t time, const Mark& mark) { return time < mark.time; });
  return newer == marks_.begin() ? 0 : std::prev(newer)->sequence;
}

}  // namespace claviger::storage
