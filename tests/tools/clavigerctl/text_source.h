// A ByteSource over a string that gives a few bytes at a time.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "tools/clavigerctl/import/byte_source.h"

namespace claviger::ctl {

class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string text, std::size_t step = 7) : text_(std::move(text)), step_(step) {}

  Result<std::size_t> read(MutableBytes into) override {
    const std::size_t count = std::min({step_, into.size(), text_.size() - at_});
    if (count > 0) std::memcpy(into.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }
  Result<Unit> seek(std::uint64_t offset) override {
    if (offset > text_.size()) return Error{Code::OutOfRange, "test"};
    at_ = offset;
    return Unit{};
  }
  std::optional<std::uint64_t> size() const override { return text_.size(); }

 private:
  std::string text_;
  std::size_t step_;
  std::size_t at_ = 0;
};

}  // namespace claviger::ctl
