#include "core/crypto/es256_table.h"

#include <optional>

#include "core/crypto/es256_group.h"
#include "core/crypto/es256_lanes.h"
#include "core/crypto/es256_scalars.h"

namespace claviger::crypto {

struct Es256Scratch::Parts {
  Es256Calculator calculator;
  std::optional<Es256GroupScratch> group;  // made at the first table that wants it
};

Es256Scratch::Es256Scratch() : parts_(std::make_unique<Parts>()) {}
Es256Scratch::~Es256Scratch() = default;

// One of the two.
struct Es256Table::Points {
  std::unique_ptr<const Es256LaneTable> lanes;
  std::unique_ptr<const Es256GroupTable> group;
};

Es256Table::Es256Table(const Words256& x, const Words256& y, std::unique_ptr<const Points> points)
    : x_(x), y_(y), points_(std::move(points)) {}
Es256Table::~Es256Table() = default;

Es256Engine Es256Table::best_engine() { return Es256LaneTable::has_lanes() ? Es256Engine::Lanes : Es256Engine::Group; }

Result<std::shared_ptr<const Es256Table>> Es256Table::build(Bytes x, Bytes y, Es256Engine engine) {
  const Words256 key_x = words_from(x);
  const Words256 key_y = words_from(y);
  auto points = std::make_unique<Points>();
  if (engine == Es256Engine::Lanes) {
    // The generator's table, too, is made here, off the loop.
    if (Es256LaneTable::of_generator() == nullptr) return Error{Code::CryptoFailure, "es256.generator"};
    CLAVIGER_TRY(table, Es256LaneTable::build(key_x, key_y));
    points->lanes = std::move(table);
  } else {
    CLAVIGER_TRY(table, Es256GroupTable::build(key_x, key_y));
    points->group = std::move(table);
  }
  return std::shared_ptr<const Es256Table>(new Es256Table(key_x, key_y, std::move(points)));
}

bool Es256Table::is_of(Bytes x, Bytes y) const { return words_from(x) == x_ && words_from(y) == y_; }

std::size_t Es256Table::memory_bytes() const {
  constexpr std::size_t kGroupBytes = 152 * 1024;  // 37 windows of 64 points, and what hangs about them
  return sizeof *this + (points_->lanes ? sizeof *points_->lanes : kGroupBytes);
}

Es256Verdict Es256Table::check(Es256Scratch& scratch, Bytes digest, Bytes signature) const {
  auto& work = *scratch.parts_;
  const Es256Scalars scalars = work.calculator.scalars(digest, signature);
  if (points_->lanes) return check_in_lanes(*Es256LaneTable::of_generator(), *points_->lanes, scalars);
  if (!work.group) work.group.emplace();
  return points_->group->check(*work.group, scalars);
}

}  // namespace claviger::crypto
