#include "broker/pem_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/net/descriptor.h"

namespace claviger::broker {
namespace {

// A chain of a few certificates, a bundle of CAs, a CRL of a country's revoked devices.
constexpr std::size_t kPemBytesMax = 16 << 20;

}  // namespace

// Without a stream's buffer, which would keep a key's bytes.
Result<SecretBytes> read_pem_file(const std::string& file, std::string_view where) {
  const net::Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!descriptor.is_open() || fstat(descriptor.number(), &status) != 0) return Error{Code::Unreadable, where};
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > kPemBytesMax) return Error{Code::TooLarge, where};
  SecretBytes content(size);
  for (std::size_t done = 0; done < size;) {
    const MutableBytes rest = MutableBytes(content.reveal_for_writing()).subspan(done);
    const ssize_t count = ::read(descriptor.number(), rest.data(), rest.size());
    if (count <= 0) return Error{Code::Unreadable, where};
    done += static_cast<std::size_t>(count);
  }
  return content;
}

Result<std::string> read_public_pem_file(const std::string& file, std::string_view where) {
  if (file.empty()) return std::string();
  CLAVIGER_TRY(content, read_pem_file(file, where));
  return std::string(as_text(content.reveal()));
}

}  // namespace claviger::broker
