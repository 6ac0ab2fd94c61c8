#include "tools/clavigerctl/import/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace claviger::ctl {
namespace {

class FileSource final : public ByteSource {
 public:
  FileSource(int file, bool is_ours) : file_(file), is_ours_(is_ours) {
    struct stat status {};
    if (::fstat(file, &status) == 0 && S_ISREG(status.st_mode)) size_ = static_cast<std::uint64_t>(status.st_size);
  }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override {
    if (is_ours_) ::close(file_);
  }

  Result<std::size_t> read(MutableBytes into) override {
    for (;;) {
      const ssize_t count = ::read(file_, into.data(), into.size());
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) return Error{Code::Io, "import.read"};
    }
  }
  Result<Unit> seek(std::uint64_t offset) override {
    if (!size_) return Error{Code::Unsupported, "import.seek"};
    if (offset > *size_) return Error{Code::OutOfRange, "import.seek"};
    if (::lseek(file_, static_cast<off_t>(offset), SEEK_SET) < 0) return Error{Code::Io, "import.seek"};
    return Unit{};
  }
  std::optional<std::uint64_t> size() const override { return size_; }

 private:
  int file_;
  bool is_ours_;
  std::optional<std::uint64_t> size_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_file(const std::string& path) {
  if (path == "-") return std::unique_ptr<ByteSource>(std::make_unique<FileSource>(STDIN_FILENO, false));
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return Error{Code::Unreadable, "import.file"};
  return std::unique_ptr<ByteSource>(std::make_unique<FileSource>(file, true));
}

}  // namespace claviger::ctl
