// The audit log's file: opened, read at its end, appended to durably. All calls block: made off the loop, one at a time.
//
// Owned by AuditLog. A write that fails leaves the file as it was, or the object refuses everything from then on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace claviger::admin {

class AuditFile {
 public:
  AuditFile() = default;
  AuditFile(AuditFile&& other) noexcept;
  AuditFile& operator=(AuditFile&& other) noexcept;
  ~AuditFile();

  struct Tail {
    std::optional<std::string> last_line;  // without its line feed; nothing: the file is empty
    std::uint64_t torn_bytes = 0;          // of a line that a crash cut off: taken away, nobody was told it was written
  };
  struct Opened;

  // Made with mode 0600 when it is not there; a symbolic link is refused. Io, PermissionsTooOpen (others can write it).
  static Result<Opened> open(const std::string& path);
  // All of it, on the disk when it returns. Io, NoSpace.
  Result<Unit> append(std::string_view lines);
  bool is_open() const { return file_ >= 0; }
  // Whether it still has a name in a folder; false: it was deleted, or moved to another file system.
  bool is_there() const;
  // Whether nobody else has made it shorter or longer since open(). A cut that later lines have hidden counts.
  bool is_as_written() const;
  bool is_same_as(const AuditFile& other) const;

 private:
  explicit AuditFile(int file) : file_(file) {}
  Result<Tail> read_tail();

  int file_ = -1;
  bool is_broken_ = false;
  std::uint64_t size_ = 0;  // as we left it
  bool is_touched_ = false;
};

struct AuditFile::Opened {
  AuditFile file;
  Tail tail;
};

}  // namespace claviger::admin
