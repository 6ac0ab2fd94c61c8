// Where an import's bytes come from: a file, standard input, a text in tests.
//
// Owned by one reader; blocking.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace claviger::ctl {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // 0: the end. Io.
  virtual Result<std::size_t> read(MutableBytes into) = 0;
  // Continues at `offset` from the beginning. Unsupported where it cannot (a pipe).
  virtual Result<Unit> seek(std::uint64_t offset) = 0;
  // Nothing: unknown.
  virtual std::optional<std::uint64_t> size() const = 0;
};

// "-" is standard input. Unreadable.
Result<std::unique_ptr<ByteSource>> open_file(const std::string& path);

}  // namespace claviger::ctl
