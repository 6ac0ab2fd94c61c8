#include "storage/wrapping_keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "core/codec/hex.h"
#include "core/crypto/aead.h"
#include "core/crypto/random.h"

namespace claviger::storage {
namespace {

constexpr std::string_view kFirstLine = "claviger-wrapping-keys 1\n";
constexpr std::size_t kKeyLineBytes = 16 + 1 + 64 + 1;
constexpr std::size_t kFileBytesMax = kFirstLine.size() + WrappingKeys::kKeysMax * kKeyLineBytes;

class File {
 public:
  File(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

Error io_error(std::string_view where) { return {errno == ENOSPC ? Code::NoSpace : Code::Io, where}; }

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<Unit> sync_folder(const std::string& path) {
  const File folder(folder_of(path), O_RDONLY | O_DIRECTORY);
  if (!folder.is_open() || ::fsync(folder.fd()) != 0) return io_error("wrapping_keys.sync");
  return Unit{};
}

// A complete, synced file under a name of its own, to be put in place by its caller.
Result<std::string> write_beside(const std::string& path, Bytes content) {
  std::string beside = path + ".new";
  ::unlink(beside.c_str());  // left by a crash
  const File file(beside, O_WRONLY | O_CREAT | O_EXCL);
  if (!file.is_open()) return io_error("wrapping_keys.create");
  while (!content.empty()) {
    const ssize_t count = ::write(file.fd(), content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return io_error("wrapping_keys.write");
    content = content.subspan(static_cast<std::size_t>(count));
  }
  if (::fsync(file.fd()) != 0) return io_error("wrapping_keys.sync");
  return beside;
}

Result<SecretBytes> read_file(const std::string& path) {
  const File file(path, O_RDONLY);
  if (!file.is_open()) return Error{errno == ENOENT ? Code::NotFound : Code::Io, "wrapping_keys.open"};
  struct stat status {};
  if (::fstat(file.fd(), &status) != 0 || !S_ISREG(status.st_mode)) return Error{Code::Io, "wrapping_keys.open"};
  const bool is_ours = status.st_uid == ::geteuid() || status.st_uid == 0;
  if ((status.st_mode & 077U) != 0 || !is_ours) return Error{Code::PermissionsTooOpen, "wrapping_keys"};
  if (status.st_size < 0 || static_cast<std::size_t>(status.st_size) > kFileBytesMax) {
    return Error{Code::Corrupt, "wrapping_keys"};
  }
  SecretBytes content(static_cast<std::size_t>(status.st_size));
  MutableBytes left = content.reveal_for_writing();
  while (!left.empty()) {
    const ssize_t count = ::read(file.fd(), left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Error{Code::Io, "wrapping_keys.read"};
    left = left.subspan(static_cast<std::size_t>(count));
  }
  return content;
}

std::string with_id(Bytes associated, Bytes id) {
  std::string text(as_text(associated));
  text += as_text(id);
  return text;
}

}  // namespace

Result<WrappingKeys> WrappingKeys::load(const std::string& path) {
  CLAVIGER_TRY(content, read_file(path));
  return parse(as_text(content.reveal()));
}

Result<WrappingKeys> WrappingKeys::create(const std::string& path) {
  WrappingKeys keys;
  CLAVIGER_TRY(added, keys.add());
  const SecretBytes content = keys.format();
  CLAVIGER_TRY(beside, write_beside(path, content.reveal()));
  // link, not rename: it refuses to replace a file that came into being meanwhile.
  const bool is_linked = ::link(beside.c_str(), path.c_str()) == 0;
  const int failure = errno;
  ::unlink(beside.c_str());
  if (!is_linked) return Error{failure == EEXIST ? Code::Duplicate : Code::Io, "wrapping_keys.create"};
  CLAVIGER_TRY(synced, sync_folder(path));
  return keys;
}

Result<Unit> WrappingKeys::write(const std::string& path) const {
  const SecretBytes content = format();
  CLAVIGER_TRY(beside, write_beside(path, content.reveal()));
  if (::rename(beside.c_str(), path.c_str()) != 0) return io_error("wrapping_keys.rename");
  return sync_folder(path);
}

Result<WrappingKeys> WrappingKeys::parse(std::string_view text) {
  const Error corrupt{Code::Corrupt, "wrapping_keys"};
  if (!text.starts_with(kFirstLine)) return corrupt;
  text.remove_prefix(kFirstLine.size());
  if (text.empty() || text.size() % kKeyLineBytes != 0 || text.size() / kKeyLineBytes > kKeysMax) return corrupt;
  WrappingKeys keys;
  for (; !text.empty(); text.remove_prefix(kKeyLineBytes)) {
    Key key;
    if (text[16] != ' ' || text[kKeyLineBytes - 1] != '\n') return corrupt;
    if (!codec::hex_decode(text.substr(0, 16), key.id)) return corrupt;
    if (!codec::hex_decode(text.substr(17, 64), key.key.reveal_for_writing())) return corrupt;
    const bool is_known = std::any_of(keys.keys_.begin(), keys.keys_.end(), [&](const Key& one) { return one.id == key.id; });
    if (is_known) return corrupt;
    keys.keys_.push_back(std::move(key));
  }
  return keys;
}

SecretBytes WrappingKeys::format() const {
  SecretBytes content(kFirstLine.size() + keys_.size() * kKeyLineBytes);
  MutableBytes out = content.reveal_for_writing();
  const auto put = [&out](std::string_view text) {
    std::memcpy(out.data(), text.data(), text.size());
    out = out.subspan(text.size());
  };
  put(kFirstLine);
  for (const Key& key : keys_) {
    out = out.subspan(codec::hex_encode(key.id, out));
    put(" ");
    out = out.subspan(codec::hex_encode(key.key.reveal(), out));
    put("\n");
  }
  CLAVIGER_ASSERT(out.empty());
  return content;
}

Result<Unit> WrappingKeys::add() {
  if (keys_.size() == kKeysMax) return Error{Code::TooMany, "wrapping_keys"};
  Key key;
  CLAVIGER_TRY(named, crypto::fill_random(key.id));
  CLAVIGER_TRY(filled, crypto::fill_random(key.key.reveal_for_writing()));
  keys_.push_back(std::move(key));
  return Unit{};
}

void WrappingKeys::retire_old() {
  if (keys_.size() > 1) keys_.erase(keys_.begin(), keys_.end() - 1);
}

WrappingKeys WrappingKeys::duplicate() const {
  WrappingKeys copy;
  for (const Key& key : keys_) copy.keys_.push_back({key.id, Secret<32>(key.key.reveal())});
  return copy;
}

Result<std::string> WrappingKeys::wrap(Bytes associated, const Secret<32>& key) const {
  CLAVIGER_ASSERT(!keys_.empty());
  const Key& newest = keys_.back();
  CLAVIGER_TRY(aead, crypto::Aead::make(newest.key));
  std::string wrapped(crypto::sealed_size(32), '\0');
  CLAVIGER_TRY(written, aead.seal(as_bytes(with_id(associated, newest.id)), key.reveal(),
                                  std::as_writable_bytes(std::span(wrapped))));
  return wrapped;
}

Result<Secret<32>> WrappingKeys::unwrap(Bytes id, Bytes associated, Bytes wrapped) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const Key& key) { return as_text(key.id) == as_text(id); });
  if (found == keys_.end() || wrapped.size() != crypto::sealed_size(32)) return Error{Code::SealBroken, "data_keys"};
  CLAVIGER_TRY(aead, crypto::Aead::make(found->key));
  Secret<32> key;
  if (!aead.open(as_bytes(with_id(associated, found->id)), wrapped, key.reveal_for_writing())) {
    return Error{Code::SealBroken, "data_keys"};
  }
  return key;
}

}  // namespace claviger::storage
