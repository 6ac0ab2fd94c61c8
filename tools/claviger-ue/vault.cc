#include "tools/claviger-ue/vault.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <utility>

#include "core/codec/hex.h"
#include "core/crypto/digest.h"

namespace claviger::ue {
namespace {

constexpr std::string_view kMagic = "CLVUE1";
constexpr std::size_t kCostAt = kMagic.size();
constexpr std::size_t kSaltAt = kCostAt + 4 + 4 + 1;
constexpr std::size_t kHeadBytes = kSaltAt + crypto::kPasswordKeySaltBytes;

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

Result<Unit> write_all(int file, Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Error{Code::Io, "vault.write"};
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return Unit{};
}

// Ours alone: whoever may write here could give us a file of his own.
Result<Unit> make_folder(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code failed;
  std::filesystem::create_directories(folder.parent_path(), failed);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return Error{Code::Io, "vault.folder"};
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return Error{Code::Io, "vault.folder"};
  if (status.st_uid != ::geteuid() || (status.st_mode & 0077U) != 0)
    return Error{Code::PermissionsTooOpen, "vault.folder"};
  return Unit{};
}

Result<Unit> sync_folder(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const File opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.is_open() || ::fsync(opened.get()) != 0) return Error{Code::Io, "vault.folder"};
  return Unit{};
}

Result<int> take_lock(const std::string& path) {
  CLAVIGER_TRY(folder, make_folder(path));
  const std::string name = path + ".lock";
  for (;;) {
    File file(::open(name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.is_open()) return Error{Code::Io, "vault.lock"};
    // Commands in a pipe wait for each other.
    if (::flock(file.get(), LOCK_EX) != 0) return Error{Code::Io, "vault.lock"};
    // A sign-off that was waited for took the file away: whoever came since locks another one.
    struct stat held {};
    struct stat present {};
    if (::fstat(file.get(), &held) != 0) return Error{Code::Io, "vault.lock"};
    const bool is_it = ::lstat(name.c_str(), &present) == 0 && present.st_ino == held.st_ino;
    if (is_it) return file.release();
  }
}

Result<SecretBytes> read_file(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.is_open()) return Error{errno == ENOENT ? Code::NotFound : Code::Io, "vault.open"};
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return Error{Code::Io, "vault.open"};
  if (status.st_uid != ::geteuid() || (status.st_mode & 0077U) != 0)
    return Error{Code::PermissionsTooOpen, "vault.file"};
  if (status.st_size < 0 || static_cast<std::size_t>(status.st_size) > kVaultBytesMax)
    return Error{Code::TooLarge, "vault.file"};
  SecretBytes bytes(static_cast<std::size_t>(status.st_size));
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t count = ::read(file.get(), bytes.reveal_for_writing().data() + at, bytes.size() - at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Error{Code::Io, "vault.read"};
    at += static_cast<std::size_t>(count);
  }
  return bytes;
}

void write_head(MutableBytes out, const crypto::Argon2Parameters& cost, Bytes salt) {
  std::memcpy(out.data(), kMagic.data(), kMagic.size());
  store_be(out.subspan(kCostAt), cost.memory_kib);
  store_be(out.subspan(kCostAt + 4), cost.passes);
  store_be(out.subspan(kCostAt + 8), static_cast<std::uint8_t>(cost.lanes));
  std::memcpy(out.data() + kSaltAt, salt.data(), salt.size());
}

}  // namespace

std::string Vault::path_of(const std::string& folder, std::string_view user) {
  constexpr std::size_t kNameBytes = 16;
  std::string path = folder + "/";
  codec::hex_encode(Bytes(crypto::sha256(as_bytes(user))).first(kNameBytes), path);
  return path + ".vault";
}

bool Vault::exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

Vault::Vault(Vault&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::exchange(other.lock_, -1)),
      cost_(other.cost_),
      salt_(other.salt_),
      key_(std::move(other.key_)),
      entries_(std::move(other.entries_)) {}

Vault::~Vault() {
  if (lock_ >= 0) ::close(lock_);
}

Result<Vault> Vault::create(const std::string& path, Bytes password) {
  CLAVIGER_TRY(lock, take_lock(path));
  File held(lock);
  Salt salt{};
  CLAVIGER_TRY(filled, crypto::fill_random(salt));
  CLAVIGER_TRY(key, crypto::derive_password_key(password, salt, kVaultCost));
  return Vault(path, held.release(), salt, std::move(key));
}

Result<Vault> Vault::open(const std::string& path, Bytes password) {
  if (!exists(path)) return Error{Code::NotFound, "vault"};
  CLAVIGER_TRY(lock, take_lock(path));
  File held(lock);
  auto read_whole = read_file(path);
  // A sign-off took it away while we waited: what we lock goes, too, as in erase().
  if (read_whole.failed_with(Code::NotFound)) ::unlink((path + ".lock").c_str());
  CLAVIGER_TRY(file, std::move(read_whole));
  const Bytes bytes = file.reveal();
  if (bytes.size() < kHeadBytes + crypto::kAeadOverhead || as_text(bytes.first(kMagic.size())) != kMagic) {
    return Error{Code::Corrupt, "vault.head"};
  }
  crypto::Argon2Parameters cost;
  cost.memory_kib = load_be<std::uint32_t>(bytes.subspan(kCostAt));
  cost.passes = load_be<std::uint32_t>(bytes.subspan(kCostAt + 4));
  cost.lanes = load_be<std::uint8_t>(bytes.subspan(kCostAt + 8));
  Salt salt{};
  std::memcpy(salt.data(), bytes.data() + kSaltAt, salt.size());
  CLAVIGER_TRY(key, crypto::derive_password_key(password, salt, cost));
  CLAVIGER_TRY(aead, crypto::Aead::make(key));
  CLAVIGER_TRY(opened, aead.open(bytes.first(kHeadBytes), bytes.subspan(kHeadBytes)));
  Vault vault(path, held.release(), salt, std::move(key));
  vault.cost_ = cost;
  CLAVIGER_TRY(read, vault.read_entries(opened.reveal()));
  return vault;
}

Result<Unit> Vault::read_entries(Bytes opened) {
  constexpr Error kCorrupt{Code::Corrupt, "vault.entries"};
  while (!opened.empty()) {
    if (opened.size() < 2) return kCorrupt;
    const std::size_t name_bytes = load_be<std::uint16_t>(opened);
    opened = opened.subspan(2);
    if (opened.size() < name_bytes + 4) return kCorrupt;
    const std::string_view name = as_text(opened.first(name_bytes));
    const std::size_t value_bytes = load_be<std::uint32_t>(opened.subspan(name_bytes));
    opened = opened.subspan(name_bytes + 4);
    if (opened.size() < value_bytes) return kCorrupt;
    CLAVIGER_TRY(kept, put(name, opened.first(value_bytes)));
    opened = opened.subspan(value_bytes);
  }
  return Unit{};
}

Bytes Vault::find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? Bytes() : found->second.reveal();
}

Result<Unit> Vault::put(std::string_view name, Bytes value) {
  if (name.size() > kVaultNameBytesMax || value.size() > kVaultValueBytesMax) return Error{Code::TooLarge, "vault.put"};
  const auto found = entries_.find(name);
  if (found != entries_.end()) {
    found->second = SecretBytes(value);
    return Unit{};
  }
  if (entries_.size() >= kVaultEntriesMax) return Error{Code::TooMany, "vault.put"};
  entries_.emplace(std::string(name), SecretBytes(value));
  return Unit{};
}

void Vault::remove(std::string_view name) {
  const auto found = entries_.find(name);
  if (found != entries_.end()) entries_.erase(found);
}

void Vault::remove_all(std::string_view prefix) {
  for (const std::string& name : names(prefix)) remove(name);
}

std::vector<std::string> Vault::names(std::string_view prefix) const {
  std::vector<std::string> found;
  for (auto at = entries_.lower_bound(prefix); at != entries_.end() && at->first.starts_with(prefix); ++at) {
    found.push_back(at->first);
  }
  return found;
}

Result<Unit> Vault::save() {
  std::size_t size = 0;
  for (const auto& [name, value] : entries_) size += 2 + name.size() + 4 + value.size();
  if (size > kVaultBytesMax / 2) return Error{Code::TooLarge, "vault.save"};
  SecretBytes plain(size);
  MutableBytes out = plain.reveal_for_writing();
  for (const auto& [name, value] : entries_) {
    store_be(out, static_cast<std::uint16_t>(name.size()));
    std::memcpy(out.data() + 2, name.data(), name.size());
    out = out.subspan(2 + name.size());
    store_be(out, static_cast<std::uint32_t>(value.size()));
    if (value.size() != 0) std::memcpy(out.data() + 4, value.reveal().data(), value.size());
    out = out.subspan(4 + value.size());
  }
  SecretBytes file(kHeadBytes + crypto::sealed_size(size));
  const MutableBytes bytes = file.reveal_for_writing();
  write_head(bytes, cost_, salt_);
  CLAVIGER_TRY(aead, crypto::Aead::make(key_));
  CLAVIGER_TRY(sealed, aead.seal(Bytes(bytes).first(kHeadBytes), plain.reveal(), bytes.subspan(kHeadBytes)));
  const std::string next = path_ + ".new";
  ::unlink(next.c_str());  // of a run that was broken off
  {
    const File written(::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!written.is_open()) return Error{Code::Io, "vault.save"};
    CLAVIGER_TRY(all, write_all(written.get(), bytes));
    if (::fsync(written.get()) != 0) return Error{Code::Io, "vault.save"};
  }
  if (::rename(next.c_str(), path_.c_str()) != 0) return Error{Code::Io, "vault.save"};
  return sync_folder(path_);
}

Result<Unit> Vault::erase(const std::string& path) {
  CLAVIGER_TRY(lock, take_lock(path));
  const File held(lock);
  const File file(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.is_open()) {
    if (errno != ENOENT) return Error{Code::Io, "vault.erase"};
    ::unlink((path + ".lock").c_str());
    return Error{Code::NotFound, "vault.erase"};
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return Error{Code::Io, "vault.erase"};
  // A file system that copies on write keeps the sealed bytes; without the password they say nothing.
  const SecretBytes zeros(static_cast<std::size_t>(status.st_size));
  CLAVIGER_TRY(overwritten, write_all(file.get(), zeros.reveal()));
  if (::fsync(file.get()) != 0 || ::unlink(path.c_str()) != 0) return Error{Code::Io, "vault.erase"};
  ::unlink((path + ".new").c_str());
  ::unlink((path + ".lock").c_str());
  return sync_folder(path);
}

}  // namespace claviger::ue
