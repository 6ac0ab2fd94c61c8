#include "tools/clavigerctl/progress_bar.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "tools/clavigerctl/table.h"

namespace claviger::ctl {
namespace {

constexpr std::size_t kBarWidthMax = 40;

std::string rate_text(double per_second) {
  std::array<char, 32> text{};
  if (per_second >= 10'000) std::snprintf(text.data(), text.size(), "%.1fk/s", per_second / 1000);
  else std::snprintf(text.data(), text.size(), "%.0f/s", per_second);
  return text.data();
}

}  // namespace

ProgressBar::ProgressBar(std::string what, bool is_terminal, std::size_t columns, Monotonic start,
                         Progress at_start)
    : what_(std::move(what)),
      is_terminal_(is_terminal),
      columns_(columns),
      start_(start),
      at_start_(at_start) {}

std::string ProgressBar::picture(const Progress& progress, Monotonic now) const {
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double items = static_cast<double>(progress.items - at_start_.items);
  std::string tail = std::to_string(progress.items) + " " + what_;
  if (seconds > 0) tail += "  " + rate_text(items / seconds);
  if (!progress.total || *progress.total == 0) return tail;

  const double part = std::min(1.0, static_cast<double>(progress.done) / static_cast<double>(*progress.total));
  const double done_now = static_cast<double>(progress.done - at_start_.done);
  if (done_now > 0 && progress.done < *progress.total) {
    const double left = static_cast<double>(*progress.total - progress.done) * seconds / done_now;
    tail += "  " + duration_text(static_cast<std::int64_t>(left)) + " left";
  } else {
    tail += "  " + duration_text(static_cast<std::int64_t>(seconds));
  }
  std::array<char, 8> percent{};
  std::snprintf(percent.data(), percent.size(), "%3d%%", static_cast<int>(part * 100));
  if (!is_terminal_) return std::string(percent.data()) + "  " + tail;

  const std::size_t taken = tail.size() + 10;
  const std::size_t room = columns_ > taken ? columns_ - taken : 0;
  const std::size_t width = std::min(kBarWidthMax, room);
  if (width < 4) return std::string(percent.data()) + "  " + tail;
  const auto full = static_cast<std::size_t>(part * static_cast<double>(width));
  return "[" + std::string(full, '#') + std::string(width - full, '.') + "] " + percent.data() + "  " + tail;
}

std::string ProgressBar::draw(const Progress& progress, Monotonic now) {
  const Milliseconds every = is_terminal_ ? kTerminalEvery : kPlainEvery;
  if (!is_terminal_ && !drawn_) {
    drawn_ = start_;  // the first plain line comes after a while: short work needs none
  }
  if (drawn_ && now - *drawn_ < every) return {};
  drawn_ = now;
  std::string text = picture(progress, now);
  if (!is_terminal_) return text + "\n";
  const std::size_t width = text.size();
  if (width < drawn_width_) text.append(drawn_width_ - width, ' ');
  drawn_width_ = width;
  return "\r" + text;
}

std::string ProgressBar::finish(const Progress& progress, Monotonic now) {
  drawn_.reset();
  std::string text = picture(progress, now);
  if (!is_terminal_) return text + "\n";
  if (text.size() < drawn_width_) text.append(drawn_width_ - text.size(), ' ');
  return "\r" + text + "\n";
}

}  // namespace claviger::ctl
