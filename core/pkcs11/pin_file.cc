#include "core/pkcs11/pin_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace claviger::pkcs11 {
namespace {

class File {
 public:
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

Result<SecretBytes> read_pin(const std::string& path) {
  const File file(path);
  struct stat status {};
  if (file.fd() < 0 || ::fstat(file.fd(), &status) != 0 || !S_ISREG(status.st_mode)) return Error{Code::Unreadable, "pkcs11.pin_file"};
  const bool is_ours = status.st_uid == ::geteuid() || status.st_uid == 0;
  if ((status.st_mode & 077U) != 0 || !is_ours) return Error{Code::PermissionsTooOpen, "pkcs11.pin_file"};
  // One byte more than may be there, and the line end.
  SecretBytes content(kPinBytesMax + 2);
  std::size_t size = 0;
  while (size < content.size()) {
    const MutableBytes left = content.reveal_for_writing().subspan(size);
    const ssize_t count = ::read(file.fd(), left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error{Code::Unreadable, "pkcs11.pin_file"};
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size != 0 && content.reveal()[size - 1] == std::byte{'\n'}) --size;
  if (size == 0 || size > kPinBytesMax) return Error{Code::BadValue, "pkcs11.pin_file"};
  return SecretBytes(content.reveal().first(size));
}

}  // namespace claviger::pkcs11
