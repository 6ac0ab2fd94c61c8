#include "broker/admin/audit_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "broker/admin/audit_line.h"

namespace claviger::admin {
namespace {

Error io_error() { return Error{errno == ENOSPC || errno == EDQUOT ? Code::NoSpace : Code::Io, "audit.file"}; }

// A new file's name must survive a crash as its content does.
Result<Unit> sync_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return io_error();
  const bool is_done = ::fsync(descriptor) == 0;
  ::close(descriptor);
  if (!is_done) return io_error();
  return Unit{};
}

}  // namespace

AuditFile::AuditFile(AuditFile&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      is_broken_(other.is_broken_),
      size_(other.size_),
      is_touched_(other.is_touched_) {}
AuditFile& AuditFile::operator=(AuditFile&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(is_broken_, other.is_broken_);
  std::swap(size_, other.size_);
  std::swap(is_touched_, other.is_touched_);
  return *this;
}
AuditFile::~AuditFile() {
  if (file_ >= 0) ::close(file_);
}

Result<AuditFile::Opened> AuditFile::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return io_error();
  AuditFile file(descriptor);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return io_error();
  if (!S_ISREG(status.st_mode)) return Error{Code::BadValue, "audit.file"};
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) return Error{Code::PermissionsTooOpen, "audit.file"};
  CLAVIGER_TRY(synced, sync_folder_of(path));
  CLAVIGER_TRY(tail, file.read_tail());
  return Opened{std::move(file), std::move(tail)};
}

bool AuditFile::is_there() const {
  struct stat status {};
  return file_ >= 0 && ::fstat(file_, &status) == 0 && status.st_nlink > 0;
}

bool AuditFile::is_as_written() const {
  struct stat status {};
  if (is_broken_) return true;  // what stays of a write that failed is ours
  return !is_touched_ && ::fstat(file_, &status) == 0 && static_cast<std::uint64_t>(status.st_size) == size_;
}

bool AuditFile::is_same_as(const AuditFile& other) const {
  struct stat one {};
  struct stat another {};
  return ::fstat(file_, &one) == 0 && ::fstat(other.file_, &another) == 0 && one.st_dev == another.st_dev &&
         one.st_ino == another.st_ino;
}

Result<AuditFile::Tail> AuditFile::read_tail() {
  struct stat status {};
  if (::fstat(file_, &status) != 0) return io_error();
  const auto size = static_cast<std::uint64_t>(status.st_size);
  // The last whole line and a torn one behind it fit.
  const std::uint64_t begin = size > 2 * kAuditLineBytesMax ? size - 2 * kAuditLineBytesMax : 0;
  std::string text(size - begin, '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t count = ::pread(file_, text.data() + have, text.size() - have, static_cast<off_t>(begin + have));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return io_error();
    have += static_cast<std::size_t>(count);
  }
  Tail tail;
  const std::size_t end = text.rfind('\n');
  const std::size_t whole = end == std::string::npos ? 0 : end + 1;
  // Without any line feed in the last 32 KiB it is no log of ours: leave it for `audit verify` to name.
  if (whole == 0 && begin > 0) return Error{Code::Corrupt, "audit.file"};
  tail.torn_bytes = text.size() - whole;
  if (tail.torn_bytes > 0 && ::ftruncate(file_, static_cast<off_t>(begin + whole)) != 0) return io_error();
  size_ = begin + whole;
  if (whole == 0) return tail;
  const std::size_t line = text.rfind('\n', whole - 2);
  const std::size_t line_begin = whole < 2 || line == std::string::npos ? 0 : line + 1;
  tail.last_line = text.substr(line_begin, whole - 1 - line_begin);
  return tail;
}

Result<Unit> AuditFile::append(std::string_view lines) {
  if (file_ < 0 || is_broken_) return Error{Code::Io, "audit.file"};
  struct stat before {};
  if (::fstat(file_, &before) != 0) return io_error();
  is_touched_ = is_touched_ || static_cast<std::uint64_t>(before.st_size) != size_;
  size_ = static_cast<std::uint64_t>(before.st_size);
  std::string_view left = lines;
  bool is_written = true;
  Error failure{Code::Io, "audit.file"};
  while (!left.empty() && is_written) {
    const ssize_t count = ::write(file_, left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    is_written = count > 0;
    if (is_written)
      left.remove_prefix(static_cast<std::size_t>(count));
    else
      failure = io_error();
  }
  if (is_written && ::fdatasync(file_) != 0) {
    is_written = false;
    failure = io_error();
  }
  if (is_written) {
    size_ += lines.size();
    return Unit{};
  }
  // Half a batch must not stay: its sequence numbers are given out again.
  if (::ftruncate(file_, before.st_size) != 0) is_broken_ = true;
  return failure;
}

}  // namespace claviger::admin
