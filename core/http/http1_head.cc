#include "core/http/http1_head.h"

#include "core/http/limits.h"

namespace claviger::http {

HeadScanner::State HeadScanner::scan(std::string_view text) {
  for (;;) {
    const std::size_t lf = text.find('\n', seen_);
    if (lf == std::string_view::npos) {
      seen_ = text.size();
      if (start_line_ == 0 && seen_ > kTargetBytesMax + kStartLineExtra) return State::StartLineTooLong;
      if (start_line_ != 0 && seen_ - start_line_ > kHeaderBytesMax) return State::FieldsTooLong;
      return State::NeedMore;
    }
    seen_ = lf + 1;
    if (lf == line_ || text[lf - 1] != '\r') return State::Malformed;
    const bool is_empty = lf - line_ == 1;
    if (start_line_ == 0) {
      if (is_empty) return State::Malformed;
      if (seen_ > kTargetBytesMax + kStartLineExtra) return State::StartLineTooLong;
      start_line_ = seen_;
    } else {
      if (text[line_] == ' ' || text[line_] == '\t') return State::Malformed;
      if (seen_ - start_line_ > kHeaderBytesMax) return State::FieldsTooLong;
      if (is_empty) {
        end_ = seen_;
        return State::Complete;
      }
    }
    line_ = seen_;
  }
}

}  // namespace claviger::http
